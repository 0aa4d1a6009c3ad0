"""Revoking certificates and orders: each certificate in a transaction of its own, the order last.

Every step may be repeated. The first certificate's event says what is to become of the order, so whoever handles that
event (`FinishRevocation`) ends what a run that died has begun.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from partner_center.billing.refunds import StartedRefund, started_refund
from partner_center.issuance.key_block import KeyBlock, block_of
from partner_center.issuance.record import CertificateRecord, CertificateStatus, OrderFollows, Reason
from partner_center.issuance.revocation import (
    Revocation,
    may_change_reason,
    none_is_live,
    order_ended_at,
    revocation_of,
)
from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import ChangedMeanwhile, NotFound, StateConflict, TryAgain
from partner_center.kernel.events import AuditRecord, Chronicle, Event
from partner_center.kernel.ids import Ids
from partner_center.orders.lifecycle import followed
from partner_center.orders.order import OrderHead, OrderStatus, Revoked
from partner_center.orders.ports import (
    LineageChange,
    Orders,
    RequestGuard,
    heir_of,
    payer_of,
    successors_of,
)
from partner_center.validation.ports import Message

_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Wish:
    """What shall be revoked why, by whom. `proven_spki` is the key whose possession was shown."""

    reason: Reason
    actor: str
    correlation_id: str
    order_follows: OrderFollows
    proven_spki: str | None = None

    @property
    def is_the_resellers(self) -> bool:
        """Whether the reseller asked for it, now or when it had a successor made."""
        chosen_before = self.actor == "system" and self.reason is Reason.SUPERSEDED
        return self.actor.startswith("key:") or chosen_before


@dataclass(frozen=True, slots=True)
class CertificateRevocation:
    """What one transaction writes about one serial. `message` tells a reseller what it did not ask for.

    `block` bars its key, unless that was barred before, so that whoever signs afterwards sees it.
    """

    before: CertificateRecord
    revocation: Revocation
    event: Event
    audit: AuditRecord
    message: Message | None = None
    guard: RequestGuard | None = None
    block: KeyBlock | None = None


@dataclass(frozen=True, slots=True)
class OrderRevocation:
    """What changes when the order itself is revoked; `refund` gives back what was paid.

    `lineage` has what lives of it, and the order that paid for it, whose price goes back. `event` is None when
    only the reason of a revoked order changes.
    """

    head: OrderHead
    expected_version: int
    refund: StartedRefund | None
    event: Event | None
    audit: AuditRecord
    guard: RequestGuard | None = None
    lineage: tuple[LineageChange, ...] = ()


class Revocations(Protocol):
    """Writes revocations, each in one transaction with event and audit record."""

    def revoke_certificate(self, change: CertificateRevocation) -> None:
        """Raises RequestSeenBefore, and ChangedMeanwhile when the serial is not as it was `before`."""
        ...

    def bar(self, block: KeyBlock) -> None:
        """Bars a key for itself; one that was barred before stays as it is."""
        ...

    def revoke_order(self, change: OrderRevocation) -> None:
        """Raises RequestSeenBefore, and ChangedMeanwhile when the head is not at `expected_version`."""
        ...


class RevocableCertificates(Protocol):
    """Reads serials, at their present state."""

    def by_serial(self, serial_hex: str) -> CertificateRecord | None: ...

    def of_reseller(self, reseller_id: str, serial_hex: str) -> CertificateRecord | None: ...

    def of_order(self, reseller_id: str, order_id: str) -> Sequence[CertificateRecord]: ...

    def not_ended(self, reseller_id: str, order_id: str, moment: datetime) -> Iterator[CertificateRecord]:
        """Every serial of the order, in whatever state, that may not have ended; each is read when it is reached."""
        ...


@dataclass(frozen=True, slots=True)
class Revoker:
    """Carries a wish out, from wherever it comes."""

    orders: Orders
    certificates: RevocableCertificates
    revocations: Revocations
    clock: Clock
    ids: Ids

    def certificate(
        self, record: CertificateRecord, wish: Wish, guard: RequestGuard | None = None
    ) -> CertificateRecord:
        """The serial, revoked; as it was when there is nothing to do. Raises RequestSeenBefore, TryAgain."""
        done = self._certificate(record, wish, self.clock.now(), guard)
        self._bar_keys([done] if done.status is CertificateStatus.REVOKED else [], wish)
        return done

    def _certificate(
        self, record: CertificateRecord, wish: Wish, moment: datetime, guard: RequestGuard | None = None
    ) -> CertificateRecord:
        """A provisional serial stands for the certificate that it was issued as: whoever learned of it while that was
        asked for means what came of it.
        """
        present: CertificateRecord | None = record
        for _ in range(_ROUNDS):
            if present is None:
                break
            if present.issued_as is not None:
                present = self.certificates.by_serial(present.issued_as)
                continue
            change = self._certificate_change(present, wish, moment)
            if change is None:
                return present
            try:
                self.revocations.revoke_certificate(replace(change, guard=guard))
            except ChangedMeanwhile:
                present = self.certificates.by_serial(present.serial_hex)
                continue
            return change.revocation.record
        raise TryAgain("The certificate is changing at this moment; ask again.")

    def _bar_keys(self, revoked: Sequence[CertificateRecord], wish: Wish) -> None:
        """What was revoked for another reason keeps that without a proof, and its key is certified no more."""
        if wish.reason is not Reason.KEY_COMPROMISE:
            return
        called = {each.spki_sha256: each for each in revoked if each.reason is not Reason.KEY_COMPROMISE}
        for record in called.values():
            self.revocations.bar(block_of(record, self._chronicle(wish)))

    def order(
        self,
        head: OrderHead,
        wish: Wish,
        guard: RequestGuard | None = None,
        since: datetime | None = None,
    ) -> OrderHead:
        """The order revoked with all of its serials, those included that may have been signed and were not kept.

        All of them at one moment, so that the order and the CRL tell the same second. `since` is when that was asked
        for which is finished here. As of when it began the order ended, and in time for a refund or not.

        Raises RequestSeenBefore, NotFound, TryAgain; what was written until then stays, and a repetition goes on.
        """
        moment = self.clock.now()
        ended_at = since or moment
        present: OrderHead | None = head
        for _ in range(_ROUNDS):
            if present is None:
                raise NotFound("There is no such order.")
            found, done = list[CertificateRecord](), list[CertificateRecord]()
            for record in self.certificates.not_ended(present.reseller_id, present.order_id, moment):
                found.append(record)
                done.append(self._certificate(record, wish, moment))
            self._require_on_file(present, found)
            self._bar_keys([each for each in done if _went_with_its_order(each)], wish)
            ended_at = order_ended_at(found, ended_at)
            change = self._order_change(present, wish, ended_at)
            if change is None:
                return present
            bound = replace(guard, head=change.head) if guard is not None else None
            try:
                self.revocations.revoke_order(replace(change, guard=bound))
            except ChangedMeanwhile:
                # A certificate may have been added meanwhile, so all of them are looked at once more.
                present = self.orders.head(present.reseller_id, present.order_id)
                continue
            return change.head
        raise TryAgain("The order is changing at this moment; ask again.")

    def _require_on_file(self, head: OrderHead, found: Sequence[CertificateRecord]) -> None:
        """Raises TryAgain when the order's certificate is not there, as after a restore: it could not be told by any
        CRL, and nobody may believe that it is revoked.
        """
        serial = head.serial
        if serial is None or any(each.serial_hex == serial for each in found):
            return
        if self.certificates.by_serial(serial) is None:
            raise TryAgain("The order's certificate cannot be read at the moment; ask again.")

    def _order_change(self, head: OrderHead, wish: Wish, moment: datetime) -> OrderRevocation | None:
        """With what lives of the lineage: its price goes back when the last of it is revoked in time.

        What lives is written as well, unchanged but for its version: whoever ends or issues it at the same moment,
        having seen this order live, looks again.
        """
        chronicle = self._chronicle(wish)
        living, heir = successors_of(self.orders, head).replacement, heir_of(self.orders, head)
        change = order_revocation(head, wish, chronicle, moment, lives_on=heir is not None)
        if change is None or change.event is None:
            return change
        payer = payer_of(self.orders, head) if heir is None else None
        refund = started_refund(followed(payer, chronicle.moment), chronicle, moment) if payer else None
        paid = [LineageChange(refund.head, payer.version, refund)] if payer and refund else []
        seen = [LineageChange(replace(living, version=living.version + 1), living.version)] if living else []
        return replace(change, lineage=(*seen, *paid))

    def order_if_last(self, record: CertificateRecord, wish: Wish, since: datetime) -> None:
        """The order revoked as well when none of its certificates is live; one that ended otherwise stays.

        It ended when the last of them did, and not before it was to follow them, which is `since`.
        """
        head = self.orders.head(record.reseller_id, record.order_id)
        moment = self.clock.now()
        if head is None or head.status_at(moment) is not OrderStatus.ISSUED:
            return
        issued = self.certificates.of_order(record.reseller_id, record.order_id)
        if none_is_live(issued, moment):
            self.order(
                head, wish, since=max([since, *(each.revoked_at for each in issued if each.revoked_at)])
            )

    def _certificate_change(
        self, record: CertificateRecord, wish: Wish, moment: datetime
    ) -> CertificateRevocation | None:
        proven = wish.proven_spki == record.spki_sha256
        revocation = revocation_of(
            record, wish.reason, moment, proven=proven, order_follows=wish.order_follows
        )
        if revocation is None:
            return None
        chronicle, ids = self._chronicle(wish), (record.reseller_id, record.order_id)
        is_for_compromise = revocation.record.reason is Reason.KEY_COMPROMISE
        action = "certificate.revoked" if revocation.first else "certificate.reason_changed"
        return CertificateRevocation(
            before=record,
            revocation=revocation,
            event=_certificate_event(revocation.record, wish, chronicle),
            audit=chronicle.audit(
                action,
                *ids,
                serial=record.serial_hex,
                reason=wish.reason,
                before=record.reason,
                proof="possession" if proven else None,
            ),
            message=_message(revocation, wish, chronicle),
            block=block_of(record, chronicle, proven=proven) if is_for_compromise else None,
        )

    def _chronicle(self, wish: Wish) -> Chronicle:
        return Chronicle(self.ids, self.clock.now(), wish.actor, wish.correlation_id)


def _went_with_its_order(record: CertificateRecord) -> bool:
    """Whether whoever calls the order's keys compromised speaks of this one too: what was revoked for itself had its
    own reason.
    """
    return record.status is CertificateStatus.REVOKED and record.order_follows is OrderFollows.ALWAYS


def order_revocation(
    head: OrderHead, wish: Wish, chronicle: Chronicle, moment: datetime, *, lives_on: bool = False
) -> OrderRevocation | None:
    """The order revoked at that moment, its money on the way back when it is due; None when nothing changes.

    `lives_on`: another order has its price, or days of its term, and lives.

    Raises StateConflict unless it is issued, or revoked before.
    """
    ids = (head.reseller_id, head.order_id)
    if head.status is OrderStatus.REVOKED:
        if head.revoked is None or not may_change_reason(head.revoked.reason, wish.reason, proven=False):
            return None
        changed = _next(head, chronicle, revoked=replace(head.revoked, reason=wish.reason))
        audit = chronicle.audit("order.reason_changed", *ids, reason=wish.reason, before=head.revoked.reason)
        return OrderRevocation(changed, head.version, None, None, audit)
    require_issued(head)
    revoked = _next(
        head,
        chronicle,
        status=OrderStatus.REVOKED,
        signing=False,
        revoked=Revoked(moment, chronicle.actor, wish.reason),
    )
    refund = started_refund(revoked, chronicle, moment, lives_on=lives_on)
    return OrderRevocation(
        head=refund.head if refund else revoked,
        expected_version=head.version,
        refund=refund,
        event=chronicle.event(
            "order.revoked",
            *ids,
            attempt=head.attempt,
            reason=wish.reason,
            payment_kind=head.payment_kind,
            refund="due" if refund else "none",
        ),
        audit=chronicle.audit("order.revoked", *ids, reason=wish.reason, refund="due" if refund else "none"),
    )


def require_issued(head: OrderHead) -> None:
    """Raises StateConflict for an order that has no certificate to be revoked."""
    match head.status:
        case OrderStatus.PENDING if head.signing:
            raise StateConflict("issuing", "The certificate is being signed; ask again.", head.order_id)
        case OrderStatus.PENDING:
            raise StateConflict(
                "not_issued", "The order has no certificate yet; it can be cancelled.", head.order_id
            )
        case OrderStatus.ISSUED | OrderStatus.REVOKED:
            return
    raise StateConflict("order_closed", f"The order is {head.status}.", head.order_id)


def _next(head: OrderHead, chronicle: Chronicle, **changes: object) -> OrderHead:
    counted = {"updated_at": chronicle.moment, "version": head.version + 1}
    return replace(head, **counted, **changes)  # type: ignore[arg-type]


def _certificate_event(record: CertificateRecord, wish: Wish, chronicle: Chronicle) -> Event:
    by = (
        "staff" if wish.actor.startswith("staff:") else wish.actor
    )  # who of the staff concerns the audit alone
    return chronicle.event(
        "certificate.revoked",
        record.reseller_id,
        record.order_id,
        serial=record.serial_hex,
        issuer_id=record.issuer_id,
        reason=wish.reason,
        order_follows=wish.order_follows,
        by=by,
    )


def _message(revocation: Revocation, wish: Wish, chronicle: Chronicle) -> Message | None:
    record = revocation.record
    if wish.is_the_resellers or not revocation.first or record.certificate_der is None:
        return None
    return Message(
        chronicle.ids.new("msg", chronicle.moment),
        chronicle.moment,
        f"The certificate {record.serial_hex} for {record.names[0]} was revoked by the certification authority "
        f"({wish.reason}); replace it on every server that uses it.",
    )
