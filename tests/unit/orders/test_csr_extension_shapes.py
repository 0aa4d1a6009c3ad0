"""Extensions that are ignored are decoded all the same: one that is not of its own form is refused."""

import pytest

from partner_center.orders.csr import read_csr
from tests.unit.orders.csr_workshop import (
    NULL,
    SAN,
    Workshop,
    codes,
    extension,
    extensions,
    integer,
    octets,
    oid,
    seq,
    tlv,
)

DIRECTORY, SUBJECT_KEY, PERIOD, ISSUERS_NAMES = "2.5.29.9", "2.5.29.14", "2.5.29.16", "2.5.29.18"
POINTS, POLICIES, AUTHORITY_KEY, FRESHEST = "2.5.29.31", "2.5.29.32", "2.5.29.35", "2.5.29.46"
AUTHORITY_PLACES, SUBJECT_PLACES = "1.3.6.1.5.5.7.1.1", "1.3.6.1.5.5.7.1.11"
TLS_FEATURES = "1.3.6.1.5.5.7.1.24"

SITE = tlv(0x86, b"http://www.example.com/")
NOT_ASCII = "münchen.de".encode()
TEXT = tlv(0x0C, b"text")
OTHER_NAME = tlv(0xA0, oid("1.2.3.4"), tlv(0xA0, TEXT))


def point(*fields: bytes) -> bytes:
    return seq(seq(*fields))


def place(*names: bytes) -> bytes:
    return tlv(0xA0, tlv(0xA0, *names))


DECODABLE = {
    "an attribute of the subject": (DIRECTORY, seq(seq(oid("1.3.6.1.5.5.7.9.4"), tlv(0x31, TEXT)))),
    "a key's identifier": (SUBJECT_KEY, octets(b"\x01" * 20)),
    "a period": (PERIOD, seq(tlv(0x80, b"20260101000000Z"), tlv(0x81, b"20270101000000Z"))),
    "the end of a period": (PERIOD, seq(tlv(0x81, b"20270101000000Z"))),
    "names of all kinds": (
        ISSUERS_NAMES,
        seq(
            *(OTHER_NAME, tlv(0x81, b"a@example.com"), tlv(0x82, b"example.com"), tlv(0xA3, seq())),
            *(tlv(0xA4, seq()), tlv(0xA5, NULL), SITE, tlv(0x87, bytes(4)), tlv(0x88, b"\x2a\x03")),
        ),
    ),
    "an identifier of 64 bytes": (ISSUERS_NAMES, seq(tlv(0x88, b"\x2a" * 64))),
    "a point": (POINTS, point(place(SITE), tlv(0x81, b"\x01\x06"), tlv(0xA2, tlv(0xA4, seq())))),
    "a point of an issuer": (POINTS, point(tlv(0xA2, tlv(0xA4, seq())))),
    "a point relative to its issuer": (FRESHEST, point(tlv(0xA0, tlv(0xA1, seq())))),
    "a policy": (POLICIES, seq(seq(oid("2.23.140.1.2.1")))),
    "a policy with a qualifier": (
        POLICIES,
        seq(seq(oid("2.23.140.1.2.1"), seq(seq(oid("1.3.6.1.5.5.7.2.1"), tlv(0x16, b"http://a/"))))),
    ),
    "an authority's key": (
        AUTHORITY_KEY,
        seq(tlv(0x80, b"\x01" * 20), tlv(0xA1, tlv(0xA4, seq())), tlv(0x82, b"\x01")),
    ),
    "an authority's key by its serial": (AUTHORITY_KEY, seq(tlv(0xA1, tlv(0xA4, seq())), tlv(0x82, b"\x01"))),
    "an authority's place": (AUTHORITY_PLACES, seq(seq(oid("1.3.6.1.5.5.7.48.1"), SITE))),
    "a subject's place": (SUBJECT_PLACES, seq(seq(oid("1.3.6.1.5.5.7.48.5"), SITE))),
    "features that nobody knows": (TLS_FEATURES, seq(integer(5), integer(17), integer(70_000))),
}


@pytest.mark.parametrize(("kind", "value"), DECODABLE.values(), ids=DECODABLE.keys())
def test_what_can_be_decoded_is_ignored(workshop: Workshop, kind: str, value: bytes) -> None:
    assert read_csr(workshop.csr_pem(extensions(extension(kind, value)), key=workshop.ec)).problems == ()


UNDECODABLE = {
    "an attribute that is a set": (DIRECTORY, seq(tlv(0x31, oid("1.2.3"), TEXT))),
    "an attribute without values": (DIRECTORY, seq(seq(oid("1.2.3")))),
    "an attribute with a sequence of values": (DIRECTORY, seq(seq(oid("1.2.3"), seq()))),
    "a key's identifier as text": (SUBJECT_KEY, TEXT),
    "a period that is a set": (PERIOD, tlv(0x31)),
    "a period the wrong way round": (PERIOD, seq(tlv(0x81, b"2"), tlv(0x80, b"1"))),
    "two starts of a period": (PERIOD, seq(tlv(0x80, b"1"), tlv(0x80, b"1"))),
    "a period of text": (PERIOD, seq(TEXT)),
    "names that are a set": (ISSUERS_NAMES, tlv(0x31, SITE)),
    "a name of no kind": (ISSUERS_NAMES, seq(tlv(0x89, b"x"))),
    "a name of text": (ISSUERS_NAMES, seq(TEXT)),
    "an e-mail address that is not ASCII": (ISSUERS_NAMES, seq(tlv(0x81, NOT_ASCII))),
    "a DNS name that is not ASCII": (ISSUERS_NAMES, seq(tlv(0x82, NOT_ASCII))),
    "a URI that is not ASCII": (ISSUERS_NAMES, seq(tlv(0x86, NOT_ASCII))),
    "an address of three bytes": (ISSUERS_NAMES, seq(tlv(0x87, bytes(3)))),
    "an identifier that does not end": (ISSUERS_NAMES, seq(tlv(0x88, b"\x2a\x83"))),
    "an identifier of 65 bytes": (ISSUERS_NAMES, seq(tlv(0x88, b"\x2a" * 65))),
    "an identifier of 300 bytes": (ISSUERS_NAMES, seq(tlv(0x88, b"\x2a" * 300))),
    "another name without a value": (ISSUERS_NAMES, seq(tlv(0xA0, oid("1.2.3")))),
    "another name of two values": (ISSUERS_NAMES, seq(tlv(0xA0, oid("1.2.3"), TEXT, TEXT))),
    "a directory name that is a set": (ISSUERS_NAMES, seq(tlv(0xA4, tlv(0x31)))),
    "a directory name of two": (ISSUERS_NAMES, seq(tlv(0xA4, seq(), seq()))),
    "points that are a set": (POINTS, tlv(0x31)),
    "a point that is a set": (POINTS, seq(tlv(0x31, place(SITE)))),
    "a point of nothing": (POINTS, point()),
    "a point of reasons alone": (POINTS, point(tlv(0x81, b"\x01\x06"))),
    "a point of two places": (POINTS, point(place(SITE), place(SITE))),
    "a point without the name of its place": (POINTS, point(tlv(0xA0))),
    "a point of two names of its place": (POINTS, point(tlv(0xA0, tlv(0xA0, SITE), tlv(0xA1)))),
    "a point of another kind of place": (FRESHEST, point(tlv(0xA0, SITE))),
    "a point whose place is no name": (FRESHEST, point(place(TEXT))),
    "a point whose issuer is no name": (POINTS, point(tlv(0xA2, TEXT))),
    "a policy without its identifier": (POLICIES, seq(seq())),
    "a policy of text": (POLICIES, seq(seq(TEXT))),
    "a policy of three parts": (POLICIES, seq(seq(oid("1.2.3"), seq(), seq()))),
    "qualifiers that are text": (POLICIES, seq(seq(oid("1.2.3"), TEXT))),
    "a qualifier without a value": (POLICIES, seq(seq(oid("1.2.3"), seq(seq(oid("1.2.3")))))),
    "a qualifier without its identifier": (POLICIES, seq(seq(oid("1.2.3"), seq(seq(TEXT, TEXT))))),
    "an authority's key of text": (AUTHORITY_KEY, seq(TEXT)),
    "an authority's key that is a string": (AUTHORITY_KEY, octets(b"\x01" * 20)),
    "an authority's name of text": (AUTHORITY_KEY, seq(tlv(0xA1, TEXT), tlv(0x82, b"\x01"))),
    "a place without its way": (AUTHORITY_PLACES, seq(seq(SITE, SITE))),
    "a place without a name": (AUTHORITY_PLACES, seq(seq(oid("1.2.3")))),
    "a place of text": (SUBJECT_PLACES, seq(seq(oid("1.2.3"), TEXT))),
    "features of text": (TLS_FEATURES, seq(TEXT)),
    "a feature alone": (TLS_FEATURES, integer(5)),
    "an e-mail address among the names that is not ASCII": (SAN, seq(tlv(0x81, NOT_ASCII))),
}


@pytest.mark.parametrize(("kind", "value"), UNDECODABLE.values(), ids=UNDECODABLE.keys())
def test_what_cannot_be_decoded_is_refused(workshop: Workshop, kind: str, value: bytes) -> None:
    reading = read_csr(workshop.csr_pem(extensions(extension(kind, value)), key=workshop.ec))
    assert codes(reading.problems) == ["csr_malformed"]
    assert f"extension {kind} cannot be read" in reading.problems[0].detail
