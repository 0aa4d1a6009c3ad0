"""What something has taken the place of is revoked: when it is due, once, and never for a dead successor."""

from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.issuance.record import CertificateStatus, Reason
from partner_center.issuance.supersede import RevokeSuperseded, Supersession, SupersessionEnd
from partner_center.kernel.errors import TryAgain
from partner_center.kernel.events import Event
from partner_center.orders.order import OrderStatus
from tests.fakes.determined import NOW
from tests.fakes.posted import MemoryBlockedKeys
from tests.fakes.samples import A_KEY, ORDER, THEM, US, a_head, a_record, a_second
from tests.fakes.supersessions import MemorySupersessions
from tests.unit.issuance.revoking import Office

REVOKED, OVER, KEPT = SupersessionEnd.REVOKED, SupersessionEnd.OVER, SupersessionEnd.KEPT
AN_HOUR = timedelta(hours=1)
NEW = "ord_2"


def a_supersession(**changes):
    """Of the whole order, due now."""
    return replace(Supersession(US, ORDER, None, NOW, NEW), **changes)


def of_certificate(**changes):
    return a_supersession(serial_hex="0a1b", successor="rei_1", **changes)


def issued(order_id=ORDER):
    return Event("evt_1", "order.replaced", NOW, "execution-2", {"reseller_id": US, "order_id": order_id})


class Succession(Office):
    """An issued order, and a second one that is its successor, each with one certificate."""

    def __init__(self, *supersessions, records=None, **successor):
        usual = (a_record(), a_record(serial_hex="0b1b", order_id=NEW))
        super().__init__(*(usual if records is None else records))
        self.supersessions = MemorySupersessions(list(supersessions))
        self.put(NEW, **successor)
        self.blocked = MemoryBlockedKeys()
        self.revoke_superseded = RevokeSuperseded(
            self.supersessions, self.revoker, self.blocked, self.clock, self.ids
        )

    def put(self, order_id, **changes):
        usual = {"status": OrderStatus.ISSUED, "issued_at": NOW, "serial": "0b1b", "replaces": ORDER}
        self.tables.heads[US, order_id] = a_head(order_id=order_id, **(usual | changes))

    def run(self):
        """As the schedule does."""
        use_case = self.revoke_superseded
        return [use_case.carry_out_due(each, "schedule") for each in use_case.due()]


# ---- when


@pytest.mark.parametrize(
    ("due_at", "ends"), [(NOW - AN_HOUR, [REVOKED]), (NOW, [REVOKED]), (NOW + a_second, [])]
)
@pytest.mark.parametrize("by_event", [True, False])
def test_it_is_carried_out_when_it_is_due_by_the_event_or_by_the_schedule(due_at, ends, by_event):
    world = Succession(a_supersession(due_at=due_at))
    if by_event:
        world.revoke_superseded(issued())
    else:
        assert world.run() == ends
    assert list(world.supersessions.ended.values()) == ends
    assert (world.head().status is OrderStatus.REVOKED) == bool(ends)


def test_an_event_concerns_its_own_order_and_reseller_alone():
    mine, other, theirs = a_supersession(), a_supersession(order_id="ord_8"), a_supersession(reseller_id=THEM)
    world = Succession(mine, other, theirs)
    world.revoke_superseded(issued())
    assert world.supersessions.waiting == [other, theirs]


@pytest.mark.parametrize(
    ("key", "make", "end"),
    [
        (A_KEY, "order", [REVOKED]),
        (A_KEY, "certificate", [REVOKED]),
        ("ab" * 32, "order", [REVOKED]),
        ("ab" * 32, "certificate", []),
        ("ef" * 32, "order", []),
    ],
)
def test_a_compromised_key_has_no_delay(key, make, end):
    """BR 4.9.1.1; of an order each key counts, of one certificate its own."""
    later = NOW + 120 * AN_HOUR
    waiting = a_supersession(due_at=later) if make == "order" else of_certificate(due_at=later)
    other = a_record(serial_hex="0a2b", generation=2, spki_sha256="ab" * 32)
    world = Succession(waiting, records=(a_record(), other, a_record(serial_hex="0b1b", order_id=NEW)))
    world.blocked.reasons[key] = "known"
    world.revoke_superseded(issued())
    assert list(world.supersessions.ended.values()) == end


GONE = {
    "status": CertificateStatus.REVOKED,
    "revoked_at": NOW - 48 * AN_HOUR,
    "reason": Reason.KEY_COMPROMISE,
}
"""Of a compromised key, and revoked for it days ago."""


def test_an_order_whose_compromised_certificate_is_revoked_keeps_the_hours_that_were_chosen():
    newer = a_record(serial_hex="0a2b", generation=2, spki_sha256="ab" * 32)
    successor = a_record(serial_hex="0b1b", order_id=NEW, spki_sha256="cd" * 32)
    world = Succession(
        a_supersession(due_at=NOW + 120 * AN_HOUR), records=(a_record(**GONE), newer, successor)
    )
    world.blocked.reasons[A_KEY] = "called compromised"
    world.revoke_superseded(issued())
    assert (list(world.told()), world.head().status) == (["0a1b"], OrderStatus.ISSUED)


def test_a_certificate_with_a_name_that_is_given_up_keeps_its_days_beside_one_that_is_revoked():
    def made(number, **changes):
        stored_at = NOW + number * a_second
        return a_record(serial_hex=f"0a{number}b", generation=number, stored_at=stored_at, **changes)

    former, given_up = {"names": ("old.example.com",)}, ("new.example.com",)
    world = Succession(
        a_supersession(successor="rei_3", names=given_up, due_at=NOW + 120 * AN_HOUR),
        records=(
            made(1, **former, **GONE),
            made(2, **former, spki_sha256="ab" * 32),
            made(3, names=given_up, spki_sha256="cd" * 32, reissue_id="rei_3"),
        ),
    )
    world.blocked.reasons[A_KEY] = "called compromised"
    world.revoke_superseded(issued(ORDER))
    assert list(world.told()) == ["0a1b"]


@pytest.mark.parametrize("make", [a_supersession, of_certificate])
def test_the_certificates_of_an_order_are_read_once_for_each_that_waits(make):
    world = Succession(make(due_at=NOW + AN_HOUR))
    asked, read = [], world.serials.of_order
    world.serials.of_order = lambda *order: asked.append(order) or read(*order)
    world.revoke_superseded(issued())
    assert asked == [(US, ORDER)]


# ---- what


def test_an_order_is_revoked_with_all_of_its_certificates_by_the_system_as_superseded():
    world = Succession(a_supersession())
    assert world.run() == [REVOKED]
    head = world.head()
    assert (head.status, head.revoked.by, head.revoked.reason) == (
        OrderStatus.REVOKED,
        "system",
        Reason.SUPERSEDED,
    )
    assert world.told() == {"0a1b": Reason.SUPERSEDED}


def test_of_a_reissue_the_one_certificate_is_revoked_and_the_order_stays():
    world = Succession(of_certificate(), records=(a_record(), a_record(serial_hex="0a2b", generation=2)))
    world.revoke_superseded(issued())
    assert world.told() == {"0a1b": Reason.SUPERSEDED}
    world.deliver()
    assert world.head().status is OrderStatus.ISSUED
    assert world.told() == {"0a1b": Reason.SUPERSEDED}


def test_what_the_reseller_chose_is_no_message_of_the_authority():
    world = Succession(a_supersession())
    world.run()
    assert not world.tables.messages[US, ORDER]


def test_again_changes_nothing():
    world = Succession(a_supersession())
    for _ in range(2):
        world.revoke_superseded.carry_out(a_supersession(), "schedule")
        world.deliver()
        world.clock.advance(hours=1)
    assert world.head().revoked.at == NOW
    assert len(world.happened("order.revoked")) == 1


def test_a_run_that_died_after_the_certificate_leaves_it_waiting_and_the_next_goes_on():
    world = Succession(a_supersession())

    def die():
        raise TryAgain("The database did not answer.")

    world.tables.before["revoke_order"].append(die)
    with pytest.raises(TryAgain):
        world.run()
    assert world.supersessions.waiting
    assert world.told() == {"0a1b": Reason.SUPERSEDED}
    assert world.run() == [REVOKED]
    assert world.head().status is OrderStatus.REVOKED


def test_a_certificate_that_cannot_be_read_is_tried_again():
    world = Succession(of_certificate(), records=(a_record(serial_hex="0a2b", generation=2),))
    with pytest.raises(TryAgain):
        world.run()
    assert world.supersessions.waiting


# ---- what was revoked or has ended meanwhile


@pytest.mark.parametrize("status", [OrderStatus.REVOKED, OrderStatus.CANCELLED, OrderStatus.REJECTED])
def test_an_order_that_ended_meanwhile_stays_as_it_is(status):
    world = Succession(a_supersession())
    world.change_head(status=status)
    before = world.head()
    assert world.run() == [OVER]
    assert world.head() == before


def test_an_order_whose_term_is_over_stays_as_it_is():
    world = Succession(a_supersession())
    world.change_head(term_to=NOW - a_second)
    assert world.run() == [OVER]
    assert world.told() == {}


def test_an_order_that_is_gone_is_nothing_to_do():
    assert Succession(a_supersession(order_id="ord_8")).run() == [OVER]


@pytest.mark.parametrize(
    "changes",
    [
        {"status": CertificateStatus.REVOKED, "revoked_at": NOW, "reason": Reason.KEY_COMPROMISE},
        {"not_after": NOW - a_second},
    ],
)
def test_a_certificate_that_was_revoked_or_ended_meanwhile_keeps_what_it_has(changes):
    former = a_record(**changes)
    world = Succession(of_certificate(), records=(former, a_record(serial_hex="0a2b", generation=2)))
    assert world.run() == [OVER]
    assert world.serials.records["0a1b"] == former


# ---- names that were given up

ONE, TWO = ("www.example.com",), ("www.example.com", "shop.example.com")


def giving_up(**changes):
    return a_supersession(successor="rei_2", names=("shop.example.com",), **changes)


def generation(number, names, **changes):
    stored = {"stored_at": NOW + number * a_second, "generation": number, "names": names}
    return a_record(serial_hex=f"0a{number}b", **(stored | changes))


@pytest.mark.parametrize(
    ("names", "gone"),
    [
        (("shop.example.com",), {"0a1b", "0a2b", "0a4b"}),
        (TWO, {"0a4b"}),
        ((*TWO, "other.example.com"), set()),
        (("www.example.com", "other.example.com"), {"0a2b"}),
    ],
    ids=["one name alone", "two", "all", "another two"],
)
def test_with_names_every_older_certificate_goes_that_holds_another(names, gone):
    """Reissues overtake each other: older is what was stored before, whichever was asked for first."""
    older = [generation(1, ONE), generation(2, TWO), generation(4, ("other.example.com",))]
    made = generation(3, names, reissue_id="rei_2", stored_at=NOW + 9 * a_second)
    later = generation(5, ("later.example.com",), stored_at=NOW + 10 * a_second)
    world = Succession(replace(giving_up(), names=names), records=(*older, made, later))
    assert world.run() == [REVOKED if gone else OVER]
    assert set(world.told()) == gone
    assert world.head().status is OrderStatus.ISSUED


def test_the_certificate_that_was_chosen_goes_with_them():
    records = [generation(1, ONE), generation(2, TWO), generation(3, ONE, reissue_id="rei_2")]
    world = Succession(replace(giving_up(serial_hex="0a1b"), names=ONE), records=records)
    assert world.run() == [REVOKED]
    assert set(world.told()) == {"0a1b", "0a2b"}


def test_while_the_certificate_that_gave_them_up_cannot_be_read_it_is_tried_again():
    recorded = generation(3, ONE, reissue_id="rei_2", stored_at=None, certificate_der=None)
    world = Succession(giving_up(), records=[generation(1, TWO), recorded])
    with pytest.raises(TryAgain):
        world.run()
    assert world.supersessions.waiting


def test_what_held_the_given_up_name_is_kept_while_no_later_certificate_lives():
    made = generation(3, ("shop.example.com",), reissue_id="rei_2", **DEAD)
    world = Succession(giving_up(), records=[generation(1, ONE), generation(2, ONE), made])
    assert world.run() == [KEPT]
    assert "0a2b" not in world.told()
    (message,) = world.supersessions.told
    assert message.text.startswith("The certificate 0a2b was to be revoked by now")


# ---- a successor that is dead

DEAD = {"status": CertificateStatus.REVOKED, "revoked_at": NOW, "reason": Reason.KEY_COMPROMISE}


@pytest.mark.parametrize("dead", [DEAD, {"not_after": NOW - a_second}, None])
def test_nothing_is_revoked_for_an_order_without_a_live_certificate_and_the_reseller_is_told(dead):
    successor = [] if dead is None else [a_record(serial_hex="0b1b", order_id=NEW, **dead)]
    world = Succession(a_supersession(), records=(a_record(), *successor))
    assert world.run() == [KEPT]
    assert (world.head().status, world.told().get("0a1b")) == (OrderStatus.ISSUED, None)
    (message,) = world.supersessions.told
    assert NEW in message.text
    assert not world.supersessions.waiting


@pytest.mark.parametrize(
    ("other", "end"),
    [
        ({"generation": 2}, REVOKED),
        ({"generation": 3}, REVOKED),
        ({"generation": 2, **DEAD}, KEPT),
        ({"generation": 2, "not_after": NOW - a_second}, KEPT),
        ({"generation": 2, "status": CertificateStatus.RECORDED, "certificate_der": None}, KEPT),
        ({"generation": 0}, KEPT),
    ],
    ids=["the reissue", "a later reissue", "revoked", "ended", "never issued", "an older certificate"],
)
def test_a_certificate_gives_way_to_a_newer_live_one_alone(other, end):
    world = Succession(of_certificate(), records=(a_record(), a_record(serial_hex="0a2b", **other)))
    assert world.run() == [end]
    assert ("0a1b" in world.told()) == (end is REVOKED)


def test_a_successor_that_was_replaced_itself_stands_through_its_own():
    dead = a_record(serial_hex="0b1b", order_id=NEW, **DEAD)
    records = (a_record(), dead, a_record(serial_hex="0c1b", order_id="ord_3"))
    world = Succession(a_supersession(), records=records, status=OrderStatus.REVOKED, replaced_by="ord_3")
    world.put("ord_3", replaces=NEW)
    assert world.run() == [REVOKED]


def kept_for_want_of_a_successor():
    dead = a_record(serial_hex="0b1b", order_id=NEW, **DEAD)
    world = Succession(a_supersession(), records=(a_record(), dead))
    assert world.run() == [KEPT]
    return world


def test_what_was_kept_goes_five_days_after_its_successor_has_a_certificate_again():
    """It is told when; nobody has two orders for one price for long, nor is left without a certificate at once."""
    world = kept_for_want_of_a_successor()
    world.revoke_superseded(issued(NEW))
    assert (world.run(), len(world.supersessions.told)) == ([], 1)
    again = a_record(serial_hex="0b2b", order_id=NEW, generation=2, reissue_id="rei_1")
    world.serials.records[again.serial_hex] = again
    for _ in range(2):
        world.revoke_superseded(issued(NEW))
    assert world.head().status is OrderStatus.ISSUED
    _, told = world.supersessions.told
    assert told.text.startswith("This order, which was kept, is revoked on 2026-11-28T10:00:00Z:")
    world.clock.advance(hours=119)
    assert world.run() == []
    world.clock.advance(hours=1)
    assert world.run() == [REVOKED]


def test_and_after_what_replaced_its_successor_has_one():
    world = kept_for_want_of_a_successor()
    world.put(NEW, replaced_by="ord_3")
    world.put("ord_3", replaces=NEW)
    world.serials.records["0c1b"] = a_record(serial_hex="0c1b", order_id="ord_3")
    world.revoke_superseded(issued(NEW))
    world.clock.advance(hours=120)
    assert world.run() == [REVOKED]


def test_a_certificate_that_was_kept_has_five_days_after_the_next_whatever_was_chosen():
    dead = a_record(serial_hex="0a2b", generation=2, **DEAD)
    world = Succession(of_certificate(), records=(a_record(), dead))
    assert world.run() == [KEPT]
    world.serials.records["0a3b"] = a_record(serial_hex="0a3b", generation=3)
    world.revoke_superseded(issued())
    assert world.told() == {"0a2b": Reason.KEY_COMPROMISE}
    assert "The certificate 0a1b, which was kept" in world.supersessions.told[-1].text
    world.clock.advance(hours=120)
    assert world.run() == [REVOKED]


def test_what_was_kept_and_has_ended_meanwhile_is_told_of_no_more():
    world = kept_for_want_of_a_successor()
    world.change_head(status=OrderStatus.REVOKED)
    world.serials.records["0b2b"] = a_record(serial_hex="0b2b", order_id=NEW, generation=2)
    world.revoke_superseded(issued(NEW))
    assert len(world.supersessions.told) == 1


def test_a_lineage_that_leads_back_to_itself_comes_to_an_end():
    dead = a_record(serial_hex="0b1b", order_id=NEW, **DEAD)
    world = Succession(a_supersession(), records=(a_record(), dead), replaced_by=NEW)
    assert world.run() == [KEPT]


@pytest.mark.parametrize("make", [a_supersession, of_certificate])
def test_what_says_something_wrong_goes_whatever_became_of_its_successor(make):
    world = Succession(make(regardless=True), records=(a_record(),))
    assert world.run() == [REVOKED]
    assert world.told() == {"0a1b": Reason.SUPERSEDED}


def test_what_cannot_be_carried_out_is_left_alone_for_an_hour_and_its_event_is_not():
    world = Succession(a_supersession())
    world.revoke_superseded.put_off(a_supersession().id)
    assert world.run() == []
    world.clock.advance(hours=1)
    assert world.run() == [REVOKED]
    again = Succession(a_supersession())
    again.revoke_superseded.put_off(a_supersession().id)
    again.revoke_superseded(issued())
    assert again.supersessions.ended == {NEW: REVOKED}


def test_what_has_begun_anew_since_it_was_listed_waits_for_its_new_time():
    world = Succession(a_supersession())
    (listed,) = world.revoke_superseded.due()
    world.supersessions.waiting = [replace(a_supersession(), due_at=NOW + 5 * AN_HOUR)]
    assert world.revoke_superseded.carry_out_due(listed, "schedule") is None
    assert not world.supersessions.ended


def test_what_was_carried_out_meanwhile_is_over():
    world = Succession(a_supersession())
    (listed,) = world.revoke_superseded.due()
    world.revoke_superseded(issued())
    assert world.revoke_superseded.carry_out_due(listed, "schedule") is OVER
    assert world.supersessions.ended == {NEW: REVOKED}
