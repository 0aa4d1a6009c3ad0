"""What happened to others and must not happen here, as far as it concerns what is signed."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from secrets import token_bytes

import pytest
from cryptography.exceptions import InvalidSignature

from partner_center.issuance.bootstrap import create_hierarchy
from partner_center.issuance.ca_certificates import HierarchyRequest
from partner_center.issuance.issue import LintRefused, issue_certificate
from partner_center.issuance.lint import lint
from partner_center.issuance.profile import CertificatePlan
from partner_center.issuance.serials import new_serial
from partner_center.issuance.to_be_signed import build_twin
from partner_center.issuance.validity import MARGIN_UNDER_THE_LIMIT, plan_validity
from partner_center.kernel.clock import CLOCK_IS_OFF
from partner_center.kernel.dated_rules import TIMETABLE, rules_on
from partner_center.kernel.level import Level
from tests.unit.issuance.world import (
    NOW,
    MemoryKeys,
    MemoryStore,
    SetClock,
    certificate,
    names,
    new_issuer,
    new_request,
    spki,
)

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
CHANGES = [moment for moment, _ in TIMETABLE]
MOMENTS = [*CHANGES, *(moment - SECOND for moment in CHANGES[1:])]


def period(not_before, not_after):
    """The seconds of a validity, both ends included."""
    return int((not_after - not_before).total_seconds()) + 1


# ---- 63-bit serials (2019): a library cleared the sign bit of 64 random ones


def test_ten_thousand_issued_serials_are_unique_of_twenty_octets_and_every_random_bit_falls_both_ways():
    serials = [new_serial(token_bytes) for _ in range(10_000)]
    assert len(set(serials)) == 10_000
    assert {(serial.bit_length() + 8) // 8 for serial in serials} == {20}
    fallen = Counter(bit for serial in serials for bit in range(159) if serial >> bit & 1)
    random_bits = [bit for bit in range(159) if 4_500 < fallen[bit] < 5_500]
    assert len(random_bits) == 158


def test_the_serial_in_a_certificate_is_the_one_that_was_drawn_with_no_bit_cleared(issuing_ca, keys):
    issuer = new_issuer(keys, MemoryStore(), entropy=lambda count: b"\xff" * count)
    record = issue_certificate(new_request(issuing_ca), issuer)
    assert certificate(record.certificate_der).serial_number == (1 << 159) - 1


@pytest.mark.parametrize("bits", [1, 32, 63, 64])
def test_a_serial_of_fewer_bits_is_never_signed(issuing_ca, bits):
    not_before, not_after = plan_validity(NOW, NOW + 300 * DAY, rules_on(NOW))
    plan = CertificatePlan(
        level=Level.DV, names=names(1), common_name=names(1)[0], subject=None, spki_der=spki(),
        serial=(1 << bits) - 1, not_before=not_before, not_after=not_after, issuer=issuing_ca,
    )  # fmt: skip
    codes = {finding.code for finding in lint(build_twin(plan).twin_der, Level.DV, NOW)}
    assert "partner_center.serial_out_of_range" in codes


# ---- one second too long (2021): notAfter was notBefore plus whole days, and both ends count


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_at_every_change_of_the_rules_a_certificate_ends_a_whole_day_under_the_limit(moment):
    keys, clock = MemoryKeys(), SetClock(moment + timedelta(microseconds=999_999))
    request = HierarchyRequest("tls-e1", "http://pki.example.com")
    issuing_ca = create_hierarchy(request, keys, MemoryStore(), clock, token_bytes)
    wanted = new_request(issuing_ca, term_end=moment + 3650 * DAY, caa_valid_until=moment + DAY)
    record = issue_certificate(wanted, new_issuer(keys, MemoryStore(), clock, check=lint))
    read = certificate(record.certificate_der)
    days = rules_on(moment + CLOCK_IS_OFF).certificate_days - MARGIN_UNDER_THE_LIMIT // DAY
    assert period(read.not_valid_before_utc, read.not_valid_after_utc) == days * 86_400
    assert timedelta(0) < moment - read.not_valid_before_utc <= timedelta(hours=1)


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
@pytest.mark.parametrize("beyond", [0, 1], ids=["the limit itself", "one second more"])
def test_one_second_more_than_the_limit_of_the_day_is_refused_before_it_is_signed(moment, beyond, issuing_ca):
    not_before = moment - timedelta(minutes=30)
    not_after = not_before + rules_on(moment).certificate_days * DAY - SECOND + beyond * SECOND
    plan = CertificatePlan(
        level=Level.DV, names=names(1), common_name=names(1)[0], subject=None, spki_der=spki(),
        serial=1 << 158, not_before=not_before, not_after=not_after, issuer=issuing_ca,
    )  # fmt: skip
    codes = {finding.code for finding in lint(build_twin(plan).twin_der, Level.DV, moment)}
    assert ("partner_center.validity_too_long" in codes) is bool(beyond)


@pytest.mark.parametrize("left", [1, 2, 86_399, 86_400, 199 * 86_400 - 1801], ids=str)
def test_what_is_left_of_the_term_is_not_exceeded_by_a_second(issuing_ca, keys, left):
    request = new_request(issuing_ca, term_end=NOW + left * SECOND)
    record = issue_certificate(request, new_issuer(keys))
    assert certificate(record.certificate_der).not_valid_after_utc == NOW + left * SECOND


# ---- test certificates came from production keys


def test_what_is_linted_is_not_signed_by_the_cas_key(issuing_ca, keys):
    seen = []

    def look(der, level, at):
        seen.append(certificate(der))
        return lint(der, level, at)

    issue_certificate(new_request(issuing_ca), new_issuer(keys, check=look))
    (twin,) = seen
    with pytest.raises(InvalidSignature):
        twin.verify_directly_issued_by(issuing_ca.certificate)


# ---- an extension of the CSR was copied into the certificate


def test_nothing_of_a_csr_reaches_a_certificate_but_its_key(issuing_ca, keys):
    record = issue_certificate(new_request(issuing_ca), new_issuer(keys))
    assert len(certificate(record.certificate_der).extensions) == 8


def test_a_profile_that_goes_wrong_signs_nothing(issuing_ca, keys):
    broken = replace(new_request(issuing_ca), names=("*.com",), common_name=None)
    with pytest.raises(LintRefused):
        issue_certificate(broken, new_issuer(keys, check=lint))
    assert keys.signed == []
