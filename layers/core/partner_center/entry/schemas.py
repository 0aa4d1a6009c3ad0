"""The answers of the public interface, written down once: what docs/openapi.json is generated from.

No function imports this module: the views make the answers, and tests hold views and shapes together.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from partner_center.catalog.products import Brand, LineKind, WildcardRule
from partner_center.kernel.level import Level
from partner_center.orders.authentication import Actor, StepStatus
from partner_center.orders.order import CloseReason, OrderKind, OrderStatus, PaymentKind
from partner_center.orders.requests import Contacts, Lifecycle, Method, Organization
from partner_center.validation.challenges import ChallengeStatus, Decision

Moment = Annotated[
    str,
    StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$"),
    Field(json_schema_extra={"format": "date-time"}),
]
OrderId = Annotated[str, StringConstraints(pattern=r"^ord_[0-9a-z]{26}$")]
Serial = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{1,40}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0)]
StepName = Literal[
    "agreement",
    "domain_verification",
    "organization_verification",
    "verification_call",
    "quality_review",
    "payment",
    "issuance",
]


class Shape(BaseModel):
    """Strict for us, so that a view cannot answer more than is written here; readers ignore what they do not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


# ---- refusals


class Problem(Shape):
    """One thing wrong with a request."""

    code: str
    """Stable; codes are added and never renamed."""
    field: str | None = Field(default=None, json_schema_extra={"format": "json-pointer"})
    """Where in the body, as a JSON Pointer (RFC 6901); absent when it concerns no single field."""
    name: str | None = None
    """The DNS name concerned, if one is."""
    detail: str
    """What to do, in a sentence."""
    order_id: OrderId | None = None
    """The order that stands in the way."""


class ProblemDocument(Shape):
    """A refusal (RFC 9457), with every problem found."""

    type: Annotated[str, StringConstraints(pattern=r"^urn:partner-center:problem:[a-z_]+$")]
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    code: str
    """Stable; what a program decides by."""
    detail: str
    request_id: str
    """Also in the X-Request-Id header; quote it when you ask."""
    problems: list[Problem]
    order_id: OrderId | None = None
    """The order concerned; in conflicts with its state."""


# ---- catalog


class Money(Shape):
    """An amount without tax."""

    amount: Annotated[str, StringConstraints(pattern=r"^\d+\.\d{2}$")]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class Prices(Shape):
    """What the product, each further name and each further wildcard cost for a term."""

    base: Money
    name: Money | None = None
    wildcard_name: Money | None = None


class Units(Shape):
    """The same in units of a bulk contract."""

    base: Count
    name: Count | None = None
    wildcard_name: Count | None = None


class Term(Shape):
    """How long an order may run, and its rates."""

    days: Count
    price: Prices
    units: Units


class Product(Shape):
    """A certificate on sale."""

    code: str
    name: str
    brand: Brand
    level: Level
    max_names: Count
    included_names: Count
    """How many names the base price covers."""
    wildcard: WildcardRule
    """Which names may be wildcards: none; base, one of them; san, any beside a plain name; base_and_san, any."""
    default_term_days: Count
    terms: list[Term]
    price: Money
    """Of an order with the default term and no more than the included names."""
    units: Count
    """Likewise."""
    validation_methods: list[Method]
    caa_issuer: str
    """The issuer domain name to put into CAA records (RFC 8659)."""
    caa_issuers: list[str]
    agreement_version: str


class ProductList(Shape):
    """All products; there is one page."""

    items: list[Product]
    next_cursor: None


class Agreement(Shape):
    """The subscriber agreement that an applicant accepts."""

    product: str
    version: str
    text: str
    hash: Sha256
    hash_algorithm: Literal["SHA-256"]
    """Over the UTF-8 bytes of the text."""


# ---- orders


class Step(Shape):
    """One step of the authentication status."""

    step: StepName
    status: StepStatus
    """pending: the system is at work; in_progress: somebody must act."""
    updated_at: Moment | None
    reason: str | None
    next_action: str | None
    actor: Actor | None
    """Who must act."""
    due_at: Moment | None


class Authentication(Shape):
    """Where the order stands, step by step."""

    status: StepStatus
    """What fails or needs somebody outweighs what is under way."""
    steps: list[Step]


class Closed(Shape):
    """How the order ended without a certificate."""

    at: Moment
    by: str
    reason: CloseReason


class RecordedAcceptance(Shape):
    """The applicant's acceptance of the subscriber agreement, with the digest of the text."""

    version: str
    sha256: Sha256
    accepted_by: str
    capacity: str
    accepted_at: Moment


class OrderTerm(Shape):
    """How long the order runs; it begins with the first certificate, and the last second counts."""

    days: Count
    from_: Moment | None = Field(alias="from")
    to: Moment | None


class PriceLine(Shape):
    """`quantity` times `unit` is `amount`."""

    kind: LineKind
    quantity: Count
    unit: Money
    amount: Money


class Price(Shape):
    """The price without tax, fixed when the order was placed."""

    net: Money
    lines: list[PriceLine]


class Payment(Shape):
    """What pays for the order."""

    contract_id: str
    kind: PaymentKind
    units: Count | None = None
    """Of a bulk contract."""
    status: Literal["held", "captured", "released"]


class Action(Shape):
    """Whether something may be done now."""

    allowed: bool
    reason: Literal["issuing", "already_issued", "order_closed"] | None
    """The code with which it would be refused."""


class Actions(Shape):
    """What may be done with the order now."""

    cancel: Action


class Certificate(Shape):
    """One certificate of the order."""

    serial: Serial
    status: Literal["active", "expired"]
    not_before: Moment
    not_after: Moment
    names: list[str]
    spki_sha256: Sha256


class CertificateWithOrder(Certificate):
    """A certificate, its order and its issuing CA."""

    order_id: OrderId
    issuer_id: str


class Order(Shape):
    """The order information."""

    order_id: OrderId
    status: OrderStatus
    kind: OrderKind
    product: str
    partner_order_id: str | None
    """The reseller's own number."""
    customer_id: str | None
    """The reseller's own id of the end customer; proofs belong to it."""
    placed_at: Moment
    updated_at: Moment
    pending_until: Moment | None
    """When a pending order is cancelled: 30 days after the last mail or change, 90 days after placing."""
    closed: Closed | None
    authentication: Authentication
    common_name: str
    names: list[str]
    """Exactly what the certificate carries, the common name first."""
    spki_sha256: Sha256
    contacts: Contacts
    organization: Organization | None
    agreement: RecordedAcceptance
    lifecycle: Lifecycle | None
    note: str | None
    term: OrderTerm
    certificates: list[Certificate]
    """Newest first."""
    price: Price
    payment: Payment
    renewal_of: OrderId | None
    renewed_by: OrderId | None
    replaces: OrderId | None
    replaced_by: OrderId | None
    actions: Actions
    next_deadline: None
    """Always null at present."""


class OrderFound(Shape):
    """An order in the answer of a search."""

    order_id: OrderId
    status: OrderStatus
    kind: OrderKind
    product: str
    common_name: str
    partner_order_id: str | None
    customer_id: str | None
    placed_at: Moment
    serial: Serial | None
    """Of the newest certificate."""


class OrderList(Shape):
    """A page of orders, in the order of their common names."""

    items: list[OrderFound]
    next_cursor: str | None
    """The `cursor` of the next page; null at the end."""


class CancelRequest(Shape):
    """The reseller's own words; kept in the audit record and not shown to anybody."""

    reason: Annotated[str, StringConstraints(max_length=500)] | None = None


class CheckAnswer(Shape):
    """Whether the check began."""

    order_id: OrderId
    check: Literal["under_way", "not_yet"]
    """under_way: an issue that was held back is examined again; not_yet: nothing is held back."""


class Message(Shape):
    """A message on the order."""

    message_id: str
    at: Moment
    from_: Literal["system"] = Field(alias="from")
    text: str


class MessageList(Shape):
    """A page of messages, newest first."""

    items: list[Message]
    next_cursor: str | None
    """The `cursor` of the next page; null at the end."""


# ---- domains


class Attempt(Shape):
    """One answer or check."""

    at: Moment
    result: ChallengeStatus
    detail: str
    perspectives: Annotated[list[str], Field(max_length=0)]
    """Empty: a mail is answered at one place."""


class Evidence(Shape):
    """What the proof rests on."""

    method: Method
    br_section: str
    """Section of the Baseline Requirements."""
    authorization_domain: str
    checked_at: Moment
    """The oldest datum of the check; the age of the proof counts from it."""


class Domain(Shape):
    """One name of the order. Before its challenge is made, only what was chosen is there."""

    name: str
    method: Method
    status: ChallengeStatus
    authorization_domain: str | None = None
    approver_email: str | None
    sent_at: Moment | None = None
    expires_at: Moment | None = None
    """When the approval link ends."""
    attempts: list[Attempt]
    valid_until: Moment | None = None
    """How long the proof may be used, by the rules of the day it was made."""
    evidence: Evidence | None = None


class DomainList(Shape):
    """All names of the order; there is one page."""

    items: list[Domain]
    next_cursor: None


# ---- approval


class ApprovalForm(BaseModel):
    """The form of the approval page."""

    decision: Decision
