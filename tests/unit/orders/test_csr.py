"""CSRs as real servers make them are accepted; everything else is refused with a code and a sentence."""

import base64
import hashlib
import shutil
import subprocess

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from partner_center.orders.csr import KeyFacts, read_csr
from tests.unit.orders.csr_workshop import (
    NULL,
    armoured,
    attribute,
    bit_string,
    cn,
    codes,
    dns,
    ec_spki,
    extensions,
    integer,
    octets,
    odd_number,
    oid,
    private_pem,
    rdn,
    rsa_spki,
    seq,
    spki_of,
    tlv,
)

OPENSSL_TEXT = (
    "Certificate Request:\n    Data:\n        Version: 1 (0x0)\n        Subject: CN = www.example.com\n"
)


@pytest.fixture(scope="session")
def good(workshop) -> str:
    return workshop.csr_pem(extensions(dns("www.example.com", "example.com")))


def bare(pem: str) -> str:
    return "".join(pem.splitlines()[1:-1])


ACCEPTED_TEXTS = {
    "as openssl writes it": lambda pem: pem,
    "label of older Microsoft and Java": lambda pem: pem.replace(
        "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"
    ),
    "CR LF": lambda pem: pem.replace("\n", "\r\n"),
    "a byte order mark": lambda pem: "\ufeff" + pem,
    "a byte order mark read as Latin-1": lambda pem: "ï»¿" + pem,
    "no newline at the end": str.rstrip,
    "blank lines around and within": lambda pem: "\n\n" + pem.replace("\n", "\n\n") + "\n \n",
    "blanks at line ends": lambda pem: pem.replace("\n", "  \n"),
    "output of openssl -text before the block": lambda pem: OPENSSL_TEXT + pem,
    "the same with CR LF": lambda pem: (OPENSSL_TEXT + pem).replace("\n", "\r\n"),
    "base64 in one line": lambda pem: (
        f"-----BEGIN CERTIFICATE REQUEST-----\n{bare(pem)}\n-----END CERTIFICATE REQUEST-----"
    ),
    "all in one line": lambda pem: pem.replace("\n", " "),
    "base64 without armour": bare,
}


@pytest.mark.parametrize("form", ACCEPTED_TEXTS.values(), ids=ACCEPTED_TEXTS.keys())
def test_texts_of_real_servers_are_accepted(good: str, form) -> None:
    reading = read_csr(form(good))
    assert reading.problems == ()
    assert reading.csr == read_csr(good).csr


def test_a_reading_tells_what_the_csr_holds(workshop, good: str) -> None:
    csr = read_csr(good).csr
    assert csr is not None
    assert csr.der == base64.b64decode(bare(good))
    assert csr.spki_der == spki_of(workshop.rsa)
    assert csr.spki_sha256 == hashlib.sha256(csr.spki_der).hexdigest()
    assert csr.key == KeyFacts("RSA", 2048, None)
    assert csr.signature_hash == "sha256"
    assert csr.subject == (("CN", "www.example.com"),)
    assert csr.common_name == "www.example.com"
    assert csr.dns_names == ("www.example.com", "example.com")


ACCEPTED_CSRS = {
    "an elliptic curve key": lambda w: w.csr(key=w.ec),
    "SHA-384": lambda w: w.csr(hash_algorithm=hashes.SHA384(), signature_oid="1.2.840.113549.1.1.12"),
    "SHA-512": lambda w: w.csr(hash_algorithm=hashes.SHA512(), signature_oid="1.2.840.113549.1.1.13"),
    "a challenge password": lambda w: w.csr(attribute("1.2.840.113549.1.9.7", tlv(0x13, b"sesame"))),
    "Microsoft's attributes": lambda w: w.csr(
        attribute("1.3.6.1.4.1.311.13.2.3", tlv(0x16, b"10.0.20348.2")),
        attribute(
            "1.3.6.1.4.1.311.13.2.2", seq(integer(1), tlv(0x1E, "RSA".encode("utf-16-be")), bit_string(b""))
        ),
    ),
    "an empty subject with names": lambda w: w.csr(extensions(dns("example.com")), subject=()),
    "an empty list of extensions": lambda w: w.csr(extensions()),
    "an organizational unit and e-mail": lambda w: w.csr(
        subject=(cn("example.com"), rdn("2.5.4.11", "IT"), rdn("1.2.840.113549.1.9.1", "a@example.com", 0x16))
    ),
    "upper case and repeated names": lambda w: w.csr(
        extensions(dns("WWW.EXAMPLE.COM", "www.example.com", "www.example.com")),
        subject=(cn("WWW.EXAMPLE.COM"),),
    ),
    "the defaults of openssl's questions": lambda w: w.csr(
        subject=(
            rdn("2.5.4.6", "AU", 0x13),
            rdn("2.5.4.8", "Some-State"),
            rdn("2.5.4.10", "Internet Widgits Pty Ltd"),
        )
    ),
    "text in old encodings": lambda w: w.csr(
        subject=(
            rdn("2.5.4.10", "Müller".encode("latin-1"), 0x14),
            rdn("2.5.4.7", "Köln".encode("utf-16-be"), 0x1E),
            rdn("2.5.4.8", "Zürich".encode("utf-32-be"), 0x1C),
        )
    ),
    "a multi-valued part of the subject": lambda w: w.csr(
        subject=(
            tlv(
                0x31,
                seq(oid("2.5.4.11"), tlv(0x0C, b"IT")),
                seq(oid("2.5.4.3"), tlv(0x0C, b"example.com")),
            ),
        )
    ),
    "a type of the subject that nobody knows": lambda w: w.csr(subject=(rdn("1.3.6.1.4.1.99999.1", "x1"),)),
}


@pytest.mark.parametrize("make", ACCEPTED_CSRS.values(), ids=ACCEPTED_CSRS.keys())
def test_csrs_of_real_servers_are_accepted(workshop, make) -> None:
    assert read_csr(armoured(make(workshop))).problems == ()


@pytest.mark.parametrize("bits", [256, 384, 521])
def test_each_accepted_curve_is_named(bits: int) -> None:
    key = ec.generate_private_key({256: ec.SECP256R1(), 384: ec.SECP384R1(), 521: ec.SECP521R1()}[bits])
    information = seq(b"\x02\x01\x00", seq(cn("example.com")), spki_of(key), tlv(0xA0))
    der = seq(
        information,
        seq(oid("1.2.840.10045.4.3.2")),
        bit_string(key.sign(information, ec.ECDSA(hashes.SHA256()))),
    )
    reading = read_csr(armoured(der))
    assert reading.problems == ()
    assert reading.csr is not None
    assert reading.csr.key == KeyFacts("EC", bits, f"P-{bits}")


REFUSED_TEXTS = {
    "nothing": (lambda pem: "", "empty"),
    "blanks": (lambda pem: " \r\n\t ", "empty"),
    "words": (lambda pem: "please issue a certificate", "no whole PEM block"),
    "two CSRs": (lambda pem: pem + pem, "more than one"),
    "a CSR and a certificate": (
        lambda pem: pem + pem.replace("CERTIFICATE REQUEST", "CERTIFICATE"),
        "more than one",
    ),
    "a certificate": (lambda pem: pem.replace("CERTIFICATE REQUEST", "CERTIFICATE"), "no whole PEM block"),
    "a public key": (lambda pem: pem.replace("CERTIFICATE REQUEST", "PUBLIC KEY"), "no whole PEM block"),
    "a lower-case label": (
        lambda pem: pem.replace("CERTIFICATE REQUEST", "certificate request"),
        "no whole PEM block",
    ),
    "labels that differ": (lambda pem: pem.replace("END CERT", "END NEW CERT"), "no whole PEM block"),
    "no last line": (lambda pem: pem.rpartition("-----END")[0], "no whole PEM block"),
    "no first line": (lambda pem: pem.partition("\n")[2], "no whole PEM block"),
    "text before": (lambda pem: "Hello, here it is:\n" + pem, "before"),
    "text behind": (lambda pem: pem + "Thank you", "behind"),
    "headers within": (
        lambda pem: pem.replace("-----\n", "-----\nProc-Type: 4,CLEAR\n\n", 1),
        "PEM form|no whole",
    ),
    "a missing line": (
        lambda pem: "\n".join(pem.splitlines()[:3] + pem.splitlines()[4:]),
        "cannot be read|signature",
    ),
    "a missing letter": (lambda pem: pem.replace("MII", "MI", 1), "incomplete"),
    "a strange letter": (lambda pem: pem.replace("MII", "MI!I", 1), "PEM form"),
    "a NUL": (lambda pem: pem.replace("MII", "MII\0", 1), "PEM form"),
    "a no-break space": (lambda pem: pem.replace("\n", "\u00a0\n", 2), "PEM form"),
    "half a surrogate pair": (lambda pem: pem.replace("MII", "MII\ud800", 1), "PEM form"),
    "letters of other alphabets": (lambda pem: pem.replace("MII", "ＭII", 1), "PEM form"),
    "escaped newlines": (lambda pem: pem.replace("\n", "\\n"), "backslash"),
    "the URL alphabet": (lambda pem: bare(pem).replace("+", "-").replace("/", "_") + "-_", "PEM form"),
    "more than 64 KiB": (lambda pem: OPENSSL_TEXT + " " * 65_536 + pem, "too long"),
    "spare bits at the end of the base64": (lambda pem: "MIB=", "bits that belong to nothing"),
}


@pytest.mark.parametrize(("form", "told"), REFUSED_TEXTS.values(), ids=REFUSED_TEXTS.keys())
def test_texts_that_are_not_exactly_one_csr_are_refused(good: str, form, told: str) -> None:
    reading = read_csr(form(good), "/csr")
    (problem,) = reading.problems
    assert problem.code in ("csr_malformed", "bad_signature")
    assert problem.field == "/csr"
    assert any(word in problem.detail for word in told.split("|"))


def test_a_text_may_have_65536_characters(good: str) -> None:
    assert read_csr(good.ljust(65_536, "\n")).problems == ()
    assert codes(read_csr(good.ljust(65_537, "\n")).problems) == ["csr_malformed"]


def test_the_field_of_a_problem_is_the_callers(good: str) -> None:
    assert read_csr("", "/proof/csr").problems[0].field == "/proof/csr"


# The self-signature


def test_a_signature_by_another_key_is_refused(workshop) -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    der = workshop.csr(key=other, spki=spki_of(workshop.ec))
    assert codes(read_csr(armoured(der)).problems) == ["bad_signature"]


def test_a_changed_name_breaks_the_signature(workshop) -> None:
    der = workshop.csr().replace(b"www.example.com", b"www.examp1e.com")
    assert codes(read_csr(armoured(der)).problems) == ["bad_signature"]


@pytest.mark.parametrize(
    ("identifier", "name"),
    [
        ("1.2.840.113549.1.1.4", "md5"),
        ("1.2.840.113549.1.1.5", "sha1"),
        ("1.3.14.3.2.29", "sha1"),
        ("1.2.840.113549.1.1.2", "md2"),
        ("1.2.840.113549.1.1.3", "md4"),
        ("1.3.14.3.2.3", "md5"),
        ("1.3.14.3.2.15", "sha1"),
        ("1.3.14.3.2.27", "sha1"),
        ("1.2.840.10040.4.3", "sha1"),
        ("1.3.36.3.3.1.2", "ripemd160"),
    ],
)
def test_broken_hashes_are_refused(workshop, identifier: str, name: str) -> None:
    reading = read_csr(workshop.csr_pem(signature_oid=identifier))
    assert codes(reading.problems) == ["weak_signature_hash"]
    assert reading.csr is not None
    assert reading.csr.signature_hash == name


@pytest.mark.parametrize(
    ("identifier", "name"),
    [
        ("1.2.840.113549.1.1.2", "md2"),
        ("1.2.840.113549.1.1.3", "md4"),
        ("1.2.840.113549.1.1.4", "md5"),
        ("1.3.14.3.2.3", "md5"),
        ("1.2.840.113549.1.1.5", "sha1"),
        ("1.3.14.3.2.15", "sha1"),
        ("1.3.14.3.2.27", "sha1"),
        ("1.3.14.3.2.29", "sha1"),
        ("1.2.840.10040.4.3", "sha1"),
        ("1.2.840.10045.4.1", "sha1"),
        ("1.3.36.3.3.1.2", "ripemd160"),
        ("1.2.3.4", "1.2.3.4"),
    ],
)
def test_the_hash_is_named_even_if_the_key_is_too_large_to_be_used(
    workshop, identifier: str, name: str
) -> None:
    reading = read_csr(workshop.csr_pem(spki=rsa_spki(odd_number(16_384)), signature_oid=identifier))
    assert reading.csr is not None
    assert reading.csr.signature_hash == name


def test_a_sha1_signature_with_an_elliptic_curve_key_is_refused(workshop) -> None:
    reading = read_csr(workshop.csr_pem(key=workshop.ec, signature_oid="1.2.840.10045.4.1"))
    assert codes(reading.problems) == ["weak_signature_hash"]


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs the openssl command")
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param(["-sha256"], [], id="SHA-256"),
        pytest.param(["-sha1"], ["weak_signature_hash"], id="SHA-1"),
        pytest.param(["-md5"], ["weak_signature_hash"], id="MD5"),
        pytest.param(["-sha256", "-sigopt", "rsa_padding_mode:pss"], [], id="PSS signature of a common key"),
        pytest.param(
            ["-sha1", "-sigopt", "rsa_padding_mode:pss"], ["weak_signature_hash"], id="PSS with SHA-1"
        ),
        pytest.param(["-sha256", "-text"], [], id="with -text"),
        pytest.param(["-sha256", "-newhdr"], [], id="with -newhdr"),
    ],
)
def test_csrs_of_openssl(workshop, options: list[str], expected: list[str]) -> None:
    command = [
        "openssl",
        "req",
        "-new",
        "-key",
        "/dev/stdin",
        "-subj",
        "/C=US/O=Example/CN=example.com",
        *options,
    ]
    made = subprocess.run(
        command, input=private_pem(workshop.rsa), capture_output=True, text=True, check=True
    )
    assert codes(read_csr(made.stdout).problems) == expected


@pytest.mark.parametrize("identifier", ["1.2.840.113549.1.1.12", "1.2.3.4"])
def test_a_signature_of_another_algorithm_than_told_is_refused(workshop, identifier: str) -> None:
    assert codes(read_csr(workshop.csr_pem(signature_oid=identifier)).problems) == ["bad_signature"]


# Keys that prevent the signature from being checked


def test_a_key_that_cannot_be_used_is_reported_with_the_rest(workshop) -> None:
    der = workshop.csr(spki=rsa_spki(odd_number(16_384)), subject=(cn("example.com"), rdn("2.5.4.10", "N/A")))
    reading = read_csr(armoured(der))
    assert codes(reading.problems) == ["key_type_unsupported", "csr_subject_invalid"]
    assert reading.csr is not None
    assert reading.csr.key == KeyFacts("RSA", 16_384)


UNUSABLE_KEYS = {
    "RSA with an exponent of 1": (rsa_spki(odd_number(2048), 1), "key_too_weak"),
    "RSA of 16384 bits": (rsa_spki(odd_number(16_384)), "key_type_unsupported"),
    "a curve spelled out": (
        ec_spki(
            seq(integer(1), seq(oid("1.2.840.10045.1.1"), integer(23)), seq(octets(b"\1"), octets(b"\1"))),
            b"\4\1\1",
        ),
        "key_type_unsupported",
    ),
    "a curve that nobody knows": (ec_spki(oid("1.3.132.0.99"), b"\4" + b"\1" * 64), "key_type_unsupported"),
    "a point off its curve": (ec_spki(oid("1.2.840.10045.3.1.7"), b"\4" + b"\1" * 64), "key_malformed"),
    "an unknown algorithm": (seq(seq(oid("1.2.3.4"), NULL), bit_string(b"key")), "key_type_unsupported"),
}


@pytest.mark.parametrize(("spki", "code"), UNUSABLE_KEYS.values(), ids=UNUSABLE_KEYS.keys())
def test_a_signature_that_cannot_be_checked_is_never_accepted(workshop, spki: bytes, code: str) -> None:
    assert codes(read_csr(workshop.csr_pem(spki=spki)).problems) == [code]


def test_an_even_modulus_is_no_reason_to_fall_over(workshop) -> None:
    reading = read_csr(workshop.csr_pem(spki=rsa_spki(odd_number(2048) - 1)))
    assert reading.problems


def test_other_kinds_of_keys_are_named_for_the_key_gate() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    information = seq(b"\x02\x01\x00", seq(cn("example.com")), spki_of(key), tlv(0xA0))
    reading = read_csr(armoured(seq(information, seq(oid("1.3.101.112")), bit_string(key.sign(information)))))
    assert reading.csr is not None
    assert reading.csr.key.type == "Ed25519"


def test_all_problems_are_told_at_once(workshop) -> None:
    ca_true = seq(oid("2.5.29.19"), octets(seq(b"\x01\x01\xff")))
    der = workshop.csr(
        extensions(ca_true),
        subject=(cn("example.com"), rdn("2.5.4.6", "Unknown"), rdn("2.5.4.10", "-")),
        signature_oid="1.2.840.113549.1.1.5",
    )
    assert codes(read_csr(armoured(der)).problems) == [
        "weak_signature_hash",
        "csr_subject_invalid",
        "csr_subject_invalid",
        "csr_extension_not_allowed",
    ]


def test_a_1024_bit_key_is_read_and_left_to_the_key_gate() -> None:
    key = rsa.generate_private_key(65537, 1024)
    information = seq(b"\x02\x01\x00", seq(cn("example.com")), spki_of(key), tlv(0xA0))
    signature = key.sign(information, padding.PKCS1v15(), hashes.SHA256())
    reading = read_csr(
        armoured(seq(information, seq(oid("1.2.840.113549.1.1.11"), NULL), bit_string(signature)))
    )
    assert reading.problems == ()
    assert reading.csr is not None
    assert reading.csr.key.bits == 1024
