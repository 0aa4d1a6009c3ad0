"""KMS as issuing and the encrypted columns rely on it."""

import hashlib

import pytest
from botocore.exceptions import ClientError
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import load_der_public_key

from local.repairs.kms import SIGNED

SIGNING = [
    ("ECC_NIST_P256", "ECDSA_SHA_256", hashes.SHA256()),
    ("ECC_NIST_P384", "ECDSA_SHA_384", hashes.SHA384()),
    ("RSA_2048", "RSASSA_PKCS1_V1_5_SHA_256", hashes.SHA256()),
]
MESSAGE = b"the certificate to be signed"


@pytest.fixture(scope="module")
def client(cloud):
    return cloud.client("kms")


@pytest.fixture(scope="module")
def key(client):
    made = {}

    def key_of(spec):
        if spec not in made:
            usage = "ENCRYPT_DECRYPT" if spec == "SYMMETRIC_DEFAULT" else "SIGN_VERIFY"
            made[spec] = client.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["KeyId"]
        return made[spec]

    return key_of


def refused(call, **parameters):
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"]


def holds(public_key, signature, message, algorithm):
    try:
        if isinstance(public_key, ec.EllipticCurvePublicKey):
            public_key.verify(signature, message, ec.ECDSA(algorithm))
        else:
            public_key.verify(signature, message, padding.PKCS1v15(), algorithm)
    except InvalidSignature:
        return False
    return True


@pytest.mark.parametrize(("spec", "name", "algorithm"), SIGNING, ids=[name for _, name, _ in SIGNING])
@pytest.mark.parametrize("message_type", ["RAW", "DIGEST"])
def test_a_signature_is_of_the_message_whichever_way_it_is_handed_over(
    client, key, spec, name, algorithm, message_type
):
    """Unrepaired, a digest is hashed once more, and the signature holds for nothing anybody has."""
    content = MESSAGE if message_type == "RAW" else hashlib.new(algorithm.name, MESSAGE).digest()
    ask = {"KeyId": key(spec), "Message": content, "MessageType": message_type, "SigningAlgorithm": name}
    told = client.get_public_key(KeyId=key(spec))
    signature = client.sign(**ask)["Signature"]
    assert told["KeySpec"] == spec
    assert name in told["SigningAlgorithms"]
    assert holds(load_der_public_key(told["PublicKey"]), signature, MESSAGE, algorithm)
    assert client.verify(**ask, Signature=signature)["SignatureValid"]


def test_the_trail_tells_what_was_signed_and_nothing_that_was_refused(client, key):
    """Unrepaired, nobody can say how many signatures there are."""
    SIGNED.clear()
    ask = {"MessageType": "RAW", "SigningAlgorithm": "ECDSA_SHA_256"}
    client.sign(KeyId=key("ECC_NIST_P256"), Message=MESSAGE, **ask)
    refused(client.sign, KeyId=key("ECC_NIST_P256"), Message=b"x" * 4097, **ask)
    assert [each.message for each in SIGNED] == [MESSAGE]
    assert {each.key.rpartition("/")[2] for each in SIGNED} == {key("ECC_NIST_P256")}


def test_signing_a_digest_equals_prehashed_signing(client, key):
    digest = hashlib.sha256(MESSAGE).digest()
    signature = client.sign(
        KeyId=key("RSA_2048"),
        Message=digest,
        MessageType="DIGEST",
        SigningAlgorithm="RSASSA_PKCS1_V1_5_SHA_256",
    )["Signature"]
    public_key = load_der_public_key(client.get_public_key(KeyId=key("RSA_2048"))["PublicKey"])
    assert holds(public_key, signature, digest, Prehashed(hashes.SHA256()))


@pytest.mark.parametrize(
    ("content", "message_type"),
    [(b"x" * 4097, "RAW"), (b"x" * 31, "DIGEST"), (b"x" * 48, "DIGEST")],
    ids=["over 4096 bytes", "digest too short", "digest of another algorithm"],
)
def test_what_kms_does_not_sign_is_refused(client, key, content, message_type):
    """Unrepaired, messages of any length are signed."""
    ask = {"KeyId": key("ECC_NIST_P256"), "MessageType": message_type, "SigningAlgorithm": "ECDSA_SHA_256"}
    assert refused(client.sign, Message=content, **ask) == "ValidationException"


def test_4096_bytes_are_signed(client, key):
    ask = {"KeyId": key("ECC_NIST_P256"), "MessageType": "RAW", "SigningAlgorithm": "ECDSA_SHA_256"}
    assert client.sign(Message=b"x" * 4096, **ask)["Signature"]


def test_a_wrong_signature_is_an_error(client, key):
    """Unrepaired, it is an answer."""
    ask = {"KeyId": key("ECC_NIST_P256"), "MessageType": "RAW", "SigningAlgorithm": "ECDSA_SHA_256"}
    signature = client.sign(Message=MESSAGE, **ask)["Signature"]
    assert (
        refused(client.verify, Message=b"another", Signature=signature, **ask)
        == "KMSInvalidSignatureException"
    )


def test_a_disabled_key_signs_nothing_until_it_is_enabled(client):
    """Unrepaired, it signs."""
    key_id = client.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    ask = {"KeyId": key_id, "Message": MESSAGE, "MessageType": "RAW", "SigningAlgorithm": "ECDSA_SHA_256"}
    client.disable_key(KeyId=key_id)
    assert refused(client.sign, **ask) == "DisabledException"
    client.enable_key(KeyId=key_id)
    assert client.sign(**ask)["Signature"]
    client.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=7)
    assert refused(client.sign, **ask) == "KMSInvalidStateException"


def test_ciphertext_opens_only_in_its_context(client, key):
    key_id = key("SYMMETRIC_DEFAULT")
    context = {"order": "ord_1", "purpose": "random value"}
    blob = client.encrypt(KeyId=key_id, Plaintext=b"secret", EncryptionContext=context)["CiphertextBlob"]
    assert client.decrypt(CiphertextBlob=blob, EncryptionContext=context)["Plaintext"] == b"secret"
    assert (
        client.decrypt(CiphertextBlob=blob, EncryptionContext=context, KeyId=key_id)["Plaintext"] == b"secret"
    )
    other = context | {"order": "ord_2"}
    assert (
        refused(client.decrypt, CiphertextBlob=blob, EncryptionContext=other) == "InvalidCiphertextException"
    )
    assert refused(client.decrypt, CiphertextBlob=blob) == "InvalidCiphertextException"


def test_a_disabled_key_neither_encrypts_nor_decrypts(client):
    key_id = client.create_key()["KeyMetadata"]["KeyId"]
    blob = client.encrypt(KeyId=key_id, Plaintext=b"secret")["CiphertextBlob"]
    client.disable_key(KeyId=key_id)
    assert refused(client.encrypt, KeyId=key_id, Plaintext=b"secret") == "DisabledException"
    assert refused(client.decrypt, CiphertextBlob=blob) == "DisabledException"


def test_an_alias_stands_for_its_key(client, key):
    client.create_alias(AliasName="alias/issuing", TargetKeyId=key("ECC_NIST_P256"))
    ask = {"Message": MESSAGE, "MessageType": "RAW", "SigningAlgorithm": "ECDSA_SHA_256"}
    assert client.sign(KeyId="alias/issuing", **ask)["KeyId"].endswith(key("ECC_NIST_P256"))
