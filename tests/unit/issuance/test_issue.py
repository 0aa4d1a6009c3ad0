"""Issuing once: what comes out, what is refused before anything is signed, what is compared after."""

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives import serialization

from partner_center.issuance.issue import (
    CaaTooOld,
    CertificateDisagrees,
    IssuerNotActive,
    KeyBlocked,
    LintRefused,
    OrderOver,
    issue_certificate,
)
from partner_center.issuance.lint import lint
from partner_center.issuance.ports import Finding
from partner_center.issuance.record import CertificateStatus
from partner_center.issuance.to_be_signed import digest
from partner_center.issuance.validity import TermOver
from partner_center.kernel.level import Level
from tests.unit.issuance.world import (
    NOW,
    Blocks,
    Running,
    certificate,
    leaf_key,
    names,
    new_hierarchy,
    new_issuer,
    new_request,
    spki,
    stored,
    with_status,
)

SECOND = timedelta(seconds=1)


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


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_key_that_is_blocked_meanwhile_is_not_signed_and_its_serial_is_there_to_be_found(
    request_, keys, store, when
):
    """Whoever blocks the key looks for serials afterwards: this one is recorded, whichever of the two came first."""
    blocks = Blocks()
    setattr(store, when, lambda write: write == "record" and blocks.reasons.update({key: "exposed"}))
    key = sha256(request_.spki_der).hexdigest()
    with pytest.raises(KeyBlocked):
        issue_certificate(request_, new_issuer(keys, store, blocked=blocks))
    assert keys.signed == []
    (record,) = store.serials.values()
    assert (record.spki_sha256, record.status) == (key, CertificateStatus.RECORDED)


def test_bytes_recorded_before_the_block_are_not_signed_by_a_later_run(request_, keys, store):
    blocks = Blocks({sha256(request_.spki_der).hexdigest(): "exposed"})
    for _ in range(2):
        with pytest.raises(KeyBlocked):
            issue_certificate(request_, new_issuer(keys, store, blocked=blocks))
    assert keys.signed == []
    assert len(store.serials) == 1


def test_a_reissue_of_an_order_that_is_over_is_recorded_and_not_signed(request_, keys, store):
    over = Running({(request_.reseller_id, request_.order_id)})
    reissue = replace(request_, reissue_id="rei_1", generation=2)
    with pytest.raises(OrderOver):
        issue_certificate(reissue, new_issuer(keys, store, running=over))
    assert keys.signed == []
    (record,) = store.serials.values()
    assert (record.reissue_id, record.status) == ("rei_1", CertificateStatus.RECORDED)
    issued = issue_certificate(reissue, new_issuer(keys, store))
    assert issued.enrolment_id == f"{request_.order_id}-rei_1"


def test_an_orders_own_certificate_asks_nobody_whether_the_order_runs(request_, keys, store):
    over = Running({(request_.reseller_id, request_.order_id)})
    assert issue_certificate(request_, new_issuer(keys, store, running=over)).reissue_id is None


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
