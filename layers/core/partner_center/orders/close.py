"""How an order ends: issued, or closed without a certificate with its units given back."""

from dataclasses import dataclass, replace
from datetime import datetime

from partner_center.billing.contracts import EntryKind, LedgerEntry
from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import StateConflict
from partner_center.kernel.events import Chronicle
from partner_center.kernel.ids import Ids
from partner_center.orders.order import (
    Closed,
    CloseReason,
    OrderHead,
    OrderStatus,
    pending_until,
)
from partner_center.orders.ports import Closing, Completion, Orders
from partner_center.validation.challenges import last_mail_at
from partner_center.validation.ports import ChallengeReader


@dataclass(frozen=True, slots=True)
class IssuedFacts:
    """What the order keeps of its certificate; the first certificate begins the term."""

    serial: str
    not_before: datetime
    not_after: datetime
    term_to: datetime


def completion(head: OrderHead, issued: IssuedFacts, chronicle: Chronicle) -> Completion:
    """The order issued, its held units used. The head must be signing."""
    ids = (head.reseller_id, head.order_id)
    done = replace(
        head,
        status=OrderStatus.ISSUED,
        signing=False,
        held_back=None,
        serial=issued.serial,
        issued_at=chronicle.moment,
        term_to=issued.term_to,
        updated_at=chronicle.moment,
        version=head.version + 1,
    )
    return Completion(
        head=done,
        expected_version=head.version,
        use=_entry(head, EntryKind.USE, chronicle),
        event=chronicle.event(
            "order.issued", *ids, generation=head.generation, attempt=head.attempt, serial=issued.serial
        ),
        audit=chronicle.audit("order.issued", *ids, serial=issued.serial),
    )


def closing(head: OrderHead, status: OrderStatus, reason: CloseReason, chronicle: Chronicle) -> Closing:
    """The order closed, its held units back. Raises StateConflict unless it is pending and not signing."""
    if head.signing:
        raise StateConflict("issuing", "The certificate is being signed; ask again.", head.order_id)
    if head.status is not OrderStatus.PENDING:
        raise StateConflict(
            "already_issued" if head.status is OrderStatus.ISSUED else "order_closed",
            f"The order is {head.status}; only a pending order can be closed.",
            head.order_id,
        )
    ids = (head.reseller_id, head.order_id)
    closed = replace(
        head,
        status=status,
        closed=Closed(chronicle.moment, chronicle.actor, reason),
        updated_at=chronicle.moment,
        version=head.version + 1,
    )
    return Closing(
        head=closed,
        expected_version=head.version,
        release=_entry(head, EntryKind.RELEASE, chronicle),
        event=chronicle.event(f"order.{status}", *ids, attempt=head.attempt, reason=reason),
        audit=chronicle.audit(f"order.{status}", *ids, reason=reason),
    )


def _entry(head: OrderHead, kind: EntryKind, chronicle: Chronicle) -> LedgerEntry:
    entry_id = chronicle.ids.new("led", chronicle.moment)
    return LedgerEntry(entry_id, kind, head.units, head.order_id, chronicle.actor, chronicle.moment)


@dataclass(frozen=True, slots=True)
class CloseOverdue:
    """Cancels an order whose time is up; tells how many seconds are left of one whose time is not."""

    orders: Orders
    challenges: ChallengeReader
    clock: Clock
    ids: Ids

    def __call__(self, reseller_id: str, order_id: str, correlation_id: str) -> int | None:
        """Whole seconds until the order would be overdue, at least 1; None when it is over or gone."""
        head = self.orders.head(reseller_id, order_id)
        if head is None or not head.is_open:
            return None
        moment = self.clock.now()
        mailed_at = last_mail_at(self.challenges.of_order(reseller_id, order_id))
        left = (pending_until(head, mailed_at) - moment).total_seconds()
        if left > 0:
            return int(left) + 1
        chronicle = Chronicle(self.ids, moment, "system", correlation_id)
        self.orders.close(closing(head, OrderStatus.CANCELLED, CloseReason.TIMED_OUT, chronicle))
        return None


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """The reseller ends a pending order; cancelling a cancelled one changes nothing."""

    orders: Orders
    clock: Clock
    ids: Ids

    def __call__(self, reseller_id: str, order_id: str, actor: str, correlation_id: str) -> OrderHead | None:
        """The head after it, None for an unknown order. Raises StateConflict, ChangedMeanwhile, TryAgain."""
        head = self.orders.head(reseller_id, order_id)
        if head is None or head.status is OrderStatus.CANCELLED:
            return head
        chronicle = Chronicle(self.ids, self.clock.now(), actor, correlation_id)
        change = closing(head, OrderStatus.CANCELLED, CloseReason.REQUESTED, chronicle)
        self.orders.close(change)
        return change.head
