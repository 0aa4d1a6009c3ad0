"""What was ordered, as it is stored and read: plain values, made by the enrolment gates alone.

What comes from outside is examined by `orders.requests`. Nothing is examined again here, so that the many
functions that read an order do not load a validation library to do so.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from partner_center.kernel.clock import parse_rfc3339
from partner_center.kernel.stored import read_as

CHOICE = ("method", "approver_email")
"""The fields of a method as it is given, for all names or for one."""


class Method(StrEnum):
    """How control of a domain is shown; `validation.challenges` maps each to its BR section."""

    EMAIL = "email"
    DNS_TXT = "dns_txt"
    DNS_CNAME = "dns_cname"
    HTTP_FILE = "http_file"
    DNS_PERSIST = "dns_persist"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person of the order; the phone number is never used for the verification call."""

    first_name: str
    last_name: str
    email: str
    phone: str
    title: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contacts:
    """Whom the order concerns; the organization contact is needed from OV upwards."""

    technical: Contact
    organization: Contact | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """The applicant, as it will stand in the certificate once verified (OV, EV)."""

    name: str
    street: str
    locality: str
    state: str | None = None
    postal_code: str
    country: str
    registration_number: str | None = None
    business_category: str | None = None
    jurisdiction: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """What happens by itself during the term."""

    auto_reissue: bool = False
    key: str = "new_csr"
    days_before: int = 30
    reminders: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenMethod:
    """How one name is to be proven; an approver that DNS names comes with `source` and the domain it speaks for."""

    method: Method
    approver_email: str | None = None
    source: str = "constructed"
    domain: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedAgreement:
    """The applicant's acceptance, with the digest of the text that was accepted."""

    version: str
    sha256: str
    accepted_by: str
    capacity: str
    accepted_at: datetime
    key_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PricePart:
    """One line of the price: `quantity` times `unit`, and for each of them so many `units` of a bulk contract."""

    kind: str
    quantity: int
    unit: str
    amount: str
    units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Names and methods as the reseller gave them, beside those of the CSR: what an amendment starts from."""

    common_name: str | None = None
    additional_domains: tuple[str, ...] = ()
    domain_control: Mapping[str, Any] | None = None


class Certified(Protocol):
    """What a certificate is for: the key's digest in hexadecimal, and the DNS names."""

    @property
    def spki_sha256(self) -> str: ...

    @property
    def names(self) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderContent:
    """What was ordered, as one revision of it; a change of any of this makes a new revision.

    `csr_der` and `spki_sha256` are hexadecimal; `names` is exactly what the certificate will carry, the
    common name first. `free_because` says why it costs nothing, where it does.
    """

    csr_der: str
    spki_der: str
    spki_sha256: str
    names: tuple[str, ...]
    common_name: str
    given: Given
    contacts: Contacts
    organization: Organization | None = None
    methods: Mapping[str, ChosenMethod]
    agreement: AcceptedAgreement
    price: tuple[PricePart, ...]
    free_because: str | None = None
    lifecycle: Lifecycle | None = None
    note: str | None = None

    def is_certified_by(self, certificate: Certified) -> bool:
        """Whether the certificate is for this key and these names, no more and no fewer."""
        return certificate.spki_sha256 == self.spki_sha256 and set(certificate.names) == set(self.names)


def plain(value: Contacts | Organization | Lifecycle) -> dict[str, Any]:
    """The value as JSON has it, without what is not there."""
    return asdict(value, dict_factory=_without_none)


def contacts_from(stored: Mapping[str, Any]) -> Contacts:
    """The contacts in their plain form."""
    organization = stored.get("organization")
    return Contacts(
        technical=read_as(Contact, stored["technical"]),
        organization=read_as(Contact, organization) if organization else None,
    )


def content_to_json(content: OrderContent) -> str:
    """The stored form."""
    values = asdict(content, dict_factory=_without_none)
    values["agreement"]["accepted_at"] = content.agreement.accepted_at.isoformat()
    return json.dumps(values, separators=(",", ":"), ensure_ascii=False)


def content_from_json(text: str) -> OrderContent:
    """The inverse of `content_to_json`."""
    stored = json.loads(text)
    organization, lifecycle = stored.get("organization"), stored.get("lifecycle")
    agreement = stored["agreement"]
    return OrderContent(
        csr_der=stored["csr_der"],
        spki_der=stored["spki_der"],
        spki_sha256=stored["spki_sha256"],
        names=tuple(stored["names"]),
        common_name=stored["common_name"],
        given=Given(
            common_name=stored["given"].get("common_name"),
            additional_domains=tuple(stored["given"]["additional_domains"]),
            domain_control=_known_control(stored["given"].get("domain_control")),
        ),
        contacts=contacts_from(stored["contacts"]),
        organization=read_as(Organization, organization) if organization else None,
        methods={
            name: read_as(ChosenMethod, chosen | {"method": Method(chosen["method"])})
            for name, chosen in stored["methods"].items()
        },
        agreement=read_as(
            AcceptedAgreement, agreement | {"accepted_at": parse_rfc3339(agreement["accepted_at"])}
        ),
        price=tuple(read_as(PricePart, part) for part in stored["price"]),
        free_because=stored.get("free_because"),
        lifecycle=read_as(Lifecycle, lifecycle) if lifecycle else None,
        note=stored.get("note"),
    )


def _known_control(stored: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Methods as they were given, with the fields that a request may have: an amendment posts them once more."""
    if stored is None:
        return None
    names = {name: _fields_of_a_choice(choice) for name, choice in stored.get("names", {}).items()}
    return _fields_of_a_choice(stored) | ({"names": names} if "names" in stored else {})


def _fields_of_a_choice(stored: Mapping[str, Any]) -> dict[str, Any]:
    return {name: stored[name] for name in CHOICE if name in stored}


def _without_none(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: value for name, value in pairs if value is not None}
