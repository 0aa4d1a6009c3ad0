"""Is this DER? Read as BER, write as DER, compare: another way to the answer than the gate's list of rules.

Whatever BER allows is read, indefinite lengths and strings in pieces included, so that only the comparison decides.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

_BOOLEAN, _INTEGER, _BIT_STRING, _NULL, _OID, _ENUMERATED = 1, 2, 3, 5, 6, 10
_SEQUENCE, _SET = 16, 17
_CODECS = {12: "utf-8", 18: "ascii", 19: "ascii", 20: "latin-1", 22: "ascii", 26: "latin-1"}
_CODECS |= {28: "utf-32-be", 30: "utf-16-be"}
_PRINTABLE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?")
_DEEPEST, _LONGEST_OID = 32, 64  # the rules say: sane lengths


class NotBer(Exception):
    """Not even BER."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value with its class (0 to 3) and number; either `parts` or `content` says what it holds."""

    kind: int
    number: int
    content: bytes
    parts: Sequence["Value"] | None

    def is_universal(self, number: int) -> bool:
        return self.kind == 0 and self.number == number


def dotted(value: Value) -> str:
    """An OBJECT IDENTIFIER as `2.5.4.3`. Raises NotBer for anything else."""
    if not value.is_universal(_OID):
        raise NotBer("no identifier")
    first, *arcs = _arcs(_only(value.content))
    root = min(first // 40, 2)
    return ".".join(map(str, (root, first - 40 * root, *arcs)))


def text_of(value: Value) -> str:
    """What a string says. Raises NotBer for what is no string, or not in its encoding."""
    if value.kind != 0 or value.number not in _CODECS or value.parts is not None:
        raise NotBer("no text")
    return _text(value.number, value.content).decode(_CODECS[value.number])


def read(data: bytes) -> Value:
    """The one value in `data`. Raises NotBer."""
    value, end = _read(data, 0, len(data), 0)
    if end != len(data):
        raise NotBer("bytes behind the end")
    return value


def is_der(data: bytes) -> bool:
    """Whether `data` is one value in the distinguished encoding (X.690, 10 and 11)."""
    try:
        return write(read(data)) == data
    except NotBer:
        return False


def write(value: Value) -> bytes:
    """The distinguished encoding. Raises NotBer for content that the type does not allow."""
    if value.parts is None:
        return _element(value, 0, _content(value))
    if value.kind == 0 and value.number not in (_SEQUENCE, _SET):
        joined = b"".join(part.content for part in value.parts)  # a string in pieces
        return write(Value(0, value.number, joined, None))
    parts = [write(part) for part in value.parts]
    return _element(value, 0x20, b"".join(sorted(parts) if value.is_universal(_SET) else parts))


def _element(value: Value, form: int, content: bytes) -> bytes:
    if value.number < 31:
        tag = bytes((value.kind << 6 | form | value.number,))
    else:
        tag = bytes((value.kind << 6 | form | 31,)) + _septets(value.number)
    size = len(content)
    if size < 0x80:
        return tag + bytes((size,)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return tag + bytes((0x80 | len(length),)) + length + content


def _content(value: Value) -> bytes:
    if value.kind != 0:
        return value.content
    if value.number in (_SEQUENCE, _SET):
        raise NotBer("a structure without parts")
    written = _WRITTEN.get(value.number)
    return _text(value.number, value.content) if written is None else written(value.content)


def _boolean(content: bytes) -> bytes:
    return b"\x00" if _only(content, at_most=1) == b"\x00" else b"\xff"


def _whole(content: bytes) -> bytes:
    whole = int.from_bytes(_only(content), "big", signed=True)
    return whole.to_bytes((whole + (whole < 0)).bit_length() // 8 + 1, "big", signed=True)


def _bits(content: bytes) -> bytes:
    unused = _only(content)[0]
    if unused > 7 or (unused and len(content) == 1):
        raise NotBer("impossible unused bits")
    return content[:-1] + bytes((content[-1] & 0xFF << unused & 0xFF,)) if unused else content


def _identifier(content: bytes) -> bytes:
    return b"".join(_septets(arc) for arc in _arcs(_only(content, at_most=_LONGEST_OID)))


_WRITTEN: dict[int, Callable[[bytes], bytes]] = {
    _BOOLEAN: _boolean,
    _INTEGER: _whole,
    _ENUMERATED: _whole,
    _BIT_STRING: _bits,
    _NULL: lambda _: b"",
    _OID: _identifier,
}


def _text(number: int, content: bytes) -> bytes:
    codec = _CODECS.get(number)
    if codec is None:
        return content
    try:
        text = content.decode(codec)
    except UnicodeDecodeError:
        raise NotBer("text that is not in its encoding") from None
    if number == 19 and not _PRINTABLE.issuperset(text):
        raise NotBer("a letter that a PrintableString has not")
    return content


def _only(content: bytes, at_most: int | None = None) -> bytes:
    if not content or (at_most and len(content) > at_most):
        raise NotBer("content of the wrong size")
    return content


def _arcs(content: bytes) -> list[int]:
    if content[-1] & 0x80:
        raise NotBer("an unfinished identifier")
    arcs, value = [], 0
    for byte in content:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            arcs.append(value)
            value = 0
    return arcs


def _septets(value: int) -> bytes:
    septets = [value & 0x7F]
    while value := value >> 7:
        septets.append(0x80 | value & 0x7F)
    return bytes(reversed(septets))


def _read(data: bytes, at: int, limit: int, depth: int) -> tuple[Value, int]:
    if depth > _DEEPEST:
        raise NotBer("too deep")
    first, at = _byte(data, at, limit), at + 1
    number = first & 0x1F
    if number == 31:
        number, more = 0, 0x80
        while more:
            more = _byte(data, at, limit)
            number, more, at = number << 7 | more & 0x7F, more & 0x80, at + 1
    size, at = _byte(data, at, limit), at + 1
    constructed = bool(first & 0x20)
    if size == 0x80:
        if not constructed:
            raise NotBer("a primitive value of indefinite length")
        parts, at = _parts(data, at, limit, depth, open_ended=True)
        return Value(first >> 6, number, b"", parts), at
    if size > 0x80:
        bytes_of_it = size & 0x7F
        size = int.from_bytes(data[at : at + bytes_of_it], "big")
        at += bytes_of_it
    if at + size > limit:
        raise NotBer("longer than what surrounds it")
    if constructed:
        parts, _ = _parts(data, at, at + size, depth, open_ended=False)
        return Value(first >> 6, number, b"", parts), at + size
    return Value(first >> 6, number, data[at : at + size], None), at + size


def _parts(data: bytes, at: int, limit: int, depth: int, *, open_ended: bool) -> tuple[list[Value], int]:
    parts = []
    while open_ended or at < limit:
        part, at = _read(data, at, limit, depth + 1)
        if open_ended and part == Value(0, 0, b"", None):
            break
        parts.append(part)
    return parts, at


def _byte(data: bytes, at: int, limit: int) -> int:
    if at >= limit:
        raise NotBer("it ends too early")
    return data[at]
