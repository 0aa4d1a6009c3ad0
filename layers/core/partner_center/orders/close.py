"""How an order ends: issued, or closed without a certificate with its units given back."""

from collections.abc import Sequence
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
from partner_center.kernel.errors import ChangedMeanwhile, NotFound, PartnerCenterError, StateConflict
from partner_center.kernel.events import Chronicle
from partner_center.kernel.ids import Ids, order_of
from partner_center.kernel.patience import Patience, while_it_moves
from partner_center.orders.content import OrderContent
from partner_center.orders.idempotency import Call, replayed
from partner_center.orders.ledger_lines import line_of
from partner_center.orders.lifecycle import LONGEST_DELAY_HOURS, followed, freed, revoked_at, term_to_of
from partner_center.orders.order import (
    Closed,
    CloseReason,
    Order,
    OrderHead,
    OrderStatus,
    seconds_left,
)
from partner_center.orders.ports import (
    Closing,
    Completion,
    LineageChange,
    Orders,
    ReissueEnd,
    RequestSeenBefore,
    lineage_of,
    load,
    predecessor,
)
from partner_center.orders.reissue import (
    Reissue,
    Reissued,
    given_up,
    gives_up_names,
    overtaken,
    reissued,
    with_certificate,
)
from partner_center.orders.under_way import enrolments_under_way
from partner_center.validation.challenges import last_mail_at
from partner_center.validation.ports import ChallengeReader


class NotStored(PartnerCenterError):
    """There is no stored certificate to complete the order with."""

    code = "not_stored"


class GenerationReader(Protocol):
    """Reads what became of a generation of an order; a reissue's is one of its order's."""

    def current(self, reseller_id: str, order_id: str, generation: int) -> CertificateRecord | None: ...

    def by_serial(self, serial_hex: str) -> CertificateRecord | None: ...


def completion(
    head: OrderHead, serial: str, chronicle: Chronicle, previous: OrderHead | None = None
) -> Completion:
    """The order issued, its held units used. The term begins with the first issue; its last second counts.

    `previous` is the order that it renews, whose days that are left are added, or that it replaces, which is to be
    revoked. Raises StateConflict unless it is pending: units that were given back or used cannot be used again.
    """
    done = _with_certificate(head, serial, chronicle.moment, term_to_of(head, previous, chronicle.moment))
    ids = (head.reseller_id, head.order_id)
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
        supersessions=_supersessions(done, chronicle),
        replaced=chronicle.event("order.replaced", head.reseller_id, head.replaces, replaced_by=head.order_id)
        if head.replaces
        else None,
    )


def _supersessions(head: OrderHead, chronicle: Chronicle) -> Sequence[Supersession]:
    """The order that a replacement replaces is revoked as a whole, when the reseller said.

    Whoever carries it out looks whether its key has become known since.
    """
    if head.replaces is None:
        return ()
    due_at = _due(head.revoke_original_after_hours or 0, chronicle)
    return [Supersession(head.reseller_id, head.replaces, None, due_at, head.order_id)]


def _supersessions_of(reissue: Reissue, chronicle: Chronicle, *, gives_up: bool) -> Sequence[Supersession]:
    """The certificate before a reissue is revoked when the reseller said, if it said so, and what holds other names.

    `gives_up`: there are some. The order may have got further names since the reissue was asked for, which it gives
    up without having said so.
    """
    hours = reissue.revoke_previous_after_hours
    if hours is None and not gives_up:
        return ()
    return [
        Supersession(
            reissue.reseller_id,
            reissue.order_id,
            reissue.previous if hours is not None else None,
            _due(LONGEST_DELAY_HOURS if hours is None else hours, chronicle),
            reissue.reissue_id,
            names=reissue.names if gives_up else None,
        )
    ]


def _supersessions_of_overtaken(
    reissue: Reissue, serial: str, now: OrderContent, chronicle: Chronicle
) -> Sequence[Supersession]:
    """What was to go goes, and with names that the order, which is `now` what a newer certificate holds, has not,
    the reissue's own certificate goes as well.
    """
    previous = _supersessions_of(reissue, chronicle, gives_up=False)
    if set(reissue.names) <= set(now.names):
        return previous
    due_at = _due(LONGEST_DELAY_HOURS, chronicle)
    return [*previous, Supersession(reissue.reseller_id, reissue.order_id, serial, due_at, serial)]


def _due(hours: int, chronicle: Chronicle) -> datetime:
    return revoked_at(chronicle.moment, hours, key_compromised=False)


def reissue_completion(
    reissue: Order,
    found: Reissued,
    before: OrderContent,
    serial: str,
    chronicle: Chronicle,
    *,
    is_overtaken: bool = False,
) -> Completion:
    """The reissue issued, and what its order holds, which was `before`. Raises StateConflict unless it is pending.

    `is_overtaken`: the order's certificate is newer than this one, though it was completed before.
    """
    head = reissue.head
    if is_overtaken:
        after = overtaken(found, serial, chronicle.moment)
        supersessions = _supersessions_of_overtaken(found.reissue, serial, before, chronicle)
    else:
        gives_up = gives_up_names(before, found.reissue.names)
        supersessions = _supersessions_of(found.reissue, chronicle, gives_up=gives_up)
        if supersessions and found.reissue.revoke_previous_after_hours is None:
            told = replace(found.reissue, revoke_previous_after_hours=LONGEST_DELAY_HOURS)
            found = replace(found, reissue=told)
        after = with_certificate(found, before, reissue.content, serial, chronicle.moment)
    ids = (head.reseller_id, head.order_id)
    return Completion(
        head=_with_certificate(head, serial, chronicle.moment, head.term_to),
        expected_version=head.version,
        use=None,
        event=chronicle.event(
            "reissue.issued", *ids, generation=head.generation, attempt=head.attempt, serial=serial
        ),
        audit=chronicle.audit("reissue.issued", *ids, serial=serial, previous=found.reissue.previous),
        supersessions=supersessions,
        reissue=ReissueEnd(after, found.order.version, after.order.common_name != found.order.common_name),
    )


def _with_certificate(head: OrderHead, serial: str, moment: datetime, term_to: datetime | None) -> OrderHead:
    if head.status is not OrderStatus.PENDING:
        raise StateConflict("order_closed", f"The order is {head.status}; nothing is held.", head.order_id)
    return replace(
        head,
        status=OrderStatus.ISSUED,
        signing=False,
        held_back=None,
        unanswered=0,
        restarts=None,
        serial=serial,
        issued_at=head.issued_at or moment,
        term_to=term_to,
        updated_at=moment,
        version=head.version + 1,
    )


def closing(
    head: OrderHead,
    status: OrderStatus,
    reason: CloseReason,
    chronicle: Chronicle,
    words: str | None = None,
    found: Reissued | None = None,
    previous: OrderHead | None = None,
    payer: OrderHead | None = None,
) -> Closing:
    """The order closed, its held units back; `found` is what a reissue belongs to, whose slot comes back, `previous`
    the order that was to be renewed or replaced, `payer` the one whose price paid for that, if both are over.

    Raises StateConflict unless it is pending and not signing. A reissue of an order that was revoked is signed no
    more, so it can be closed then as well.
    """
    what = "order" if found is None else "reissue"
    if head.signing and reason is not CloseReason.ORDER_REVOKED:
        raise StateConflict("issuing", "The certificate is being signed; ask again.", head.order_id)
    if head.status is not OrderStatus.PENDING:
        raise StateConflict(
            "already_issued" if head.status is OrderStatus.ISSUED else f"{what}_closed",
            f"The {what} is {head.status}; only a pending {what} can be closed.",
            head.order_id,
        )
    ids = (head.reseller_id, head.order_id)
    closed = replace(
        head,
        status=status,
        signing=False,
        payment_misfits=False,
        closed=Closed(chronicle.moment, chronicle.actor, reason),
        restarts=None,
        updated_at=chronicle.moment,
        version=head.version + 1,
    )
    if found is not None:
        return Closing(
            head=closed,
            expected_version=head.version,
            release=None,
            event=chronicle.event(f"reissue.{status}", *ids, attempt=head.attempt, reason=reason),
            audit=chronicle.audit(f"reissue.{status}", *ids, reason=reason, words=words),
            reissue=ReissueEnd(given_up(found, status, reason, chronicle.moment), found.order.version),
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
        payer=_given_back(payer, previous, chronicle) if payer is not None else None,
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


def _given_back(payer: OrderHead, previous: OrderHead | None, chronicle: Chronicle) -> LineageChange | None:
    """The price of the order before the last that lived for it, as of when that was revoked."""
    if previous is None or previous.revoked is None:
        return None
    refund = started_refund(followed(payer, chronicle.moment), chronicle, previous.revoked.at)
    return LineageChange(refund.head, payer.version, refund) if refund is not None else None


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


def _require_version(head: OrderHead | None, version: int | None) -> None:
    if version is not None and (head is None or head.version != version):
        raise ChangedMeanwhile("The order changed meanwhile; read it again.")


@dataclass(frozen=True, slots=True)
class CloseOverdue:
    """Cancels an order whose time is up; tells how many seconds are left of one whose time is not."""

    orders: Orders
    challenges: ChallengeReader
    clock: Clock
    ids: Ids

    def __call__(
        self, reseller_id: str, order_id: str, correlation_id: str, version: int | None = None
    ) -> int | None:
        """Whole seconds until the order would be overdue, at least 1; None when it is over or gone.

        Raises ChangedMeanwhile when it is not, or no more, at the head's `version` that is asked for.
        """
        head = self.orders.head(reseller_id, order_id)
        _require_version(head, version)
        if head is None or head.status is not OrderStatus.PENDING:
            return None
        moment, found = self.clock.now(), reissued(self.orders, head)
        chronicle = Chronicle(self.ids, moment, "system", correlation_id)
        if found is not None and found.order.status is OrderStatus.REVOKED:
            revoked = (OrderStatus.CANCELLED, CloseReason.ORDER_REVOKED)
            self.orders.close(closing(head, *revoked, chronicle, found=found))
            return None
        if head.signing:
            return None
        mailed_at = last_mail_at(self.challenges.of_order(reseller_id, order_id))
        left = seconds_left(head, mailed_at, moment)
        if left > 0:
            return left
        overdue = (OrderStatus.CANCELLED, CloseReason.TIMED_OUT)
        lineage = lineage_of(self.orders, head)
        self.orders.close(closing(head, *overdue, chronicle, None, found, *lineage))
        return None


@dataclass(frozen=True, slots=True)
class CloseReissues:
    """Ends the reissues of an order that was revoked; one that is being signed is ended by its own execution."""

    orders: Orders
    clock: Clock
    ids: Ids

    def __call__(self, order: OrderHead, correlation_id: str) -> None:
        """Raises ChangedMeanwhile, TryAgain: it is to be repeated then, and goes on where it stopped."""
        for enrolment_id in enrolments_under_way(order):
            head = self.orders.head(order.reseller_id, enrolment_id)
            if head is None or not head.is_open:
                continue
            chronicle = Chronicle(self.ids, self.clock.now(), "system", correlation_id)
            revoked = (OrderStatus.CANCELLED, CloseReason.ORDER_REVOKED)
            self.orders.close(closing(head, *revoked, chronicle, found=reissued(self.orders, head)))


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """The reseller ends a pending order, or a reissue; cancelling a cancelled one changes nothing."""

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
            raise NotFound("There is no such order or reissue.")
        answered = replayed(self.orders, reseller_id, call)
        if answered is not None:
            return answered
        if head.status is OrderStatus.CANCELLED:
            return head
        chronicle = Chronicle(self.ids, self.clock.now(), f"key:{principal.key_id}", call.request_id)
        requested = (OrderStatus.CANCELLED, CloseReason.REQUESTED)
        found, lineage = reissued(self.orders, head), lineage_of(self.orders, head)
        change = closing(head, *requested, chronicle, reason, found, *lineage)
        try:
            self.orders.close(replace(change, guard=call.guard(change.head)))
        except RequestSeenBefore as seen:
            return call.same(seen.guard).head
        return change.head


@dataclass(frozen=True, slots=True)
class CompleteOrder:
    """The order issued, once its certificate is stored."""

    orders: Orders
    certificates: GenerationReader
    clock: Clock
    ids: Ids

    def __call__(
        self,
        reseller_id: str,
        order_id: str,
        generation: int,
        correlation_id: str,
        version: int | None = None,
    ) -> None:
        """Raises NotStored without a stored certificate, StateConflict for an order that ended otherwise or whose
        certificate is for another key or other names, ChangedMeanwhile when it is not, or no more, at the head's
        `version` that is asked for.

        Done before, it changes nothing.
        """
        order = load(self.orders, reseller_id, order_id)
        _require_version(order.head if order is not None else None, version)
        record = self.certificates.current(reseller_id, order_of(order_id), generation)
        if order is None or record is None or record.certificate_der is None:
            raise NotStored(f"Generation {generation} of {order_id} has no stored certificate.")
        if order.head.issued_at is not None:
            return
        if not order.content.is_certified_by(record):
            detail = f"{record.serial_hex} is stored for its generation and is not what is ordered now."
            raise StateConflict("other_certificate", detail, order_id)
        chronicle = Chronicle(self.ids, self.clock.now(), "system", correlation_id)
        found = reissued(self.orders, order.head)
        if found is None:
            previous = predecessor(self.orders, order.head)
            change = completion(order.head, record.serial_hex, chronicle, previous)
            self.orders.complete(replace(change, head=_covering(change.head, record)))
            return
        before = self.orders.content(reseller_id, found.order.order_id, found.order.revision)
        newest = self.certificates.by_serial(found.order.serial) if found.order.serial else None
        is_overtaken = newest is not None and newest.age() > record.age()
        change = reissue_completion(
            order, found, before, record.serial_hex, chronicle, is_overtaken=is_overtaken
        )
        self.orders.complete(change)


def _covering(head: OrderHead, record: CertificateRecord) -> OrderHead:
    """The term is no shorter than its certificate, though the order before was revoked after the signing."""
    term_to = max(head.term_to, record.not_after) if head.term_to else None
    return replace(head, term_to=term_to)
