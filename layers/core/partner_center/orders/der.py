"""A strict reader of DER (X.690, 10): what BER allows beyond it is refused, not repaired.

Everything is bounded: lengths, depth, number of elements, object identifiers. Nothing recurses, so that hostile
nesting costs what its bytes cost.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
UTF8, NUMERIC, PRINTABLE, TELETEX, IA5, VISIBLE = 0x0C, 0x12, 0x13, 0x14, 0x16, 0x1A
UNIVERSAL_TEXT, BMP = 0x1C, 0x1E
SEQUENCE, SET = 0x30, 0x31

MAX_DEPTH = 32
MAX_ELEMENTS = 5_000
MAX_OID = 64

_ENUMERATED, _UTC_TIME, _GENERALIZED_TIME, _GENERAL = 0x0A, 0x17, 0x18, 0x1B
_UNIVERSAL = frozenset(
    {
        BOOLEAN,
        INTEGER,
        BIT_STRING,
        OCTET_STRING,
        NULL,
        OID,
        _ENUMERATED,
        UTF8,
        NUMERIC,
        PRINTABLE,
        TELETEX,
        IA5,
    }
    | {_UTC_TIME, _GENERALIZED_TIME, VISIBLE, _GENERAL, UNIVERSAL_TEXT, BMP, SEQUENCE, SET}
)
_PRINTABLE_LETTERS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?")
_UNIVERSAL_CLASS, _CONSTRUCTED, _TAG_NUMBER = 0xC0, 0x20, 0x1F


class NotDer(Exception):
    """The bytes are not the DER that was expected; the text says what is wrong and quotes none of them."""


@dataclass(frozen=True, slots=True)
class Element:
    """One tag-length-value within `source`: header from `start`, content from `body` to `end`."""

    tag: int
    start: int
    body: int
    end: int
    source: bytes = field(repr=False)

    @property
    def content(self) -> bytes:
        return self.source[self.body : self.end]

    @property
    def raw(self) -> bytes:
        return self.source[self.start : self.end]


def read_whole(data: bytes) -> Element:
    """The one element that `data` consists of, itself and everything within it checked. Raises NotDer."""
    root = _read(data, 0, len(data))
    if root.end != len(data):
        raise NotDer("there are bytes behind the end of the structure")
    pending = [(root, 1)]
    count = 0
    while pending:
        element, depth = pending.pop()
        count += 1
        if count > MAX_ELEMENTS:
            raise NotDer("it has too many elements")
        _check_value(element)
        if element.tag & _CONSTRUCTED:
            if depth >= MAX_DEPTH:
                raise NotDer("it is nested too deeply")
            pending.extend((child, depth + 1) for child in children(element))
    return root


def children(parent: Element) -> Iterator[Element]:
    """The elements that fill `parent`, in order."""
    at = parent.body
    while at < parent.end:
        child = _read(parent.source, at, parent.end)
        yield child
        at = child.end


def expect(element: Element, tag: int, what: str) -> Element:
    """`element` itself if it has the tag; NotDer, naming `what`, otherwise."""
    if element.tag != tag:
        raise NotDer(f"{what} is not of the expected type")
    return element


def sequence(element: Element, what: str, *, at_least: int, at_most: int) -> list[Element]:
    """The children of a SEQUENCE that has between `at_least` and `at_most` of them."""
    parts = list(children(expect(element, SEQUENCE, what)))
    if not at_least <= len(parts) <= at_most:
        raise NotDer(f"{what} has {len(parts)} parts instead of {at_least}")
    return parts


def dotted(element: Element, what: str) -> str:
    """An OBJECT IDENTIFIER as `1.2.840.113549`."""
    expect(element, OID, what)
    arcs: list[int] = []
    value = 0
    for byte in element.content:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def unsigned(element: Element, what: str) -> int:
    """An INTEGER that may not be negative."""
    content = expect(element, INTEGER, what).content
    if content[0] & 0x80:
        raise NotDer(f"{what} is negative")
    return int.from_bytes(content, "big")


def bits(element: Element, what: str) -> bytes:
    """A BIT STRING that consists of whole bytes."""
    content = expect(element, BIT_STRING, what).content
    if content[0] != 0:
        raise NotDer(f"{what} does not end on a whole byte")
    return content[1:]


def _read(data: bytes, at: int, limit: int) -> Element:
    if limit - at < 2:
        raise NotDer("it ends in the middle of an element")
    tag, length, body = data[at], data[at + 1], at + 2
    if tag & _TAG_NUMBER == _TAG_NUMBER:
        raise NotDer("it uses a tag that no certificate request has")
    if length & 0x80:
        size = length & 0x7F
        if not 1 <= size <= 4:
            raise NotDer("it has a length of indefinite or absurd form (BER, not DER)")
        if limit - body < size:
            raise NotDer("it ends in the middle of an element")
        length = int.from_bytes(data[body : body + size], "big")
        if length < 0x80 or length >> 8 * (size - 1) == 0:
            raise NotDer("it has a length that is not in its shortest form (BER, not DER)")
        body += size
    if length > limit - body:
        raise NotDer("an element is longer than what surrounds it")
    return Element(tag, at, body, body + length, data)


def _check_value(element: Element) -> None:
    tag = element.tag
    if tag & _UNIVERSAL_CLASS:
        return  # what a context-specific tag holds is known only to the structure around it
    if tag not in _UNIVERSAL:
        raise NotDer(
            "it uses a type that no certificate request has, or a string cut in pieces (BER, not DER)"
        )
    if tag & _CONSTRUCTED:
        return
    if not _VALUE_RULES.get(tag, _any_value)(element.content):
        raise NotDer(f"a value of ASN.1 type {tag} is not in its one canonical form")


def _any_value(_content: bytes) -> bool:
    return True


def _integer(content: bytes) -> bool:
    if len(content) < 2:
        return len(content) == 1
    return not (content[0] == 0 and content[1] < 0x80) and not (content[0] == 0xFF and content[1] >= 0x80)


def _bit_string(content: bytes) -> bool:
    if not content or content[0] > 7:
        return False
    return content[-1] & ((1 << content[0]) - 1) == 0


def _object_identifier(content: bytes) -> bool:
    if not content or len(content) > MAX_OID or content[-1] & 0x80 or content[0] == 0x80:
        return False
    return all(byte != 0x80 or content[at] & 0x80 for at, byte in enumerate(content[1:]))


def _utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


_VALUE_RULES: dict[int, Callable[[bytes], bool]] = {
    BOOLEAN: lambda content: content in (b"\x00", b"\xff"),
    INTEGER: _integer,
    _ENUMERATED: _integer,
    BIT_STRING: _bit_string,
    NULL: lambda content: content == b"",
    OID: _object_identifier,
    UTF8: _utf8,
    PRINTABLE: _PRINTABLE_LETTERS.issuperset,
    IA5: bytes.isascii,
    BMP: lambda content: len(content) % 2 == 0,
    UNIVERSAL_TEXT: lambda content: len(content) % 4 == 0,
}
