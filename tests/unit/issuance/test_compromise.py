"""Proof that a key is compromised, whole keys compared; nothing of a private key is repeated."""

import base64
import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from partner_center.issuance.compromise import (
    LONGEST_KEY,
    PROOF_NAME,
    read_compromised_key,
    read_proof,
    without_key,
)
from tests.unit.issuance.world import leaf_key

EC, OTHER, RSA = leaf_key("p-256"), leaf_key("p-384"), leaf_key("rsa-2048")


def spki(key):
    digest = hashes.Hash(hashes.SHA256())
    digest.update(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    return digest.finalize().hex()


def pem(key, form=PrivateFormat.PKCS8, encryption=None):
    return key.private_bytes(Encoding.PEM, form, encryption or NoEncryption()).decode()


def csr(key, *common_names, hashed=None):
    names = [x509.NameAttribute(NameOID.COMMON_NAME, name) for name in common_names]
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(names))
    return builder.sign(key, hashed or hashes.SHA256()).public_bytes(Encoding.PEM).decode()


ACCEPTED = {
    "a CSR that says so, EC": (lambda: {"csr": csr(EC, PROOF_NAME)}, EC),
    "a CSR that says so, RSA": (lambda: {"csr": csr(RSA, PROOF_NAME)}, RSA),
    "a key, PKCS #8": (lambda: {"private_key": pem(EC)}, EC),
    "a key, SEC 1": (lambda: {"private_key": pem(EC, PrivateFormat.TraditionalOpenSSL)}, EC),
    "a key, PKCS #1": (lambda: {"private_key": pem(RSA, PrivateFormat.TraditionalOpenSSL)}, RSA),
    "a key, OpenSSH": (lambda: {"private_key": pem(EC, PrivateFormat.OpenSSH)}, EC),
    "a key with CR LF": (lambda: {"private_key": pem(RSA).replace("\n", "\r\n")}, RSA),
}


@pytest.mark.parametrize(("proof", "key"), ACCEPTED.values(), ids=ACCEPTED.keys())
def test_whoever_has_the_key_proves_it(proof, key):
    reading = read_proof(proof())
    assert (reading.spki_sha256, reading.problems) == (spki(key), ())


def forged():
    """The incident of 2017: the modulus of another's certificate in a private key that is none."""
    numbers, public = (
        leaf_key("rsa-2048").private_numbers(),
        rsa.generate_private_key(65537, 2048).public_key(),
    )
    fields = [0, public.public_numbers().n, 65537, numbers.d, numbers.p, numbers.q]
    fields += [numbers.dmp1, numbers.dmq1, numbers.iqmp]
    content = b"".join(tlv(2, each.to_bytes(each.bit_length() // 8 + 1)) for each in fields)
    body = base64.b64encode(tlv(0x30, content)).decode()
    return f"-----BEGIN RSA {'PRIVATE'} KEY-----\n{body}\n-----END RSA {'PRIVATE'} KEY-----"


def tlv(tag, content):
    size = len(content)
    return bytes([tag]) + (bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2)) + content


def broken_signature():
    """A CSR for another's key: whoever has only the certificate cannot sign it."""
    honest = x509.load_pem_x509_csr(csr(EC, PROOF_NAME).encode())
    der = bytearray(honest.public_bytes(Encoding.DER))
    der[-5] ^= 1
    body = base64.encodebytes(bytes(der)).decode()
    return f"-----BEGIN CERTIFICATE REQUEST-----\n{body}-----END CERTIFICATE REQUEST-----\n"


REFUSED = {
    "nothing": (dict, "invalid_field", "/proof"),
    "no object": (lambda: "please", "invalid_field", "/proof"),
    "null": (lambda: None, "invalid_field", "/proof"),
    "both at once": (lambda: {"csr": csr(EC, PROOF_NAME), "private_key": pem(EC)}, "invalid_field", "/proof"),
    "something else": (lambda: {"password": "hunter2"}, "invalid_field", "/proof"),
    "a list": (lambda: {"private_key": [pem(EC)]}, "invalid_field", "/proof/private_key"),
    "a number": (lambda: {"csr": 7}, "invalid_field", "/proof/csr"),
    "the CSR of an order": (lambda: {"csr": csr(EC, "www.example.com")}, "proof_not_accepted", "/proof/csr"),
    "a CSR that nearly says so": (
        lambda: {"csr": csr(EC, PROOF_NAME + ".")},
        "proof_not_accepted",
        "/proof/csr",
    ),
    "a CSR that says two things": (
        lambda: {"csr": csr(EC, PROOF_NAME, "www.example.com")},
        "csr_subject_invalid",
        "/proof/csr",
    ),
    "a CSR without a name": (lambda: {"csr": csr(EC)}, "proof_not_accepted", "/proof/csr"),
    "a CSR whose signature is not the key's": (
        lambda: {"csr": broken_signature()},
        "bad_signature",
        "/proof/csr",
    ),
    "no CSR": (lambda: {"csr": "-----BEGIN NONSENSE-----"}, "csr_malformed", "/proof/csr"),
    "an empty CSR": (lambda: {"csr": ""}, "csr_malformed", "/proof/csr"),
    "a key for a CSR": (lambda: {"csr": pem(EC)}, "csr_contains_private_key", "/proof/csr"),
    "a key whose halves do not belong together": (
        lambda: {"private_key": forged()},
        "proof_not_accepted",
        "/proof/private_key",
    ),
    "an encrypted key": (
        lambda: {"private_key": pem(EC, encryption=BestAvailableEncryption(b"secret"))},
        "proof_not_accepted",
        "/proof/private_key",
    ),
    "two keys": (lambda: {"private_key": pem(EC) + pem(RSA)}, "proof_not_accepted", "/proof/private_key"),
    "half a key": (lambda: {"private_key": pem(RSA)[:600]}, "proof_not_accepted", "/proof/private_key"),
    "a public key": (
        lambda: {
            "private_key": EC.public_key()
            .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            .decode()
        },
        "proof_not_accepted",
        "/proof/private_key",
    ),
    "no text": (lambda: {"private_key": ""}, "proof_not_accepted", "/proof/private_key"),
    "far too much": (
        lambda: {"private_key": pem(EC) + " " * LONGEST_KEY},
        "proof_not_accepted",
        "/proof/private_key",
    ),
}


@pytest.mark.parametrize(("proof", "code", "field"), REFUSED.values(), ids=REFUSED.keys())
def test_what_proves_nothing_is_refused_with_its_reason(proof, code, field):
    reading = read_proof(proof())
    assert reading.spki_sha256 is None
    assert (code, field) in [(each.code, each.field) for each in reading.problems]


@pytest.mark.parametrize(
    ("proof", "exposed"),
    [
        (lambda: {"private_key": pem(EC)}, [EC]),
        (lambda: {"private_key": pem(EC) + pem(RSA)}, [EC, RSA]),
        (lambda: {"csr": pem(EC)}, [EC]),
        (lambda: {"csr": csr(EC, PROOF_NAME), "private_key": pem(RSA)}, [RSA]),
        (lambda: {"private_key": [pem(EC)]}, [EC]),
        (lambda: {"private_key": forged()}, []),
        (lambda: {"csr": csr(EC, PROOF_NAME)}, []),
    ],
    ids=["as a proof", "two", "in the wrong place", "beside a CSR", "in a list", "made up", "a CSR alone"],
)
def test_a_private_key_that_was_sent_is_exposed_whatever_becomes_of_the_proof(proof, exposed):
    assert set(read_proof(proof()).exposed) == {spki(key) for key in exposed}


@pytest.mark.parametrize("proof", [each[0] for each in {**ACCEPTED, **REFUSED}.values()])
def test_nothing_of_a_key_is_in_what_is_answered(proof):
    given = proof()
    said = repr(read_proof(given)) + repr(read_compromised_key({"proof": given}))
    pieces = [each for each in json.dumps(given).split("\\n") if len(each) > 30 and "-----" not in each]
    assert not [piece for piece in pieces if piece in said]


def test_another_key_is_another_digest():
    first, second = read_proof({"private_key": pem(EC)}), read_proof({"private_key": pem(OTHER)})
    assert first.spki_sha256 != second.spki_sha256


def test_the_one_place_for_a_key_is_not_screened_and_every_other_is():
    body = {"proof": {"private_key": pem(EC)}, "reason": pem(RSA)}
    screened = without_key(body)
    assert {each.field for each in screened.problems} == {"/reason"}
    assert screened.exposed == (spki(RSA),)
    assert pem(EC) not in repr(screened)


def test_a_compromised_key_is_reported_with_a_proof_and_nothing_else():
    accepted = read_compromised_key({"proof": {"private_key": pem(EC)}})
    assert (accepted.spki_sha256, accepted.problems) == (spki(EC), ())
    missing = read_compromised_key({})
    assert [(each.code, each.field) for each in missing.problems] == [("missing_field", "/proof")]
    more = read_compromised_key({"proof": {"private_key": pem(EC)}, "note": pem(RSA)})
    assert {each.code for each in more.problems} == {"private_key_not_accepted", "unknown_field"}
    assert set(more.exposed) == {spki(EC), spki(RSA)}


def test_keys_of_every_accepted_curve_can_be_proven():
    for curve in (ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()):
        key = ec.generate_private_key(curve)
        assert read_proof({"private_key": pem(key)}).spki_sha256 == spki(key)
