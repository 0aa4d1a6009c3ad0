"""Good requests, changed: bits, lengths, elements. Some keep their old signature, others are signed again.

Who changes bytes breaks the signature, and the signature alone would refuse nearly all of it; signed again, only
the other rules stand between a strange request and a certificate. Hypothesis draws the changes, the same in each run.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TypeVar

from cryptography.hazmat.primitives import hashes
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bench.corpora.samples import Sample, armoured
from bench.corpora.truth_der import is_der
from tests.unit.orders.csr_workshop import (
    CRITICAL,
    MICROSOFT_EXTENSIONS,
    NULL,
    SAN,
    Workshop,
    attribute,
    cn,
    dns,
    extension,
    extensions,
    octets,
    oid,
    rdn,
    seq,
    spki_of,
    tlv,
)

DrawnT = TypeVar("DrawnT")

_OCTET_STRING, _BIT_STRING, _CONSTRUCTED = 0x04, 0x03, 0x20
_TAGS = (
    0x01,
    0x02,
    0x03,
    0x04,
    0x05,
    0x06,
    0x0C,
    0x13,
    0x14,
    0x16,
    0x1E,
    0x30,
    0x31,
    0x80,
    0x82,
    0xA0,
    0xA1,
    0x9F,
    0x24,
)


@dataclass(frozen=True, slots=True)
class Change:
    """One change to the element at `place` (a fraction in 10,000ths of all elements), with a byte to use for it."""

    kind: str
    place: int
    byte: int


@dataclass(slots=True)
class _Node:
    """An element that can be changed; `lead` stands before the parts of a BIT STRING."""

    tag: int
    content: bytes
    parts: list["_Node"] | None
    lead: bytes = b""
    form: str = "shortest"

    def written(self) -> bytes:
        body = (
            self.content
            if self.parts is None
            else self.lead + b"".join(each.written() for each in self.parts)
        )
        if self.form == "raw":
            return self.content
        if self.form == "indefinite":
            return bytes((self.tag | _CONSTRUCTED, 0x80)) + body + b"\x00\x00"
        return bytes((self.tag,)) + _LENGTHS[self.form](len(body)) + body


def _shortest(size: int) -> bytes:
    if size < 0x80:
        return bytes((size,))
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((0x80 | len(length),)) + length


_LENGTHS: dict[str, Callable[[int], bytes]] = {
    "shortest": _shortest,
    "long": lambda size: bytes((0x83,)) + size.to_bytes(3, "big"),
    "one more": lambda size: _shortest(size + 1),
    "one less": lambda size: _shortest(max(0, size - 1)),
    "huge": lambda _: b"\x84\x7f\xff\xff\xff",
}
_SIMPLE = {"long", "one more", "one less", "huge", "indefinite"}
_KINDS = (
    *sorted(_SIMPLE),
    "drop",
    "twice",
    "swap",
    "tag",
    "byte",
    "pad",
    "grow",
    "cut",
    "wrap",
    "pieces",
    "empty",
)


def changes(at_most: int = 2) -> st.SearchStrategy[list[Change]]:
    """Lists of changes to an element each."""
    one = st.builds(Change, st.sampled_from(_KINDS), st.integers(0, 9_999), st.integers(0, 255))
    return st.lists(one, min_size=1, max_size=at_most)


def flips() -> st.SearchStrategy[list[tuple[int, int]]]:
    """Lists of (place in 10,000ths, mask); a mask of 0 cuts the bytes off at that place."""
    return st.lists(st.tuples(st.integers(0, 9_999), st.integers(0, 255)), min_size=1, max_size=3)


def drawn(strategy: st.SearchStrategy[DrawnT], count: int) -> list[DrawnT]:
    """`count` examples, the same in each run."""
    found: list[DrawnT] = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(example: DrawnT) -> None:
        found.append(example)

    collect()
    return found


def changed(workshop: Workshop, count: int) -> Iterator[Sample]:
    """`count` requests of each sort: bits flipped, elements changed, elements changed and signed again."""
    originals = _originals(workshop)
    several = st.tuples(st.sampled_from(sorted(originals)), flips())
    for number, (name, masks) in enumerate(drawn(several, count)):
        yield Sample("bits changed", f"{number}, {name}", armoured(_flipped(originals[name](None), masks)))
    with_changes = st.tuples(st.sampled_from(sorted(originals)), changes())
    for number, (name, listed) in enumerate(drawn(with_changes, count)):
        yield Sample(
            "elements changed",
            f"{number}, {name}, {listed}",
            armoured(_changed(originals[name](None), listed)),
        )
    for number, (name, listed) in enumerate(drawn(with_changes, count)):
        again = originals[name](partial(_changed, listed=listed))
        yield Sample("elements changed, signed again", f"{number}, {name}, {listed}", armoured(again))


def _flipped(der: bytes, masks: Sequence[tuple[int, int]]) -> bytes:
    data = bytearray(der)
    for place, mask in masks:
        at = place * len(data) // 10_000
        if mask:
            data[at : at + 1] = bytes((data[at] ^ mask,)) if at < len(data) else b""
        else:
            del data[at:]
    return bytes(data)


def _changed(der: bytes, listed: Sequence[Change]) -> bytes:
    root = _tree(der)
    for change in listed:
        nodes = list(_walk(root, None))
        node, parent = nodes[change.place * len(nodes) // 10_000]
        _apply(change, node, parent)
    return root.written()


def _walk(node: _Node, parent: _Node | None) -> Iterator[tuple[_Node, _Node | None]]:
    yield node, parent
    for part in node.parts or ():
        yield from _walk(part, node)


def _apply(change: Change, node: _Node, parent: _Node | None) -> None:
    if change.kind in _SIMPLE:
        node.form = change.kind
    elif change.kind in ("drop", "twice", "swap"):
        _apply_among(change.kind, node, parent)
    elif change.kind == "tag":
        node.tag = _TAGS[change.byte % len(_TAGS)]
    elif change.kind == "wrap":
        inner = _Node(node.tag, node.content, node.parts, node.lead, node.form)
        node.tag, node.content, node.parts, node.lead, node.form = 0x30, b"", [inner], b"", "shortest"
    else:
        _apply_within(change, node)


def _apply_among(kind: str, node: _Node, parent: _Node | None) -> None:
    if parent is None or parent.parts is None:
        return
    at = next(index for index, part in enumerate(parent.parts) if part is node)
    if kind == "drop":
        del parent.parts[at]
    elif kind == "twice":
        parent.parts.insert(at, node)
    elif at:
        parent.parts[at - 1 : at + 1] = parent.parts[at], parent.parts[at - 1]


def _apply_within(change: Change, node: _Node) -> None:
    body = node.content if node.parts is None else node.lead + b"".join(part.written() for part in node.parts)
    at = change.byte % max(1, len(body))
    if change.kind == "pieces":
        pieces = [
            _Node(node.tag & ~_CONSTRUCTED, body[:at], None),
            _Node(node.tag & ~_CONSTRUCTED, body[at:], None),
        ]
        node.tag, node.content, node.parts, node.lead = node.tag | _CONSTRUCTED, b"", pieces, b""
        return
    node.parts, node.lead = None, b""
    node.content = {
        "byte": body[:at] + bytes((change.byte,)) + body[at + 1 :],
        "pad": b"\x00" + body,
        "grow": body + bytes((change.byte,)),
        "cut": body[:-1],
        "empty": b"",
    }[change.kind]


def _tree(der: bytes) -> _Node:
    """The elements, those within extensions and keys too. The original is DER."""
    tag = der[0]
    start = 2 if der[1] < 0x80 else 2 + (der[1] & 0x7F)
    body = der[start:]
    if tag & _CONSTRUCTED:
        return _Node(tag, b"", list(map(_tree, _split(body))))
    if tag == _OCTET_STRING and body and is_der(body):
        return _Node(tag, b"", [_tree(body)])
    if tag == _BIT_STRING and body[:1] == b"\x00" and body[1:2] == b"\x30" and is_der(body[1:]):
        return _Node(tag, b"", [_tree(body[1:])], lead=b"\x00")
    return _Node(tag, body, None)


def _split(body: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(body):
        size, start = body[at + 1], at + 2
        if size & 0x80:
            start += size & 0x7F
            size = int.from_bytes(body[at + 2 : start], "big")
        yield body[at : start + size]
        at = start + size


def _ignored() -> Iterator[bytes]:
    """Extensions that a server may ask for and never gets its way with."""
    address = tlv(0x86, b"http://www.example.com/")
    yield extension("2.5.29.14", octets(bytes(20)))
    yield extension("2.5.29.35", seq(tlv(0x80, bytes(20))))
    yield extension("2.5.29.18", seq(tlv(0x82, b"example.com")))
    yield extension("2.5.29.31", seq(seq(tlv(0xA0, tlv(0xA0, address)))))
    yield extension("2.5.29.32", seq(seq(oid("2.23.140.1.2.1"))))
    yield extension("1.3.6.1.5.5.7.1.1", seq(seq(oid("1.3.6.1.5.5.7.48.1"), address)))
    yield extension("1.3.6.1.4.1.311.20.2", tlv(0x1E, "WebServer".encode("utf-16-be")))
    yield extension("1.3.6.1.4.1.99999.1", seq(NULL))


_Make = Callable[[Callable[[bytes], bytes] | None], bytes]


@cache
def _originals(workshop: Workshop) -> dict[str, _Make]:
    """Makers of requests; what they are handed changes the information before it is signed."""
    usages = (
        extension("2.5.29.15", tlv(0x03, b"\x05\xa0"), CRITICAL),
        extension("2.5.29.19", seq()),
        extension("2.5.29.37", seq(oid("1.3.6.1.5.5.7.3.1"), oid("1.3.6.1.5.5.7.3.2"))),
        extension("1.3.6.1.5.5.7.1.24", seq(b"\x02\x01\x05")),
    )
    names = extension(
        SAN,
        seq(*(tlv(0x82, name) for name in (b"www.example.com", b"example.com")), tlv(0x81, b"a@example.com")),
    )
    subject = seq(rdn("2.5.4.6", "NL", 0x13), rdn("2.5.4.10", "Example"), cn("www.example.com"))
    challenge = attribute("1.2.840.113549.1.9.7", tlv(0x0C, b"sesame"))
    version = attribute("1.3.6.1.4.1.311.13.2.3", tlv(0x16, b"10.0.20348.2"))
    lists = {
        "EC with everything": (
            workshop.ec,
            subject,
            sorted((extensions(names, *usages), challenge, version)),
        ),
        "EC, Microsoft's list": (
            workshop.ec,
            subject,
            [extensions(names, *usages, kind=MICROSOFT_EXTENSIONS)],
        ),
        "EC, names alone": (workshop.ec, seq(), [extensions(dns("www.example.com"))]),
        "EC, what is ignored": (workshop.ec, seq(), [extensions(dns("www.example.com"), *_ignored())]),
        "RSA, a common name alone": (workshop.rsa, seq(cn("www.example.com")), []),
    }

    def maker(key: object, subject: bytes, attributes: Sequence[bytes]) -> _Make:
        information = seq(b"\x02\x01\x00", subject, spki_of(key), tlv(0xA0, *attributes))
        original = workshop.signed(information, key, None, hashes.SHA256())

        def make(change: Callable[[bytes], bytes] | None) -> bytes:
            return (
                original
                if change is None
                else workshop.signed(change(information), key, None, hashes.SHA256())
            )

        return make

    return {name: maker(*parts) for name, parts in lists.items()}
