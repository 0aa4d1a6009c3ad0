from dataclasses import replace
from datetime import timedelta
from secrets import token_bytes

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from partner_center.issuance.bootstrap import CaExists, CaRefused, Ceremony, UnknownCa, create_hierarchy
from partner_center.issuance.ca_certificates import HierarchyRequest, der_of
from partner_center.issuance.ca_lint import CaDocument, lint_ca
from partner_center.issuance.profile import CaReason, SignatureAlgorithm
from partner_center.issuance.record import SerialTaken
from partner_center.kernel.level import Level
from tests.unit.issuance.world import NOW, Died, MemoryKeys, MemoryStore, SetClock, certificate

REQUEST = HierarchyRequest("tls-e1", "http://pki.example.com")


class World:
    def __init__(self):
        self.keys, self.store, self.clock = MemoryKeys(), MemoryStore(), SetClock()
        self.ceremony = Ceremony(self.keys, self.store, self.clock, token_bytes)

    def crl(self):
        return x509.load_der_x509_crl(self.ceremony.sign_root_crl("root-r1"))

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


def test_root_and_issuing_ca_are_clean_to_the_linter(root, issuing):
    assert lint_ca(der_of(root), CaDocument.ROOT) == ()
    assert lint_ca(der_of(issuing), CaDocument.ISSUING) == ()


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
    assert lint_ca(issuing_ca.certificate_der, CaDocument.ISSUING) == ()


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


# ---- what the root signs is known before


def test_everything_that_the_root_signs_is_recorded_with_its_bytes(world, root, issuing):
    for made in (root, certificate(world.store.root("root-r1").certificate_der)):
        assert world.store.ca_serials[f"{made.serial_number:x}"] == made.tbs_certificate_bytes
    assert len(world.store.ca_serials) == 2


def test_a_death_between_signing_and_storing_loses_no_serial(world, monkeypatch):
    def die(_):
        raise Died

    with monkeypatch.context() as context:
        context.setattr(world.store, "add_root", die)
        with pytest.raises(Died):
            world.create()
    world.create()
    assert len(world.store.ca_serials) == 3
    assert len(world.keys.keys) == 2


def test_a_serial_that_the_root_gave_before_is_not_given_again(world):
    ceremony = replace(world.ceremony, entropy=lambda count: b"\x01" * count)
    ceremony.create_root(REQUEST)
    with pytest.raises(SerialTaken):
        ceremony.create_issuing_ca(REQUEST)
    assert world.store.issuers == {}


@pytest.mark.parametrize("country", ["nl", "ZZ"])
def test_what_the_linter_refuses_is_neither_recorded_nor_stored(world, country):
    with pytest.raises(CaRefused, match="country"):
        world.create(replace(REQUEST, country=country))
    assert (world.store.ca_serials, world.store.roots_, world.store.issuers) == ({}, {}, {})


@pytest.mark.parametrize("create", ["create_root", "create_issuing_ca"])
def test_a_ca_is_made_once(world, create):
    world.create()
    with pytest.raises(CaExists):
        getattr(world.ceremony, create)(REQUEST)


def test_there_is_no_issuing_ca_without_its_root(world):
    with pytest.raises(UnknownCa):
        world.ceremony.create_issuing_ca(REQUEST)
    assert world.keys.keys == {}


# ---- the root's CRL


def test_the_roots_first_crl_is_empty_lasts_less_than_a_year_and_is_clean(world, root):
    crl = world.crl()
    assert crl.is_signature_valid(root.public_key())
    assert (list(crl), crl.last_update_utc) == ([], NOW)
    assert timedelta(days=360) < crl.next_update_utc - crl.last_update_utc <= timedelta(days=365)
    assert lint_ca(der_of(crl), CaDocument.CRL) == ()
    assert world.store.root("root-r1").crl_ends == crl.next_update_utc


def test_numbers_of_the_roots_crls_increase_strictly(world, root):
    numbers = [
        world.crl().extensions.get_extension_for_class(x509.CRLNumber).value.crl_number for _ in range(3)
    ]
    assert numbers == [1, 2, 3]


def test_two_persons_at_once_do_not_sign_two_lists_of_one_number(world, root):
    read = world.store.root("root-r1")
    world.crl()
    with pytest.raises(SerialTaken):
        world.store.take_crl_number(replace(read, crl_number=1))


def test_a_number_whose_list_was_never_signed_is_not_used_again(world, root):
    class Dying:
        def __getattr__(self, name):
            raise Died

    keys = world.keys.keys["ca/root-r1"]
    world.keys.keys["ca/root-r1"] = Dying()
    with pytest.raises(Died):
        world.crl()
    world.keys.keys["ca/root-r1"] = keys
    assert world.crl().extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 2


@pytest.mark.parametrize("reason", CaReason)
def test_a_revoked_issuing_ca_stands_in_the_roots_next_crl_with_its_reason(world, issuing, reason):
    revoked = world.ceremony.revoke("tls-e1", reason)
    assert not revoked.active
    (entry,) = world.crl()
    assert (entry.serial_number, entry.revocation_date_utc) == (issuing.serial_number, NOW)
    assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value == reason
    assert lint_ca(der_of(world.crl()), CaDocument.CRL) == ()


def test_the_first_revocation_of_an_issuing_ca_counts(world, issuing):
    world.ceremony.revoke("tls-e1", CaReason.CA_COMPROMISE)
    world.clock.advance(days=1)
    again = world.ceremony.revoke("tls-e1", CaReason.SUPERSEDED)
    assert (again.revoked_at, again.revocation_reason) == (NOW, CaReason.CA_COMPROMISE)


# ---- rotation


def test_a_new_issuing_ca_takes_over_and_the_old_one_stays_known(world):
    old = world.create()
    new = world.create(replace(REQUEST, issuer_id="tls-e2", issuing_name="Demo TLS CA E2", active=False))
    assert not new.active
    assert world.ceremony.activate("tls-e2").active
    assert not world.ceremony.retire("tls-e1").active
    assert world.store.issuing_ca("tls-e1").certificate_der == old.certificate_der
    assert [ca.issuer_id for ca in world.store.issuing_cas()] == ["tls-e1", "tls-e2"]


def test_a_revoked_issuing_ca_is_never_active_again(world):
    world.create()
    world.ceremony.revoke("tls-e1", CaReason.CA_COMPROMISE)
    with pytest.raises(CaRefused):
        world.ceremony.activate("tls-e1")


@pytest.mark.parametrize("change", ["activate", "retire"])
def test_nobody_changes_a_ca_that_does_not_exist(world, change):
    with pytest.raises(UnknownCa):
        getattr(world.ceremony, change)("tls-e9")
