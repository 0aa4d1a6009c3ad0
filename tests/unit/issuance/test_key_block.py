"""A key whose certificate is revoked for keyCompromise is barred in the same write, proven or not (ADR 7)."""

from hashlib import sha256

import pytest

from partner_center.accounts.staff import Staff, StaffRole
from partner_center.issuance.decide_report import DecideReport
from partner_center.issuance.exposed_keys import REASON as BECAME_KNOWN
from partner_center.issuance.issue import KeyBlocked, issue_certificate
from partner_center.issuance.key_block import CALLED_COMPROMISED
from partner_center.issuance.problem_reports import Finding, ProblemReport
from partner_center.issuance.record import CertificateStatus, Reason
from partner_center.issuance.report_request import DecisionReading
from partner_center.issuance.revocation import STAFFS_REASONS, Cause, OrderFollows
from partner_center.issuance.revoke import Wish
from partner_center.kernel.errors import ChangedMeanwhile
from partner_center.kernel.events import Event
from tests.fakes.determined import NOW
from tests.fakes.problem_reports import MemoryReports
from tests.fakes.samples import A_KEY, ORDER, US, a_day, a_record
from tests.unit.issuance.revoking import Office, bare, wanted
from tests.unit.issuance.world import MemoryStore, SetClock, new_hierarchy, new_issuer, new_request, spki

COMPROMISED = Reason.KEY_COMPROMISE


def at_staffs_word(office):
    reports = MemoryReports(office.tables)
    reports.kept["rep_1"] = ProblemReport(
        "rep_1", NOW, "a@example.net", Cause.KEY_COMPROMISE, ("0a1b",), (), "It lies on a web site."
    )
    decision = DecisionReading(Finding.REVOKE, "It does.", ("0a1b",), COMPROMISED, ())
    staff = Staff("vera", "key_9", frozenset({StaffRole.VALIDATION}))
    DecideReport(reports, office.stores.call_guards, office.revoker)(staff, office.call(), "rep_1", decision)


def by_an_event(office):
    data = {"reseller_id": US, "order_id": ORDER, "serial": "0a1b", "spki_sha256": A_KEY}
    office.finish(Event("evt_1", "key.exposed", NOW, "request-1", data))


def raised(revoke):
    def twice(office):
        revoke(office, wanted())
        assert office.register.blocked == {}
        revoke(office, wanted(COMPROMISED))

    return twice


WAYS = {
    "a certificate": lambda office: office.certificate(wanted(COMPROMISED)),
    "an order": lambda office: office.order(wanted(COMPROMISED)),
    "a certificate whose reason changes": raised(Office.certificate),
    "an order whose reason changes": raised(Office.order),
    "staff": at_staffs_word,
    "a key that became known": by_an_event,
}


@pytest.mark.parametrize("revoke", WAYS.values(), ids=WAYS.keys())
def test_the_key_is_barred_before_any_event_of_it_is_read(revoke):
    office = Office()
    revoke(office)
    assert office.told() == {"0a1b": COMPROMISED}
    assert office.register.blocked.keys() == {A_KEY}


def test_every_key_of_an_order_that_is_revoked_for_compromise_is_barred():
    other = a_record(serial_hex="0a2b", generation=2, spki_sha256="ab" * 32)
    office = Office(a_record(), other, bare("0a3b", CertificateStatus.RECORDED))
    office.order(wanted(COMPROMISED))
    assert office.register.blocked.keys() == {A_KEY, "ab" * 32}
    assert len(office.register.audit) == 2


def test_what_was_recorded_while_its_order_was_revoked_bars_its_key_too():
    office = Office()
    office.order(wanted(COMPROMISED))
    office.serials.add(bare("0a2b", CertificateStatus.RECORDED, spki_sha256="ab" * 32))
    (event,) = [each for each in office.tables.events.values() if each.type == "order.revoked"]
    office.finish(event)
    assert office.register.blocked.keys() == {A_KEY, "ab" * 32}


@pytest.mark.parametrize("reason", STAFFS_REASONS)
def test_no_other_reason_bars_a_key_and_reading_the_event_again_changes_nothing(reason):
    office = Office()
    wish = Wish(reason, "key:key_1", "request-1", OrderFollows.NEVER)
    office.revoker.certificate(office.serials.records["0a1b"], wish)
    office.deliver()
    office.clock.advance(days=1)
    office.deliver()
    if reason is not COMPROMISED:
        assert office.register.blocked == {}
        return
    assert office.register.blocked == {A_KEY: (CALLED_COMPROMISED, NOW)}
    (audit,) = office.register.audit
    assert (audit.action, audit.actor) == ("key.blocked", "key:key_1")


@pytest.mark.parametrize("revoke", [Office.certificate, Office.order], ids=["a certificate", "its order"])
@pytest.mark.parametrize("before", [each for each in STAFFS_REASONS if each is not Reason.UNSPECIFIED])
def test_the_key_of_what_was_revoked_before_for_another_reason_is_barred_though_that_stays(before, revoke):
    office = Office()
    revoke(office, wanted(before))
    for _ in range(2):
        revoke(office, wanted(COMPROMISED))
    assert office.told() == {"0a1b": before}
    assert office.register.blocked == {A_KEY: (CALLED_COMPROMISED, NOW)}
    (audit,) = office.register.audit
    assert (audit.action, audit.actor) == ("key.blocked", "key:key_1")


OTHER_KEY = "ab" * 32


@pytest.mark.parametrize("proof", [None, OTHER_KEY], ids=["unproven", "proven"])
@pytest.mark.parametrize(
    "before",
    [
        {"status": CertificateStatus.REVOKED, "reason": Reason.SUPERSEDED, "revoked_at": NOW},
        {"status": CertificateStatus.STORED, "not_after": NOW - a_day},
    ],
    ids=["revoked for itself", "expired"],
)
@pytest.mark.parametrize("way", ["the last certificate", "the order"])
def test_of_what_ended_otherwise_before_its_order_no_key_is_barred(before, way, proof):
    gone = a_record(order_follows=OrderFollows.NEVER, **before)
    last = a_record(serial_hex="0a2b", generation=2, spki_sha256=OTHER_KEY)
    office = Office(gone, last)
    if way == "the order":
        office.order(wanted(COMPROMISED, proof=proof))
    else:
        office.certificate(wanted(COMPROMISED, proof=proof, keep_order=False), "0a2b")
    office.deliver()
    assert office.head().status == "revoked"
    assert office.register.blocked.keys() == {OTHER_KEY}


def test_an_event_that_was_written_without_a_block_bars_the_key():
    revoked = a_record(status=CertificateStatus.REVOKED, revoked_at=NOW, reason=COMPROMISED)
    office = Office(revoked)
    data = {"serial": "0a1b", "reason": "keyCompromise", "by": "key:key_1", "order_follows": "never"}
    office.finish(Event("evt_1", "certificate.revoked", NOW, "request-1", data))
    assert office.register.blocked == {A_KEY: (CALLED_COMPROMISED, NOW)}


def test_a_proven_key_is_barred_because_it_became_known():
    office = Office()
    office.certificate(wanted(COMPROMISED, proof=A_KEY))
    assert office.register.blocked == {A_KEY: (BECAME_KNOWN, NOW)}


def test_a_revocation_that_does_not_come_about_bars_no_key():
    office = Office()
    change = office.revoker._certificate_change(
        a_record(status=CertificateStatus.RECORDED), Wish(COMPROMISED, "system", "r", OrderFollows.NEVER), NOW
    )
    with pytest.raises(ChangedMeanwhile):
        office.revocations.revoke_certificate(change)
    assert office.register.blocked == {}


# ---- whoever signs at that moment


class Register:
    """The blocks of an office as signing reads them; what shall happen before the reading happens there."""

    def __init__(self, office, before=lambda: None):
        self.office, self.before = office, before

    def is_blocked(self, spki_sha256):
        self.before()
        reason, _ = self.office.register.blocked.get(spki_sha256, (None, None))
        return reason


MOMENTS = ["before the serial", "before it is recorded", "once it is recorded", "before the block is read"]


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_reissue_under_way_with_the_key_is_not_signed_once_the_revocation_stands(moment):
    office = Office(a_record(spki_sha256=sha256(spki()).hexdigest()))

    def revoke_at(now):
        if now == moment:
            office.certificate(wanted(COMPROMISED))

    store = MemoryStore(
        before=lambda _: revoke_at("before it is recorded"), after=lambda _: revoke_at("once it is recorded")
    )
    ca, keys = new_hierarchy()
    keys.signed.clear()
    register = Register(office, lambda: revoke_at("before the block is read"))
    revoke_at("before the serial")
    reissue = new_request(ca, reseller_id=US, order_id=ORDER, generation=2, reissue_id="rei_1")
    with pytest.raises(KeyBlocked):
        issue_certificate(reissue, new_issuer(keys, store, SetClock(NOW), blocked=register))
    assert keys.signed == []
    assert office.told() == {"0a1b": COMPROMISED}
