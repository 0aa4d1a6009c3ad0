"""What an order is: its head, its content by revision, how it began and when it ends."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil

from partner_center.billing.payments import PaymentStatus
from partner_center.issuance.record import Reason
from partner_center.kernel.level import Level
from partner_center.kernel.money import Money
from partner_center.orders.content import OrderContent
from partner_center.orders.restarts import MOST_RESTARTS, PAUSES, Restarts


class OrderStatus(StrEnum):
    """The states of the public interface; there are no others."""

    PENDING = "pending"
    ISSUED = "issued"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    REVOKED = "revoked"
    EXPIRED = "expired"


class OrderKind(StrEnum):
    """Why the order was placed."""

    NEW = "new"
    RENEWAL = "renewal"
    REPLACEMENT = "replacement"
    REISSUE = "reissue"
    """Not an order: the enrolment of a reissue, which is never shown as one."""


class CloseReason(StrEnum):
    """Why a pending order ended without a certificate."""

    REQUESTED = "requested"
    TIMED_OUT = "timed_out"
    REVIEW = "review"
    ORGANIZATION = "organization"
    DENIED = "denied"
    ORDER_REVOKED = "order_revoked"
    """Of a reissue alone."""


class Review(StrEnum):
    """How far the screening of a pending order is (M66, M67)."""

    DUE = "due"
    """The present content has not been screened yet."""
    CLEAR = "clear"
    WAITING = "waiting"
    """Flagged; a reviewer decides."""
    RELEASED = "released"


class PaymentKind(StrEnum):
    """Prepaid units, or a card."""

    BULK = "bulk"
    PAY_AS_YOU_GO = "pay_as_you_go"


PATIENCE = timedelta(days=30)
LONGEST_PENDING = timedelta(days=90)
A_MINUTE = 60
"""In seconds: the wait of an order whose time is up, and which is not closed yet."""
FIRST_LOOK = timedelta(hours=1)
"""After its last change an order is looked at by the reconciler; the machine's own retries take less."""


@dataclass(frozen=True, slots=True)
class Closed:
    """How an order ended: when, by whom, why."""

    at: datetime
    by: str
    reason: CloseReason


@dataclass(frozen=True, slots=True)
class Revoked:
    """How an issued order ended before its time: when, by whom, why."""

    at: datetime
    by: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class OrderHead:
    """The small, often written part of an order.

    `revision` counts its contents, `round` the times its approvers were asked anew, `generation` its certificates,
    `attempt` its executions, `version` every change of the head. A challenge of an earlier round is dead. `review`
    is how far the screening of the present content is, since `review_since`, and `review_reason` why a reviewer
    looks. `signing` holds from the preflight's claim to the stored certificate: the point of no return, in which
    amendments and cancellations are refused. `held_back` is why a preflight held the order back, `unanswered` how
    many in a row did so only because too few look-ups were answered or a list of ours did not serve, `checked_at`
    when the reseller last asked for another, `caa_refusal` the preflight in which CAA refused a name that it permits
    on a proof by another method, until one finds otherwise, `checked_refusal` what that was when the reseller asked,
    empty if it was none.
    `subscriber` is whom proofs belong to: the reseller's
    customer_id, or this order's lineage.

    `payment` is where its money is. An order paid by card has the `card_id` it was placed with, or that staff gave it
    since; `payment_attempt` counts the times a card was asked, and `settle_at` is when its money is to be moved next.
    `payment_since` is since when its money stands there, or is to be moved from there. `payment_misfits`: another
    amount was taken than the pending order costs, so that staff must see to it.

    A reissue is an enrolment of its own: its head has the id of `kernel.ids.enrolment_of_reissue`, holds no units,
    and ends with the term of its order. The order knows those under way: `open_reissue` is the one that needed proof
    when it was asked for, `passing_reissues` are those that did not. `early_reissues` counts those of its first 30
    days that were not given up, and `generation` is the last number that was given to a certificate.

    `renewal_of` and `replaces` name the order before this one, `renewed_by` and `replaced_by` the one placed after
    it, unless that ended without a certificate. `term_from` is where a term begins that does not begin with this
    order's own first certificate: that of a replacement which costs nothing is what is left of the term that was paid
    for. `revoke_original_after_hours` is how long after the issue of a replacement its original is still valid.

    `restarts` is there while an order that was started anew has not got on yet.
    """

    reseller_id: str
    order_id: str
    status: OrderStatus
    kind: OrderKind
    product: str
    level: Level
    common_name: str
    subscriber: str
    contract_id: str
    payment_kind: PaymentKind
    units: int
    net: Money
    term_days: int
    placed_at: datetime
    revised_at: datetime
    updated_at: datetime
    revision: int = 1
    round: int = 1
    generation: int = 1
    attempt: int = 1
    version: int = 1
    signing: bool = False
    payment: PaymentStatus = PaymentStatus.HELD
    card_id: str | None = None
    payment_attempt: int = 0
    settle_at: datetime | None = None
    payment_since: datetime | None = None
    payment_misfits: bool = False
    review: Review = Review.DUE
    review_since: datetime | None = None
    review_reason: str | None = None
    held_back: str | None = None
    unanswered: int = 0
    checked_at: datetime | None = None
    caa_refusal: str | None = None
    checked_refusal: str | None = None
    serial: str | None = None
    issued_at: datetime | None = None
    term_from: datetime | None = None
    term_to: datetime | None = None
    partner_order_id: str | None = None
    customer_id: str | None = None
    closed: Closed | None = None
    revoked: Revoked | None = None
    open_reissue: str | None = None
    passing_reissues: tuple[str, ...] = ()
    early_reissues: int = 0
    renewal_of: str | None = None
    renewed_by: str | None = None
    replaces: str | None = None
    replaced_by: str | None = None
    restarts: Restarts | None = None
    revoke_original_after_hours: int | None = None

    def status_at(self, moment: datetime) -> OrderStatus:
        """The status as it is at `moment`: an issued order whose term is over has expired."""
        over = self.term_to is not None and moment > self.term_to
        return OrderStatus.EXPIRED if self.status is OrderStatus.ISSUED and over else self.status

    @property
    def is_reissue(self) -> bool:
        return self.kind is OrderKind.REISSUE

    @property
    def reissues_under_way(self) -> tuple[str, ...]:
        """The ids of the order's reissues that have not ended, the one that needed proof first."""
        return (*([self.open_reissue] if self.open_reissue else []), *self.passing_reissues)

    @property
    def term_began_at(self) -> datetime | None:
        """When the term began that was paid for; None while there is none."""
        return self.term_from or self.issued_at

    @property
    def predecessor(self) -> str | None:
        """The order that this one renews or replaces."""
        return self.renewal_of or self.replaces

    @property
    def is_screened(self) -> bool:
        """Whether the present content may go on: nothing was flagged, or a reviewer released it."""
        return self.review in {Review.CLEAR, Review.RELEASED}

    @property
    def awaits_review(self) -> bool:
        """Whether a reviewer is to decide; an order that ended meanwhile keeps its flags and awaits nobody."""
        return self.status is OrderStatus.PENDING and self.review is Review.WAITING

    @property
    def is_by_card(self) -> bool:
        return self.payment_kind is PaymentKind.PAY_AS_YOU_GO

    @property
    def has_a_price(self) -> bool:
        """Whether a card must pay: a renewal or replacement may cost nothing."""
        return self.is_by_card and self.net.amount > 0

    @property
    def has_its_own_price(self) -> bool:
        """Whether it was bought, by units or by card; a free replacement has the price of the order before."""
        return self.has_a_price if self.is_by_card else self.units > 0

    @property
    def money_is_to_move(self) -> bool:
        """Whether a card's money is not yet where the order's end wants it: taken, let go or given back."""
        if self.status is OrderStatus.PENDING or not self.is_by_card:
            return False
        if self.status in {OrderStatus.CANCELLED, OrderStatus.REJECTED}:
            return self.payment not in {PaymentStatus.RELEASED, PaymentStatus.REFUNDED}
        if not self.has_a_price:  # an amendment made it free: what was promised before is let go
            return self.payment is PaymentStatus.AUTHORISED or self.settle_at is not None
        return self.payment not in {
            PaymentStatus.CAPTURED,
            PaymentStatus.RELEASED,
            PaymentStatus.REFUNDED,
        }

    @property
    def awaits_payment(self) -> bool:
        """Whether staff must see to its money: a card was declined, what should move would not, or too little or too
        much was taken.
        """
        if self.status is OrderStatus.PENDING:
            return self.is_by_card and (self.payment is PaymentStatus.DECLINED or self.payment_misfits)
        return self.money_is_to_move and self.settle_at is None

    @property
    def is_stuck(self) -> bool:
        """Whether it does not get on by itself, so that staff were told (docs/operations.md, Reconciliation)."""
        restarted = self.restarts.counted(self.revision) if self.restarts is not None else 0
        return self.status is OrderStatus.PENDING and restarted >= MOST_RESTARTS

    @property
    def asks_again_at(self) -> datetime | None:
        """When what could not be judged is looked at again by itself; None while nothing waits for that alone."""
        if self.held_back is None or not self.unanswered:
            return None
        return self.updated_at + PAUSES[min(self.unanswered, len(PAUSES) - 1)]

    @property
    def is_open(self) -> bool:
        """Whether the order may still change: amended, cancelled, approved."""
        return self.status is OrderStatus.PENDING and not self.signing

    def is_claimed(self, revision: int) -> bool:
        """Whether this revision of its content is past the point of no return."""
        return self.status is OrderStatus.PENDING and self.signing and self.revision == revision


@dataclass(frozen=True, slots=True)
class Order:
    """Head and present content together."""

    head: OrderHead
    content: OrderContent


def pending_until(head: OrderHead, last_mail_at: datetime | None) -> datetime:
    """When a pending order is cancelled: 30 days after the last mail or revision, 90 after placing.

    A reissue ends with its order's term at the latest.
    """
    latest = max(head.revised_at, last_mail_at) if last_mail_at else head.revised_at
    return min(latest + PATIENCE, pending_at_most_until(head))


def pending_at_most_until(head: OrderHead) -> datetime:
    """When a pending order is cancelled, whatever is mailed or changed: 90 days after placing, a reissue with its
    order's term.
    """
    until = head.placed_at + LONGEST_PENDING
    return min(until, head.term_to) if head.is_reissue and head.term_to else until


def seconds_left(head: OrderHead, last_mail_at: datetime | None, moment: datetime) -> int:
    """Whole seconds until the pending order is overdue, rounded up; 0 once it is."""
    return max(0, ceil((pending_until(head, last_mail_at) - moment).total_seconds()))


def seconds_to_wait(head: OrderHead, last_mail_at: datetime | None, moment: datetime) -> int:
    """How long a wait of the pending order may last, at least 1.

    Whoever closes an order whose time is up by this clock may find by another that it is not, and sends it back to
    wait. A minute apart that is told twenty times while clocks differ, and not a thousand.
    """
    return seconds_left(head, last_mail_at, moment) or A_MINUTE


def look_at(head: OrderHead) -> datetime | None:
    """When the reconciler looks at the order if nothing changes it before; None when there is nothing to look for.

    One that ended without a certificate is looked at once more; one that was amended after it had to be started
    anew, at once; one whose look-ups nobody answered, when they are made again. Else on the
    hour, so that changes soon after each other leave the index as it is.
    """
    if head.status not in {OrderStatus.PENDING, OrderStatus.CANCELLED, OrderStatus.REJECTED}:
        return None
    if head.restarts is not None and head.restarts.revision != head.revision:
        return head.updated_at
    if head.status is OrderStatus.PENDING and head.asks_again_at is not None:
        return head.asks_again_at
    return head.updated_at.replace(minute=0, second=0, microsecond=0) + 2 * FIRST_LOOK
