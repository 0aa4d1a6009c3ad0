"""The subject of a CSR: what is shown, what is refused, and that a refusal quotes no value."""

import pytest

from partner_center.orders.csr import read_csr
from tests.unit.orders.csr_workshop import Workshop, cn, codes, oid, rdn, seq, tlv

C, L, ST, ORG, OU, EMAIL = "2.5.4.6", "2.5.4.7", "2.5.4.8", "2.5.4.10", "2.5.4.11", "1.2.840.113549.1.9.1"

REFUSED = {
    "NUL": (rdn(ORG, "Acme\x00Inc"), "control"),
    "CR LF": (rdn(ORG, "Acme\r\nInc"), "control"),
    "tabulator": (rdn(L, "New\tYork"), "control"),
    "delete": (rdn(ORG, "Acme\x7f"), "control"),
    "direction override": (rdn(ORG, "Acme\u202e"), "control"),
    "control character in T.61": (rdn(ORG, b"Acme\x81", 0x14), "control"),
    "a hyphen": (rdn(ORG, "-"), "filler"),
    "a dot": (rdn(ST, "."), "filler"),
    "blanks": (rdn(L, "   "), "filler"),
    "nothing": (rdn(ORG, ""), "filler"),
    "N/A": (rdn(L, "N/A"), "filler"),
    "n/a in another case": (rdn(OU, "n/a"), "filler"),
    "Unknown, as keytool puts it": (rdn(ST, "Unknown"), "filler"),
    "an unknown country": (rdn(C, "ZZ", 0x13), "country"),
    "a country of three letters": (rdn(C, "USA", 0x13), "country"),
    "a country in words": (rdn(C, "Germany", 0x13), "country"),
    "an empty country": (rdn(C, "", 0x13), "country"),
    "two countries in one": (rdn(C, "US CA", 0x13), "country"),
    "an over-long organization": (rdn(ORG, "A" * 65), "longer than 64"),
    "an over-long locality": (rdn(L, "A" * 129), "longer than 128"),
    "an over-long common name": (cn("a" * 61 + ".com"), "longer than 64"),
    "an over-long unit": (rdn(OU, "A" * 65), "longer than 64"),
    "an over-long unknown part": (rdn("1.3.6.1.4.1.99999.1", "A" * 256), "longer than 255"),
    "two common names": (cn("example.com") + cn("www.example.com"), "more than one common name"),
}


@pytest.mark.parametrize(("part", "told"), REFUSED.values(), ids=REFUSED.keys())
def test_unusable_subjects_are_refused(workshop: Workshop, part: bytes, told: str) -> None:
    reading = read_csr(workshop.csr_pem(subject=(part,)))
    assert codes(reading.problems) == ["csr_subject_invalid"]
    assert told in reading.problems[0].detail
    assert "Acme" not in reading.problems[0].detail


ACCEPTED = {
    "a country in lower case": rdn(C, "de", 0x13),
    "Namibia": rdn(C, "NA", 0x13),
    "an organization at its bound": rdn(ORG, "Ä" * 64),
    "a common name at its bound": cn("a" * 60 + ".com"),
    "a sign within a value": rdn(ORG, "Dash - Dot & Sons, Inc."),
    "one letter": rdn(L, "Å"),
    "an e-mail address": rdn(EMAIL, "a@example.com", 0x16),
}


@pytest.mark.parametrize("part", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_usable_subjects_are_accepted(workshop: Workshop, part: bytes) -> None:
    assert read_csr(workshop.csr_pem(subject=(part,))).problems == ()


TYPES = [
    ("2.5.4.3", "CN", 64),
    ("2.5.4.4", "SN", 64),
    ("2.5.4.5", "serialNumber", 64),
    ("2.5.4.7", "L", 128),
    ("2.5.4.8", "ST", 128),
    ("2.5.4.9", "street", 128),
    ("2.5.4.10", "O", 64),
    ("2.5.4.11", "OU", 64),
    ("2.5.4.12", "title", 64),
    ("2.5.4.13", "description", 1024),
    ("2.5.4.15", "businessCategory", 128),
    ("2.5.4.17", "postalCode", 40),
    ("2.5.4.42", "GN", 64),
    ("0.9.2342.19200300.100.1.1", "UID", 256),
    ("0.9.2342.19200300.100.1.25", "DC", 63),
    ("1.2.840.113549.1.9.1", "emailAddress", 255),
    ("1.2.840.113549.1.9.2", "unstructuredName", 255),
    ("1.2.840.113549.1.9.8", "unstructuredAddress", 255),
    ("1.3.6.1.4.1.311.60.2.1.1", "jurisdictionL", 128),
    ("1.3.6.1.4.1.311.60.2.1.2", "jurisdictionST", 128),
    ("1.3.6.1.4.1.99999.1", "1.3.6.1.4.1.99999.1", 255),
]


@pytest.mark.parametrize(("kind", "short", "bound"), TYPES, ids=[short for _, short, _ in TYPES])
def test_each_part_has_its_short_name_and_bound(
    workshop: Workshop, kind: str, short: str, bound: int
) -> None:
    reading = read_csr(workshop.csr_pem(subject=(rdn(kind, "a" * bound),), key=workshop.ec))
    assert reading.problems == ()
    assert reading.csr is not None
    assert reading.csr.subject == ((short, "a" * bound),)
    longer = read_csr(workshop.csr_pem(subject=(rdn(kind, "a" * (bound + 1)),), key=workshop.ec))
    assert codes(longer.problems) == ["csr_subject_invalid"]


def test_the_country_of_a_jurisdiction_is_a_country_too(workshop: Workshop) -> None:
    for value, expected in (("DE", []), ("ZZ", ["csr_subject_invalid"])):
        reading = read_csr(workshop.csr_pem(subject=(rdn("1.3.6.1.4.1.311.60.2.1.3", value, 0x13),)))
        assert codes(reading.problems) == expected


@pytest.mark.parametrize(
    "filler",
    [
        "-",
        "--",
        "*",
        "?",
        "n/a",
        "NA",
        "N.A.",
        "none",
        "nil",
        "NULL",
        "unknown",
        "undefined",
        "Not Applicable",
        " - ",
    ],
)
def test_fillers_are_refused(workshop: Workshop, filler: str) -> None:
    reading = read_csr(workshop.csr_pem(subject=(rdn(L, filler),), key=workshop.ec))
    assert codes(reading.problems) == ["csr_subject_invalid"]


@pytest.mark.parametrize("letter", ["\x00", "\x9f", "\u200b", "\ue000", "\u0378", "\u2028", "\u2029"])
def test_letters_that_do_not_show_are_refused(workshop: Workshop, letter: str) -> None:
    reading = read_csr(workshop.csr_pem(subject=(rdn(ORG, f"Acme{letter}"),), key=workshop.ec))
    assert codes(reading.problems) == ["csr_subject_invalid"]


@pytest.mark.parametrize(("tag", "content"), [(0x12, b"123"), (0x1A, b"abc"), (0x13, b"abc"), (0x16, b"abc")])
def test_each_kind_of_text_is_read(workshop: Workshop, tag: int, content: bytes) -> None:
    reading = read_csr(workshop.csr_pem(subject=(rdn("2.5.4.5", content, tag),)))
    assert reading.problems == ()
    assert reading.csr is not None
    assert reading.csr.subject == (("serialNumber", content.decode()),)


MALFORMED = {
    "a number as value": seq(oid("2.5.4.3"), tlv(0x02, b"\x01")),
    "broken UTF-8": seq(oid("2.5.4.3"), tlv(0x0C, b"\xff")),
    "half a surrogate pair in BMP": seq(oid("2.5.4.3"), tlv(0x1E, b"\xd8\x00")),
    "BMP of odd length": seq(oid("2.5.4.3"), tlv(0x1E, b"abc")),
    "a code point beyond Unicode": seq(oid("2.5.4.3"), tlv(0x1C, b"\xff\xff\xff\xff")),
    "an asterisk in a PrintableString": seq(oid("2.5.4.3"), tlv(0x13, b"*.example.com")),
    "UTF-8 in an IA5String": seq(oid(EMAIL), tlv(0x16, "ä@example.com".encode())),
    "three parts": seq(oid("2.5.4.3"), tlv(0x0C, b"a"), tlv(0x0C, b"b")),
    "no value": seq(oid("2.5.4.3")),
    "no identifier": seq(tlv(0x0C, b"a"), tlv(0x0C, b"b")),
}


@pytest.mark.parametrize("member", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_subjects_are_refused(workshop: Workshop, member: bytes) -> None:
    assert codes(read_csr(workshop.csr_pem(subject=(tlv(0x31, member),))).problems) == ["csr_malformed"]


@pytest.mark.parametrize(
    ("tag", "content"), [(0x1E, b"\xd8\x00"), (0x1C, b"\xff\xff\xff\xff"), (0x12, b"\xe4")]
)
def test_text_that_is_not_in_its_encoding_is_told(workshop: Workshop, tag: int, content: bytes) -> None:
    (problem,) = read_csr(workshop.csr_pem(subject=(rdn("2.5.4.3", content, tag),))).problems
    assert "not in the encoding that it claims" in problem.detail


def test_an_empty_part_of_the_subject_is_malformed(workshop: Workshop) -> None:
    assert codes(read_csr(workshop.csr_pem(subject=(tlv(0x31),))).problems) == ["csr_malformed"]


def test_each_faulty_part_is_told(workshop: Workshop) -> None:
    reading = read_csr(
        workshop.csr_pem(subject=(rdn(C, "ZZ", 0x13), rdn(ORG, "-"), rdn(L, "A" * 129 + "\x00")))
    )
    assert [problem.detail.split()[1] for problem in reading.problems] == ["C", "O", "L", "L"]
