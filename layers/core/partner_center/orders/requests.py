"""An order as the reseller posts it (docs/openapi.json, OrderRequest): shapes and sizes, nothing of meaning."""

from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    EmailStr,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
)

from partner_center.orders.content import Method


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("control characters are not allowed here")
    return text


REFERENCE_PATTERN = r"^[\x21-\x7e]{1,64}$"
COUNTRY_PATTERN = r"^[A-Za-z]{2}$"
PHONE_PATTERN = r"^\+?[0-9 ().-]{6,32}$"
Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=128),
    AfterValidator(_printable),
]
Reference = Annotated[str, StringConstraints(pattern=REFERENCE_PATTERN)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
Country = Annotated[str, StringConstraints(pattern=COUNTRY_PATTERN, to_upper=True)]
Phone = Annotated[str, StringConstraints(strip_whitespace=True, pattern=PHONE_PATTERN)]


def _mailable(address: str) -> str:
    # SES has no SMTPUTF8: such an address would be accepted now and lose the certificate's mail later.
    local, _, domain = address.rpartition("@")
    if not local.isascii():
        raise ValueError("the part before the @ must be plain ASCII, or no mail can be delivered")
    # A top-level domain is alphabetic (RFC 1123, 2.1), and the mailer refuses any other.
    if not domain.rpartition(".")[2][:1].isalpha():
        raise ValueError("no domain ends like this, so no mail can be delivered")
    return address


def _no_address(text: str) -> str:
    # These texts stand in approval mails beside the one link that may stand there.
    if any(sign in text for sign in "/\\@<>"):
        raise ValueError("a person's name has none of / \\ @ < >")
    return text


def plain_text(text: str) -> str:
    if not all(letter.isprintable() or letter in "\n\r\t" for letter in text):
        raise ValueError("control characters are not allowed here")
    return text


Person = Annotated[Line, AfterValidator(_no_address)]
Email = Annotated[EmailStr, StringConstraints(max_length=254), AfterValidator(_mailable)]


class Shape(BaseModel):
    """Unknown fields are refused: a misspelt option that is silently ignored costs money later."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Contact(Shape):
    """A person of the order; the phone number is never used for the verification call."""

    first_name: Person
    last_name: Person
    email: Email
    phone: Phone
    title: Person | None = None


class Contacts(Shape):
    """Whom the order concerns; the organization contact is needed from OV upwards."""

    technical: Contact
    organization: Contact | None = None


class Organization(Shape):
    """The applicant, as it will stand in the certificate once verified (OV, EV)."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=64)]
    street: Line
    locality: Line
    state: Line | None = None
    postal_code: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=16)]
    country: Country
    registration_number: Reference | None = None
    business_category: (
        Literal["Private Organization", "Government Entity", "Business Entity", "Non-Commercial Entity"]
        | None
    ) = None
    jurisdiction: Line | None = None


class MethodChoice(Shape):
    """A method for one name, and for e-mail the address that shall approve."""

    method: Method
    approver_email: Annotated[str, StringConstraints(max_length=320)] | None = None


class DomainControl(MethodChoice):
    """The method for all names, with exceptions for single ones."""

    names: Annotated[dict[str, MethodChoice], Field(max_length=100)] = {}


class Acceptance(Shape):
    """The applicant's own acceptance of the subscriber agreement: who, in which capacity, which version."""

    version: Line
    accepted_by: Line
    capacity: Line


class Lifecycle(Shape):
    """What happens by itself during the term."""

    auto_reissue: StrictBool = False
    key: Literal["same", "new_csr"] = "new_csr"
    days_before: Annotated[StrictInt, Field(ge=1, le=90)] = 30
    reminders: StrictBool = True


class OrderRequest(Shape):
    """The body of POST /v1/orders and /v1/orders/validate."""

    product: Line
    csr: Annotated[str, StringConstraints(min_length=1, max_length=262_144)]
    common_name: Name | None = None
    additional_domains: Annotated[list[Name], Field(max_length=1000)] = []
    term_days: Annotated[StrictInt, Field(ge=1, le=3660)] | None = None
    contract_id: Reference | None = None
    partner_order_id: Reference | None = None
    customer_id: Reference | None = None
    contacts: Contacts
    organization: Organization | None = None
    domain_control: DomainControl | None = None
    agreement: Acceptance
    lifecycle: Lifecycle | None = None
    note: Annotated[str, StringConstraints(max_length=2000), AfterValidator(plain_text)] | None = None
