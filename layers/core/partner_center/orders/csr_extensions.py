"""The extensions that a CSR asks for: names are read, harmless ones ignored, the rest refused."""

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from partner_center.kernel.errors import Problem
from partner_center.orders.csr_extension_shapes import (
    DIRECTORY_NAME,
    DNS_NAME,
    EDI_PARTY,
    IP_ADDRESS,
    OTHER_NAME,
    REGISTERED_ID,
    URI,
    X400_ADDRESS,
    require_general_name,
    require_shape,
)
from partner_center.orders.der import (
    BIT_STRING,
    BOOLEAN,
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    Element,
    NotDer,
    children,
    dotted,
    expect,
    read_whole,
    sequence,
)

# PKCS #9's attribute and Microsoft's own (szOID_CERT_EXTENSIONS), which IIS writes.
_EXTENSION_REQUESTS = ("1.2.840.113549.1.9.14", "1.3.6.1.4.1.311.2.1.14")

_SAN, _BASIC_CONSTRAINTS, _KEY_USAGE, _EXTENDED_KEY_USAGE = "2.5.29.17", "2.5.29.19", "2.5.29.15", "2.5.29.37"
_KEY_CERT_SIGN, _CRL_SIGN = 0x04, 0x02  # in the first byte of the key usage (RFC 5280, 4.2.1.3)
_OTHERS_PURPOSES = {
    "1.3.6.1.5.5.7.3.9": "signing OCSP answers",
    "1.3.6.1.4.1.11129.2.4.4": "signing precertificates",
}
_NEVER_A_LEAFS = {
    "2.5.29.30": "name constraints",
    "2.5.29.33": "policy mappings",
    "2.5.29.36": "policy constraints",
    "2.5.29.54": "inhibit any-policy",
    "1.3.6.1.4.1.311.21.1": "the version of a CA",
    "1.3.6.1.4.1.11129.2.4.2": "timestamps of a transparency log",
    "1.3.6.1.4.1.11129.2.4.3": "the poison of a precertificate",
    "1.3.6.1.5.5.7.1.31": "the identifier of an ACME challenge",
    "1.3.6.1.5.5.7.48.1.5": "OCSP no-check",
}
_IGNORED = frozenset(
    {
        *(
            "2.5.29.9",
            "2.5.29.14",
            "2.5.29.16",
            "2.5.29.18",
            "2.5.29.31",
            "2.5.29.32",
            "2.5.29.35",
            "2.5.29.46",
        ),
        *("1.3.6.1.5.5.7.1.1", "1.3.6.1.5.5.7.1.11", "1.3.6.1.5.5.7.1.24"),  # AIA, SIA, TLS feature
        *("1.3.6.1.4.1.311.20.2", "1.3.6.1.4.1.311.21.7", "1.3.6.1.4.1.311.21.10"),  # Microsoft's templates
        "1.2.840.113549.1.9.15",  # S/MIME capabilities
        *("2.16.840.1.113730.1.1", "2.16.840.1.113730.1.13"),  # Netscape's type and comment
    }
)
_OTHER_NAMES = {
    OTHER_NAME: "another kind of name",
    X400_ADDRESS: "an X.400 address",
    DIRECTORY_NAME: "a directory name",
    EDI_PARTY: "an EDI party name",
    URI: "a URI",
    REGISTERED_ID: "a registered identifier",
}


@dataclass(frozen=True, slots=True)
class RequestedExtensions:
    """The DNS names asked for, in order and as given, and what is wrong with the request."""

    dns_names: tuple[str, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Extension:
    kind: str
    critical: bool
    value: bytes


def read_extensions(attributes: Sequence[tuple[str, tuple[Element, ...]]], field: str) -> RequestedExtensions:
    """Read both kinds of extension request. Raises NotDer if they are malformed or repeat an extension."""
    extensions: dict[str, _Extension] = {}
    for kind, values in attributes:
        if kind not in _EXTENSION_REQUESTS:
            continue
        if len(values) != 1:
            raise NotDer("the request for extensions is given twice")
        for extension in _extensions(values[0]):
            if extension.kind in extensions:
                raise NotDer(f"the extension {extension.kind} is given twice")
            extensions[extension.kind] = extension
    names: list[str] = []
    problems: list[Problem] = []
    for extension in extensions.values():
        try:
            value = read_whole(extension.value)
            require_shape(extension.kind, value)
            if extension.kind == _SAN:
                names += _dns_names(value, problems, field)
            else:
                problems += _problems(extension, value, field)
        except NotDer as reason:
            detail = (
                f"The CSR's extension {extension.kind} cannot be read: {reason}. Make a CSR without it, or with "
                "other software."
            )
            problems.append(Problem("csr_malformed", detail, field))
    return RequestedExtensions(tuple(names), tuple(problems))


def _extensions(element: Element) -> Iterator[_Extension]:
    for child in children(expect(element, SEQUENCE, "the list of extensions")):
        identifier, *flag, value = sequence(child, "an extension", at_least=2, at_most=3)
        if flag and expect(flag[0], BOOLEAN, "an extension's critical flag").content == b"\x00":
            raise NotDer("an extension spells out the default of its critical flag (BER, not DER)")
        yield _Extension(
            kind=dotted(identifier, "an extension's type"),
            critical=bool(flag),
            value=expect(value, OCTET_STRING, "an extension's value").content,
        )


def _dns_names(value: Element, problems: list[Problem], field: str) -> Iterator[str]:
    found = list(children(expect(value, SEQUENCE, "the list of names")))
    if not found:
        raise NotDer("it names nothing")
    for name in found:
        require_general_name(name)
        if name.tag == DNS_NAME:
            yield name.content.decode("ascii")
        elif name.tag == IP_ADDRESS:
            address = str(ipaddress.ip_address(name.content))
            detail = f"IP addresses are not certified; make a CSR without {address}."
            problems.append(Problem("name_invalid", detail, field, address))
        elif name.tag in _OTHER_NAMES:  # an e-mail address is dropped, like that of a subject
            detail = f"The CSR asks for {_OTHER_NAMES[name.tag]} as a name; make a CSR with DNS names only."
            problems.append(Problem("name_invalid", detail, field))


def _problems(extension: _Extension, value: Element, field: str) -> Iterator[Problem]:
    if extension.kind in _NEVER_A_LEAFS:
        yield _refused(f"The CSR asks for {_NEVER_A_LEAFS[extension.kind]}", field)
    elif extension.kind == _BASIC_CONSTRAINTS:
        if _asks_for_ca(value):
            yield _refused("The CSR asks for the certificate of a CA", field)
    elif extension.kind == _KEY_USAGE:
        usage = expect(value, BIT_STRING, "the key usage").content[1:2]
        if usage and usage[0] & (_KEY_CERT_SIGN | _CRL_SIGN):
            yield _refused("The CSR asks for a key usage that only a CA has", field)
    elif extension.kind == _EXTENDED_KEY_USAGE:
        for purpose in children(expect(value, SEQUENCE, "the extended key usage")):
            other = _OTHERS_PURPOSES.get(dotted(purpose, "a purpose"))
            if other:
                yield _refused(f"The CSR asks for the purpose of {other}", field)
    elif extension.critical and extension.kind not in _IGNORED:
        yield _refused(f"The CSR asks for the unknown critical extension {extension.kind}", field)


def _asks_for_ca(value: Element) -> bool:
    parts = sequence(value, "the basic constraints", at_least=0, at_most=2)
    if parts and parts[0].tag == BOOLEAN:
        if parts[0].content == b"\x00":
            raise NotDer("it spells out the default of its CA flag (BER, not DER)")
        return True
    for part in parts:
        expect(part, INTEGER, "the path length")
    return bool(parts)  # a path length, which only a CA has


def _refused(what: str, field: str) -> Problem:
    return Problem(
        "csr_extension_not_allowed", f"{what}, which no server certificate has; make a CSR without it.", field
    )
