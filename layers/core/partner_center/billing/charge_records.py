"""What is written of a step that an order's money took: charge, head, ledger, event and audit, in one change."""

from dataclasses import dataclass, replace
from typing import Any

from partner_center.billing.charge_ports import PaymentChange
from partner_center.billing.charges import gives_back, is_wanted, next_try, says_refund
from partner_center.billing.contracts import EntryKind, LedgerEntry
from partner_center.billing.declines import declined_message
from partner_center.billing.payments import (
    Card,
    Charge,
    ChargeStatus,
    Intent,
    IntentStatus,
    PaymentStatus,
    Refund,
    RefundStatus,
)
from partner_center.kernel.events import Chronicle, Event
from partner_center.orders.order import OrderHead

_OF_A_REFUND = frozenset({EntryKind.REPAY, EntryKind.REPAY_FAILED})


@dataclass(frozen=True, slots=True)
class ChargeRecord:
    """Makes the change, from the head before it and from what the gateway said."""

    head: OrderHead
    chronicle: Chronicle

    def prepared(self, number: int, card: Card, intent_id: str) -> PaymentChange:
        charge = self._new_charge(number, card.card_id, ChargeStatus.PREPARED, intent_id)
        return self._change("payment.prepared", charge, PaymentStatus.NONE, payment_attempt=number)

    def declined_unasked(self, number: int, card: Card | None, reason: str) -> PaymentChange:
        """The card cannot even be asked."""
        charge = self._new_charge(number, self.head.card_id or "", ChargeStatus.DECLINED, "")
        return self._declined(replace(charge, decline_code=reason), card, payment_attempt=number)

    def declined(self, charge: Charge, card: Card | None, reason: str) -> PaymentChange:
        """Of what the order does not want any more only the charge is: nobody is asked for another card then."""
        declined = self._next(charge, ChargeStatus.DECLINED, decline_code=reason)
        if not is_wanted(self.head, charge):
            return self._change("payment.declined", declined, self.head.payment, EntryKind.DECLINE)
        return self._declined(declined, card)

    def seen(self, charge: Charge, card: Card | None, intent: Intent) -> PaymentChange:
        """The charge as the gateway says that it is: the gateway is believed, whatever was expected.

        It may be a card's late answer to what was to be cancelled. Then what is reserved is cancelled next, and the
        order goes on as it would have.
        """
        moment = self.chronicle.moment
        match intent.status:
            case IntentStatus.AUTHORISED:
                authorised = self._next(
                    charge,
                    ChargeStatus.AUTHORISED,
                    authorised_at=moment,
                    capture_before=intent.capture_before,
                )
                return self._change(
                    "payment.authorised",
                    authorised,
                    self.head.payment if says_refund(self.head) else PaymentStatus.AUTHORISED,
                    EntryKind.AUTHORISE,
                    "order.payment_authorised",
                )
            case IntentStatus.DECLINED | IntentStatus.UNCONFIRMED:
                return self.declined(charge, card, intent.decline_code or "unconfirmed")
            case IntentStatus.CAPTURED:
                return self._captured(self._next(charge, ChargeStatus.CAPTURED, captured_at=moment))
            case IntentStatus.CANCELLED:
                return self._voided(charge)

    def refund_seen(self, charge: Charge, refund: Refund) -> PaymentChange:
        moment, since = self.chronicle.moment, self.head.payment_since or self.chronicle.moment
        refund_id = refund.refund_id or None
        match refund.status:
            case RefundStatus.SUCCEEDED:
                back = self._next(charge, ChargeStatus.REFUNDED, refund_id=refund_id, refunded_at=moment)
                return self._change(
                    "payment.refunded",
                    back,
                    PaymentStatus.REFUNDED,
                    EntryKind.REPAY,
                    "order.refunded",
                    settle_at=None,
                )
            case RefundStatus.PENDING:
                under_way = self._next(charge, ChargeStatus.REFUND_PENDING, refund_id=refund_id)
                later = next_try(since, moment)
                return self._change(
                    "payment.refund_begun", under_way, PaymentStatus.REFUND_PENDING, settle_at=later
                )
            case RefundStatus.FAILED:
                failed = self._next(
                    charge,
                    ChargeStatus.CAPTURED,
                    refund_id=refund_id,
                    failed_refunds=charge.failed_refunds + 1,
                )
                again = next_try(since, moment) or moment
                return self._change(
                    "payment.refund_failed", failed, PaymentStatus.REFUND_PENDING, settle_at=again
                )

    def refund_returned(self, charge: Charge, refund: Refund) -> PaymentChange:
        """Given back, and come back to us since. Staff decide what is tried next: a closed card stays closed."""
        back = self._next(
            charge, ChargeStatus.CAPTURED, refunded_at=None, failed_refunds=charge.failed_refunds + 1
        )
        change = self._change(
            "payment.refund_returned",
            back,
            PaymentStatus.REFUND_FAILED,
            EntryKind.REPAY_FAILED,
            settle_at=None,
        )
        return replace(change, event=self._settlement_failed(refund.failure_code or "unknown"))

    def given_up(self, payment: PaymentStatus, reason: str) -> PaymentChange:
        """Staff see it in their queue from now on, and may have it tried again."""
        head, moment = self.head, self.chronicle.moment
        after = replace(
            head,
            payment=payment,
            payment_since=moment,
            settle_at=None,
            updated_at=moment,
            version=head.version + 1,
        )
        ids = (head.reseller_id, head.order_id)
        return PaymentChange(
            head=after,
            expected_version=head.version,
            event=self._settlement_failed(reason),
            audit=self.chronicle.audit("payment.given_up", *ids, reason=reason, payment=payment),
        )

    def misfits(self) -> PaymentChange:
        """A pending order waits for staff: asked for what it costs now, its card would pay twice."""
        change = self._change("payment.misfits", None, self.head.payment, payment_misfits=True)
        waiting = replace(change.head, payment_since=self.chronicle.moment)
        return replace(change, head=waiting, event=self._settlement_failed("another_amount"))

    def released(self) -> PaymentChange:
        return self._change("payment.released", None, PaymentStatus.RELEASED, settle_at=None)

    def _declined(self, charge: Charge, card: Card | None, **head: Any) -> PaymentChange:
        change = self._change(
            "payment.declined",
            charge,
            PaymentStatus.DECLINED,
            EntryKind.DECLINE,
            "order.payment_declined",
            settle_at=None,
            **head,
        )
        return replace(change, message=declined_message(self.head, card, self.chronicle))

    def _captured(self, charge: Charge) -> PaymentChange:
        """Taken. An order that is over gives it back; a pending one should not have been charged, but is paid."""
        back = gives_back(self.head)
        moved = {} if back else {"settle_at": None}
        payment = PaymentStatus.REFUND_PENDING if back else PaymentStatus.CAPTURED
        return self._change("payment.captured", charge, payment, EntryKind.CAPTURE, "order.paid", **moved)

    def _voided(self, charge: Charge) -> PaymentChange:
        """Let go, or run out. An order that still needs the money asks for it anew."""
        voided = self._next(charge, ChargeStatus.VOIDED)
        over = gives_back(self.head)
        moved = {"settle_at": None} if over else {}
        payment = PaymentStatus.RELEASED if over else PaymentStatus.NONE
        if charge.status is not ChargeStatus.AUTHORISED:
            return self._change("payment.voided", voided, payment, **moved)
        return self._change(
            "payment.voided", voided, payment, EntryKind.VOID, "order.payment_released", **moved
        )

    def _new_charge(self, number: int, card_id: str, status: ChargeStatus, intent_id: str) -> Charge:
        head, moment = self.head, self.chronicle.moment
        return Charge(
            head.reseller_id, head.order_id, number, card_id, head.net, status, intent_id, moment, moment
        )

    def _next(self, charge: Charge, status: ChargeStatus, **changes: Any) -> Charge:
        moment, version = self.chronicle.moment, charge.version + 1
        return replace(charge, status=status, updated_at=moment, version=version, **changes)

    def _change(
        self,
        action: str,
        charge: Charge | None,
        payment: PaymentStatus,
        kind: EntryKind | None = None,
        event: str | None = None,
        **head: Any,
    ) -> PaymentChange:
        before, moment = self.head, self.chronicle.moment
        since = before.payment_since if payment is before.payment else moment
        after = replace(
            before,
            payment=payment,
            payment_since=since,
            updated_at=moment,
            version=before.version + 1,
            **head,
        )
        return PaymentChange(
            head=after,
            expected_version=before.version,
            charge=charge,
            entry=self._entry(kind, charge) if kind and charge else None,
            event=self._event(event, charge) if event and charge else None,
            audit=self.chronicle.audit(action, before.reseller_id, before.order_id, **_facts(charge)),
        )

    def _entry(self, kind: EntryKind, charge: Charge) -> LedgerEntry:
        moment = self.chronicle.moment
        reference = charge.refund_id if kind in _OF_A_REFUND else charge.intent_id
        return LedgerEntry(
            entry_id=self.chronicle.ids.new("led", moment),
            kind=kind,
            units=0,
            order_id=charge.order_id,
            actor=self.chronicle.actor,
            at=moment,
            amount=charge.amount,
            reference=reference or None,
        )

    def _event(self, type_: str, charge: Charge) -> Event:
        """`order_status`: whether the order waits for its money, or is over."""
        return self.chronicle.event(
            type_,
            charge.reseller_id,
            charge.order_id,
            payment_attempt=charge.payment_attempt,
            amount=f"{charge.amount.amount:.2f}",
            currency=charge.amount.currency,
            order_status=self.head.status,
        )

    def _settlement_failed(self, reason: str) -> Event:
        head = self.head
        return self.chronicle.event(
            "order.settlement_failed",
            head.reseller_id,
            head.order_id,
            payment_attempt=head.payment_attempt,
            reason=reason,
        )


def _facts(charge: Charge | None) -> dict[str, str | int | None]:
    if charge is None:
        return {}
    return {
        "payment_attempt": charge.payment_attempt,
        "amount": f"{charge.amount.amount:.2f} {charge.amount.currency}",
        "card_id": charge.card_id or None,
        "intent_id": charge.intent_id or None,
        "decline_code": charge.decline_code,
        "refund_id": charge.refund_id,
    }
