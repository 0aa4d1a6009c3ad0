"""What a CSR asks for: names are read, harmless extensions ignored, what no server certificate has is refused."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from partner_center.orders.csr import read_csr
from tests.unit.orders.csr_workshop import (
    CRITICAL,
    MICROSOFT_EXTENSIONS,
    SAN,
    Workshop,
    armoured,
    attribute,
    codes,
    dns,
    extension,
    extensions,
    integer,
    octets,
    oid,
    seq,
    tlv,
)

BASIC_CONSTRAINTS, KEY_USAGE, PURPOSES = "2.5.29.19", "2.5.29.15", "2.5.29.37"
SERVER, CLIENT, OCSP_SIGNING = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.9"


def usage(first_byte: int, unused: int) -> bytes:
    return tlv(0x03, bytes((unused, first_byte)))


HARMLESS = {
    "names": dns("example.com"),
    "key usage of a leaf": extension(KEY_USAGE, usage(0xA0, 5), CRITICAL),
    "an empty key usage": extension(KEY_USAGE, tlv(0x03, b"\x00")),
    "purposes": extension(PURPOSES, seq(oid(SERVER), oid(CLIENT))),
    "CA:FALSE": extension(BASIC_CONSTRAINTS, seq()),
    "CA:FALSE, critical": extension(BASIC_CONSTRAINTS, seq(), CRITICAL),
    "subject key identifier": extension("2.5.29.14", octets(b"\x01" * 20)),
    "must-staple": extension("1.3.6.1.5.5.7.1.24", seq(integer(5))),
    "a Microsoft template name": extension(
        "1.3.6.1.4.1.311.20.2", tlv(0x1E, "WebServer".encode("utf-16-be"))
    ),
    "S/MIME capabilities": extension("1.2.840.113549.1.9.15", seq(seq(oid("1.2.840.113549.3.7")))),
    "an unknown one that is not critical": extension("1.3.6.1.4.1.99999.1", seq()),
    "an e-mail address among the names": extension(
        SAN, seq(tlv(0x82, b"example.com"), tlv(0x81, b"a@example.com"))
    ),
}


@pytest.mark.parametrize("item", HARMLESS.values(), ids=HARMLESS.keys())
def test_harmless_extensions_are_accepted(workshop: Workshop, item: bytes) -> None:
    assert read_csr(workshop.csr_pem(extensions(item))).problems == ()


KNOWN = {
    "subject directory attributes": "2.5.29.9",
    "subject key identifier": "2.5.29.14",
    "private key usage period": "2.5.29.16",
    "issuer's other names": "2.5.29.18",
    "CRL distribution points": "2.5.29.31",
    "policies": "2.5.29.32",
    "authority key identifier": "2.5.29.35",
    "freshest CRL": "2.5.29.46",
    "authority information": "1.3.6.1.5.5.7.1.1",
    "subject information": "1.3.6.1.5.5.7.1.11",
    "must-staple": "1.3.6.1.5.5.7.1.24",
    "template name": "1.3.6.1.4.1.311.20.2",
    "template": "1.3.6.1.4.1.311.21.7",
    "application policies": "1.3.6.1.4.1.311.21.10",
    "S/MIME capabilities": "1.2.840.113549.1.9.15",
    "Netscape's type": "2.16.840.1.113730.1.1",
    "Netscape's comment": "2.16.840.1.113730.1.13",
}


@pytest.mark.parametrize("kind", KNOWN.values(), ids=KNOWN.keys())
def test_known_harmless_extensions_are_ignored_even_if_critical(workshop: Workshop, kind: str) -> None:
    value = octets(b"\x01") if kind == KNOWN["subject key identifier"] else seq()
    text = workshop.csr_pem(extensions(extension(kind, value, CRITICAL)), key=workshop.ec)
    assert read_csr(text).problems == ()


def test_other_attributes_are_no_extensions(workshop: Workshop) -> None:
    password = attribute("1.2.840.113549.1.9.7", tlv(0x13, b"sesame"))
    assert read_csr(workshop.csr_pem(password, extensions(dns("example.com")))).problems == ()


NOT_ALLOWED = {
    "CA:TRUE": extension(BASIC_CONSTRAINTS, seq(CRITICAL)),
    "CA:TRUE with a path length": extension(BASIC_CONSTRAINTS, seq(CRITICAL, integer(0))),
    "a path length without CA": extension(BASIC_CONSTRAINTS, seq(integer(0))),
    "keyCertSign": extension(KEY_USAGE, usage(0x04, 2)),
    "cRLSign": extension(KEY_USAGE, usage(0x82, 1)),
    "signing OCSP answers": extension(PURPOSES, seq(oid(SERVER), oid(OCSP_SIGNING))),
    "signing precertificates": extension(PURPOSES, seq(oid("1.3.6.1.4.1.11129.2.4.4"))),
    "name constraints": extension("2.5.29.30", seq(tlv(0xA0, seq(tlv(0x82, b"example.com"))))),
    "policy mappings": extension("2.5.29.33", seq(seq(oid("1.2.3"), oid("1.2.4")))),
    "policy constraints": extension("2.5.29.36", seq(tlv(0x80, b"\x00"))),
    "inhibit any-policy": extension("2.5.29.54", integer(0)),
    "poison": extension("1.3.6.1.4.1.11129.2.4.3", b"\x05\x00", CRITICAL),
    "poison that is not critical": extension("1.3.6.1.4.1.11129.2.4.3", b"\x05\x00"),
    "acmeIdentifier that is not critical": extension("1.3.6.1.5.5.7.1.31", octets(b"\x01" * 32)),
    "timestamps of a log": extension("1.3.6.1.4.1.11129.2.4.2", octets(b"\x00\x00")),
    "acmeIdentifier": extension("1.3.6.1.5.5.7.1.31", octets(b"\x01" * 32), CRITICAL),
    "OCSP no-check": extension("1.3.6.1.5.5.7.48.1.5", b"\x05\x00"),
    "the version of a CA": extension("1.3.6.1.4.1.311.21.1", integer(0)),
    "an unknown critical one": extension("1.3.6.1.4.1.99999.1", seq(), CRITICAL),
}


@pytest.mark.parametrize(
    "kind", ["1.2.840.113549.1.9.14", MICROSOFT_EXTENSIONS], ids=["PKCS #9", "Microsoft"]
)
@pytest.mark.parametrize("item", NOT_ALLOWED.values(), ids=NOT_ALLOWED.keys())
def test_what_no_server_certificate_has_is_refused(workshop: Workshop, item: bytes, kind: str) -> None:
    reading = read_csr(workshop.csr_pem(extensions(item, kind=kind)))
    assert codes(reading.problems) == ["csr_extension_not_allowed"]


UNREADABLE = {
    "names that are no sequence": extension(SAN, octets(b"example.com")),
    "no names": extension(SAN, seq()),
    "names with bytes behind": extension(SAN, seq(tlv(0x82, b"example.com")) + b"\x00"),
    "names that are not ASCII": dns("münchen.de"),
    "a kind of name that does not exist": extension(SAN, seq(tlv(0x89, b"x"))),
    "an address of three bytes": extension(SAN, seq(tlv(0x87, b"abc"))),
    "basic constraints that spell out CA:FALSE": extension(BASIC_CONSTRAINTS, seq(b"\x01\x01\x00")),
    "basic constraints of text": extension(BASIC_CONSTRAINTS, seq(tlv(0x0C, b"no"))),
    "key usage of text": extension(KEY_USAGE, tlv(0x0C, b"no")),
    "purposes of text": extension(PURPOSES, seq(tlv(0x0C, b"no"))),
    "an empty value": extension("1.3.6.1.4.1.99999.1", b""),
    "bytes that are no DER": extension("2.5.29.14", b"\x04\x05abc"),
}


@pytest.mark.parametrize("item", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_undecodable_extensions_are_refused(workshop: Workshop, item: bytes) -> None:
    reading = read_csr(workshop.csr_pem(extensions(item)))
    assert codes(reading.problems) == ["csr_malformed"]
    assert reading.csr is not None, "the rest can still be examined"


GIVEN_TWICE = {
    "names in one list": (extensions(dns("example.com"), dns("www.example.com")),),
    "the very same extension": (extensions(dns("example.com"), dns("example.com")),),
    "names in both kinds of request": (
        extensions(dns("example.com"), kind=MICROSOFT_EXTENSIONS),
        extensions(dns("www.example.com")),
    ),
    "the request itself": (extensions(dns("example.com")), extensions(extension(KEY_USAGE, usage(0x80, 7)))),
    "two values of one request": (attribute("1.2.840.113549.1.9.14", seq(), seq(dns("example.com"))),),
    "a challenge password": (
        attribute("1.2.840.113549.1.9.7", tlv(0x13, b"a")),
        attribute("1.2.840.113549.1.9.7", tlv(0x13, b"b")),
    ),
}


@pytest.mark.parametrize("attributes", GIVEN_TWICE.values(), ids=GIVEN_TWICE.keys())
def test_anything_given_twice_is_refused(workshop: Workshop, attributes: tuple[bytes, ...]) -> None:
    """Trap: cryptography meets duplicate extensions only when `.extensions` is read."""
    reading = read_csr(workshop.csr_pem(*attributes))
    assert codes(reading.problems) == ["csr_malformed"]
    assert "twice" in reading.problems[0].detail


def test_names_are_read_from_microsofts_attribute_too(workshop: Workshop) -> None:
    reading = read_csr(workshop.csr_pem(extensions(dns("a.example.com"), kind=MICROSOFT_EXTENSIONS)))
    assert reading.problems == ()
    assert reading.csr is not None
    assert reading.csr.dns_names == ("a.example.com",)


OTHER_NAMES = {
    "IPv4": (tlv(0x87, bytes((192, 0, 2, 1))), "192.0.2.1"),
    "IPv6": (tlv(0x87, bytes(15) + b"\x01"), "::1"),
    "URI": (tlv(0x86, b"https://example.com/"), None),
    "directory name": (tlv(0xA4, seq()), None),
    "other name": (tlv(0xA0, oid("1.3.6.1.4.1.311.20.2.3"), tlv(0xA0, tlv(0x0C, b"a@b"))), None),
    "registered identifier": (tlv(0x88, b"\x2a\x03"), None),
    "X.400 address": (tlv(0xA3, seq()), None),
    "EDI party name": (tlv(0xA5, tlv(0xA1, tlv(0x13, b"a"))), None),
}


@pytest.mark.parametrize(("name", "told"), OTHER_NAMES.values(), ids=OTHER_NAMES.keys())
def test_names_other_than_dns_names_are_refused(workshop: Workshop, name: bytes, told: str | None) -> None:
    reading = read_csr(workshop.csr_pem(extensions(extension(SAN, seq(tlv(0x82, b"example.com"), name)))))
    (problem,) = reading.problems
    assert (problem.code, problem.name) == ("name_invalid", told)
    assert reading.csr is not None
    assert reading.csr.dns_names == ("example.com",)


def test_names_are_handed_on_as_they_are_for_the_names_gate(workshop: Workshop) -> None:
    """Trap: cryptography accepts NUL, CR LF and blanks in DNS names; here the names gate refuses them."""
    strange = ("example.com\x00.evil.com", "a\r\nb.com", " c.com", "")
    reading = read_csr(workshop.csr_pem(extensions(dns(*strange))))
    assert reading.csr is not None
    assert reading.csr.dns_names == strange


MALFORMED_LISTS = {
    "a list that is a set": attribute("1.2.840.113549.1.9.14", tlv(0x31)),
    "an extension without value": extensions(seq(oid(SAN))),
    "an extension of four parts": extensions(seq(oid(SAN), CRITICAL, octets(seq()), octets(seq()))),
    "a value that is no octet string": extensions(seq(oid(SAN), tlv(0x0C, b"x"))),
    "a flag that is a number": extensions(seq(oid(SAN), integer(1), octets(seq()))),
    "a flag that spells out its default": extensions(seq(oid("1.2.3.4"), b"\x01\x01\x00", octets(seq()))),
    "a request without values": attribute("1.2.840.113549.1.9.14"),
    "another attribute without values": attribute("1.2.3.4"),
}


@pytest.mark.parametrize("item", MALFORMED_LISTS.values(), ids=MALFORMED_LISTS.keys())
def test_malformed_lists_of_extensions_are_refused(workshop: Workshop, item: bytes) -> None:
    assert codes(read_csr(workshop.csr_pem(item)).problems) == ["csr_malformed"]


def test_a_csr_with_everything_that_clients_ask_for_is_accepted(workshop: Workshop) -> None:
    builder = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([]))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("example.com")]), critical=True)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.TLSFeature([x509.TLSFeatureType.status_request]), critical=False)
    )
    der = builder.sign(workshop.ec, hashes.SHA256()).public_bytes(Encoding.DER)
    assert read_csr(armoured(der)).problems == ()


def test_key_usage_bits_are_read_from_the_first_byte(workshop: Workshop) -> None:
    decipher_only = tlv(0x03, b"\x07\x08\x80")  # keyAgreement and decipherOnly
    assert read_csr(workshop.csr_pem(extensions(extension(KEY_USAGE, decipher_only)))).problems == ()
