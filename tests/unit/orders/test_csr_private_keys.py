"""A private key in any field is found in whatever dress, and only a consistent one names the key it belongs to."""

import base64
import hashlib
import json
import os
from datetime import UTC, datetime
from urllib.parse import quote, quote_plus

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from partner_center.orders.csr import contains_private_key, private_key_spki, read_csr
from partner_center.orders.private_keys import private_key_spkis
from tests.unit.orders.csr_workshop import (
    Workshop,
    armoured,
    attribute,
    codes,
    dns,
    extensions,
    integer,
    octets,
    odd_number,
    oid,
    private_pem,
    seq,
    spki_of,
    tlv,
)

PKCS8 = serialization.PrivateFormat.PKCS8
TRADITIONAL = serialization.PrivateFormat.TraditionalOpenSSL
OPENSSH = serialization.PrivateFormat.OpenSSH


def spki_hash(private) -> str:
    return hashlib.sha256(spki_of(private)).hexdigest()


def body(pem: str) -> str:
    return "".join(pem.splitlines()[1:-1])


DRESSES = {
    "as it is": lambda pem: pem,
    "in one line": lambda pem: pem.replace("\n", " "),
    "without line breaks": lambda pem: pem.replace("\n", ""),
    "with CR LF": lambda pem: pem.replace("\n", "\r\n"),
    "behind a CSR's words": lambda pem: "Certificate Request:\n" + pem,
    "JSON-escaped": json.dumps,
    "JSON-escaped twice": lambda pem: json.dumps({"key": json.dumps(pem)}),
    "in Unicode escapes": lambda pem: pem.replace("-", "\\u002d").replace("\n", "\\u000a"),
    "in hexadecimal escapes": lambda pem: pem.replace("-", "\\x2d").replace("\n", "\\x0a"),
    "with escaped tabulators and returns": lambda pem: pem.replace("\n", "\\r\\n\\t"),
    "URL-encoded": quote,
    "URL-encoded with plus signs": quote_plus,
    "base64 without armour": body,
    "base64 in short lines": lambda pem: "\n".join(
        body(pem)[at : at + 20] for at in range(0, len(body(pem)), 20)
    ),
    "base64 in the alphabet of URLs": lambda pem: body(pem).replace("+", "-").replace("/", "_"),
    "base64 within a sentence": lambda pem: f"Our key is {body(pem)} - please install it.",
    "PEM in base64 once more": lambda pem: base64.b64encode(pem.encode()).decode(),
    "in a Kubernetes secret": lambda pem: f"tls.key: {base64.b64encode(pem.encode()).decode()}\n",
    "without dashes": lambda pem: pem.replace("-----", ""),
}


@pytest.mark.parametrize("dress", DRESSES.values(), ids=DRESSES.keys())
@pytest.mark.parametrize("form", [PKCS8, TRADITIONAL], ids=["PKCS #8", "traditional"])
@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_keys_are_found_in_every_dress_and_named(workshop: Workshop, kind: str, form, dress) -> None:
    key = getattr(workshop, kind)
    text = dress(private_pem(key, form))
    assert contains_private_key(text)
    assert private_key_spki(text) == spki_hash(key)


def bare_der(*parts: bytes) -> str:
    return base64.b64encode(seq(*parts)).decode()


def encrypted(key) -> str:
    encryption = serialization.BestAvailableEncryption(b"x")
    return key.private_bytes(serialization.Encoding.PEM, PKCS8, encryption).decode()


def archive(key) -> str:
    data = pkcs12.serialize_key_and_certificates(
        b"x", key, None, None, serialization.BestAvailableEncryption(b"x")
    )
    return base64.b64encode(data).decode()


OTHER_MATERIAL = {
    "hexadecimal": lambda w: base64.b64decode(body(private_pem(w.rsa))).hex(),
    "hexadecimal with colons": lambda w: base64.b64decode(body(private_pem(w.ec, TRADITIONAL))).hex(":"),
    "an encrypted key": lambda w: encrypted(w.rsa),
    "an encrypted key without armour": lambda w: body(encrypted(w.ec)),
    "an archive of PKCS #12": lambda w: archive(w.ec),
    "the first two lines of a key": lambda w: "\n".join(private_pem(w.rsa).splitlines()[:2]),
    "the first 100 letters without armour": lambda w: body(private_pem(w.rsa))[:100],
    "Ed25519": lambda w: body(private_pem(ed25519.Ed25519PrivateKey.generate())),
    "P-521": lambda w: body(private_pem(ec.generate_private_key(ec.SECP521R1()), TRADITIONAL)),
    "a key of PKCS #8's second version": lambda w: bare_der(
        integer(1), seq(oid("1.3.101.112")), octets(octets(bytes(32))), tlv(0x81, bytes(33))
    ),
    "DSA, whose parameters are long": lambda w: bare_der(
        integer(0),
        seq(oid("1.2.840.10040.4.1"), seq(integer(odd_number(2048)), integer(7), integer(9))),
        octets(integer(5)),
    ),
    "a short key of PKCS #1": lambda w: bare_der(integer(0), integer(odd_number(1024)), integer(65537)),
    "OpenSSH without armour": lambda w: body(private_pem(w.ec, OPENSSH)),
    "PGP": lambda w: "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQOYBF",
    "SSH2": lambda w: "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nP2/56wAAAi0AAA",
    "lower case": lambda w: "-----begin rsa private key-----",
    "JSON Web Key": lambda w: json.dumps({"kty": "EC", "crv": "P-256", "x": "a", "y": "b", "d": "A" * 43}),
    "JSON Web Key within JSON": lambda w: json.dumps(json.dumps({"kty": "RSA", "n": "a", "d": "A" * 342})),
    "PuTTY": lambda w: "PuTTY-User-Key-File-3: ssh-rsa",
    "XML of .NET": lambda w: f"<RSAKeyValue><Modulus>AA</Modulus><D>{'A' * 344}</D></RSAKeyValue>",
    "openssl rsa -text": lambda w: "RSA Private-Key: (2048 bit)\nprivateExponent:\n    5b:1e",
    "a Java key store": lambda w: base64.b64encode(bytes.fromhex("feedfeed00000002") + bytes(40)).decode(),
}


@pytest.mark.parametrize("make", OTHER_MATERIAL.values(), ids=OTHER_MATERIAL.keys())
def test_other_key_material_is_found(workshop: Workshop, make) -> None:
    assert contains_private_key(make(workshop))
    assert contains_private_key("note: " + make(workshop))


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("scheme", ["1.2.840.113549.1.5.13", "1.2.840.113549.1.12.1.3"])
def test_encryption_by_password_is_known_at_each_place_in_base64(scheme: str, place: int) -> None:
    text = base64.b64encode(bytes(30 + place) + oid(scheme) + bytes(30)).decode()
    assert contains_private_key(text)


@pytest.mark.parametrize(
    "text", ["AGE-SECRET-KEY-1QQQQ", "Private-Lines: 14; of PuTTY", "prime1: of openssl -text"]
)
def test_a_telling_word_is_enough(text: str) -> None:
    assert contains_private_key(text)


HARMLESS = {
    "nothing": "",
    "a name": "www.example.com",
    "a sentence about keys": "We never send the private key. The RSA PRIVATE KEY stays on the server.",
    "a certificate's armour": "-----BEGIN CERTIFICATE-----\nMIIB",
    "a public key's armour": "-----BEGIN PUBLIC KEY-----\nMIIB",
    "long words": "M" * 5_000,
    "the start of a long structure, cut off": "It begins like this: MIIEAAIBAA",
    "the start of a middle one, cut off": "It begins like this: MIGAAgEAM",
    "the start of a short one, cut off": "It begins like this: MAACAQAC",
}


@pytest.mark.parametrize("text", HARMLESS.values(), ids=HARMLESS.keys())
def test_harmless_texts_hold_no_key(text: str) -> None:
    assert not contains_private_key(text)
    assert private_key_spki(text) is None


def test_public_material_is_never_taken_for_a_key(workshop: Workshop) -> None:
    curve_spelled_out = seq(integer(1), seq(oid("1.2.840.10045.1.1"), integer(23)), seq(octets(b"\1" * 20)))
    for length in range(60):
        # Each length moves what follows to another place within its group of three bytes.
        public = workshop.csr(
            attribute("1.2.840.113549.1.9.7", tlv(0x13, b"a" * length)),
            extensions(dns("example.com")),
            key=workshop.ec,
        )
        assert not contains_private_key(armoured(public))
        assert not contains_private_key(base64.b64encode(bytes(length) + curve_spelled_out).decode())
        assert not contains_private_key(base64.b64encode(bytes(length) + spki_of(workshop.rsa)).decode())
    assert not contains_private_key(base64.b64encode(os.urandom(60_000)).decode())
    assert not contains_private_key(bare_der(integer(1), octets(bytes(15)), octets(bytes(100))))
    assert not contains_private_key(bare_der(integer(1), octets(bytes(67)), octets(bytes(100))))
    assert not contains_private_key(bare_der(integer(1), integer(odd_number(1024))))
    assert not contains_private_key(bare_der(integer(1), integer(odd_number(255)), octets(bytes(64))))
    assert not contains_private_key(bare_der(integer(0), integer(5), integer(odd_number(1024))))
    assert not contains_private_key(bare_der(integer(0), octets(bytes(64)), integer(5)))
    assert not contains_private_key(bare_der(integer(0), seq(tlv(0x31, seq(oid("2.5.4.3"))))))


def test_a_certificate_is_no_private_key(workshop: Workshop) -> None:
    moment = datetime(2026, 11, 23, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder(x509.Name([]), x509.Name([]), workshop.rsa.public_key(), 1, moment, moment)
        .sign(workshop.rsa, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    assert not contains_private_key(certificate.decode())


# In the csr field


@pytest.mark.parametrize("before", [True, False])
def test_a_csr_with_its_private_key_is_refused_without_being_read(workshop: Workshop, before: bool) -> None:
    texts = [private_pem(workshop.rsa), workshop.csr_pem()]
    reading = read_csr("".join(texts if before else reversed(texts)), "/csr")
    assert reading.csr is None
    assert codes(reading.problems) == ["csr_contains_private_key"]
    assert reading.problems[0].field == "/csr"


def test_a_key_hidden_within_the_request_is_found(workshop: Workshop) -> None:
    hidden = attribute("1.2.840.113549.1.9.7", tlv(0x0C, private_pem(workshop.ec).encode()))
    assert codes(read_csr(workshop.csr_pem(hidden)).problems) == ["csr_contains_private_key"]


def test_no_piece_of_the_key_is_repeated(workshop: Workshop) -> None:
    secret = body(private_pem(workshop.rsa))
    for text in (
        secret,
        workshop.csr_pem() + private_pem(workshop.rsa),
        json.dumps(private_pem(workshop.rsa)),
    ):
        told = repr(read_csr(text))
        assert not any(secret[at : at + 12] in told for at in range(len(secret) - 12))


# Only a consistent key names the key it belongs to (a fake key revoked a certificate, 2017)


def rsa_private(n: int, e: int, d: int, p: int, q: int) -> str:
    numbers = (0, n, e, d, p, q, d % (p - 1) if p > 1 else 0, d % (q - 1) if q > 1 else 0, 1)
    return base64.b64encode(seq(*map(integer, numbers))).decode()


def test_an_rsa_key_around_another_modulus_names_nothing(workshop: Workshop) -> None:
    own = workshop.rsa.private_numbers()
    victim = rsa.generate_private_key(65537, 2048).public_key().public_numbers().n
    fakes = {
        "another modulus": rsa_private(victim, 65537, own.d, own.p, own.q),
        "trivial factors": rsa_private(victim, 65537, own.d, 1, victim),
        "another exponent": rsa_private(own.public_numbers.n, 65537, own.d + 2, own.p, own.q),
        "factors that fit in part": rsa_private(victim, 65537, own.d, own.p, victim // own.p),
    }
    for name, text in fakes.items():
        assert contains_private_key(text), name
        assert private_key_spki(text) is None, name
    whole = rsa_private(own.public_numbers.n, 65537, own.d, own.p, own.q)
    assert private_key_spki(whole) == spki_hash(workshop.rsa)


def test_an_elliptic_curve_key_beside_anothers_public_point_names_nothing(workshop: Workshop) -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    point = other.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    secret = workshop.ec.private_numbers().private_value.to_bytes(32, "big")

    def with_point(public: bytes) -> str:
        curve = tlv(0xA0, oid("1.2.840.10045.3.1.7"))
        return base64.b64encode(
            seq(integer(1), octets(secret), curve, tlv(0xA1, tlv(3, b"\0", public)))
        ).decode()

    assert contains_private_key(with_point(point))
    assert private_key_spki(with_point(point)) is None
    own = spki_of(workshop.ec)[-65:]
    assert private_key_spki(with_point(own)) == spki_hash(workshop.ec)


def test_encrypted_or_cut_keys_name_nothing(workshop: Workshop) -> None:
    assert private_key_spki(encrypted(workshop.rsa)) is None
    assert private_key_spki(private_pem(workshop.rsa)[:-200]) is None
    assert private_key_spki(private_pem(ed25519.Ed25519PrivateKey.generate())) is None


def test_an_openssh_key_names_its_key(workshop: Workshop) -> None:
    assert private_key_spki(private_pem(workshop.rsa, OPENSSH)) == spki_hash(workshop.rsa)


def test_every_key_of_a_text_is_named(workshop: Workshop) -> None:
    text = private_pem(workshop.ec) + "and\n" + private_pem(workshop.rsa, TRADITIONAL)
    assert private_key_spkis(text) == (spki_hash(workshop.ec), spki_hash(workshop.rsa))


def test_a_key_too_large_to_have_been_certified_names_nothing() -> None:
    for size, named in ((4_000, True), (8_192, False)):
        p, q = (1 << size) + 1, (1 << (size - 1)) + 1
        text = rsa_private(p * q, 65_537, pow(65_537, -1, 1 << size), p, q)
        assert contains_private_key(text)
        assert (private_key_spki(text) is not None) is named


def test_an_exponent_that_fits_one_factor_only_names_nothing(workshop: Workshop) -> None:
    own = workshop.rsa.private_numbers()
    for factor in (own.p, own.q):
        fitting = own.d % (factor - 1) + (factor - 1)
        assert private_key_spki(rsa_private(own.public_numbers.n, 65_537, fitting, own.p, own.q)) is None


def test_the_number_of_keys_tried_is_bounded() -> None:
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(9)]
    assert private_key_spkis("".join(map(private_pem, keys))) == tuple(map(spki_hash, keys[:8]))
