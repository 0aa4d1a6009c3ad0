"""Issuing through AWS Private CA: the request is known before, one certificate comes out, whatever is lost.

The authority is a fake that follows AWS's documentation (tests/fakes/acm_pca.py); moto's knows no API passthrough,
and serves to show that a certificate that is not what was asked for is not stored.
"""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from botocore.session import get_session
from botocore.validate import ParamValidator
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from partner_center.adapters.issuance_store import DynamoDbIssuanceStore
from partner_center.adapters.private_ca import (
    AcmPrivateCa,
    read_authority,
    request_parameters,
    revocation_parameters,
)
from partner_center.issuance.authority_revocations import TellAuthority
from partner_center.issuance.crl_record import RevokedCertificate
from partner_center.issuance.issue import (
    CaaTooOld,
    CertificateDisagrees,
    IssuerNotActive,
    KeyBlocked,
    LintRefused,
)
from partner_center.issuance.lint import lint
from partner_center.issuance.ports import SigningKeyUnusable
from partner_center.issuance.private_ca import (
    TOKEN_LIFE,
    OutcomeUnknown,
    PrivateCaIssuer,
    issue_by_private_ca,
    not_of_the_authority,
)
from partner_center.issuance.record import CertificateStatus, Reason
from partner_center.issuance.revocation import STAFFS_REASONS
from partner_center.kernel.errors import TryAgain
from partner_center.kernel.level import Level
from tests.fakes.acm_pca import FakeAcmPca
from tests.fakes.revocations import MemoryCrls
from tests.fakes.samples import a_record as a_stored_record
from tests.unit.issuance.world import (
    NOW,
    Blocks,
    Died,
    MemoryStore,
    SetClock,
    certificate,
    leaf_key,
    names,
    new_hierarchy,
    new_issuer,
    new_request,
)

ARN = "arn:aws:acm-pca:eu-west-1:123456789012:certificate-authority/11111111-2222-3333-4444-555555555555"


def a_csr(label="p-256"):
    """With a subject and names that no certificate of ours may take over."""
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "Unwanted")])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    other = x509.SubjectAlternativeName([x509.DNSName("evil.example.com")])
    csr = builder.add_extension(other, critical=False).sign(leaf_key(label), hashes.SHA256())
    return csr.public_bytes(Encoding.DER)


class Bench:
    """An order before an authority."""

    def __init__(self, store):
        issuing_ca, keys = new_hierarchy()
        self.issuing_ca = replace(issuing_ca, key_id=ARN)
        self.clock, self.store, self.blocks = SetClock(), store, Blocks()
        self.authority = FakeAcmPca(keys.keys[issuing_ca.key_id], issuing_ca.certificate, self.clock)
        issuer = new_issuer(None, store, self.clock, check=lint, blocked=self.blocks)
        self.through = PrivateCaIssuer(issuer, store, AcmPrivateCa(self.authority))
        self.request = new_request(self.issuing_ca)

    def issue(self, request=None):
        return issue_by_private_ca(request or self.request, a_csr(), self.through)

    @property
    def held(self):
        return self.store.current("res_1", "ord_1", 1)

    def certificates(self):
        return len(self.authority.issued)


@pytest.fixture(params=["memory", "dynamodb"])
def bench(request):
    if request.param == "memory":
        return Bench(MemoryStore())
    new_table, client = request.getfixturevalue("new_table"), request.getfixturevalue("dynamodb")
    return Bench(DynamoDbIssuanceStore(client, new_table("issuance")))


def test_the_certificate_is_what_was_asked_for_under_the_authoritys_serial(bench):
    record = bench.issue()
    read = certificate(record.certificate_der)
    read.verify_directly_issued_by(bench.issuing_ca.certificate)
    assert record.status is CertificateStatus.STORED
    assert record.serial_hex == f"{read.serial_number:x}"
    assert record.tbs_der == read.tbs_certificate_bytes
    assert read.subject.rfc4514_string() == "CN=www.example.com"
    alternative = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert tuple(alternative.get_values_for_type(x509.DNSName)) == names(2)
    assert bench.held == record
    assert bench.store.by_serial(record.serial_hex) == record


def test_the_provisional_serial_is_closed_and_stays_known(bench):
    seen = []
    asked = bench.authority.issue_certificate

    def look(**parameters):
        seen.append(bench.held)
        return asked(**parameters)

    bench.authority.issue_certificate = look
    bench.issue()
    ((provisional,), store) = (seen, bench.store)
    assert provisional.status is CertificateStatus.RECORDED
    closed = store.by_serial(provisional.serial_hex)
    assert (closed.status, closed.issued_as) == (CertificateStatus.CLOSED, bench.held.serial_hex)
    assert list(store.unfinished(NOW)) == []


def test_issuing_again_returns_the_stored_one_and_asks_nobody(bench):
    first = bench.issue()
    bench.clock.advance(days=30)
    assert bench.issue() == first
    assert len(bench.authority.asked) == 1


def test_the_linter_holds_nothing_against_it_but_what_the_authority_adds(bench):
    record = bench.issue()
    findings = lint(record.certificate_der, Level.DV, NOW)
    assert findings != ()
    assert not_of_the_authority(findings) == ()


# ---- whatever is lost, there is one certificate


def test_while_the_certificate_is_being_made_the_step_is_repeated(bench):
    bench.authority.in_progress = 2
    for _ in range(2):
        with pytest.raises(TryAgain):
            bench.issue()
    assert bench.issue().status is CertificateStatus.STORED
    assert (len(bench.authority.asked), bench.certificates()) == (1, 1)


@pytest.mark.parametrize("operation", ["IssueCertificate", "GetCertificate"])
def test_a_lost_answer_is_asked_for_again_and_makes_no_second_certificate(bench, operation):
    bench.authority.lose = {operation}
    for _ in range(3):
        with pytest.raises(TryAgain):
            bench.issue()
        bench.clock.advance(minutes=1)
    bench.authority.lose = set()
    bench.issue()
    assert bench.certificates() == 1


@pytest.mark.parametrize(
    ("later", "known"),
    [(TOKEN_LIFE - timedelta(seconds=1), True), (TOKEN_LIFE, False)],
    ids=["in time", "too late"],
)
def test_after_the_tokens_life_nobody_asks_again_for_what_may_be_there(bench, later, known):
    bench.authority.lose = {"IssueCertificate"}
    with pytest.raises(TryAgain):
        bench.issue()
    bench.authority.lose = set()
    bench.clock.moment = NOW + later
    if known:
        bench.issue()
    else:
        with pytest.raises(OutcomeUnknown):
            bench.issue()
        assert bench.held.status is CertificateStatus.RECORDED
    assert bench.certificates() == 1


def test_a_person_who_looked_closes_the_serial_and_the_order_goes_on(bench):
    bench.authority.lose = {"IssueCertificate"}
    with pytest.raises(TryAgain):
        bench.issue()
    bench.authority.lose = set()
    bench.clock.advance(minutes=10)
    bench.store.close(bench.held, bench.clock.now(), "an operator: revoked what was there")
    assert bench.issue().status is CertificateStatus.STORED
    assert bench.certificates() == 2


def test_what_was_asked_for_is_fetched_long_after(bench):
    bench.authority.in_progress = 1
    with pytest.raises(TryAgain):
        bench.issue()
    bench.clock.advance(hours=30)
    assert bench.issue().status is CertificateStatus.STORED
    assert bench.certificates() == 1


@pytest.mark.parametrize(
    ("when", "write"),
    [
        ("before", "record"),
        ("after", "record"),
        ("before", "note_request"),
        ("after", "note_request"),
        ("before", "keep_as"),
        ("after", "keep_as"),
    ],
)
def test_after_a_death_at_any_write_a_second_run_leaves_one_certificate(when, write):
    store = MemoryStore()
    bench = Bench(store)

    def die(each):
        if each == write:
            raise Died

    setattr(store, when, die)
    with pytest.raises(Died):
        bench.issue()
    store.before = store.after = lambda each: None
    record = bench.issue()
    assert bench.held == record
    assert bench.certificates() == 1


# ---- refusals


def test_what_our_rules_refuse_is_not_asked_for(bench):
    cases = [
        (LintRefused, {"names": ("*.co.uk",), "common_name": "*.co.uk"}),
        (CaaTooOld, {"caa_valid_until": NOW}),
        (IssuerNotActive, {"issuer": replace(bench.issuing_ca, active=False)}),
        (ValueError, {"common_name": None}),
    ]
    for number, (error, changes) in enumerate(cases):
        with pytest.raises(error):
            bench.issue(replace(bench.request, order_id=f"ord_{number + 2}", **changes))
    assert bench.authority.asked == []


def test_on_look_ups_that_have_ended_nobody_is_asked_once_more(bench):
    bench.authority.refuse = {"IssueCertificate": "ThrottlingException"}
    with pytest.raises(TryAgain):
        bench.issue()
    bench.authority.refuse = {}
    with pytest.raises(CaaTooOld):
        bench.issue(replace(bench.request, caa_valid_until=NOW))
    assert bench.authority.asked == []


def test_a_key_that_was_blocked_meanwhile_is_not_asked_for(bench):
    bench.blocks.is_blocked = lambda _: "exposed"
    with pytest.raises(KeyBlocked):
        bench.issue()
    assert bench.authority.asked == []


def test_what_was_made_for_a_key_that_was_blocked_meanwhile_is_not_kept(bench):
    bench.authority.in_progress = 1
    with pytest.raises(TryAgain):
        bench.issue()
    bench.blocks.is_blocked = lambda _: "exposed"
    with pytest.raises(KeyBlocked):
        bench.issue()
    assert bench.held.status is CertificateStatus.RECORDED


@pytest.mark.parametrize("level", [Level.OV, Level.EV])
def test_other_levels_are_not_asked_for(bench, level):
    with pytest.raises(ValueError, match="DV"):
        bench.issue(new_request(bench.issuing_ca, level=level))
    assert bench.authority.asked == []


TWISTS = {
    "a day longer": {"Validity": {"Type": "ABSOLUTE", "Value": int((NOW + timedelta(days=300)).timestamp())}},
    "beginning elsewhere": {"ValidityNotBefore": {"Type": "ABSOLUTE", "Value": int(NOW.timestamp())}},
}


@pytest.mark.parametrize("twist", TWISTS.values(), ids=TWISTS)
def test_a_certificate_that_is_not_what_was_asked_for_is_not_stored(bench, twist):
    bench.authority.twist = twist
    with pytest.raises(CertificateDisagrees):
        bench.issue()
    assert (bench.held.status, bench.held.request_id is not None) == (CertificateStatus.RECORDED, True)


def test_a_certificate_for_another_key_is_not_stored(bench):
    with pytest.raises(CertificateDisagrees, match="public key"):
        issue_by_private_ca(bench.request, a_csr("p-384"), bench.through)
    assert bench.held.status is CertificateStatus.RECORDED


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("ThrottlingException", TryAgain),
        ("LimitExceededException", TryAgain),
        ("InvalidStateException", SigningKeyUnusable),
        ("MalformedCSRException", SigningKeyUnusable),
        ("AccessDeniedException", SigningKeyUnusable),
    ],
)
def test_trouble_that_passes_is_told_from_the_other_kind(bench, code, error):
    bench.authority.refuse = {"IssueCertificate": code}
    with pytest.raises(error):
        bench.issue()
    assert bench.certificates() == 0


# ---- revocation


class Registry:
    """What is revoked of the authority's certificates, and who tells the authority."""

    def __init__(self, bench):
        self.bench, self.crls = bench, MemoryCrls()
        self.tell = TellAuthority(self.crls, bench.store, bench.through.authority, bench.clock)

    def revoke(self, *records, reason=Reason.KEY_COMPROMISE):
        rows = self.crls.rows.setdefault(self.bench.issuing_ca.issuer_id, [])
        moment = self.bench.clock.now()
        rows += [
            RevokedCertificate(each.serial_hex, each.not_after, moment, reason, moment, False)
            for each in records
        ]

    def waits(self):
        return [
            each.serial_hex
            for each in self.crls.rows[self.bench.issuing_ca.issuer_id]
            if not each.is_published
        ]

    def __call__(self):
        self.tell(self.bench.issuing_ca)
        return self.bench.authority.revoked


@pytest.fixture
def registry(bench):
    return Registry(bench)


def revoked_meanwhile(store, record):
    """The serial as it is when its key became known while it was being made."""
    changed = replace(
        store.by_serial(record.serial_hex),
        status=CertificateStatus.REVOKED,
        revoked_at=NOW,
        reason=Reason.SUPERSEDED,
    )
    store.serials[record.serial_hex] = changed
    return changed


@pytest.mark.parametrize("reason", STAFFS_REASONS)
def test_what_is_revoked_here_is_revoked_at_the_authority_once(bench, registry, reason):
    record = bench.issue()
    registry.revoke(record, reason=reason)
    word = re.sub("(?<=[a-z])(?=[A-Z])", "_", reason).upper()
    assert registry() == {record.serial_hex: word}
    assert registry.waits() == []
    bench.authority.refuse = {"RevokeCertificate": "InvalidStateException"}
    registry()


@pytest.mark.parametrize("lost", ["the answer", "the mark"])
def test_a_revocation_that_was_told_before_is_told_again_without_harm(bench, registry, lost):
    record = bench.issue()
    registry.revoke(record)
    if lost == "the answer":
        bench.authority.lose = {"RevokeCertificate"}
        with pytest.raises(TryAgain):
            registry()
        assert registry.waits() == [record.serial_hex]
        bench.authority.lose = set()
    else:
        bench.through.authority.revoke(bench.issuing_ca, record.serial_hex, Reason.KEY_COMPROMISE)
    assert registry().keys() == {record.serial_hex}
    assert registry.waits() == []


def test_a_provisional_serial_needs_no_revocation_beside_the_certificates_own(bench, registry):
    bench.authority.in_progress = 1
    with pytest.raises(TryAgain):
        bench.issue()
    provisional, issued = bench.held, bench.issue()
    registry.revoke(provisional)
    assert registry() == {}
    assert registry.waits() == []
    registry.revoke(issued)
    assert registry().keys() == {issued.serial_hex}


def test_a_serial_for_which_nothing_was_asked_needs_no_revocation(bench, registry):
    bench.authority.refuse = {"IssueCertificate": "ThrottlingException"}
    with pytest.raises(TryAgain):
        bench.issue()
    registry.revoke(bench.held)
    assert registry() == {}
    assert registry.waits() == []


def test_what_was_made_for_a_serial_that_was_revoked_meanwhile_is_revoked_and_not_stored():
    bench = Bench(MemoryStore())
    registry = Registry(bench)
    bench.authority.in_progress = 2
    with pytest.raises(TryAgain):
        bench.issue()
    registry.revoke(revoked_meanwhile(bench.store, bench.held))
    with pytest.raises(TryAgain):
        registry()
    (made,) = (certificate(der).serial_number for der in bench.authority.issued.values())
    assert registry() == {f"{made:x}": "KEY_COMPROMISE"}
    issued = bench.issue()
    assert int(issued.serial_hex, 16) != made
    assert bench.certificates() == 2


def test_a_serial_that_was_revoked_while_its_request_may_have_been_lost_waits_for_a_person():
    bench = Bench(MemoryStore())
    bench.authority.lose = {"IssueCertificate"}
    with pytest.raises(TryAgain):
        bench.issue()
    revoked_meanwhile(bench.store, bench.held)
    with pytest.raises(OutcomeUnknown):
        bench.issue()


def test_one_revocation_that_the_authority_refuses_keeps_no_other_back(bench, registry):
    unknown, record = replace(a_stored_record(), serial_hex="0abc"), bench.issue()
    registry.revoke(unknown, record)
    with pytest.raises(SigningKeyUnusable, match="ResourceNotFoundException"):
        registry()
    assert bench.authority.revoked.keys() == {record.serial_hex}
    assert registry.waits() == ["0abc"]


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("RequestInProgressException", TryAgain),
        ("ConcurrentModificationException", TryAgain),
        ("LimitExceededException", TryAgain),
        ("RequestFailedException", TryAgain),
        ("InvalidStateException", SigningKeyUnusable),
        ("AccessDeniedException", SigningKeyUnusable),
    ],
)
def test_a_revocation_that_was_not_taken_waits(bench, registry, code, error):
    registry.revoke(bench.issue())
    bench.authority.refuse = {"RevokeCertificate": code}
    with pytest.raises(error):
        registry()
    assert len(registry.waits()) == 1


@pytest.mark.parametrize(
    ("serial", "told"),
    [("f", "0f"), ("abc", "0a:bc"), ("0abc", "0a:bc"), ("67074476", "67:07:44:76")],
)
def test_a_serial_is_told_in_octets(serial, told):
    issuing_ca = replace(new_hierarchy()[0], key_id=ARN)
    parameters = revocation_parameters(issuing_ca, serial, Reason.UNSPECIFIED)
    assert parameters["CertificateSerial"] == told
    shape = get_session().get_service_model("acm-pca").operation_model("RevokeCertificate").input_shape
    assert ParamValidator().validate(parameters, shape).generate_report() == ""


CRL = {
    "Enabled": True,
    "S3BucketName": "crls",
    "CrlDistributionPointExtensionConfiguration": {"OmitExtension": True},
}
NAMED = {"CrlDistributionPointExtensionConfiguration": {"OmitExtension": False}}


@pytest.mark.parametrize(
    ("crl", "bucket"),
    [
        (CRL, "crls"),
        (CRL | {"CrlType": "COMPLETE"}, "crls"),
        (CRL | {"CrlType": "PARTITIONED"}, None),
        (CRL | {"Enabled": False}, None),
        (CRL | NAMED, None),
        ({"Enabled": True, "S3BucketName": "crls"}, None),
        ({}, None),
    ],
)
def test_an_authority_is_read_with_where_its_crl_lies(crl, bucket):
    issuing_ca, _ = new_hierarchy()
    pem = issuing_ca.certificate.public_bytes(Encoding.PEM).decode()

    class Client:
        def get_certificate_authority_certificate(self, **_):
            return {"Certificate": pem, "CertificateChain": pem}

        def describe_certificate_authority(self, **_):
            return {"CertificateAuthority": {"RevocationConfiguration": {"CrlConfiguration": crl}}}

    assert read_authority(Client(), ARN).crl_bucket == bucket


# ---- against botocore's description of the service, and moto


def a_plan():
    from partner_center.issuance.issue import plan_of, record_new_serial  # noqa: PLC0415

    bench = Bench(MemoryStore())
    return plan_of(record_new_serial(bench.request, bench.through.issuer), bench.request)


def test_what_is_asked_fits_the_services_description():
    shape = get_session().get_service_model("acm-pca").operation_model("IssueCertificate").input_shape
    report = ParamValidator().validate(request_parameters(a_plan(), a_csr(), "t" * 36), shape)
    assert report.generate_report() == ""


def test_times_are_told_to_the_second():
    plan = a_plan()
    parameters = request_parameters(plan, a_csr(), "t")
    assert parameters["ValidityNotBefore"]["Value"] == plan.not_before.timestamp()
    assert parameters["Validity"]["Value"] == plan.not_after.timestamp()


def test_with_motos_authority_which_ignores_what_is_passed_nothing_is_stored(aws, dynamodb, new_table):
    pca = aws("acm-pca")
    subject = {"CommonName": "Moto", "Country": "NL"}
    arn = pca.create_certificate_authority(
        CertificateAuthorityConfiguration={
            "KeyAlgorithm": "EC_prime256v1",
            "SigningAlgorithm": "SHA256WITHECDSA",
            "Subject": subject,
        },
        CertificateAuthorityType="ROOT",
    )["CertificateAuthorityArn"]
    bench = Bench(DynamoDbIssuanceStore(dynamodb, new_table("issuance")))
    bench.request = replace(bench.request, issuer=replace(bench.issuing_ca, key_id=arn))
    bench.through = replace(bench.through, authority=AcmPrivateCa(pca))
    with pytest.raises(CertificateDisagrees):
        bench.issue()
    assert bench.held.request_id.startswith(arn)
    assert bench.held.certificate_der is None
