"""How an order ends: issued, or closed without a certificate with its units given back."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from partner_center.accounts.api_keys import Principal
from partner_center.billing.contracts import EntryKind
from partner_center.billing.payments import PaymentStatus
from partner_center.billing.refunds import started_refund
from partner_center.issuance.record import CertificateRecord
from partner_center.issuance.supersede import Supersession
from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import NotFound, PartnerCenterError, StateConflict
from partner_center.kernel.events import Chronicle
from partner_center.kernel.ids import Ids
from partner_center.kernel.patience import Patience, while_it_moves
from partner_center.orders.idempotency import Call, replayed
from partner_center.orders.ledger_lines import line_of
from partner_center.orders.lifecycle import freed, revoked_at, term_to_of
from partner_center.orders.order import (
    Closed,
    CloseReason,
    OrderHead,
    OrderStatus,
    seconds_left,
)
from partner_center.orders.ports import (
    Closing,
    Completion,
    LineageChange,
    Orders,
    RequestSeenBefore,
    predecessor,
)
from partner_center.validation.challenges import last_mail_at
from partner_center.validation.ports import ChallengeReader


class NotStored(PartnerCenterError):
    """There is no stored certificate to complete the order with."""

    code = "not_stored"


class GenerationReader(Protocol):
    """Reads what became of a generation of an order."""

    def current(self, reseller_id: str, order_id: str, generation: int) -> CertificateRecord | None: ...


def completion(
    head: OrderHead, serial: str, chronicle: Chronicle, previous: OrderHead | None = None
) -> Completion:
    """The order issued, its held units used. The term begins with the first issue; its last second counts.

    `previous` is the order that it renews, whose days that are left are added, or that it replaces, which is to be
    revoked. Raises StateConflict unless it is pending: units that were given back or used cannot be used again.
    """
    if head.status is not OrderStatus.PENDING:
        raise StateConflict("order_closed", f"The order is {head.status}; nothing is held.", head.order_id)
    ids = (head.reseller_id, head.order_id)
    done = replace(
        head,
        status=OrderStatus.ISSUED,
        signing=False,
        held_back=None,
        serial=serial,
        issued_at=head.issued_at or chronicle.moment,
        term_to=term_to_of(head, previous, chronicle.moment),
        updated_at=chronicle.moment,
        version=head.version + 1,
    )
    return Completion(
        head=_paying(done, chronicle.moment),
        expected_version=head.version,
        use=line_of(head, EntryKind.USE, chronicle),
        event=chronicle.event(
            "order.issued",
            *ids,
            generation=head.generation,
            attempt=head.attempt,
            serial=serial,
            payment_kind=head.payment_kind,
        ),
        audit=chronicle.audit("order.issued", *ids, serial=serial),
        supersession=_supersession(done, chronicle),
        replaced=chronicle.event("order.replaced", head.reseller_id, head.replaces, replaced_by=head.order_id)
        if head.replaces
        else None,
    )


def _supersession(head: OrderHead, chronicle: Chronicle) -> Supersession | None:
    """The order that a replacement replaces is revoked as a whole, when the reseller said.

    Whoever carries it out looks whether its key has become known since.
    """
    if head.replaces is None:
        return None
    hours = head.revoke_original_after_hours or 0
    due_at = revoked_at(chronicle.moment, hours, key_compromised=False)
    return Supersession(head.reseller_id, head.replaces, None, due_at, head.order_id)


def closing(
    head: OrderHead,
    status: OrderStatus,
    reason: CloseReason,
    chronicle: Chronicle,
    words: str | None = None,
    previous: OrderHead | None = None,
) -> Closing:
    """The order closed, its held units back; `previous` is the order that it was to renew or replace.

    Raises StateConflict unless it is pending and not signing.
    """
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
        head=_letting_go(closed, chronicle.moment),
        expected_version=head.version,
        release=line_of(head, EntryKind.RELEASE, chronicle),
        event=chronicle.event(
            f"order.{status}", *ids, attempt=head.attempt, reason=reason, payment_kind=head.payment_kind
        ),
        audit=chronicle.audit(f"order.{status}", *ids, reason=reason, words=words),
        before=_given_free(closed, previous, chronicle) if previous is not None else None,
    )


def _given_free(closed: OrderHead, previous: OrderHead, chronicle: Chronicle) -> LineageChange | None:
    """The order before may be renewed or replaced again.

    One that was revoked meanwhile gets back what its replacement would have been free for.
    """
    before = freed(previous, closed)
    if before is None:
        return None
    refund = started_refund(before, chronicle, before.revoked.at) if before.revoked is not None else None
    return LineageChange(refund.head if refund else before, previous.version, refund)


def _paying(head: OrderHead, moment: datetime) -> OrderHead:
    """Held units are paid with; what a card promised is to be taken, or let go if it became free (docs/adr/0010)."""
    if not head.is_by_card:
        return replace(head, payment=PaymentStatus.CAPTURED)
    if not (head.has_a_price or head.payment_attempt):
        return head
    return replace(head, settle_at=moment, payment_since=moment)


def _letting_go(head: OrderHead, moment: datetime) -> OrderHead:
    """Held units are back at once; what a card was asked for is to be let go, if one was asked and said yes."""
    asked = head.payment_attempt > 0 and head.payment is not PaymentStatus.DECLINED
    if head.is_by_card and asked:
        return replace(head, settle_at=moment, payment_since=moment)
    return replace(head, payment=PaymentStatus.RELEASED)


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
        left = seconds_left(head, mailed_at, moment)
        if left > 0:
            return left
        chronicle = Chronicle(self.ids, moment, "system", correlation_id)
        previous = predecessor(self.orders, head)
        self.orders.close(
            closing(head, OrderStatus.CANCELLED, CloseReason.TIMED_OUT, chronicle, previous=previous)
        )
        return None


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """The reseller ends a pending order; cancelling a cancelled one changes nothing."""

    orders: Orders
    clock: Clock
    ids: Ids
    patience: Patience

    def __call__(self, principal: Principal, call: Call, order_id: str, reason: str | None) -> OrderHead:
        """The head after it. Raises NotFound, StateConflict, IdempotencyKeyReused, TryAgain.

        `reason` is the reseller's own words, kept in the audit record.
        """
        return while_it_moves(self.patience, lambda: self._cancel(principal, call, order_id, reason))

    def _cancel(self, principal: Principal, call: Call, order_id: str, reason: str | None) -> OrderHead:
        reseller_id = principal.reseller_id
        head = self.orders.head(reseller_id, order_id)
        if head is None:
            raise NotFound("There is no such order.")
        answered = replayed(self.orders, reseller_id, call)
        if answered is not None:
            return answered
        if head.status is OrderStatus.CANCELLED:
            return head
        chronicle = Chronicle(self.ids, self.clock.now(), f"key:{principal.key_id}", call.request_id)
        previous = predecessor(self.orders, head)
        change = closing(head, OrderStatus.CANCELLED, CloseReason.REQUESTED, chronicle, reason, previous)
        try:
            self.orders.close(replace(change, guard=call.guard(change.head)))
        except RequestSeenBefore as seen:
            return call.replay(seen.guard)
        return change.head


@dataclass(frozen=True, slots=True)
class CompleteOrder:
    """The order issued, once its certificate is stored."""

    orders: Orders
    certificates: GenerationReader
    clock: Clock
    ids: Ids

    def __call__(self, reseller_id: str, order_id: str, generation: int, correlation_id: str) -> None:
        """Raises NotStored without a stored certificate, StateConflict for an order that ended otherwise.

        Done before, it changes nothing.
        """
        head = self.orders.head(reseller_id, order_id)
        record = self.certificates.current(reseller_id, order_id, generation)
        if head is None or record is None or record.certificate_der is None:
            raise NotStored(f"Generation {generation} of {order_id} has no stored certificate.")
        if head.serial == record.serial_hex:
            return
        chronicle = Chronicle(self.ids, self.clock.now(), "system", correlation_id)
        previous = predecessor(self.orders, head)
        change = completion(head, record.serial_hex, chronicle, previous)
        self.orders.complete(replace(change, head=_covering(change.head, record)))


def _covering(head: OrderHead, record: CertificateRecord) -> OrderHead:
    """The term is no shorter than its certificate, though the order before was revoked after the signing."""
    term_to = max(head.term_to, record.not_after) if head.term_to else None
    return replace(head, term_to=term_to)
