import copy
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from secrets import token_bytes

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from moto import mock_aws

from local import repairs
from partner_center.adapters.kms_signer import KeyStaysInKms, KmsCaKeys, KmsDigestSigner
from partner_center.issuance.bootstrap import create_hierarchy
from partner_center.issuance.ca_certificates import HierarchyRequest
from partner_center.issuance.issue import issue_certificate
from partner_center.issuance.ports import SigningKeyUnusable
from partner_center.issuance.profile import SignatureAlgorithm
from partner_center.kernel.errors import TryAgain
from tests.unit.issuance.world import (
    NOW,
    MemoryStore,
    SetClock,
    certificate,
    names,
    new_issuer,
    new_request,
)


@pytest.fixture(scope="module")
def client():
    with mock_aws():
        repairs.install(lambda name, event: ("", False), lambda target, event: None)
        yield boto3.client(
            "kms", region_name="eu-west-1", aws_access_key_id="test", aws_secret_access_key="test"
        )


def hierarchy(client, algorithm=SignatureAlgorithm.ECDSA_SHA256, issuer_id="tls-e1"):
    request = HierarchyRequest(issuer_id, "http://pki.example.com", algorithm=algorithm)
    return create_hierarchy(request, KmsCaKeys(client), MemoryStore(), SetClock(), token_bytes)


@pytest.mark.parametrize("algorithm", SignatureAlgorithm)
def test_root_issuing_ca_and_leaf_are_signed_through_kms(client, algorithm):
    issuing_ca = hierarchy(client, algorithm, f"tls-{algorithm}")
    request = new_request(issuing_ca, names=names(100))
    record = issue_certificate(request, new_issuer(KmsDigestSigner(client)))
    root = certificate(issuing_ca.root_der)
    root.verify_directly_issued_by(root)
    issuing_ca.certificate.verify_directly_issued_by(root)
    certificate(record.certificate_der).verify_directly_issued_by(issuing_ca.certificate)


@pytest.mark.parametrize("algorithm", SignatureAlgorithm)
def test_a_crl_larger_than_a_raw_message_is_signed_through_kms(client, algorithm):
    issuing_ca = hierarchy(client, algorithm, f"crl-{algorithm}")
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuing_ca.certificate.subject)
        .last_update(NOW)
        .next_update(NOW + timedelta(days=7))
    )
    for serial in range(1, 300):
        revoked = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(NOW).build()
        builder = builder.add_revoked_certificate(revoked)
    algorithm_hash = hashes.SHA384() if algorithm is SignatureAlgorithm.ECDSA_SHA384 else hashes.SHA256()
    crl = builder.sign(KmsDigestSigner(client).private_key(issuing_ca), algorithm_hash)
    assert len(crl.tbs_certlist_bytes) > 4096
    assert crl.is_signature_valid(issuing_ca.certificate.public_key())


def test_the_key_of_an_alias_is_generated_once(client):
    keys = KmsCaKeys(client)
    first, handle = keys.key("ca/once", SignatureAlgorithm.ECDSA_SHA384)
    second, again = keys.key("ca/once", SignatureAlgorithm.ECDSA_SHA384)
    assert first == second
    assert handle.public_key() == again.public_key()
    assert isinstance(handle.curve, ec.SECP384R1)
    assert handle.key_size == 384


def test_of_two_that_generate_at_once_the_first_alias_wins_and_the_other_key_goes(client):
    class Racing:
        """Another run creates the alias between our look and our own."""

        def __getattr__(self, operation):
            return getattr(client, operation)

        def create_alias(self, **parameters):
            self.winner = client.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
            client.create_alias(AliasName=parameters["AliasName"], TargetKeyId=self.winner["KeyId"])
            self.loser = parameters["TargetKeyId"]
            client.create_alias(**parameters)

    racing = Racing()
    key_id, _ = KmsCaKeys(racing).key("ca/race", SignatureAlgorithm.ECDSA_SHA256)
    assert key_id == racing.winner["Arn"]
    assert client.describe_key(KeyId=racing.loser)["KeyMetadata"]["KeyState"] == "PendingDeletion"


def test_data_that_is_a_digest_already_is_signed_as_it_is(client):
    _, handle = KmsCaKeys(client).key("ca/prehashed", SignatureAlgorithm.ECDSA_SHA256)
    signature = handle.sign(sha256(b"data").digest(), ec.ECDSA(utils.Prehashed(hashes.SHA256())))
    handle.public_key().verify(signature, b"data", ec.ECDSA(hashes.SHA256()))


def ec_handle(client):
    return KmsCaKeys(client).key("ca/held", SignatureAlgorithm.ECDSA_SHA256)[1]


def rsa_handle(client):
    return KmsCaKeys(client).key("ca/held-rsa", SignatureAlgorithm.RSA_SHA256)[1]


PEM, PKCS8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
PSS = padding.PSS(padding.MGF1(hashes.SHA256()), 32)


@pytest.mark.parametrize(
    ("handle", "ask"),
    [
        (ec_handle, lambda key: key.private_numbers()),
        (ec_handle, lambda key: key.private_bytes(PEM, PKCS8, serialization.NoEncryption())),
        (ec_handle, lambda key: key.exchange(ec.ECDH(), key.public_key())),
        (ec_handle, lambda key: key.sign(b"data", object())),
        (rsa_handle, lambda key: key.private_numbers()),
        (rsa_handle, lambda key: key.private_bytes(PEM, PKCS8, serialization.NoEncryption())),
        (rsa_handle, lambda key: key.decrypt(b"data", padding.PKCS1v15())),
        (rsa_handle, lambda key: key.sign(b"data", PSS, hashes.SHA256())),
        (rsa_handle, lambda key: key.sign(b"data", padding.PKCS1v15(), hashes.SHA384())),
    ],
)
def test_a_key_in_kms_signs_and_does_nothing_else(client, handle, ask):
    with pytest.raises(KeyStaysInKms):
        ask(handle(client))


def test_an_rsa_handle_tells_its_size_and_copies_to_itself(client):
    handle = rsa_handle(client)
    assert isinstance(handle, rsa.RSAPrivateKey)
    assert handle.key_size == 3072
    assert copy.copy(handle) is copy.deepcopy(handle) is handle


def test_a_disabled_key_is_told_apart_from_passing_trouble(client):
    issuing_ca = hierarchy(client, issuer_id="tls-disabled")
    client.disable_key(KeyId=issuing_ca.key_id.rpartition("/")[2])
    with pytest.raises(SigningKeyUnusable, match="Disabled"):
        KmsDigestSigner(client).sign_digest(issuing_ca, b"\x01" * 32)


def test_an_unknown_key_is_unusable(client):
    issuing_ca = replace(hierarchy(client), key_id="alias/nothing-here")
    with pytest.raises(SigningKeyUnusable):
        KmsDigestSigner(client).sign_digest(issuing_ca, b"\x01" * 32)


class Answering:
    """A KMS that gives one answer and remembers what it was asked."""

    def __init__(self, answer):
        self.answer = answer

    def sign(self, **parameters):
        self.asked = parameters
        if isinstance(self.answer, Exception):
            raise self.answer
        return {"Signature": self.answer}


def refusal(code, status=400):
    told = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(told, "Sign")


@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        (refusal("ThrottlingException"), TryAgain),
        (refusal("KMSInternalException"), TryAgain),
        (refusal("DependencyTimeoutException"), TryAgain),
        (refusal("KeyUnavailableException"), TryAgain),
        (EndpointConnectionError(endpoint_url="https://kms.invalid"), TryAgain),
        (refusal("503", 503), TryAgain),  # a balancer, in words of its own
        (refusal("AccessDeniedException"), SigningKeyUnusable),
        (refusal("KMSInvalidStateException"), SigningKeyUnusable),
        (refusal("InvalidKeyUsageException"), SigningKeyUnusable),
    ],
    ids=lambda value: getattr(value, "response", {}).get("Error", {}).get("Code", ""),
)
def test_trouble_that_passes_is_told_apart_from_trouble_that_stays(issuing_ca, trouble, error):
    with pytest.raises(error):
        KmsDigestSigner(Answering(trouble)).sign_digest(issuing_ca, b"\x01" * 32)


@pytest.fixture
def issuing_ca(client):
    return hierarchy(client)


@pytest.mark.parametrize(
    ("algorithm", "name"),
    [
        (SignatureAlgorithm.ECDSA_SHA256, "ECDSA_SHA_256"),
        (SignatureAlgorithm.ECDSA_SHA384, "ECDSA_SHA_384"),
        (SignatureAlgorithm.RSA_SHA256, "RSASSA_PKCS1_V1_5_SHA_256"),
    ],
)
def test_kms_is_given_the_digest_and_told_that_it_is_one(issuing_ca, algorithm, name):
    kms = Answering(b"signature")
    issuer = replace(issuing_ca, signature_algorithm=algorithm, key_id="key-1")
    assert KmsDigestSigner(kms).sign_digest(issuer, b"digest") == b"signature"
    assert kms.asked == {
        "KeyId": "key-1",
        "Message": b"digest",
        "MessageType": "DIGEST",
        "SigningAlgorithm": name,
    }
