"""Revoked in time and finished late, with a replacement placed in between: the price goes back once."""

from dataclasses import replace

import pytest

from partner_center.kernel.errors import ChangedMeanwhile, TryAgain
from partner_center.kernel.money import Money
from partner_center.orders.close import closing, completion
from partner_center.orders.order import CloseReason, OrderKind, OrderStatus, Revoked
from partner_center.orders.ports import LineageChange, lineage_of, predecessor
from partner_center.orders.succession import Succession
from tests.fakes.determined import MICROSECOND, NOW
from tests.fakes.samples import ORDER, US, a_chronicle, a_day, a_head, a_placement, a_record, an_order
from tests.unit.issuance.revoking import Office, reissued, wanted

LAST = NOW + 30 * a_day - MICROSECOND
"""When revoking the order still gives its price back."""
OURS, BACK = (2, None), (10, 0, 0)


def dies():
    raise TryAgain("The process ended here.")


class Late(Office):
    """An order of two units whose certificate was revoked in time, by a run that died before the order was."""

    def __init__(self):
        super().__init__()
        self.clock.moment = LAST
        self.tables.before["revoke_order"].append(dies)
        with pytest.raises(TryAgain):
            self.order()
        self.clock.moment = NOW + 30 * a_day

    def stored(self, order_id):
        return self.stores.orders.head(US, order_id)

    def replaced(self, order_id="ord_2", of=ORDER, **changes):
        """A replacement that is placed now."""
        now, before = self.clock.now(), self.stored(of)
        succession = Succession(an_order(before), OrderKind.REPLACEMENT)
        placed = {"order_id": order_id, "placed_at": now, "revised_at": now, "updated_at": now}
        head = succession.follows(a_head(**(placed | changes)), now)
        change = LineageChange(succession.precedes(head), before.version)
        self.stores.orders.place(replace(a_placement(self.ids, head), before=change))
        return head

    def completed(self, order_id="ord_2"):
        head = self.stored(order_id)
        before = predecessor(self.stores.orders, head)
        return completion(head, "0b", a_chronicle(self.ids, self.clock.now()), before)

    def cancel(self, order_id="ord_2"):
        head, chronicle = self.stored(order_id), a_chronicle(self.ids, self.clock.now())
        requested = (OrderStatus.CANCELLED, CloseReason.REQUESTED)
        lineage = lineage_of(self.stores.orders, head)
        self.stores.orders.close(closing(head, *requested, chronicle, None, None, *lineage))


@pytest.fixture
def late():
    return Late()


def test_a_replacement_that_is_paid_for_itself_keeps_no_other_price_back(late):
    late.replaced()
    assert late.units() == (6, 2, 2)
    late.deliver()
    assert (late.head().status, late.head().revoked.at) == (OrderStatus.REVOKED, LAST)
    assert (late.refunds(), late.units()) == ([OURS], (8, 2, 0))


def test_it_goes_back_once_whatever_becomes_of_the_replacement(late):
    late.replaced()
    late.deliver()
    late.cancel()
    late.deliver()
    assert (late.refunds(), late.units()) == ([OURS], (10, 0, 0))


def test_a_free_replacement_keeps_it_back_until_it_came_to_nothing(late):
    late.clock.moment = LAST
    late.replaced(units=0, net=Money.of("0.00"))
    late.clock.moment = NOW + 31 * a_day
    late.deliver()
    assert late.refunds() == []
    late.cancel()
    assert (late.refunds(), late.units()) == ([OURS], (10, 0, 0))


def test_one_that_was_kept_back_for_a_replacement_that_is_paid_goes_back_when_that_is_cancelled(late):
    """On the same contract as the units that the replacement holds."""
    late.replaced(units=3)
    revoked = Revoked(LAST, "key:key_1", "unspecified")
    late.change_head(status=OrderStatus.REVOKED, revoked=revoked)
    late.cancel()
    assert (late.refunds(), late.units()) == ([OURS], (10, 0, 0))


def test_days_that_went_over_to_the_replacement_are_not_paid_back_as_well(late):
    late.replaced()
    late.stores.orders.complete(late.completed())
    late.deliver()
    assert late.stored("ord_2").term_to > late.clock.now() + 365 * a_day
    assert (late.head().status, late.refunds()) == (OrderStatus.REVOKED, [])


def test_a_replacement_that_is_issued_afterwards_gets_no_days(late):
    late.replaced()
    read_before = late.completed()
    late.deliver()
    with pytest.raises(ChangedMeanwhile):
        late.stores.orders.complete(read_before)
    late.stores.orders.complete(late.completed())
    assert late.stored("ord_2").term_to < late.clock.now() + 365 * a_day


def test_while_what_paid_for_it_goes_back_nothing_that_follows_it_gets_its_days():
    """Paid, replaced for nothing, replaced for a price: the first price goes back, so its days do not go on."""
    office = Late.__new__(Late)
    Office.__init__(office)
    office.clock.moment = NOW + a_day
    office.replaced(units=0, net=Money.of("0.00"))
    office.stores.orders.complete(office.completed())
    office.serials.add(a_record(serial_hex="0b", order_id="ord_2", generation=1))
    office.order()
    office.deliver()
    office.clock.moment = LAST
    office.tables.before["revoke_order"].append(dies)
    with pytest.raises(TryAgain):
        office.order(order_id="ord_2")
    office.clock.moment = NOW + 30 * a_day
    office.replaced("ord_3", of="ord_2")
    read_before = office.completed("ord_3")
    office.deliver()
    assert office.refunds() == [OURS]
    with pytest.raises(ChangedMeanwhile):
        office.stores.orders.complete(read_before)


def test_a_replacement_that_is_issued_meanwhile_has_the_days(late):
    late.replaced()
    late.tables.before["revoke_order"].append(lambda: late.stores.orders.complete(late.completed()))
    late.deliver()
    assert (late.head().status, late.refunds()) == (OrderStatus.REVOKED, [])


def test_a_client_that_asks_again_after_the_boundary_gets_what_it_asked_for_before(late):
    answered = late.order()
    assert (answered.status, answered.revoked.at) == (OrderStatus.REVOKED, LAST)
    assert (late.refunds(), late.units()) == ([OURS], BACK)
    late.deliver()
    assert late.refunds() == [OURS]


def test_asking_again_counts_from_the_first_of_several_certificates():
    office = Office(*reissued())
    office.clock.moment = LAST
    for _ in range(2):
        office.tables.after["revoke_certificate"].append(dies)
        with pytest.raises(TryAgain):
            office.order()
        office.clock.moment = NOW + 31 * a_day
    assert office.order().revoked.at == LAST
    assert office.units() == BACK


@pytest.fixture
def office():
    """Of the order, its only certificate is to be revoked alone, at the last moment."""
    office = Office()
    office.clock.moment = LAST
    return office


def test_so_does_one_that_revokes_the_last_certificate_again(office):
    office.tables.before["revoke_order"].append(dies)
    with pytest.raises(TryAgain):
        office.certificate()
    office.clock.moment = NOW + 31 * a_day
    office.certificate()
    assert (office.head().revoked.at, office.refunds(), office.units()) == (LAST, [OURS], BACK)


def test_an_order_that_was_kept_without_a_certificate_ended_when_that_was_asked_for(office):
    office.certificate(wanted(keep_order=True))
    office.clock.moment = NOW + 31 * a_day
    assert office.order().revoked.at == office.clock.moment
    assert office.refunds() == []


CHAINS = [
    ("free, and paid after it", 0, 2, [OURS]),
    ("paid, and free after it", 2, 0, [OURS]),
    ("free, and free after it", 0, 0, []),
]


@pytest.mark.parametrize(
    ("first", "second", "refunds"), [pytest.param(*each[1:], id=each[0]) for each in CHAINS]
)
def test_the_price_lives_on_from_one_that_is_free_to_the_next(late, first, second, refunds):
    """The first was revoked, the second lives in its place."""
    for order_id, units in (("ord_2", first), ("ord_3", second)):
        net = Money.of("149.00" if units else "0.00")
        late.tables.heads[US, order_id] = a_head(
            order_id=order_id, kind=OrderKind.REPLACEMENT, units=units, net=net, issued_at=NOW
        )
    over = {"status": OrderStatus.REVOKED, "replaced_by": "ord_3"}
    late.tables.heads[US, "ord_2"] = replace(late.stored("ord_2"), **over, replaces=ORDER)
    late.tables.heads[US, "ord_3"] = replace(
        late.stored("ord_3"), status=OrderStatus.ISSUED, replaces="ord_2"
    )
    late.change_head(replaced_by="ord_2")
    late.deliver()
    assert late.refunds() == refunds


def test_the_price_of_the_one_that_paid_goes_back_when_a_paid_one_follows_the_free_one(late):
    """The first order is over, the free one after it is being revoked, and what replaces that one is paid for."""
    free = {"units": 0, "net": Money.of("0.00"), "issued_at": NOW, "term_from": NOW}
    late.change_head(
        status=OrderStatus.REVOKED, revoked=Revoked(LAST, "system", "superseded"), replaced_by="ord_2"
    )
    late.tables.heads[US, "ord_2"] = a_head(
        order_id="ord_2", kind=OrderKind.REPLACEMENT, replaces=ORDER, status=OrderStatus.ISSUED, **free
    )
    late.replaced("ord_3", of="ord_2")
    late.clock.moment = LAST
    late.order(order_id="ord_2")
    assert (late.refunds(), late.units()) == ([OURS], (8, 2, 0))
