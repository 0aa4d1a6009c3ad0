"""Who may approve a certificate by e-mail: addresses computed from the name, or published in its DNS.

Nothing a client sends ever becomes a recipient: it is compared with the computed list, and the list's own
spelling is used (BR 3.2.2.4.4, .13, .14).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from partner_center.validation.authorization_domain import authorization_domains
from partner_center.validation.dns import CaaRecord

LOCAL_PARTS = ("admin", "administrator", "webmaster", "hostmaster", "postmaster")
"""The five of BR 3.2.2.4.4, and no other."""

CONTACT_LABEL = "_validation-contactemail"
"""Where the TXT contact of BR 3.2.2.4.14 is published, below the authorization domain name."""

LONGEST_ADDRESS = 254  # RFC 5321, section 4.5.3.1.3, without the angle brackets
_LONGEST_LOCAL_PART = 64
_LOCAL_PART = r"[A-Za-z0-9_][A-Za-z0-9_+-]*(?:\.[A-Za-z0-9_+-]+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"(?P<local>{_LOCAL_PART})@(?P<domain>(?:{_LABEL}\.)+{_LABEL})")


def constructed_approvers(name: str) -> tuple[str, ...]:
    """The addresses that may approve `name`, those at the nearest authorization domain name first."""
    return tuple(f"{local}@{domain}" for domain in authorization_domains(name) for local in LOCAL_PARTS)


def allowed_approver(address: str, name: str) -> str | None:
    """The constructed approver of `name` that `address` spells, or None if it spells none.

    Only the case of ASCII letters may differ. Send mail to what is returned, never to what was asked for.
    """
    if len(address) > LONGEST_ADDRESS or not address.isascii():
        return None  # str.lower turns some letters outside ASCII, U+212A for one, into ASCII
    asked = address.lower()
    return next((approver for approver in constructed_approvers(name) if approver == asked), None)


class ApproverSource(StrEnum):
    """Where an approver's address comes from."""

    CONSTRUCTED = "constructed"
    """BR 3.2.2.4.4"""
    CAA = "caa"
    """BR 3.2.2.4.13"""
    TXT = "txt"
    """BR 3.2.2.4.14"""

    @property
    def br_section(self) -> str:
        sections = {ApproverSource.CONSTRUCTED: "4", ApproverSource.CAA: "13", ApproverSource.TXT: "14"}
        return f"3.2.2.4.{sections[self]}"


@dataclass(frozen=True, slots=True)
class Contact:
    """An e-mail contact that the domain's DNS names; the domain of `address` is in lower case."""

    address: str
    source: ApproverSource


def contacts_from_records(caa: Iterable[CaaRecord], txt: Iterable[bytes]) -> tuple[Contact, ...]:
    """The contacts in a relevant CAA set and in the TXT records at CONTACT_LABEL, in order, without repeats.

    A value that is not one plain address from end to end is passed over (BR, appendix A.1.1 and A.2.1: no
    padding, no structure). Of what RFC 6532 allows, only letters, digits and "._+-" of ASCII are taken in the
    local part, and no route, literal or quotation.
    """
    published = [(record.value, ApproverSource.CAA) for record in caa if record.tag.lower() == "contactemail"]
    published += [(value, ApproverSource.TXT) for value in txt]
    found = (
        Contact(address, source)
        for value, source in published
        if (address := _plain_address(value)) is not None
    )
    return tuple(dict.fromkeys(found))


def _plain_address(value: bytes) -> str | None:
    if len(value) > LONGEST_ADDRESS or not value.isascii():
        return None
    match = _ADDRESS.fullmatch(value.decode("ascii"))
    if match is None or len(match["local"]) > _LONGEST_LOCAL_PART:
        return None
    return f"{match['local']}@{match['domain'].lower()}"
