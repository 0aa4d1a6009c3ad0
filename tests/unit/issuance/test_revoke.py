"""Revoking orders and certificates: once, whole, by whom it may be, whoever comes in between."""

from dataclasses import replace
from itertools import islice

import pytest

from partner_center.billing.payments import PaymentStatus
from partner_center.issuance.record import CertificateStatus, OrderFollows, Reason
from partner_center.issuance.revoke import Wish, order_revocation
from partner_center.kernel.errors import (
    ChangedMeanwhile,
    ContentRefused,
    IdempotencyKeyReused,
    NotFound,
    StateConflict,
    TryAgain,
)
from partner_center.kernel.money import Money
from partner_center.orders.close import CloseOverdue
from partner_center.orders.order import OrderStatus, PaymentKind, Revoked
from tests.fakes.determined import NOW
from tests.fakes.samples import A_KEY, ORDER, US, a_chronicle, a_day, a_head, a_record, a_second
from tests.unit.issuance.revoking import OURS, THEIRS, Office, bare, reissued, wanted

COMPROMISED = Reason.KEY_COMPROMISE


# ---- the whole order


def test_an_order_is_revoked_with_everything_that_was_or_may_have_been_signed():
    office = Office(*reissued())
    head = office.order(wanted(Reason.CESSATION_OF_OPERATION))
    assert head == office.head()
    assert (head.status, head.revoked) == (
        OrderStatus.REVOKED,
        Revoked(NOW, "key:key_1", Reason.CESSATION_OF_OPERATION),
    )
    assert office.told() == dict.fromkeys(
        ("0a1b", "0a2b", "0a3b", "0a4b", "0a5b"), Reason.CESSATION_OF_OPERATION
    )
    (event,) = office.happened("order.revoked")
    assert event["payment_kind"] == "bulk"
    assert {each["order_follows"] for each in office.happened("certificate.revoked")} == {"always"}


def test_order_and_certificates_end_in_the_same_second_however_long_it_takes():
    office = Office(*reissued())
    office.tables.after["revoke_certificate"] += [lambda: office.clock.advance(seconds=1)] * 5
    assert office.order().revoked.at == NOW < office.clock.now()
    assert {each.revoked_at for each in office.serials.records.values()} == {NOW}


def test_each_serial_is_revoked_before_the_next_is_read_so_a_run_that_is_cut_off_has_got_on():
    office = Office(*reissued())
    read = office.serials.not_ended

    def cut_off_at_the_third(*order):
        yield from islice(read(*order), 2)
        raise TryAgain("The database did not answer.")

    office.serials.not_ended = cut_off_at_the_third
    with pytest.raises(TryAgain):
        office.order()
    assert len(office.told()) == 2
    office.serials.not_ended = read
    office.deliver()
    assert len(office.told()) == 5
    assert office.head().status is OrderStatus.REVOKED


def test_a_serial_that_was_revoked_while_it_was_signed_is_barred_from_being_stored():
    office = Office(a_record(), bare("0a5b", CertificateStatus.RECORDED))
    office.order()
    assert office.serials.records["0a5b"].status is CertificateStatus.REVOKED


def test_a_serial_that_was_recorded_while_the_order_was_being_revoked_is_revoked_by_its_event():
    office = Office()
    late = replace(bare("0a5b", CertificateStatus.RECORDED), reissue_id="rei_1")
    office.tables.after["revoke_order"].append(lambda: office.serials.add(late))
    office.order(wanted(Reason.CESSATION_OF_OPERATION))
    assert "0a5b" not in office.told()
    office.deliver()
    assert office.told()["0a5b"] is Reason.CESSATION_OF_OPERATION


@pytest.mark.parametrize(("signing", "closed"), [(False, OrderStatus.CANCELLED), (True, OrderStatus.PENDING)])
def test_reissues_of_a_revoked_order_end_and_what_is_being_signed_is_ended_by_its_execution(signing, closed):
    office = Office()
    enrolment = office.reissue(signing=signing)
    office.order()
    office.deliver()
    head = office.stores.orders.head(US, enrolment)
    assert head.status is closed
    row = office.stores.orders.reissue(US, ORDER, "rei_1")
    assert (row.reason == "order_revoked") is not signing
    CloseOverdue(office.stores.orders, office.stores.challenges, office.clock, office.ids)(
        US, enrolment, "execution-1"
    )
    assert office.stores.orders.head(US, enrolment).status is OrderStatus.CANCELLED
    assert office.stores.orders.reissue(US, ORDER, "rei_1").reason == "order_revoked"
    assert office.head().reissues_under_way == ()


def test_units_come_back_within_30_days():
    office = Office()
    assert office.units() == (8, 0, 2)
    assert office.order().payment is PaymentStatus.REFUNDED
    assert (office.units(), office.refunds()) == ((10, 0, 0), [(2, None)])


def test_an_order_is_revoked_at_any_age_and_after_30_days_nothing_comes_back():
    office = Office()
    office.clock.advance(days=30)
    head = office.order()
    assert (head.status, head.payment) == (OrderStatus.REVOKED, PaymentStatus.CAPTURED)
    assert (office.units(), office.refunds()) == ((8, 0, 2), [])


def test_a_card_is_given_its_money_back_afterwards():
    head = a_head(
        status=OrderStatus.ISSUED,
        issued_at=NOW,
        payment_kind=PaymentKind.PAY_AS_YOU_GO,
        payment=PaymentStatus.CAPTURED,
        card_id="crd_1",
    )
    wish = Wish(Reason.UNSPECIFIED, "key:key_1", "request-1", OrderFollows.ALWAYS)
    change = order_revocation(head, wish, a_chronicle(Office().ids), NOW)
    assert (change.head.payment, change.head.settle_at) == (PaymentStatus.REFUND_PENDING, NOW)
    line = change.refund.entry
    assert (line.kind, line.amount) == ("refund", Money.of("149.00"))
    assert change.event.data["payment_kind"] == "pay_as_you_go"


def test_revoking_again_changes_nothing():
    office = Office(*reissued())
    first = office.order()
    before = repr(office.tables)
    office.clock.advance(days=2)
    assert office.order() == first
    assert repr(office.tables) == before


def test_unspecified_may_become_key_compromise_and_the_first_date_stays():
    office = Office()
    office.order()
    office.clock.advance(days=2)
    head = office.order(wanted(COMPROMISED))
    assert head.revoked == Revoked(NOW, "key:key_1", COMPROMISED)
    record = office.serials.records["0a1b"]
    assert (record.revoked_at, record.reason) == (NOW, COMPROMISED)
    assert office.refunds() == [(2, None)]
    assert len(office.happened("order.revoked")) == 1


@pytest.mark.parametrize("later", [Reason.SUPERSEDED, Reason.UNSPECIFIED])
def test_no_other_reason_takes_the_place_of_the_first(later):
    office = Office()
    office.order(wanted(Reason.AFFILIATION_CHANGED))
    office.order(wanted(later))
    assert office.head().revoked.reason is Reason.AFFILIATION_CHANGED
    assert office.told() == {"0a1b": Reason.AFFILIATION_CHANGED}


STATES = {
    "pending": ({"status": OrderStatus.PENDING}, "not_issued"),
    "signing": ({"status": OrderStatus.PENDING, "signing": True}, "issuing"),
    "cancelled": ({"status": OrderStatus.CANCELLED}, "order_closed"),
    "rejected": ({"status": OrderStatus.REJECTED}, "order_closed"),
    "its term over": ({"term_to": NOW - a_second}, "order_closed"),
}


@pytest.mark.parametrize(("changes", "code"), STATES.values(), ids=STATES.keys())
def test_an_order_without_a_live_certificate_is_refused(changes, code):
    office = Office()
    office.change_head(**changes)
    before = repr(office.tables)
    with pytest.raises(StateConflict) as refused:
        office.order()
    assert (refused.value.code, refused.value.order_id) == (code, "ord_1")
    assert repr(office.tables) == before
    assert office.told() == {}


def test_an_order_whose_certificate_is_not_on_file_is_not_said_to_be_revoked():
    """As after a restore: no CRL would tell it."""
    office = Office(a_record())
    office.serials.records.clear()
    with pytest.raises(TryAgain):
        office.order()
    assert office.head().status is OrderStatus.ISSUED
    office.serials.add(a_record())
    assert office.order().status is OrderStatus.REVOKED


@pytest.mark.parametrize("order_id", ["ord_1", "ord_2", "", "x" * 10_000, "☂"])
def test_a_foreign_order_is_as_unknown(order_id):
    office = Office()
    with pytest.raises(NotFound):
        office.order(by=THEIRS, order_id=order_id)
    assert office.told() == {}


# ---- one certificate


def test_revoking_one_of_several_leaves_the_order_and_its_money():
    office = Office(*reissued()[:2])
    done = office.certificate(serial="0a2b")
    assert (done.status, done.reason) == (CertificateStatus.REVOKED, Reason.UNSPECIFIED)
    assert office.head().status is OrderStatus.ISSUED
    assert (office.units(), office.told()) == ((8, 0, 2), {"0a2b": Reason.UNSPECIFIED})


KEPT = {
    (Reason.UNSPECIFIED, None): False,
    (Reason.AFFILIATION_CHANGED, None): False,
    (Reason.CESSATION_OF_OPERATION, None): False,
    (Reason.SUPERSEDED, None): True,
    (COMPROMISED, None): True,
    (Reason.UNSPECIFIED, True): True,
    (COMPROMISED, False): False,
    (Reason.SUPERSEDED, False): False,
}


@pytest.mark.parametrize(("said", "kept"), KEPT.items(), ids=str)
def test_the_last_certificate_takes_the_order_with_it_unless_it_is_kept(said, kept):
    reason, keep_order = said
    office = Office()
    office.certificate(wanted(reason, keep_order=keep_order))
    assert office.head().status is (OrderStatus.ISSUED if kept else OrderStatus.REVOKED)
    assert office.units() == ((8, 0, 2) if kept else (10, 0, 0))


def test_a_certificate_that_has_ended_is_no_live_one():
    ended = a_record(serial_hex="0a0b", not_after=NOW - a_second)
    office = Office(ended, a_record())
    office.certificate(serial="0a1b")
    assert office.head().status is OrderStatus.REVOKED
    assert office.told() == {"0a1b": Reason.UNSPECIFIED}


def test_the_order_may_follow_a_certificate_that_was_revoked_before():
    office = Office()
    office.certificate(wanted(COMPROMISED))
    assert office.head().status is OrderStatus.ISSUED
    office.certificate(wanted(COMPROMISED, keep_order=False))
    assert office.head().status is OrderStatus.REVOKED


def test_an_expired_certificate_is_refused_and_a_revoked_one_answers_for_ever():
    office = Office(a_record(), a_record(serial_hex="0a2b", generation=2))
    office.certificate()
    office.clock.advance(days=200)
    with pytest.raises(StateConflict) as refused:
        office.certificate(serial="0a2b")
    assert refused.value.code == "certificate_expired"
    assert office.certificate().revoked_at == NOW


UNKNOWN = {
    "another reseller's": (THEIRS, "0a1b"),
    "unknown": (OURS, "ffff"),
    "recorded and never issued": (OURS, "0a5b"),
    "closed": (OURS, "0a4b"),
    "no number": (OURS, "☂" * 9999),
}


@pytest.mark.parametrize(("by", "serial"), UNKNOWN.values(), ids=UNKNOWN.keys())
def test_only_an_issued_certificate_of_ones_own_is_known(by, serial):
    office = Office(*reissued())
    with pytest.raises(NotFound):
        office.certificate(by=by, serial=serial)
    assert office.told() == {}


def test_a_serial_is_found_in_any_case():
    assert Office().certificate(serial="0A1B").revoked_at == NOW


# ---- proofs


def test_a_proof_is_reported_so_that_the_key_is_blocked_and_all_with_it_revoked():
    office = Office()
    office.certificate(wanted(COMPROMISED, proof=A_KEY))
    (reported,) = office.reported
    assert (reported.spki_sha256, reported.reseller_id, reported.key_id) == (A_KEY, US, "key_1")
    assert office.told() == {"0a1b": COMPROMISED}


def test_without_a_proof_the_key_is_not_reported():
    office = Office()
    office.certificate(wanted(COMPROMISED))
    office.order(wanted(COMPROMISED))
    assert office.reported == []


@pytest.mark.parametrize("revoke", [Office.certificate, Office.order], ids=["certificate", "order"])
def test_a_proof_of_another_key_revokes_nothing_here_and_is_acted_upon_all_the_same(revoke):
    office = Office()
    with pytest.raises(ContentRefused) as refused:
        revoke(office, wanted(COMPROMISED, proof="99" * 32))
    assert [(each.code, each.field) for each in refused.value.problems] == [
        ("proof_of_another_key", "/proof")
    ]
    assert office.told() == {}
    assert [each.spki_sha256 for each in office.reported] == ["99" * 32]


def test_an_order_is_proven_by_the_key_of_any_of_its_certificates():
    office = Office(*reissued())
    office.order(wanted(COMPROMISED, proof="ab" * 32))
    assert set(office.told().values()) == {COMPROMISED}


def test_with_a_proof_any_reason_becomes_key_compromise():
    office = Office()
    office.certificate(wanted(Reason.SUPERSEDED))
    office.certificate(wanted(COMPROMISED))
    assert office.told() == {"0a1b": Reason.SUPERSEDED}
    office.certificate(wanted(COMPROMISED, proof=A_KEY))
    assert office.told() == {"0a1b": COMPROMISED}


def test_a_report_that_cannot_be_made_revokes_nothing():
    office = Office()

    def out(_):
        raise TryAgain("The queue is out.")

    office.report = out
    with pytest.raises(TryAgain):
        office.order(wanted(COMPROMISED, proof=A_KEY))
    assert office.told() == {}


# ---- Idempotency-Key


@pytest.mark.parametrize("revoke", [Office.certificate, Office.order], ids=["certificate", "order"])
def test_the_same_key_with_another_body_is_refused(revoke):
    office = Office()
    revoke(office, wanted(), key="key-1")
    before = repr(office.tables)
    revoke(office, wanted(), key="key-1")
    with pytest.raises(IdempotencyKeyReused):
        revoke(office, wanted(COMPROMISED), key="key-1")
    assert repr(office.tables) == before


@pytest.mark.parametrize("revoke", [Office.certificate, Office.order], ids=["certificate", "order"])
def test_a_refusal_binds_no_key(revoke):
    office = Office()
    with pytest.raises(ContentRefused):
        revoke(office, wanted(COMPROMISED, proof="99" * 32), key="key-1")
    revoke(office, wanted(COMPROMISED), key="key-1")
    assert office.told() == {"0a1b": COMPROMISED}


def test_of_two_equal_requests_at_once_one_writes_and_both_are_answered():
    office = Office()
    office.tables.before["revoke_order"].append(lambda: office.order(key="key-1"))
    head = office.order(key="key-1")
    assert head == office.head()
    assert len(office.happened("order.revoked")) == len(office.happened("certificate.revoked")) == 1


# ---- what comes in between


def test_a_certificate_that_is_added_meanwhile_is_revoked_as_well():
    office = Office()

    def reissue():
        office.serials.add(a_record(serial_hex="0a2b", generation=2))
        office.change_head(generation=2)

    office.tables.before["revoke_order"].append(reissue)
    assert office.order().status is OrderStatus.REVOKED
    assert office.told().keys() == {"0a1b", "0a2b"}


def test_of_two_reasons_at_once_the_first_stays():
    office = Office()
    office.tables.before["revoke_certificate"].append(
        lambda: office.certificate(wanted(Reason.AFFILIATION_CHANGED, keep_order=True))
    )
    office.certificate(wanted(Reason.SUPERSEDED))
    assert office.told() == {"0a1b": Reason.AFFILIATION_CHANGED}


class NeverAsRead:
    """`Revocations` where somebody else was always faster."""

    def revoke_certificate(self, change):
        raise ChangedMeanwhile("It changed meanwhile; look again.")

    revoke_order = revoke_certificate


@pytest.mark.parametrize("revoke", [Office.certificate, Office.order], ids=["certificate", "order"])
def test_what_never_rests_is_not_tried_for_ever(revoke):
    office = Office()
    restless = replace(office.revoker, revocations=NeverAsRead())
    office.revoke_order = replace(office.revoke_order, revoker=restless)
    office.revoke_certificate = replace(office.revoke_certificate, revoker=restless)
    with pytest.raises(TryAgain):
        revoke(office)


# ---- who asked, and what has ended


def test_who_of_the_staff_revoked_stands_in_the_audit_alone():
    office = Office()
    wish = Wish(Reason.PRIVILEGE_WITHDRAWN, "staff:vera", "request-1", OrderFollows.WHEN_LAST)
    office.revoker.certificate(office.serials.records["0a1b"], wish)
    (event,) = office.happened("certificate.revoked")
    record = list(office.tables.audit.values())[-1]
    assert (event["by"], record.actor, record.action) == ("staff", "staff:vera", "certificate.revoked")


def test_a_term_that_ends_is_no_revocation():
    office = Office(a_record(not_after=NOW + a_day), term_days=1)
    office.clock.advance(days=2)
    with pytest.raises(StateConflict):
        office.order()
