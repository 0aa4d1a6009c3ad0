from dataclasses import replace
from datetime import timedelta
from functools import cache
from secrets import token_bytes

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from pkilint import finding_filter, loader
from pkilint.cabf import serverauth
from pkilint.cabf.serverauth.serverauth_constants import CertificateType
from pkilint.pkix import certificate as pkix_certificate
from pkilint.validation import ValidationFindingSeverity

from partner_center.issuance.bootstrap import HierarchyRequest, create_hierarchy
from partner_center.issuance.profile import SignatureAlgorithm
from partner_center.kernel.level import Level
from tests.unit.issuance.world import NOW, Died, MemoryKeys, MemoryStore, SetClock, certificate

REQUEST = HierarchyRequest("tls-e1", "http://pki.example.com")


class World:
    def __init__(self):
        self.keys, self.store, self.clock = MemoryKeys(), MemoryStore(), SetClock()

    def create(self, request=REQUEST):
        return create_hierarchy(request, self.keys, self.store, self.clock, token_bytes)


@pytest.fixture
def world():
    return World()


@pytest.fixture
def root(world):
    return certificate(world.create().root_der)


@pytest.fixture
def issuing(world):
    return world.create().certificate


@cache
def validator(kind):
    return pkix_certificate.create_pkix_certificate_validator_container(
        serverauth.create_decoding_validators(), serverauth.create_validators(kind)
    )


def findings(der, kind):
    document = loader.load_certificate(der, "ca")
    kept, _ = finding_filter.filter_results(
        serverauth.create_serverauth_finding_filters(kind), validator(kind).validate(document.root)
    )
    return [
        described.finding.code
        for result in kept
        for described in result.finding_descriptions
        if described.finding.severity <= ValidationFindingSeverity.WARNING
    ]


def test_root_and_issuing_ca_are_clean_to_the_linter(root, issuing):
    assert findings(root.public_bytes(Encoding.DER), CertificateType.ROOT_CA) == []
    assert findings(issuing.public_bytes(Encoding.DER), CertificateType.INTERNAL_UNCONSTRAINED_TLS_CA) == []


def test_each_is_signed_by_the_root(root, issuing):
    root.verify_directly_issued_by(root)
    issuing.verify_directly_issued_by(root)


def test_the_root_lives_longer_than_ten_years_and_has_p384(root):
    assert root.not_valid_after_utc - root.not_valid_before_utc > timedelta(days=3653)
    assert isinstance(root.public_key().curve, ec.SECP384R1)


def test_the_root_says_nothing_about_usages_policies_or_path_length(root):
    kinds = {type(extension.value) for extension in root.extensions}
    assert kinds == {
        x509.BasicConstraints,
        x509.KeyUsage,
        x509.SubjectKeyIdentifier,
        x509.AuthorityKeyIdentifier,
    }
    assert root.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length is None


def test_the_issuing_ca_may_sign_server_certificates_and_crls_and_no_ca(issuing):
    def found(kind):
        return issuing.extensions.get_extension_for_class(kind)

    assert found(x509.BasicConstraints).value == x509.BasicConstraints(ca=True, path_length=0)
    usage = found(x509.KeyUsage)
    assert usage.critical
    assert usage.value.key_cert_sign
    assert usage.value.crl_sign
    assert not usage.value.digital_signature
    assert list(found(x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert [policy.policy_identifier.dotted_string for policy in found(x509.CertificatePolicies).value] == [
        "2.5.29.32.0"
    ]
    (point,) = found(x509.CRLDistributionPoints).value
    assert point.full_name[0].value == "http://pki.example.com/root-r1.crl"
    (access,) = found(x509.AuthorityInformationAccess).value
    assert access.access_location.value == "http://pki.example.com/root-r1.crt"
    assert issuing.not_valid_after_utc - issuing.not_valid_before_utc == timedelta(days=5 * 365) - timedelta(
        seconds=1
    )


def test_the_issuing_ca_is_stored_ready_for_use(world):
    issuing_ca = world.create()
    assert world.store.issuing_ca("tls-e1") == issuing_ca
    assert issuing_ca.active
    assert issuing_ca.aia_url == "http://pki.example.com/tls-e1.crt"
    assert issuing_ca.crl_url == "http://pki.example.com/tls-e1.crl"


def test_running_again_changes_nothing(world):
    first = world.create()
    world.clock.advance(days=100)
    assert world.create() == first
    assert len(world.keys.keys) == 2
    assert len(world.store.issuers) == 1


def test_a_second_issuing_ca_stands_under_the_same_root(world):
    first = world.create()
    second = world.create(replace(REQUEST, issuer_id="tls-e2", issuing_name="Partner Center Demo TLS CA E2"))
    assert second.root_der == first.root_der
    assert second.key_id != first.key_id
    second.certificate.verify_directly_issued_by(certificate(first.root_der))


def test_a_death_before_the_ca_is_stored_leaves_no_second_key(world, monkeypatch):
    def die(_):
        raise Died

    with monkeypatch.context() as context:
        context.setattr(world.store, "add_issuing_ca", die)
        with pytest.raises(Died):
            world.create()
    world.create()
    assert len(world.keys.keys) == 2


def test_an_issuing_ca_never_outlives_its_root(world):
    root_end = certificate(world.create().root_der).not_valid_after_utc
    world.clock.moment = root_end - timedelta(days=30)
    late = world.create(replace(REQUEST, issuer_id="tls-late"))
    assert late.certificate.not_valid_after_utc == root_end


def test_beginnings_lie_an_hour_back_so_that_a_first_certificate_fits(root, issuing):
    assert root.not_valid_before_utc == issuing.not_valid_before_utc == NOW - timedelta(hours=1)


@pytest.mark.parametrize("algorithm", SignatureAlgorithm)
def test_the_issuing_key_is_of_the_wanted_kind(world, algorithm):
    issuing_ca = world.create(replace(REQUEST, algorithm=algorithm))
    assert issuing_ca.signature_algorithm is algorithm
    der = issuing_ca.certificate_der
    assert findings(der, CertificateType.INTERNAL_UNCONSTRAINED_TLS_CA) == []


def test_an_issuing_ca_of_one_level_names_that_policy_only(world):
    policies = (
        world.create(replace(REQUEST, only_level=Level.DV))
        .certificate.extensions.get_extension_for_class(x509.CertificatePolicies)
        .value
    )
    assert [policy.policy_identifier.dotted_string for policy in policies] == ["2.23.140.1.2.1"]


@pytest.mark.parametrize("address", ["https://pki.example.com", "http://pki.example.com/", "pki.example.com"])
def test_the_repository_is_plain_http(address):
    with pytest.raises(ValueError, match="http"):
        HierarchyRequest("tls-e1", address)
