"""A key whose private half was sent: blocked, every certificate at risk named for revocation."""

from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.issuance.exposed_keys import REASON, BlockExposedKey
from partner_center.issuance.record import CertificateRecord, CertificateStatus
from partner_center.kernel.errors import TryAgain
from partner_center.kernel.events import NOBODY
from partner_center.kernel.level import Level
from partner_center.orders.exposed_keys import ExposedKey
from tests.fakes.determined import NOW, CountingIds, FixedClock
from tests.fakes.key_register import MemoryKeyRegister
from tests.fakes.samples import THEM, US, a_day, a_second

KEY, OTHER = "ab" * 32, "cd" * 32
EXPOSED = ExposedKey(KEY, US, "key_1", "request-1")
an_hour = timedelta(hours=1)
MINE, THEIRS = (US, "ord_mine"), (THEM, "ord_theirs")


def a_record(serial_hex="01", order=MINE, **changes):
    usual = CertificateRecord(
        serial_hex=serial_hex,
        reseller_id=order[0],
        order_id=order[1],
        generation=1,
        level=Level.DV,
        names=("www.example.com",),
        common_name="www.example.com",
        spki_sha256=KEY,
        issuer_id="tls-e1",
        not_before=NOW - a_day,
        not_after=NOW + 198 * a_day,
        caa_valid_until=NOW,
        tbs_der=b"",
        recorded_at=NOW - a_day,
        status=CertificateStatus.STORED,
        certificate_der=b"",
        stored_at=NOW - a_day,
    )
    return replace(usual, **changes)


class Office:
    """The use case over a register and certificates in memory."""

    def __init__(self, *records, orders=(MINE,)):
        self.records, self.unreadable = records, set()
        self.reached = []
        """Each serial that was read, and how many were named by then."""
        self.register = MemoryKeyRegister({KEY: list(orders)})
        self.clock = FixedClock()
        self.use_case = BlockExposedKey(self.register, self, self.clock, CountingIds())

    def not_ended(self, reseller_id, order_id, moment):
        for each in self.records:
            if (each.reseller_id, each.order_id) == (reseller_id, order_id):
                self.reached.append((each.serial_hex, len(self.register.told)))
                if each.serial_hex in self.unreadable:
                    raise KeyError("not_after")
                yield each

    def receive(self, exposed=EXPOSED):
        self.use_case(exposed)
        return self

    def named(self):
        return [(event.data["reseller_id"], event.data["serial"]) for event in self.register.told.values()]


def test_a_known_key_is_blocked_and_its_certificate_named():
    office = Office(a_record()).receive()
    assert office.register.blocked == {KEY: (REASON, NOW)}
    (event,) = office.register.told.values()
    assert (event.type, event.occurred_at, event.correlation_id) == ("key.exposed", NOW, "request-1")
    assert event.data == {"reseller_id": US, "order_id": "ord_mine", "serial": "01", "spki_sha256": KEY}


@pytest.mark.parametrize("reseller_id", [US, NOBODY])
def test_a_key_that_no_order_has_yet_is_blocked_before_one_can_have_it(reseller_id):
    office = Office(a_record()).receive(replace(EXPOSED, spki_sha256=OTHER, reseller_id=reseller_id))
    assert office.register.blocked == {OTHER: (REASON, NOW)}
    (audit,) = office.register.audit
    assert (audit.reseller_id, audit.order_id) == (reseller_id, "")
    assert office.register.told == {}


def test_the_key_of_an_order_without_certificate_is_blocked_and_nothing_named():
    office = Office().receive()
    assert office.register.blocked.keys() == {KEY}
    assert office.named() == []


def test_certificates_of_every_order_and_reseller_are_named_whoever_sent_the_key():
    records = (a_record("01"), a_record("02", THEIRS), a_record("03", THEIRS, generation=2))
    office = Office(*records, orders=(MINE, THEIRS, MINE)).receive()
    assert sorted(office.named()) == [(US, "01"), (THEM, "02"), (THEM, "03")]


AT_RISK = {
    "issued": ({}, True),
    "recorded, perhaps signed": ({"status": CertificateStatus.RECORDED}, True),
    "closed, perhaps signed": ({"status": CertificateStatus.CLOSED}, True),
    "revoked already": ({"status": CertificateStatus.REVOKED}, False),
    "in its last second": ({"not_after": NOW}, True),
    "expired": ({"not_after": NOW - a_second}, False),
    "with another key of the order": ({"spki_sha256": OTHER}, False),
}


@pytest.mark.parametrize(("changes", "named"), AT_RISK.values(), ids=AT_RISK.keys())
def test_a_certificate_is_named_while_it_could_be_misused(changes, named):
    assert bool(Office(a_record(**changes)).receive().named()) is named


def test_a_key_that_is_sent_again_within_an_hour_changes_nothing():
    office = Office(a_record()).receive()
    office.clock.advance(hours=1, seconds=-1)
    office.receive().receive(replace(EXPOSED, reseller_id=THEM, request_id="request-2"))
    assert office.register.blocked == {KEY: (REASON, NOW)}
    assert (len(office.register.told), len(office.register.audit)) == (1, 1)


def test_a_certificate_that_is_not_revoked_an_hour_later_is_named_again():
    """The first event may have been lost in an outage, and whoever reports the key again is to be heard."""
    office = Office(a_record()).receive()
    office.clock.advance(hours=3, minutes=20)
    office.receive().receive(replace(EXPOSED, request_id="request-2"))
    assert office.register.blocked == {KEY: (REASON, NOW)}
    assert [event.occurred_at for event in office.register.told.values()] == [NOW, NOW + 3 * an_hour]


def test_a_clock_that_is_behind_names_nothing_twice():
    office = Office(a_record()).receive()
    office.clock.advance(minutes=-10)
    assert len(office.receive().register.told) == 1


@pytest.mark.parametrize("writes_done", [0, 1, 2, 3])
def test_a_run_that_ends_half_way_is_ended_by_the_next(writes_done):
    records = tuple(a_record(f"0{number}") for number in range(3))
    office, remaining = Office(*records), [None] * writes_done

    def out():
        if not remaining:
            raise TryAgain("out")
        remaining.pop()

    office.register.before = out
    with pytest.raises(TryAgain):
        office.receive()
    office.register.before = lambda: None
    office.clock.advance(minutes=59)
    office.receive()
    whole = Office(*records).receive()
    assert office.named() == whole.named()
    if writes_done:  # the block stands since the first run, and so the events are the very same
        assert office.register.told.keys() == whole.register.told.keys()


def test_an_order_that_was_placed_and_signed_while_the_block_was_written_is_named():
    office = Office(a_record("01"), a_record("02", THEIRS))

    def placed_meanwhile():
        office.register.orders[KEY].append(THEIRS)
        office.register.before = lambda: None

    office.register.before = placed_meanwhile
    assert sorted(office.receive().named()) == [(US, "01"), (THEM, "02")]


def test_each_certificate_is_named_before_the_next_is_read_so_a_run_that_is_cut_off_has_got_on():
    office = Office(a_record("01"), a_record("02"), a_record("03")).receive()
    assert office.reached == [("01", 0), ("02", 1), ("03", 2)]


def test_an_order_that_cannot_be_read_keeps_no_other_from_being_named_and_is_told():
    office = Office(a_record("01"), a_record("02", THEIRS), orders=(MINE, THEIRS))
    office.unreadable = {"01"}
    with pytest.raises(ExceptionGroup) as failed:
        office.receive()
    assert [type(each) for each in failed.value.exceptions] == [KeyError]
    assert office.named() == [(THEM, "02")]


def test_ids_of_events_are_derived_in_the_form_of_all_ids():
    office = Office(a_record("01"), a_record("02")).receive()
    first, second = office.register.told
    assert first[:14] == second[:14]  # the time of the block
    assert len({first, second}) == 2
    assert all(len(each) == len("evt_") + 26 for each in (first, second))


@pytest.mark.parametrize(
    ("orders", "order_id"), [([THEIRS, MINE], "ord_mine"), ([THEIRS], "")], ids=["of its own", "of others"]
)
def test_the_audit_tells_who_sent_it_and_never_an_order_of_somebody_else(orders, order_id):
    (record,) = Office(orders=orders).receive().register.audit
    assert (record.action, record.actor, record.reseller_id) == ("key.blocked", "key:key_1", US)
    assert record.order_id == order_id
    assert record.facts == {"spki_sha256": KEY, "request_id": "request-1"}
    assert record.at == NOW


class TimeIsUp(BaseException):
    """Lambda ends the function."""


class Hurried(Office):
    """Each order that is read takes its time, and an invocation has time for so many."""

    def invocation(self, reads):
        self.left = reads
        try:
            self.receive()
        except TimeIsUp:
            self.clock.advance(minutes=15)

    def not_ended(self, reseller_id, order_id, moment):
        if not self.left:
            raise TimeIsUp
        self.left -= 1
        yield from super().not_ended(reseller_id, order_id, moment)


def test_of_a_key_of_more_orders_than_an_invocation_reads_all_certificates_are_named():
    orders = [(US, f"ord_{number:03}") for number in range(150)]
    office = Hurried(*(a_record(f"{n:02x}", order) for n, order in enumerate(orders)), orders=orders)
    for _ in range(28):
        office.invocation(reads=60)
    assert len({serial for _, serial in office.named()}) == 150
