"""One certificate for each order and generation: alone, twice, at once, and after a death at every step."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import serialization

from partner_center.issuance.issue import (
    CaaTooOld,
    CertificateDisagrees,
    IssuerNotActive,
    LintRefused,
    issue_certificate,
)
from partner_center.issuance.lint import lint
from partner_center.issuance.ports import Finding
from partner_center.issuance.profile import TermOver
from partner_center.issuance.record import CertificateStatus
from partner_center.issuance.to_be_signed import digest
from partner_center.kernel.errors import TryAgain
from partner_center.kernel.level import Level
from tests.unit.issuance.world import (
    NOW,
    Died,
    MemoryStore,
    SetClock,
    certificate,
    leaf_key,
    names,
    new_hierarchy,
    new_issuer,
    new_request,
    spki,
)

SECOND = timedelta(seconds=1)


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def clock():
    return SetClock()


@pytest.fixture
def issuer(keys, store, clock):
    return new_issuer(keys, store, clock)


@pytest.fixture
def request_(issuing_ca):
    return new_request(issuing_ca)


def with_status(store, status):
    return [record for record in store.serials.values() if record.status is status]


def stored(store):
    return with_status(store, CertificateStatus.STORED)


@pytest.mark.parametrize("level", Level)
def test_a_certificate_is_issued_linted_for_real_and_stored(issuing_ca, keys, store, level):
    request = new_request(issuing_ca, level=level)
    record = issue_certificate(request, new_issuer(keys, store, check=lint))
    issued = certificate(record.certificate_der)
    issued.verify_directly_issued_by(issuing_ca.certificate)
    assert record == store.current("res_1", "ord_1", 1)
    assert record.status is CertificateStatus.STORED
    assert f"{issued.serial_number:x}" == record.serial_hex
    assert issued.not_valid_before_utc == record.not_before == NOW - timedelta(minutes=30)
    assert issued.tbs_certificate_bytes == record.tbs_der
    assert keys.signed == [digest(record.tbs_der, issuing_ca.signature_algorithm)]


def test_the_bytes_are_recorded_before_they_are_signed(request_, issuer, store, keys):
    seen = []
    store.after = lambda write: seen.append((write, len(keys.signed)))
    issue_certificate(request_, issuer)
    assert seen == [("record", 0), ("keep", 1)]


def test_issuing_again_returns_the_same_certificate_and_signs_nothing(request_, issuer, keys, clock):
    first = issue_certificate(request_, issuer)
    clock.advance(days=300)
    assert issue_certificate(request_, issuer) == first
    assert len(keys.signed) == 1


def test_a_stored_certificate_is_returned_whatever_the_retry_asks_for(request_, issuer, keys):
    first = issue_certificate(request_, issuer)
    other = replace(request_, names=names(5), spki_der=spki("p-384"), caa_valid_until=NOW)
    assert issue_certificate(other, issuer) == first


def test_a_revoked_certificate_is_not_replaced_by_a_retry(request_, issuer, store, keys):
    first = issue_certificate(request_, issuer)
    store.serials[first.serial_hex] = replace(first, status=CertificateStatus.REVOKED)
    assert issue_certificate(request_, issuer).status is CertificateStatus.REVOKED
    assert len(keys.signed) == 1


def test_each_generation_has_its_own_certificate(request_, issuer, store):
    first = issue_certificate(request_, issuer)
    second = issue_certificate(replace(request_, generation=2), issuer)
    assert first.serial_hex != second.serial_hex
    assert len(stored(store)) == 2


def test_a_name_of_more_than_64_characters_stands_in_the_names_only(issuing_ca, keys):
    long_name = "a" * 50 + "." + "b" * 50 + ".example.com"
    request = new_request(issuing_ca, names=(long_name, "example.com"))
    record = issue_certificate(request, new_issuer(keys, check=lint))
    assert record.common_name is None
    assert list(certificate(record.certificate_der).subject) == []


def test_a_certificate_never_outlives_its_issuing_ca(request_, issuer, clock, issuing_ca):
    ca_end = issuing_ca.certificate.not_valid_after_utc
    clock.moment = ca_end - timedelta(days=3)
    request = replace(
        request_, term_end=clock.moment + timedelta(days=365), caa_valid_until=ca_end + timedelta(days=1)
    )
    assert issue_certificate(request, issuer).not_after == ca_end


# ---- refusals: nothing signed


def test_findings_refuse_before_anything_is_recorded_and_all_are_told(request_, keys, store):
    findings = (Finding("ERROR", "one", "first"), Finding("WARNING", "two", "second"))
    with pytest.raises(LintRefused) as refused:
        issue_certificate(request_, new_issuer(keys, store, check=lambda *_: findings))
    assert refused.value.findings == findings
    assert store.serials == {}
    assert keys.signed == []


def test_the_linter_reads_the_very_bytes_that_are_signed(request_, keys, store):
    read = []
    issuer = new_issuer(keys, store, check=lambda der, level, at: read.append(certificate(der)) or ())
    record = issue_certificate(request_, issuer)
    assert read[0].tbs_certificate_bytes == record.tbs_der


def test_a_wildcard_over_a_public_suffix_is_never_signed(issuing_ca, keys, store):
    request = new_request(issuing_ca, names=("*.co.uk",))
    with pytest.raises(LintRefused, match="public_suffix"):
        issue_certificate(request, new_issuer(keys, store, check=lint))
    assert keys.signed == []


@pytest.mark.parametrize("late", [timedelta(0), SECOND, timedelta(days=1)], ids=str)
def test_caa_that_is_too_old_signs_nothing(request_, issuer, keys, late):
    request = replace(request_, caa_valid_until=NOW - late)
    with pytest.raises(CaaTooOld):
        issue_certificate(request, issuer)
    assert keys.signed == []


def test_caa_that_ends_while_we_lint_signs_nothing(request_, keys, store, clock):
    slow = new_issuer(keys, store, clock, check=lambda *_: clock.advance(hours=9) or ())
    with pytest.raises(CaaTooOld):
        issue_certificate(request_, slow)
    assert keys.signed == []


def test_an_issuing_ca_that_is_not_active_signs_nothing(request_, issuer, keys, issuing_ca):
    with pytest.raises(IssuerNotActive):
        issue_certificate(replace(request_, issuer=replace(issuing_ca, active=False)), issuer)
    assert keys.signed == []


def test_a_term_that_is_over_signs_nothing(request_, issuer, keys):
    with pytest.raises(TermOver):
        issue_certificate(replace(request_, term_end=NOW), issuer)
    assert keys.signed == []


def test_a_signature_of_another_key_is_not_stored(request_, store, issuing_ca):
    _, other_keys = new_hierarchy()
    with pytest.raises(CertificateDisagrees):
        issue_certificate(request_, new_issuer(other_keys, store))
    assert stored(store) == []
    assert len(with_status(store, CertificateStatus.RECORDED)) == 1


def test_a_key_in_an_unusual_encoding_is_refused_before_signing(request_, keys, store):
    compressed = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200") + (
        leaf_key("p-256")
        .public_key()
        .public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
    )
    with pytest.raises(CertificateDisagrees, match="public key"):
        issue_certificate(replace(request_, spki_der=compressed), new_issuer(keys, store))
    assert store.serials == {}


# ---- deaths and retries


DEATHS = [("before", "record"), ("after", "record"), ("before", "keep"), ("after", "keep")]


def die_at(store, when, step):
    def die(write):
        if write == step:
            raise Died

    setattr(store, when, die)


def recover(store):
    store.before = store.after = lambda write: None


@pytest.mark.parametrize(("when", "step"), DEATHS, ids=[f"{when} {step}" for when, step in DEATHS])
def test_after_a_death_at_any_step_a_second_run_leaves_exactly_one_certificate(
    request_, issuer, store, when, step
):
    die_at(store, when, step)
    with pytest.raises(Died):
        issue_certificate(request_, issuer)
    recover(store)
    record = issue_certificate(request_, issuer)
    assert stored(store) == [record]
    assert len(store.serials) == 1


def test_a_death_in_the_signer_is_taken_up_with_the_same_bytes(request_, issuer, store, keys):
    class Dying:
        def sign_digest(self, issuer, digest):
            raise Died

    with pytest.raises(Died):
        issue_certificate(request_, replace(issuer, signer=Dying()))
    (open_record,) = store.serials.values()
    record = issue_certificate(request_, issuer)
    assert record.tbs_der == open_record.tbs_der


def test_a_store_that_fails_after_signing_leaves_a_serial_that_is_known(request_, issuer, store, keys):
    die_at(store, "before", "keep")
    with pytest.raises(Died):
        issue_certificate(request_, issuer)
    assert len(keys.signed) == 1
    assert store.current("res_1", "ord_1", 1).status is CertificateStatus.RECORDED


@pytest.mark.parametrize("deaths", [1, 2, 4])
def test_many_deaths_after_signing_still_leave_one_certificate(request_, issuer, store, keys, deaths):
    for _ in range(deaths):
        die_at(store, "before", "keep")
        with pytest.raises(Died):
            issue_certificate(request_, issuer)
    recover(store)
    issue_certificate(request_, issuer)
    assert len(stored(store)) == len(store.serials) == 1
    assert len(set(keys.signed)) == 1


def leave_open(request, issuer, store):
    die_at(store, "before", "keep")
    with pytest.raises(Died):
        issue_certificate(request, issuer)
    recover(store)
    (record,) = store.serials.values()
    return record


FRESH = {"caa_valid_until": NOW + timedelta(days=400)}


@pytest.mark.parametrize(
    ("later", "caa", "same"),
    [
        (timedelta(hours=7, minutes=59, seconds=59), {}, True),
        (timedelta(hours=8), {"caa_valid_until": NOW + timedelta(hours=16)}, False),
        (timedelta(hours=47, minutes=30), FRESH, False),
    ],
    ids=["CAA holds", "CAA ended", "long after"],
)
def test_recorded_bytes_are_signed_again_only_while_their_caa_holds(
    request_, issuer, store, clock, later, caa, same
):
    first = leave_open(request_, issuer, store)
    clock.moment = NOW + later
    second = issue_certificate(replace(request_, **caa), issuer)
    assert (second.serial_hex == first.serial_hex) is same
    assert stored(store) == [second]
    assert len(with_status(store, CertificateStatus.CLOSED)) == (0 if same else 1)


@pytest.mark.parametrize(
    ("later", "same"),
    [(timedelta(hours=47, minutes=30), True), (timedelta(hours=47, minutes=30, seconds=1), False)],
    ids=["48 h after notBefore", "one second more"],
)
def test_recorded_bytes_are_signed_again_only_within_48_hours_of_not_before(
    request_, issuer, store, clock, later, same
):
    long_ttl = replace(request_, **FRESH)
    first = leave_open(long_ttl, issuer, store)
    clock.moment = NOW + later
    assert (issue_certificate(long_ttl, issuer).serial_hex == first.serial_hex) is same
    assert len(stored(store)) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"names": names(3)},
        {"spki_der": spki("p-384")},
        {"common_name": None},
        {"term_end": NOW + timedelta(days=30)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_an_order_that_changed_meanwhile_gets_a_serial_of_its_own(request_, issuer, store, changes):
    first = leave_open(request_, issuer, store)
    second = issue_certificate(replace(request_, **changes), issuer)
    assert second.serial_hex != first.serial_hex
    assert store.serials[first.serial_hex].status is CertificateStatus.CLOSED
    assert store.serials[first.serial_hex].tbs_der == first.tbs_der
    assert stored(store) == [second]


def test_another_issuing_ca_closes_the_old_ones_serial(request_, issuer, store):
    first = leave_open(request_, issuer, store)
    other_ca, other_keys = new_hierarchy()
    second = issue_certificate(replace(request_, issuer=other_ca), replace(issuer, signer=other_keys))
    assert store.serials[first.serial_hex].status is CertificateStatus.CLOSED
    certificate(second.certificate_der).verify_directly_issued_by(other_ca.certificate)


def test_bytes_of_yesterdays_rules_are_not_signed_today(request_, issuer, store, clock):
    clock.moment = datetime(2027, 3, 14, 23, 59, 59, tzinfo=UTC)
    request = replace(request_, **FRESH, term_end=clock.moment + timedelta(days=365))
    first = leave_open(request, issuer, store)
    clock.advance(seconds=1)
    second = issue_certificate(request, issuer)
    assert store.serials[first.serial_hex].status is CertificateStatus.CLOSED
    assert second.not_after - second.not_before == timedelta(seconds=99 * 86_400 - 1)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_death_while_closing_is_taken_up(request_, issuer, store, when):
    leave_open(request_, issuer, store)
    changed = replace(request_, names=names(3))
    die_at(store, when, "close")
    with pytest.raises(Died):
        issue_certificate(changed, issuer)
    recover(store)
    record = issue_certificate(changed, issuer)
    assert stored(store) == [record]
    assert len(with_status(store, CertificateStatus.CLOSED)) == 1


# ---- two at once


def meanwhile(store, when, step, act):
    """Let `act` happen once, at that moment of the first run."""

    def once(write):
        if write == step:
            recover(store)
            act()

    setattr(store, when, once)


@pytest.mark.parametrize(("when", "step"), DEATHS, ids=[f"{when} {step}" for when, step in DEATHS])
def test_of_two_runs_at_once_both_return_the_one_certificate(request_, issuer, store, when, step):
    other = []
    meanwhile(store, when, step, lambda: other.append(issue_certificate(request_, issuer)))
    record = issue_certificate(request_, issuer)
    assert other == [record]
    assert stored(store) == [record]
    assert len(store.serials) == 1


def test_a_run_overtaken_by_an_amended_one_returns_what_was_stored(request_, issuer, store):
    """The serial is closed under the first run's hands; its signature belongs to a serial that stays known."""
    amended = replace(request_, names=names(3))
    meanwhile(store, "before", "keep", lambda: issue_certificate(amended, issuer))
    record = issue_certificate(request_, issuer)
    assert record.names == names(3)
    assert stored(store) == [record]
    assert len(with_status(store, CertificateStatus.CLOSED)) == 1


def test_a_serial_that_exists_already_is_drawn_again(issuing_ca, keys, store, request_):
    drawn = iter([b"\x01" * 20, b"\x01" * 20, b"\x02" * 20])
    issuer = new_issuer(keys, store, entropy=lambda count: next(drawn))
    first = issue_certificate(request_, issuer)
    second = issue_certificate(replace(request_, order_id="ord_2"), issuer)
    assert first.serial_hex != second.serial_hex


def test_a_source_that_repeats_itself_issues_nothing_new(keys, store, request_):
    issuer = new_issuer(keys, store, entropy=lambda count: b"\x01" * count)
    issue_certificate(request_, issuer)
    with pytest.raises(TryAgain):
        issue_certificate(replace(request_, order_id="ord_2"), issuer)
    assert len(stored(store)) == 1


def test_what_the_store_kept_is_compared_once_more(request_, issuer, store):
    """A store that hands out something else than it was given is found out before anybody sees it."""

    def tamper(write):
        if write == "keep":
            (record,) = store.serials.values()
            forged = record.certificate_der[:-1] + bytes([record.certificate_der[-1] ^ 1])
            store.serials[record.serial_hex] = replace(record, certificate_der=forged)

    store.after = tamper
    with pytest.raises(CertificateDisagrees):
        issue_certificate(request_, issuer)
