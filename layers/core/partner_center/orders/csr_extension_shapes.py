"""The forms of the extensions that are ignored: one that cannot be decoded is refused all the same (RFC 5280, 4.2).

Whoever sends one is not understood by other software either, and what cannot be understood is not signed.
"""

from collections.abc import Callable

from partner_center.orders.der import (
    INTEGER,
    MAX_OID,
    OCTET_STRING,
    OID,
    SEQUENCE,
    SET,
    Element,
    NotDer,
    children,
    expect,
    read_whole,
    sequence,
)

Shape = Callable[[Element], None]

OTHER_NAME, EMAIL, DNS_NAME, X400_ADDRESS, DIRECTORY_NAME = 0xA0, 0x81, 0x82, 0xA3, 0xA4
EDI_PARTY, URI, IP_ADDRESS, REGISTERED_ID = 0xA5, 0x86, 0x87, 0x88
_CONTEXT = 0x80
_CONSTRUCTED = 0x20


def require_shape(kind: str, value: Element) -> None:
    """Raise NotDer if `value` is not of the form of the extension `kind`, where that form is known here."""
    shape = _SHAPES.get(kind)
    if shape is not None:
        shape(value)


def require_general_name(name: Element) -> None:
    """Raise NotDer if `name` is no GeneralName (RFC 5280, 4.2.1.6)."""
    if name.tag in (EMAIL, DNS_NAME, URI):
        if not name.content.isascii():
            raise NotDer("a name is not ASCII; internationalised names are written as A-labels there")
    elif name.tag == IP_ADDRESS:
        if len(name.content) not in (4, 16):
            raise NotDer("an IP address has neither 4 nor 16 bytes")
    elif name.tag == REGISTERED_ID:
        if len(name.content) > MAX_OID:
            raise NotDer("a registered identifier is too long")
        read_whole(bytes((OID, len(name.content))) + name.content)
    elif name.tag == OTHER_NAME:
        _fields(name, (OID, _any), (_CONTEXT | _CONSTRUCTED, _any))
    elif name.tag == DIRECTORY_NAME:
        _fields(name, (SEQUENCE, _any))
    elif name.tag not in (X400_ADDRESS, EDI_PARTY):
        raise NotDer("it holds a kind of name that does not exist")


def _any(_: Element) -> None:
    """Whatever it holds."""


def _of(tag: int) -> Shape:
    def check(value: Element) -> None:
        expect(value, tag, "its value")

    return check


def _list_of(shape: Shape) -> Shape:
    def check(value: Element) -> None:
        for part in children(expect(value, SEQUENCE, "its value")):
            shape(part)

    return check


def _names_in(value: Element) -> None:
    for name in children(value):
        require_general_name(name)


def _record(*known: tuple[int, Shape]) -> Shape:
    """A SEQUENCE of some of the `known` fields, each at most once and in this order."""

    def check(value: Element) -> None:
        expect(value, SEQUENCE, "its value")
        left = iter(known)
        for part in children(value):
            shape = next((shape for tag, shape in left if tag == part.tag), None)
            if shape is None:
                raise NotDer("a field in it is unknown or out of order")
            shape(part)

    return check


def _fields(value: Element, *known: tuple[int, Shape]) -> None:
    """Exactly these parts."""
    parts = list(children(value))
    if [part.tag for part in parts] != [tag for tag, _ in known]:
        raise NotDer("it has other parts than it should")
    for part, (_, shape) in zip(parts, known, strict=True):
        shape(part)


def _access(value: Element) -> None:
    method, location = sequence(value, "a place", at_least=2, at_most=2)
    expect(method, OID, "the way to a place")
    require_general_name(location)


def _policy(value: Element) -> None:
    identifier, *qualifiers = sequence(value, "a policy", at_least=1, at_most=2)
    expect(identifier, OID, "a policy")
    for listed in qualifiers:
        _list_of(_qualifier)(listed)


def _qualifier(value: Element) -> None:
    identifier, _ = sequence(value, "a policy's qualifier", at_least=2, at_most=2)
    expect(identifier, OID, "a policy's qualifier")


def _attribute(value: Element) -> None:
    _fields(expect(value, SEQUENCE, "an attribute"), (OID, _any), (SET, _any))


def _point_name(value: Element) -> None:
    parts = list(children(value))
    if [part.tag for part in parts] == [_CONTEXT | _CONSTRUCTED]:
        _names_in(parts[0])
    elif [part.tag for part in parts] != [_CONTEXT | _CONSTRUCTED | 1]:
        raise NotDer("a distribution point has another kind of name")


_FIELDS_OF_A_POINT = _record((0xA0, _point_name), (0x81, _any), (0xA2, _names_in))


def _distribution_point(value: Element) -> None:
    _FIELDS_OF_A_POINT(value)
    if all(part.tag == _CONTEXT | 1 for part in children(value)):
        raise NotDer("a distribution point names neither a place nor an issuer")


_SHAPES: dict[str, Shape] = {
    "2.5.29.9": _list_of(_attribute),
    "2.5.29.14": _of(OCTET_STRING),
    "2.5.29.16": _record((0x80, _any), (0x81, _any)),
    "2.5.29.18": _list_of(require_general_name),
    "2.5.29.31": _list_of(_distribution_point),
    "2.5.29.32": _list_of(_policy),
    "2.5.29.35": _record((0x80, _any), (0xA1, _names_in), (0x82, _any)),
    "2.5.29.46": _list_of(_distribution_point),
    "1.3.6.1.5.5.7.1.1": _list_of(_access),
    "1.3.6.1.5.5.7.1.11": _list_of(_access),
    "1.3.6.1.5.5.7.1.24": _list_of(_of(INTEGER)),  # features of TLS (RFC 7633)
}
