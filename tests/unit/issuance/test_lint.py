import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from partner_center.issuance.lint import lint
from partner_center.issuance.profile import CertificatePlan
from partner_center.issuance.to_be_signed import build_twin
from partner_center.issuance.validity import plan_validity
from partner_center.kernel.dated_rules import rules_on
from partner_center.kernel.level import Level
from partner_center.orders.public_key import read_public_key
from tests.unit.issuance.world import NOW, SUBJECT_OF_LEVEL, certificate, leaf_key, names, spki

SECOND = timedelta(seconds=1)
FAR = datetime(2099, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def plan(issuing_ca):
    not_before, not_after = plan_validity(NOW, FAR, rules_on(NOW))
    return CertificatePlan(
        level=Level.DV,
        names=names(2),
        common_name="www.example.com",
        subject=None,
        spki_der=spki(),
        serial=(1 << 158) + 77,
        not_before=not_before,
        not_after=not_after,
        issuer=issuing_ca,
    )


def at_level(plan, level, **changes):
    return replace(plan, level=level, subject=SUBJECT_OF_LEVEL[level], **changes)


def codes(der, level=Level.DV, at=NOW):
    return {finding.code for finding in lint(der, level, at)}


def own(code):
    return f"partner_center.{code}"


@pytest.mark.parametrize("kind", ["rsa-2048", "rsa-3072", "rsa-4096", "p-256", "p-384", "p-521"])
@pytest.mark.parametrize("count", [1, 2, 100])
@pytest.mark.parametrize("level", Level)
def test_what_we_build_is_clean(plan, level, count, kind):
    twin = build_twin(at_level(plan, level, names=names(count), spki_der=spki(kind)))
    assert lint(twin.twin_der, level, NOW) == ()


@pytest.mark.parametrize("exponent", [3, 17, 65535, 65537, 65539, 2**255 + 1])
def test_an_exponent_that_the_gate_takes_is_clean(plan, exponent):
    """Else an order would be taken, claimed, and never signed."""
    modulus = leaf_key("rsa-2048").public_key().public_numbers().n
    der = (
        rsa.RSAPublicNumbers(exponent, modulus)
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    assert read_public_key(der, "/csr").problems == ()
    assert lint(build_twin(replace(plan, spki_der=der)).twin_der, Level.DV, NOW) == ()


@pytest.mark.parametrize("level", Level)
def test_a_certificate_without_common_name_is_clean(plan, level):
    long_name = "a" * 40 + "." + "b" * 40 + ".example.com"
    twin = build_twin(at_level(plan, level, names=(long_name,), common_name=None))
    assert lint(twin.twin_der, level, NOW) == ()


@pytest.mark.parametrize("level", [Level.DV, Level.OV])
def test_a_wildcard_below_a_registrable_domain_is_clean(plan, level):
    twin = build_twin(at_level(plan, level, names=("*.example.com",), common_name="*.example.com"))
    assert lint(twin.twin_der, level, NOW) == ()


@pytest.mark.parametrize("moment", ["2027-03-15", "2028-03-15", "2029-03-15"])
def test_what_we_build_stays_clean_when_the_rules_change(plan, moment):
    now = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    not_before, not_after = plan_validity(now, FAR, rules_on(now))
    twin = build_twin(replace(plan, not_before=not_before, not_after=not_after))
    assert lint(twin.twin_der, Level.DV, now) == ()


@pytest.mark.parametrize(
    ("names_", "code"),
    [
        (("*.co.uk",), "public_suffix"),
        (("*.com",), "public_suffix"),
        (("co.uk",), "public_suffix"),
        (("www.*.example.com",), "wildcard_misplaced"),
        (("*.*.example.com",), "wildcard_misplaced"),
        (("w*.example.com",), "wildcard_misplaced"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else value,
)
def test_names_that_cover_too_much_are_refused(plan, names_, code):
    twin = build_twin(replace(plan, names=names_, common_name=None))
    assert own(code) in codes(twin.twin_der)


def test_ev_knows_no_wildcard(plan):
    twin = build_twin(at_level(plan, Level.EV, names=("*.example.com",), common_name=None))
    assert own("wildcard_in_ev") in codes(twin.twin_der, Level.EV)


@pytest.mark.parametrize(
    "name",
    ["host.internal", "server.local", "under_score.example.com", "192.0.2.1", "-a.example.com", "localhost"],
)
def test_names_that_no_certificate_may_hold_are_refused(plan, name):
    twin = build_twin(replace(plan, names=(name,), common_name=None))
    assert codes(twin.twin_der) != set()


@pytest.mark.parametrize(
    ("begins", "ends", "code"),
    [
        (timedelta(minutes=-30), timedelta(days=200, minutes=-30), "validity_too_long"),
        (timedelta(minutes=-30), timedelta(days=398), "validity_too_long"),
        (-timedelta(hours=1) - SECOND, timedelta(days=9), "backdated"),
        (timedelta(days=-2), timedelta(days=9), "backdated"),
        (SECOND, timedelta(days=9), "postdated"),
        (timedelta(minutes=-30), timedelta(0), "already_expired"),
    ],
    ids=["one second too long", "398 days", "an hour and a second", "two days", "future", "past"],
)
def test_a_validity_outside_the_rules_is_refused(plan, begins, ends, code):
    twin = build_twin(replace(plan, not_before=NOW + begins, not_after=NOW + ends))
    assert own(code) in codes(twin.twin_der)


def test_the_longest_permitted_validity_is_not_too_long(plan):
    twin = build_twin(replace(plan, not_after=plan.not_before + timedelta(days=200) - SECOND))
    assert own("validity_too_long") not in codes(twin.twin_der)


def test_the_last_day_under_the_limit_is_only_warned_of_and_a_warning_refuses_too(plan):
    twin = build_twin(replace(plan, not_after=plan.not_before + timedelta(days=200) - SECOND))
    assert {finding.severity for finding in lint(twin.twin_der, Level.DV, NOW)} == {"WARNING"}


def test_the_limit_is_that_of_the_day_of_signing(plan):
    last_second = datetime(2027, 3, 14, 23, 59, 59, tzinfo=UTC)
    not_before, not_after = plan_validity(last_second, FAR, rules_on(last_second))
    twin = build_twin(replace(plan, not_before=not_before, not_after=not_after))
    assert own("validity_too_long") not in codes(twin.twin_der, at=last_second)
    assert own("validity_too_long") in codes(twin.twin_der, at=last_second + SECOND)


@pytest.mark.parametrize("serial", [1, (1 << 63) - 1, (1 << 64) - 1], ids=["1", "63 bits", "64 bits"])
def test_a_serial_out_of_range_is_refused(plan, serial):
    twin = build_twin(replace(plan, serial=serial))
    assert own("serial_out_of_range") in codes(twin.twin_der)


def rebuilt(plan, *, without=(), extra=(), names_critical=None):
    """The plan's certificate with some extensions taken out, added, or of another criticality."""
    twin = certificate(build_twin(plan).twin_der)
    kept = [each for each in twin.extensions if type(each.value) not in without]
    if names_critical is not None:
        kept = [
            x509.Extension(each.oid, names_critical, each.value)
            if isinstance(each.value, x509.SubjectAlternativeName)
            else each
            for each in kept
        ]
    builder = x509.CertificateBuilder(
        twin.issuer,
        twin.subject,
        twin.public_key(),
        twin.serial_number,
        twin.not_valid_before_utc.replace(tzinfo=None),
        twin.not_valid_after_utc.replace(tzinfo=None),
        [*kept, *(x509.Extension(each.oid, critical, each) for each, critical in extra)],
    )
    return builder.sign(leaf_key("p-256"), hashes.SHA256()).public_bytes(serialization.Encoding.DER)


UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00")
CLIENT_TOO = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])


def policies(*dotted):
    return x509.CertificatePolicies(
        [x509.PolicyInformation(x509.ObjectIdentifier(each), None) for each in dotted]
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"extra": [(UNKNOWN, False)]}, "unknown_extension"),
        ({"extra": [(UNKNOWN, True)]}, "unknown_extension"),
        ({"extra": [(x509.PrecertPoison(), True)]}, "unknown_extension"),
        ({"extra": [(x509.SubjectKeyIdentifier(b"1" * 20), False)]}, "unknown_extension"),
        ({"names_critical": True}, "criticality_of_names"),
        ({"without": [x509.ExtendedKeyUsage], "extra": [(CLIENT_TOO, False)]}, "extended_key_usage"),
        ({"without": [x509.ExtendedKeyUsage]}, "extended_key_usage"),
        ({"without": [x509.CertificatePolicies]}, "policy"),
        (
            {
                "without": [x509.CertificatePolicies],
                "extra": [(policies("2.23.140.1.2.1", "2.23.140.1.2.2"), False)],
            },
            "policy",
        ),
        (
            {"without": [x509.CertificatePolicies], "extra": [(policies("1.2.3", "2.23.140.1.2.1"), False)]},
            "policy",
        ),
        ({"extra": [(policies("2.23.140.1.2.1"), False)]}, "unreadable"),
    ],
    ids=[
        "unknown",
        "unknown critical",
        "poison",
        "subject key identifier",
        "critical names",
        "clientAuth",
        "no usage",
        "no policy",
        "two reserved policies",
        "policy not first",
        "given twice",
    ],
)
def test_extensions_outside_the_profile_are_refused(plan, changes, code):
    assert own(code) in codes(rebuilt(plan, **changes))


def test_names_that_are_not_critical_under_an_empty_subject_are_refused(plan):
    der = rebuilt(replace(plan, common_name=None), names_critical=False)
    assert own("criticality_of_names") in codes(der)


def with_serial_octets(plan, octets):
    """The twin with another serial number, whatever its length, and the outer lengths mended."""
    der = build_twin(plan).twin_der
    old = plan.serial.to_bytes(20, "big")
    longer = len(octets) - len(old)
    head, tail = der.split(b"\x02\x14" + old, 1)
    mended = bytearray(head + b"\x02" + bytes([len(octets)]) + octets + tail)
    for start in (2, 6):  # both lengths stand in two octets behind their tag: 30 82 xx xx
        length = int.from_bytes(mended[start : start + 2], "big") + longer
        mended[start : start + 2] = length.to_bytes(2, "big")
    return bytes(mended)


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (b"\x00\x80" + b"\x01" * 19, "serial_out_of_range"),
        (b"\x7f" + b"\x01" * 20, "serial_out_of_range"),
    ],
    ids=["2^159", "21 octets"],
)
def test_a_serial_that_no_builder_would_write_is_refused(plan, octets, code):
    assert own(code) in codes(with_serial_octets(plan, octets))


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@pytest.mark.parametrize("octets", [b"\x00", b"\xff", b"\xc0" + b"\x01" * 19], ids=["0", "-1", "negative"])
def test_a_serial_that_is_not_positive_is_refused(plan, octets):
    assert codes(with_serial_octets(plan, octets)) != set()


def test_a_name_that_stands_twice_is_refused(plan):
    twice = x509.SubjectAlternativeName([x509.DNSName("www.example.com")] * 2)
    der = rebuilt(plan, without=[x509.SubjectAlternativeName], extra=[(twice, False)])
    assert own("repeated_name") in codes(der)


def test_a_beginning_exactly_an_hour_back_is_permitted(plan):
    twin = build_twin(replace(plan, not_before=NOW - timedelta(hours=1)))
    assert own("backdated") not in codes(twin.twin_der)


def test_a_certificate_without_names_is_refused(plan):
    assert codes(rebuilt(plan, without=[x509.SubjectAlternativeName])) != set()


def test_a_certificate_of_one_level_is_refused_at_another(plan):
    dv = build_twin(plan).twin_der
    assert own("policy") in codes(dv, Level.OV)
    assert any(code.startswith("cabf.") for code in codes(dv, Level.OV))


def test_every_problem_is_told_at_once(plan):
    twin = build_twin(
        replace(plan, names=("*.co.uk",), common_name=None, serial=1, not_before=NOW - timedelta(days=3))
    )
    found = codes(twin.twin_der)
    assert {own("public_suffix"), own("serial_out_of_range"), own("backdated")} <= found


@pytest.mark.parametrize("der", [b"", b"garbage", b"\x30\x80" + b"\0" * 40], ids=["empty", "text", "ber"])
def test_what_is_no_certificate_is_refused(der):
    assert codes(der) == {own("unreadable")}


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_no_damaged_certificate_makes_the_linter_stumble(plan, caplog):
    """Whatever octet is changed, there is an answer: findings, or none where the change is harmless."""
    caplog.set_level("CRITICAL")
    der = build_twin(plan).twin_der
    for position in range(0, len(der), 3):
        lint(der[:position] + bytes([der[position] ^ 0x80]) + der[position + 1 :], Level.DV, NOW)


def test_importing_the_linter_loads_no_linter_and_loading_it_leaves_no_trace():
    program = (
        "import sys\n"
        "from partner_center.issuance import lint\n"
        "from partner_center.kernel.level import Level\n"
        "assert not [name for name in sys.modules if name.startswith('pkilint')]\n"
        "import publicsuffixlist\n"
        "before = publicsuffixlist.PublicSuffixList\n"
        "lint.warm_up(Level.DV)\n"
        "assert publicsuffixlist.PublicSuffixList is before\n"
        "assert 'iso639' not in sys.modules and 'iso639._data' not in sys.modules\n"
        "assert 'pkilint.loader' in sys.modules\n"
    )
    subprocess.run(
        [sys.executable, "-c", program], check=True, timeout=60, env={"PYTHONPATH": os.pathsep.join(sys.path)}
    )
