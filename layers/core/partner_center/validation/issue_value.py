"""The value of a CAA `issue` property, which persistent DNS proofs borrow (RFC 8659, section 4.2; BR 3.2.2.4.22)."""

import re
from dataclasses import dataclass

_WSP = b" \t"
_DOMAIN_LABEL = rb"[A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*"
_ISSUER_DOMAIN = re.compile(rb"%b(?:\.%b)*" % (_DOMAIN_LABEL, _DOMAIN_LABEL))
_PARAMETER_TAG = re.compile(_DOMAIN_LABEL)
_PARAMETER_VALUE = re.compile(rb"[\x21-\x3a\x3c-\x7e]*")

_BR_METHOD = re.compile(r"3\.2\.2\.4\.([1-9][0-9]?)")
_ACME_LABELS = {"19": "http-01", "20": "tls-alpn-01", "21": "dns-account-01"}


@dataclass(frozen=True, slots=True)
class IssueValue:
    """The parsed value of an `issue` or `issuewild` property; an empty `domain` forbids issuance.

    `parameters` keep their order and their repeats; their tags are in lower case.
    """

    domain: str
    parameters: tuple[tuple[str, str], ...] = ()

    def values_of(self, tag: str) -> tuple[str, ...]:
        return tuple(value for key, value in self.parameters if key == tag)


def parse_issue_value(value: bytes) -> IssueValue | None:
    """Reads the grammar of RFC 8659, section 4.2; None for what does not match it."""
    issuer, semicolon, rest = value.partition(b";")
    domain = issuer.strip(_WSP)
    if domain and not _ISSUER_DOMAIN.fullmatch(domain):
        return None
    parameters: list[tuple[str, str]] = []
    if semicolon and rest.strip(_WSP):
        for part in rest.split(b";"):
            parameter = _parse_parameter(part)
            if parameter is None:
                return None
            parameters.append(parameter)
    return IssueValue(domain.decode("ascii").lower(), tuple(parameters))


def _parse_parameter(part: bytes) -> tuple[str, str] | None:
    tag, equals, value = (piece.strip(_WSP) for piece in part.partition(b"="))
    if not equals or not _PARAMETER_TAG.fullmatch(tag) or not _PARAMETER_VALUE.fullmatch(value):
        return None
    return tag.decode("ascii").lower(), value.decode("ascii")


def method_labels(br_section: str) -> frozenset[str]:
    """The `validationmethods` labels that permit a proof by this section of BR 3.2.2.4.

    Always `ca-tbr-<n>`, and the ACME name as well where the section is an ACME method. Raises ValueError for
    anything but "3.2.2.4.<n>".
    """
    match = _BR_METHOD.fullmatch(br_section)
    if match is None:
        raise ValueError(f"not a validation method of BR 3.2.2.4: {br_section!r}")
    number = match[1]
    return frozenset({f"ca-tbr-{number}", _ACME_LABELS.get(number, f"ca-tbr-{number}")})
