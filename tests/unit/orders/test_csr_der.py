"""DER is read strictly: BER, trailing bytes, absurd lengths, hostile nesting are refused; nothing ever raises."""

import random
import tracemalloc

import pytest
from cryptography import x509
from hypothesis import example, given, settings
from hypothesis import strategies as st

from partner_center.orders.csr import read_csr
from partner_center.orders.der import (
    MAX_DEPTH,
    MAX_ELEMENTS,
    NotDer,
    bits,
    children,
    dotted,
    read_whole,
    unsigned,
)
from tests.unit.orders.csr_workshop import (
    NULL,
    Workshop,
    armoured,
    attribute,
    cn,
    codes,
    dns,
    extensions,
    oid,
    rdn,
    rsa_spki,
    seq,
    spki_of,
    tlv,
)

NOT_DER = {
    "nothing": b"",
    "a tag alone": b"\x30",
    "indefinite length": b"\x30\x80\x02\x01\x00\x00\x00",
    "reserved length": b"\x30\xff",
    "a length of five bytes": b"\x04\x85\x00\x00\x00\x00\x01a",
    "long form for a short length": b"\x04\x81\x01a",
    "a leading zero in the length": b"\x04\x82\x00\x80" + b"a" * 128,
    "a length beyond the end": b"\x04\x05abcd",
    "a length of which bytes are missing": b"\x04\x82\x01",
    "an element beyond its surroundings": b"\x30\x03\x04\x05a",
    "bytes behind the end": b"\x02\x01\x00\x00",
    "a tag of several bytes": b"\x1f\x81\x01\x00",
    "a constructed string": b"\x24\x03\x04\x01a",
    "a primitive sequence": b"\x10\x00",
    "an empty integer": b"\x02\x00",
    "an integer with a zero too many": b"\x02\x02\x00\x01",
    "a negative integer with a byte too many": b"\x02\x02\xff\x80",
    "a truth value of 1": b"\x01\x01\x01",
    "a truth value of two bytes": b"\x01\x02\xff\xff",
    "a NULL with content": b"\x05\x01\x00",
    "an empty bit string": b"\x03\x00",
    "eight unused bits": b"\x03\x02\x08\x00",
    "unused bits of nothing": b"\x03\x01\x01",
    "unused bits that are set": b"\x03\x02\x01\x01",
    "an empty object identifier": b"\x06\x00",
    "an unfinished object identifier": b"\x06\x02\x2a\x86",
    "an object identifier that begins with padding": b"\x06\x02\x80\x01",
    "an object identifier with padding within": b"\x06\x03\x2a\x80\x01",
    "an object identifier of 65 bytes": tlv(0x06, b"\x2a" * 65),
    "broken UTF-8": b"\x0c\x01\xff",
    "a forbidden letter in a PrintableString": b"\x13\x01@",
    "eight bits in an IA5String": b"\x16\x01\xe4",
    "a BMPString of odd length": b"\x1e\x01a",
    "a UniversalString of three bytes": b"\x1c\x03abc",
    "a type that nobody uses": b"\x09\x01\x00",
    "a context tag of several bytes": b"\xbf\x81\x01\x00",
    "a tag whose second byte could be a length": b"\x9f\x22\x21" + b"a" * 33,
    "an enumeration with a zero too many": b"\x0a\x02\x00\x01",
}


@pytest.mark.parametrize("data", NOT_DER.values(), ids=NOT_DER.keys())
def test_what_is_not_der_is_refused_at_any_depth(data: bytes) -> None:
    with pytest.raises(NotDer):
        read_whole(data)
    with pytest.raises(NotDer):
        read_whole(seq(tlv(0xA0, data, b"")) if data else seq(b"\x30"))


DER = {
    "zero": b"\x02\x01\x00",
    "128": b"\x02\x02\x00\x80",
    "-1": b"\x02\x01\xff",
    "-129": b"\x02\x02\xff\x7f",
    "true": b"\x01\x01\xff",
    "no bits": b"\x03\x01\x00",
    "seven unused bits": b"\x03\x02\x07\x80",
    "128 bytes": tlv(0x04, b"a" * 128),
    "65536 bytes": tlv(0x04, b"a" * 65_536),
    "whatever a context tag holds": b"\x80\x01\xff",
    "an empty set": b"\x31\x00",
    "an enumeration": b"\x0a\x01\x01",
    "digits": b"\x12\x011",
    "a time": tlv(0x17, b"261123000000Z"),
    "a time with its century": tlv(0x18, b"20261123000000Z"),
    "visible text": b"\x1a\x01a",
    "general text": b"\x1b\x01a",
    "an object identifier of 64 bytes": tlv(0x06, b"\x2a" * 64),
}


@pytest.mark.parametrize("data", DER.values(), ids=DER.keys())
def test_what_is_der_is_read(data: bytes) -> None:
    assert read_whole(seq(data)).raw == seq(data)
    assert next(children(read_whole(seq(data)))).raw == data


@pytest.mark.parametrize(
    "text", ["1.2.840.113549.1.1.11", "2.5.4.3", "0.9.2342.19200300.100.1.25", "2.999.1", "1.0", "1.2.16384"]
)
def test_object_identifiers_are_read(text: str) -> None:
    assert dotted(read_whole(oid(text)), "it") == text


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"\x30\x80\x00\x00", "indefinite"),
        (b"\x04\x85\x00\x00\x00\x00\x01a", "absurd"),
        (b"\x04\x82\x01", "in the middle"),
        (b"\x04\x05a", "longer than what surrounds it"),
        (b"\x04\x81\x01a", "shortest form"),
        (b"\x05\x00\x00", "behind the end"),
    ],
)
def test_the_reason_is_told(data: bytes, told: str) -> None:
    with pytest.raises(NotDer, match=told):
        read_whole(data)


def test_elements_and_depth_are_bounded() -> None:
    assert read_whole(seq(NULL * (MAX_ELEMENTS - 1))).end
    with pytest.raises(NotDer, match="too many"):
        read_whole(seq(NULL * MAX_ELEMENTS))
    assert read_whole(nested(MAX_DEPTH)[:-2] + NULL).end
    with pytest.raises(NotDer, match="too deeply"):
        read_whole(nested(MAX_DEPTH + 1))


def test_values_are_of_the_type_expected() -> None:
    with pytest.raises(NotDer, match="the number is not of the expected type"):
        unsigned(read_whole(NULL), "the number")
    with pytest.raises(NotDer, match="the number is negative"):
        unsigned(read_whole(b"\x02\x01\xff"), "the number")
    assert unsigned(read_whole(b"\x02\x02\x00\x80"), "the number") == 128
    with pytest.raises(NotDer, match="it does not end on a whole byte"):
        bits(read_whole(b"\x03\x02\x01\x02"), "it")
    assert bits(read_whole(b"\x03\x02\x00\x02"), "it") == b"\x02"


def rebuilt(workshop: Workshop, **parts) -> bytes:
    return workshop.csr(extensions(dns("example.com")), **parts)


MALFORMED = {
    "version 1": lambda w: rebuilt(w, version=b"\x02\x01\x01"),
    "version -1": lambda w: rebuilt(w, version=b"\x02\x01\xff"),
    "version as text": lambda w: rebuilt(w, version=tlv(0x0C, b"0")),
    "no version": lambda w: rebuilt(w, version=b""),
    "version twice": lambda w: rebuilt(w, version=b"\x02\x01\x00" * 2),
    "a key that is no sequence": lambda w: rebuilt(w, spki=tlv(0x0C, b"key")),
    "attributes as a plain set": lambda w: rebuilt(w, raw_attributes=tlv(0x31)),
    "attributes that are primitive": lambda w: rebuilt(w, raw_attributes=b"\x80\x00"),
    "an attribute without type": lambda w: w.csr(seq(tlv(0x31))),
    "an attribute whose type is text": lambda w: w.csr(seq(tlv(0x0C, b"x"), tlv(0x31, NULL))),
    "an attribute with a sequence of values": lambda w: w.csr(seq(oid("1.2.3"), seq(NULL))),
    "attributes out of order": lambda w: w.csr(attribute("2.5.4.4", NULL), attribute("1.2.3", NULL)),
    "a byte behind the end": lambda w: rebuilt(w) + b"\x00",
    "a second request behind the end": lambda w: rebuilt(w) * 2,
    "the last byte missing": lambda w: rebuilt(w)[:-1],
    "the information alone": lambda w: next(children(read_whole(rebuilt(w)))).raw,
    "a signature with unused bits": lambda w: rebuilt(w).replace(
        b"\x03\x82\x01\x01\x00", b"\x03\x82\x01\x01\x01", 2
    ),
    "a fourth part": lambda w: seq(*(part.raw for part in children(read_whole(rebuilt(w)))), NULL),
}


@pytest.mark.parametrize("make", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_requests_are_refused(workshop: Workshop, make) -> None:
    reading = read_csr(armoured(make(workshop)))
    assert set(codes(reading.problems)) <= {"csr_malformed", "key_malformed"}
    assert reading.problems


def test_a_request_without_its_list_of_attributes_is_malformed(workshop: Workshop) -> None:
    assert codes(read_csr(workshop.csr_pem(raw_attributes=b"")).problems) == ["csr_malformed"]


# Mutations: whatever happens to the bytes, nothing raises and nothing whose signature fails is accepted.


@st.composite
def mutations(draw):
    """A list of (place, kind, byte): places are fractions of the length, so that they fit any CSR."""
    place = st.integers(0, 10_000)
    return draw(
        st.lists(st.tuples(place, st.sampled_from("fidx"), st.integers(0, 255)), min_size=1, max_size=4)
    )


def mutated(der: bytes, changes) -> bytes:
    data = bytearray(der)
    for place, kind, byte in changes:
        at = place * (len(data) - 1) // 10_000
        if kind == "f":
            data[at] ^= byte
        elif kind == "i":
            data.insert(at, byte)
        elif kind == "d":
            del data[at]
        else:
            data[at : at + 4] = data[max(0, at - 4) : at]
    return bytes(data)


@settings(max_examples=250, deadline=None, derandomize=True, database=None)
@given(changes=mutations(), elliptic=st.booleans())
@example(changes=[(0, "f", 0)], elliptic=True)
def test_a_mutated_csr_never_raises_and_is_never_accepted_without_its_signature(
    workshop: Workshop, changes, elliptic: bool
) -> None:
    key = workshop.ec if elliptic else workshop.rsa
    original = _fixed_csr(workshop, key)
    der = mutated(original, changes)
    reading = read_csr(armoured(der))
    if reading.problems:
        assert all(problem.code and problem.detail.endswith(".") for problem in reading.problems)
    else:
        assert x509.load_der_x509_csr(der).is_signature_valid


def test_every_single_flipped_bit_is_noticed(workshop: Workshop) -> None:
    original = _fixed_csr(workshop, workshop.ec)
    accepted = []
    for at in range(len(original)):
        der = bytearray(original)
        der[at] ^= 1 << random.Random(at).randrange(8)  # noqa: S311
        if not read_csr(armoured(bytes(der))).problems:
            accepted.append(at)
    assert accepted == []


def _fixed_csr(workshop: Workshop, key, _made: dict[int, bytes] = {}) -> bytes:  # noqa: B006 - made once on purpose
    if id(key) not in _made:
        _made[id(key)] = workshop.csr(
            extensions(dns("example.com")), subject=(rdn("2.5.4.10", "Example"), cn("example.com")), key=key
        )
    return _made[id(key)]


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(st.text(max_size=200) | st.binary(max_size=200).map(armoured))
def test_any_text_at_all_gets_an_answer(text: str) -> None:
    assert read_csr(text).problems


# Hostile input: bounded by structure, so that no clock is needed here (bench/csr.py measures).


def nested(depth: int, tag: int = 0x30) -> bytes:
    data = b""
    for _ in range(depth):
        data = tlv(tag, data)
    return data


HOSTILE = {
    "a megabyte of one letter": lambda w: "A" * 1_048_576,
    "a megabyte of dashes": lambda w: "-" * 1_048_576,
    "a megabyte of first lines": lambda w: "-----BEGIN CERTIFICATE REQUEST-----\n" * 29_000,
    "a megabyte of backslashes": lambda w: "\\" * 1_048_576,
    "a megabyte of keys begun": lambda w: "MIIEABIBAD" * 104_857,
    "64 KiB of DER that promises more": lambda w: armoured(b"\x30\x84\x7f\xff\xff\xff" + b"\x30" * 48_000),
    "nesting as deep as the text allows": lambda w: armoured(nested(10_000)),
    "nesting within an attribute": lambda w: w.csr_pem(attribute("1.2.3.4", nested(10_000))),
    "nesting within an extension": lambda w: w.csr_pem(
        extensions(seq(oid("1.2.3.4"), tlv(0x04, nested(10_000))))
    ),
    "sixteen thousand empty elements": lambda w: armoured(seq(b"\x05\x00" * 16_000)),
    "sixteen thousand parts of a subject": lambda w: w.csr_pem(subject=(cn("a"),) * 2_900),
    "an object identifier of 35,000 bits": lambda w: w.csr_pem(
        attribute("1.2.3", tlv(0x06, b"\xff" * 4_999 + b"\x7f"))
    ),
    "an arc of 35,000 bits as attribute type": lambda w: w.csr_pem(
        seq(tlv(0x06, b"\x2a" + b"\xff" * 4_999 + b"\x7f"), tlv(0x31, NULL))
    ),
    "an RSA key of 16384 bits": lambda w: w.csr_pem(spki=rsa_spki((1 << 16_384) - 1)),
    "an RSA key of 300,000 bits": lambda w: w.csr_pem(spki=rsa_spki((1 << 300_000) - 1)),
    "an exponent of 300,000 bits": lambda w: w.csr_pem(spki=rsa_spki((1 << 2_048) - 1, (1 << 300_000) - 1)),
    "a modulus of zero": lambda w: w.csr_pem(spki=rsa_spki(0)),
    "ten thousand NULs for a name": lambda w: w.csr_pem(subject=(cn("\0" * 10_000),)),
    "a version of 10,000 bytes": lambda w: w.csr_pem(version=tlv(0x02, b"\x01" * 10_000)),
    "as many names as fit": lambda w: w.csr_pem(extensions(dns(*(["a.example.com"] * 2_500)))),
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_input_is_refused_or_read_within_bounds(workshop: Workshop, make) -> None:
    text = make(workshop)
    reading = read_csr(text)
    assert reading.problems or (reading.csr is not None and len(reading.csr.dns_names) < MAX_ELEMENTS)
    assert all(len(problem.detail) < 500 for problem in reading.problems)


def test_memory_stays_within_a_small_multiple_of_the_text(workshop: Workshop) -> None:
    text = armoured(seq(b"\x05\x00" * 20_000))
    read_csr(text)
    tracemalloc.start()
    try:
        read_csr(text)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * 1024 * 1024


def test_spki_bytes_are_those_of_the_request(workshop: Workshop) -> None:
    reading = read_csr(armoured(_fixed_csr(workshop, workshop.ec)))
    assert reading.csr is not None
    assert reading.csr.spki_der == spki_of(workshop.ec)
