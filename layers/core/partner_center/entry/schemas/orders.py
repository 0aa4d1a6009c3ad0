"""Orders, their certificates and messages, as answered."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from partner_center.billing.payments import PaymentStatus
from partner_center.catalog.products import LineKind
from partner_center.entry.schemas.domains import Domain
from partner_center.entry.schemas.shared import (
    Count,
    Moment,
    Money,
    OrderId,
    ReissueId,
    Serial,
    Sha256,
    Shape,
)
from partner_center.issuance.record import Reason
from partner_center.kernel.level import Level
from partner_center.notifications.suppressions import Undelivered
from partner_center.orders.deadlines import Cost, DeadlineKind
from partner_center.orders.order import CloseReason, OrderKind, OrderStatus, PaymentKind
from partner_center.orders.requests import (
    Contact,
    Contacts,
    Lifecycle,
    Organization,
)
from partner_center.orders.steps import Actor, StepStatus

KindOfOrder = Literal[OrderKind.NEW, OrderKind.RENEWAL, OrderKind.REPLACEMENT]
WhyClosed = Literal[
    CloseReason.REQUESTED,
    CloseReason.TIMED_OUT,
    CloseReason.REVIEW,
    CloseReason.ORGANIZATION,
    CloseReason.DENIED,
]

StepName = Literal[
    "agreement",
    "domain_verification",
    "organization_verification",
    "verification_call",
    "quality_review",
    "payment",
    "issuance",
]


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
    reason: WhyClosed


class Revoked(Shape):
    """How an issued order ended before its time."""

    at: Moment
    by: str
    reason: Reason


class RecordedAcceptance(Shape):
    """The applicant's acceptance of the subscriber agreement, with the digest of the text."""

    version: str
    sha256: Sha256
    accepted_by: str
    capacity: str
    accepted_at: Moment


class OrderTerm(Shape):
    """How long the order runs; it begins with the first certificate, and the last second counts.

    What is left of the term of an order that is renewed, or that is replaced for its price, is added. A replacement
    that costs nothing has the term of its original.
    """

    days: Count
    """What is paid for."""
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
    free_because: str | None = None
    """Only where it costs nothing."""


class PayingCard(Shape):
    """All that is known here of a card, but for when it ends."""

    brand: str
    last4: Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")]


class Payment(Shape):
    """What pays for the order."""

    contract_id: str
    kind: PaymentKind
    units: Count | None = None
    """Of a bulk contract."""
    card: PayingCard | None = None
    """Of a pay-as-you-go contract: the card that pays for this order."""
    status: PaymentStatus


class Action(Shape):
    """Whether something may be done now."""

    allowed: bool
    reason: (
        Literal[
            "issuing",
            "already_issued",
            "not_issued",
            "order_closed",
            "reissue_limit",
            "reissue_pending",
            "already_renewed",
            "already_replaced",
            "renewal_window",
        ]
        | None
    )
    """The code with which it would be refused."""


class Actions(Shape):
    """What may be done with the order now."""

    cancel: Action
    reissue: Action
    """For the names as they are; other names may need proof first."""
    revoke: Action
    renew: Action
    replace: Action


class Certificate(Shape):
    """One certificate of the order."""

    serial: Serial
    reissue_id: ReissueId | None = None
    """The reissue that it was made for; absent for the order's first."""
    status: Literal["active", "expired", "revoked"]
    not_before: Moment
    not_after: Moment
    names: list[str]
    spki_sha256: Sha256
    revoked_at: Moment | None = None
    reason: Reason | None = None
    """Why it was revoked."""


class Fingerprints(Shape):
    """Digests of the certificate in DER."""

    sha256: Sha256
    sha1: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]
    """The thumbprint by which Windows finds the certificate."""


class CertificateKey(Shape):
    """The subscriber's public key."""

    type: Literal["RSA", "EC"]
    bits: Annotated[int, Field(ge=256)]
    curve: Literal["P-256", "P-384", "P-521"] | None
    """Null for RSA."""


class Downloads(Shape):
    """Paths of the certificate's files, by format."""

    pem: str
    chain: str
    ca: str
    p7b: str
    der: str
    zip: str


class CertificateWithOrder(Certificate):
    """A certificate's page: what stands in it, its order and its files."""

    order_id: OrderId
    generation: Annotated[int, Field(ge=1)]
    """Which certificate of the order: 1 for the first."""
    reissue_id: ReissueId | None
    """The reissue that it was made for; null for the order's first."""
    level: Level
    serial_decimal: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,48}$")]
    """The serial number once more, as some tools show it."""
    subject: str
    """As RFC 4514 writes it."""
    common_name: str | None
    """Null where it would be longer than 64 characters."""
    issuer_id: str
    issuer: str
    """The issuing CA's name, as RFC 4514 writes it."""
    fingerprints: Fingerprints
    key: CertificateKey
    signature_algorithm: Literal["ecdsa-with-SHA256", "ecdsa-with-SHA384", "sha256WithRSAEncryption"]
    downloads: Downloads


class OrderContact(Contact):
    """A person of the order, as read."""

    delivery: Undelivered | None = None
    """Set when the address takes no mail, so that it gets no reminders: `bounced` (no such mailbox; tried again after
    90 days) or `complained` (its owner reported a mail as unwanted).
    """


class OrderContacts(Contacts):
    """Whom the order concerns, as read."""

    technical: OrderContact
    organization: OrderContact | None = None


class NextDeadline(Shape):
    """The next thing to do for an issued order."""

    opens_at: Moment
    """From when it is best done: a reissue `lifecycle.days_before` days before the certificate's end, though not in
    the first half of its life; a renewal 90 days before the end of the term.
    """
    date: Moment
    """The last second that is still good."""
    kind: DeadlineKind
    """reissue: another certificate inside the term; csr: the same, once a new CSR is sent; validation: the same, once
    the names are proven again; renewal: another term.
    """
    cost: Cost
    automatic: bool
    """Whether it happens by itself."""
    names: list[str] | None = None
    """The names that must be proven again for it, as far as the proofs on file tell."""


class Order(Shape):
    """The order information."""

    order_id: OrderId
    status: OrderStatus
    kind: KindOfOrder
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
    revoked: Revoked | None
    authentication: Authentication
    common_name: str
    names: list[str]
    """Exactly what the certificate carries, the common name first."""
    spki_sha256: Sha256
    contacts: OrderContacts
    organization: Organization | None
    agreement: RecordedAcceptance
    lifecycle: Lifecycle | None
    note: str | None
    term: OrderTerm
    certificates: list[Certificate]
    """Newest first; of thousands, or of hundreds with many long names, as many as there is room for."""
    older_certificates: Annotated[int, Field(ge=1)] | None = None
    """How many there was no room for; those of reissues stand under /v1/orders/{order_id}/reissues."""
    price: Price
    payment: Payment
    renewal_of: OrderId | None
    renewed_by: OrderId | None
    replaces: OrderId | None
    replaced_by: OrderId | None
    """Like `renewed_by`: null again once that order ended without a certificate."""
    revoke_original_after_hours: Annotated[int, Field(ge=0, le=120)] | None
    """Of a replacement: how long after its issue the original stays valid."""
    actions: Actions
    next_deadline: NextDeadline | None
    """What is to be done next, inside the term or to go on after it; null when there is nothing to do."""


class OrderFound(Shape):
    """An order in the answer of a search."""

    order_id: OrderId
    status: OrderStatus
    kind: KindOfOrder
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


class CheckAnswer(Shape):
    """Whether the check began."""

    order_id: OrderId
    reissue_id: ReissueId | None = None
    """The reissue under way that was looked at, if there is one; else the order itself was."""
    check: Literal["under_way", "not_yet"]
    """After this look: under_way: every name is proven and the issue is being examined; not_yet: something is still
    to be proven, to be reviewed or to be paid, or holds the order back."""
    items: list[Domain]
    """The names of the order, after the look at what is published."""


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
