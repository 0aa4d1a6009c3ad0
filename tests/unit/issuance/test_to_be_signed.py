from dataclasses import replace
from datetime import timedelta
from secrets import token_bytes

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from partner_center.issuance.bootstrap import create_hierarchy
from partner_center.issuance.ca_certificates import HierarchyRequest
from partner_center.issuance.profile import CertificatePlan, SignatureAlgorithm
from partner_center.issuance.to_be_signed import (
    assemble,
    build_twin,
    content_disagreements,
    digest,
    disagreements,
)
from partner_center.kernel.level import Level
from tests.unit.issuance.world import (
    ENTITY,
    NOW,
    ORGANIZATION,
    SUBJECT_OF_LEVEL,
    MemoryStore,
    SetClock,
    certificate,
    leaf_key,
    names,
    new_hierarchy,
    spki,
)


@pytest.fixture(scope="module")
def plan(issuing_ca):
    return CertificatePlan(
        level=Level.DV,
        names=names(3),
        common_name="www.example.com",
        subject=None,
        spki_der=spki(),
        serial=(1 << 158) + 77,
        not_before=NOW,
        not_after=NOW + timedelta(days=199) - timedelta(seconds=1),
        issuer=issuing_ca,
    )


def at_level(plan, level):
    return replace(plan, level=level, subject=SUBJECT_OF_LEVEL[level])


def signed(plan, keys, tbs_der=None):
    tbs = tbs_der or build_twin(plan).tbs_der
    signature = keys.sign_digest(plan.issuer, digest(tbs, plan.issuer.signature_algorithm))
    return assemble(tbs, signature, plan.issuer)


@pytest.mark.parametrize("algorithm", SignatureAlgorithm)
def test_the_assembled_certificate_is_signed_by_the_issuing_ca_over_the_twins_bytes(plan, algorithm):
    issuing_ca, keys = new_hierarchy(algorithm)
    own_plan = replace(plan, issuer=issuing_ca)
    twin = build_twin(own_plan)
    der = signed(own_plan, keys, twin.tbs_der)
    certificate(der).verify_directly_issued_by(issuing_ca.certificate)
    assert certificate(der).tbs_certificate_bytes == twin.tbs_der
    assert disagreements(der, own_plan) == ()


def test_the_bytes_to_be_signed_are_the_same_each_time_they_are_built(plan):
    assert build_twin(plan).tbs_der == build_twin(plan).tbs_der


def test_nobody_would_trust_the_twin(plan):
    twin = build_twin(plan).twin_der
    assert content_disagreements(twin, plan) == ()
    assert [problem.split(":")[0] for problem in disagreements(twin, plan)] == ["signature"]


@pytest.mark.parametrize(
    ("level", "attributes"),
    [
        (Level.DV, [NameOID.COMMON_NAME]),
        (
            Level.OV,
            [
                NameOID.COUNTRY_NAME,
                NameOID.STATE_OR_PROVINCE_NAME,
                NameOID.LOCALITY_NAME,
                NameOID.ORGANIZATION_NAME,
                NameOID.COMMON_NAME,
            ],
        ),
        (
            Level.EV,
            [
                NameOID.BUSINESS_CATEGORY,
                NameOID.JURISDICTION_COUNTRY_NAME,
                NameOID.SERIAL_NUMBER,
                NameOID.COUNTRY_NAME,
                NameOID.STATE_OR_PROVINCE_NAME,
                NameOID.LOCALITY_NAME,
                NameOID.ORGANIZATION_NAME,
                NameOID.COMMON_NAME,
            ],
        ),
    ],
)
def test_the_subject_of_a_level_in_its_order(plan, level, attributes):
    built = certificate(build_twin(at_level(plan, level)).twin_der)
    assert [attribute.oid for attribute in built.subject] == attributes
    assert all(len(rdn) == 1 for rdn in built.subject.rdns)


@pytest.mark.parametrize(
    ("level", "policy"),
    [(Level.DV, "2.23.140.1.2.1"), (Level.OV, "2.23.140.1.2.2"), (Level.EV, "2.23.140.1.1")],
)
def test_the_extensions_are_those_of_the_profile_and_no_other(plan, level, policy):
    built = certificate(build_twin(at_level(plan, level)).twin_der)
    extensions = {type(extension.value): extension for extension in built.extensions}
    assert len(extensions) == 8
    usage = extensions[x509.KeyUsage]
    assert usage.critical
    assert usage.value.digital_signature
    assert not usage.value.key_encipherment
    assert list(extensions[x509.ExtendedKeyUsage].value) == [ExtendedKeyUsageOID.SERVER_AUTH]
    policies = extensions[x509.CertificatePolicies].value
    assert [each.policy_identifier.dotted_string for each in policies] == [policy]
    assert extensions[x509.BasicConstraints].value.ca is False
    (point,) = extensions[x509.CRLDistributionPoints].value
    assert [name.value for name in point.full_name] == [plan.issuer.crl_url]
    (access,) = extensions[x509.AuthorityInformationAccess].value
    assert access.access_location.value == plan.issuer.aia_url
    assert extensions[x509.AuthorityKeyIdentifier].value.authority_cert_issuer is None
    assert x509.SubjectKeyIdentifier not in extensions


@pytest.mark.parametrize(
    ("level", "common_name", "critical"),
    [
        (Level.DV, None, True),
        (Level.DV, "www.example.com", False),
        (Level.OV, None, False),
        (Level.OV, "www.example.com", False),
    ],
)
def test_names_are_critical_exactly_when_the_subject_is_empty(plan, level, common_name, critical):
    built = certificate(build_twin(replace(at_level(plan, level), common_name=common_name)).twin_der)
    names_extension = built.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert names_extension.critical is critical
    assert tuple(names_extension.value.get_values_for_type(x509.DNSName)) == plan.names


OTHER_PLANS = {
    "names added": {"names": (*names(3), "evil.example.com")},
    "names missing": {"names": names(2)},
    "names in another order": {"names": tuple(reversed(names(3)))},
    "common name": {"common_name": None},
    "key": {"spki_der": spki("p-384")},
    "serial": {"serial": (1 << 158) + 78},
    "one second longer": {"not_after": NOW + timedelta(days=199)},
    "beginning earlier": {"not_before": NOW - timedelta(seconds=1)},
    "level": {"level": Level.OV, "subject": ORGANIZATION},
}


@pytest.mark.parametrize("changes", OTHER_PLANS.values(), ids=OTHER_PLANS.keys())
def test_a_certificate_that_is_not_what_was_planned_is_noticed(plan, keys, changes):
    assert disagreements(signed(replace(plan, **changes), keys), plan) != ()


@pytest.mark.parametrize(
    ("changed", "was"),
    [
        ({"organization": "Voorbeeld Bloemen N.V."}, ORGANIZATION),
        ({"locality": None}, ORGANIZATION),
        ({"country": "BE"}, ORGANIZATION),
    ],
    ids=str,
)
def test_another_organization_is_noticed(plan, keys, changed, was):
    ov = at_level(plan, Level.OV)
    der = signed(replace(ov, subject=replace(was, **changed)), keys)
    assert any(problem.startswith("subject") for problem in disagreements(der, ov))


def test_another_issuing_ca_is_noticed(plan):
    other_ca, other_keys = new_hierarchy()
    der = signed(replace(plan, issuer=other_ca), other_keys)
    problems = disagreements(der, plan)
    assert any(problem.startswith("signature") for problem in problems)


def test_an_issuing_ca_of_another_name_is_noticed_before_signing(plan, keys):
    request = HierarchyRequest("tls-e9", "http://pki.example.com", issuing_name="Somebody Else's CA")
    other_ca = create_hierarchy(request, keys, MemoryStore(), SetClock(), token_bytes)
    twin = build_twin(replace(plan, issuer=other_ca))
    problems = [problem.split(":")[0] for problem in content_disagreements(twin.twin_der, plan)]
    assert "issuer" in problems


def test_an_algorithm_that_is_not_the_issuing_cas_is_noticed(plan, keys):
    """P-256 with SHA-384 verifies, and is not what BR 7.1.3.2.2 allows."""
    stronger = replace(plan, issuer=replace(plan.issuer, signature_algorithm=SignatureAlgorithm.ECDSA_SHA384))
    (problem,) = disagreements(signed(stronger, keys), plan)
    assert problem.startswith("signature algorithm")


@pytest.mark.parametrize("kind", [x509.KeyUsage, x509.BasicConstraints, x509.ExtendedKeyUsage], ids=str)
def test_another_criticality_is_noticed(plan, keys, kind):
    (problem,) = disagreements(build_with(plan, keys, flipped=kind), plan)
    assert "critical is" in problem


@pytest.mark.parametrize("version", [0, 1, 7])
def test_another_version_is_noticed(plan, keys, version):
    tbs = build_twin(plan).tbs_der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01" + bytes([version]))
    assert disagreements(signed(plan, keys, tbs), plan) != ()


def test_a_signature_over_other_bytes_is_noticed(plan, keys):
    signature = keys.sign_digest(plan.issuer, b"\x01" * 32)
    der = assemble(build_twin(plan).tbs_der, signature, plan.issuer)
    assert any(problem.startswith("signature") for problem in disagreements(der, plan))


def test_another_signature_algorithm_on_the_outside_is_noticed(plan, keys):
    der = signed(plan, keys)
    wrong = der.replace(bytes.fromhex("300a06082a8648ce3d040302"), bytes.fromhex("300a06082a8648ce3d040303"))
    assert disagreements(wrong, plan) != ()


def build_with(plan, keys, *extra, flipped=None):
    """A certificate of the plan with extensions that nobody planned, or one's criticality turned, really signed."""
    twin = certificate(build_twin(plan).twin_der)
    kept = [
        x509.Extension(each.oid, each.critical != (type(each.value) is flipped), each.value)
        for each in twin.extensions
    ]
    builder = x509.CertificateBuilder(
        twin.issuer,
        twin.subject,
        twin.public_key(),
        twin.serial_number,
        twin.not_valid_before_utc.replace(tzinfo=None),
        twin.not_valid_after_utc.replace(tzinfo=None),
        [*kept, *extra],
    )
    other = builder.sign(leaf_key("p-256"), hashes.SHA256())
    return signed(plan, keys, other.tbs_certificate_bytes)


@pytest.mark.parametrize(
    "extra",
    [
        x509.Extension(x509.PrecertPoison.oid, True, x509.PrecertPoison()),
        x509.Extension(x509.TLSFeature.oid, False, x509.TLSFeature([x509.TLSFeatureType.status_request])),
        x509.Extension(
            x509.ObjectIdentifier("1.3.6.1.5.5.7.1.31"),
            False,
            x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.5.5.7.1.31"), b"\x04\x00"),
        ),
    ],
    ids=["poison", "must-staple", "acmeIdentifier"],
)
def test_an_extension_that_nobody_planned_is_noticed(plan, keys, extra):
    (problem,) = disagreements(build_with(plan, keys, extra), plan)
    assert problem.endswith("not in the plan")


def test_an_extension_that_stands_twice_is_noticed(plan, keys):
    twice = certificate(build_twin(plan).twin_der).extensions[0]
    (problem,) = disagreements(build_with(plan, keys, twice), plan)
    assert problem.startswith("extensions: unreadable")


@pytest.mark.parametrize("der", [b"", b"\x30\x00", b"\x30" + b"\xff" * 9, b"no certificate"], ids=bytes.hex)
def test_what_is_no_certificate_disagrees(plan, der):
    (problem,) = disagreements(der, plan)
    assert problem.startswith("unreadable")


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@pytest.mark.parametrize("change", [0x01, 0x80, 0xFF], ids=hex)
def test_no_octet_can_be_changed_without_being_noticed(plan, keys, change):
    der = signed(plan, keys)
    unnoticed = [
        position
        for position in range(len(der))
        if not disagreements(der[:position] + bytes([der[position] ^ change]) + der[position + 1 :], plan)
    ]
    assert unnoticed == []


def test_bytes_behind_the_certificate_disagree(plan, keys):
    assert disagreements(signed(plan, keys) + b"\0", plan) != ()


@pytest.mark.parametrize("key", [b"", b"\x30\x03\x02\x01\x00", spki()[:-1]], ids=["empty", "other", "cut"])
def test_a_key_that_cannot_be_read_makes_no_twin(plan, key):
    with pytest.raises(ValueError, match=r".+"):
        build_twin(replace(plan, spki_der=key))


@pytest.mark.parametrize("count", [1, 2, 100])
def test_lengths_of_one_to_three_octets_are_minimal_der(plan, keys, count):
    der = signed(replace(plan, names=names(count)), keys)
    assert certificate(der).public_bytes(serialization.Encoding.DER) == der
    assert disagreements(der, replace(plan, names=names(count))) == ()


def test_ev_tells_where_the_company_is_registered(plan):
    entity = replace(
        ENTITY,
        extended=replace(
            ENTITY.extended, jurisdiction_state="Zuid-Holland", jurisdiction_locality="Rotterdam"
        ),
    )
    built = certificate(build_twin(replace(plan, level=Level.EV, subject=entity)).twin_der)
    places = [
        NameOID.JURISDICTION_COUNTRY_NAME,
        NameOID.JURISDICTION_STATE_OR_PROVINCE_NAME,
        NameOID.JURISDICTION_LOCALITY_NAME,
    ]
    assert [built.subject.get_attributes_for_oid(oid)[0].value for oid in places] == [
        "NL",
        "Zuid-Holland",
        "Rotterdam",
    ]
