"""The outline of a PKCS #10 request (RFC 2986), taken apart without interpreting its values."""

from dataclasses import dataclass

from partner_center.orders.der import (
    OID,
    SEQUENCE,
    SET,
    Element,
    NotDer,
    bits,
    children,
    dotted,
    expect,
    read_whole,
    sequence,
    unsigned,
)

_ATTRIBUTES = 0xA0


@dataclass(frozen=True, slots=True)
class CsrOutline:
    """The parts of a request; `attributes` are (type, values) pairs, no type twice."""

    subject: Element
    spki: Element
    attributes: tuple[tuple[str, tuple[Element, ...]], ...]
    signature_algorithm: str


def read_outline(der: bytes) -> CsrOutline:
    """Take a request apart. Raises NotDer for anything but exactly one request of version 0 in strict DER."""
    information, algorithm, signature = sequence(read_whole(der), "the request", at_least=3, at_most=3)
    bits(signature, "the signature")
    identifier = sequence(algorithm, "the signature algorithm", at_least=1, at_most=2)[0]
    parts = sequence(information, "the request's information", at_least=3, at_most=4)
    if unsigned(parts[0], "the version") != 0:
        raise NotDer("its version is not 0, the only one there is")
    return CsrOutline(
        subject=expect(parts[1], SEQUENCE, "the subject"),
        spki=expect(parts[2], SEQUENCE, "the public key"),
        attributes=_attributes(parts[3]) if len(parts) > 3 else (),
        signature_algorithm=dotted(identifier, "the signature algorithm"),
    )


def _attributes(element: Element) -> tuple[tuple[str, tuple[Element, ...]], ...]:
    attributes: dict[str, tuple[Element, ...]] = {}
    for attribute in children(expect(element, _ATTRIBUTES, "the list of attributes")):
        identifier, values = sequence(attribute, "an attribute", at_least=2, at_most=2)
        kind = dotted(expect(identifier, OID, "an attribute's type"), "an attribute's type")
        if kind in attributes:
            raise NotDer(f"the attribute {kind} is given twice")
        attributes[kind] = tuple(children(expect(values, SET, f"the attribute {kind}")))
        if not attributes[kind]:
            raise NotDer(f"the attribute {kind} has no value")
    return tuple(attributes.items())
