"""Taking one step with an order's money: the gateway is asked, and what it says is recorded at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from partner_center.billing.charge_ports import Charges, PaymentChange
from partner_center.billing.charge_records import ChargeRecord
from partner_center.billing.charges import Next, Step, next_step
from partner_center.billing.payments import (
    Card,
    Cards,
    Charge,
    ChargeStatus,
    Intent,
    IntentStatus,
    PaymentGateway,
    PaymentPurpose,
    PaymentRefused,
    Refund,
    RefundStatus,
)
from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import TryAgain
from partner_center.kernel.events import Chronicle
from partner_center.kernel.ids import Ids
from partner_center.orders.order import OrderHead
from partner_center.orders.ports import OrderReader


class RefundFailed(TryAgain):
    """The gateway could not give the money back; it is tried again."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An order paid by card and the step that its money takes next, both of one moment."""

    head: OrderHead
    next: Next


@dataclass(frozen=True, slots=True)
class MoveMoney:
    """Looks where the money of an order stands, and takes one step with it."""

    orders: OrderReader
    charges: Charges
    cards: Cards
    gateway: PaymentGateway
    clock: Clock
    ids: Ids

    def standing(self, reseller_id: str, order_id: str) -> Standing | None:
        """None for an unknown order, and for one that units pay.

        Head and charges are two reads: only what stands between two equal versions of the head belongs together.
        """
        head = self.orders.head(reseller_id, order_id)
        while head is not None and head.is_by_card:
            charges = self.charges.of_order(reseller_id, order_id)
            again = self.orders.head(reseller_id, order_id)
            if again is not None and again.version == head.version:
                return Standing(head, next_step(head, charges, self.clock.now()))
            head = again
        return None

    def __call__(self, found: Standing, correlation_id: str) -> PaymentChange:
        """What was written; raises what `asked` and `written` raise."""
        return self.written(found, self.asked(found, correlation_id))

    def asked(self, found: Standing, correlation_id: str) -> PaymentChange:
        """What the gateway's answer makes of the order, to be written at once.

        Raises TryAgain, and PaymentRefused when the gateway will not do it at all.
        """
        head, charge = found.head, found.next.charge
        record = self.record(head, correlation_id)
        if found.next.step is Step.PREPARE:
            change = self._prepared(head, record)
        elif found.next.step is Step.RELEASE:
            change = record.released()
        elif found.next.step is Step.ASK_STAFF:
            change = record.misfits()
        elif charge is None:
            raise ValueError(f"{found.next.step} is a step with a charge")
        elif found.next.step in {Step.REFUND, Step.LOOK}:
            change = self._refunded(charge, record)
        else:
            change = self._moved(found.next.step, charge, record)
        return change

    def returned(self, found: Standing, correlation_id: str) -> PaymentChange | None:
        """What to write if the refund that had arrived came back; None while it stays where it is.

        Raises TryAgain, and PaymentRefused when the gateway knows the refund no longer.
        """
        charge = found.next.charge
        if charge is None:
            return None
        refund = self._refund_now(charge)
        if refund.status is not RefundStatus.FAILED:
            return None
        return self.record(found.head, correlation_id).refund_returned(charge, refund)

    def record(self, head: OrderHead, correlation_id: str) -> ChargeRecord:
        return ChargeRecord(head, Chronicle(self.ids, self.clock.now(), "system", correlation_id))

    def written(self, found: Standing, change: PaymentChange) -> PaymentChange:
        """The change, once it is recorded.

        Raises ChangedMeanwhile when the order moved in between: then it is looked at anew; TryAgain, and RefundFailed
        after a refund that is tried again was recorded.
        """
        self.charges.record(change)
        if change.charge is not None and found.next.charge is not None:
            _tell_failure(change.charge, found.next.charge)
        return change

    def _prepared(self, head: OrderHead, record: ChargeRecord) -> PaymentChange:
        """A new payment attempt that the gateway knows and that asks for nothing yet; a refused one is declined."""
        number = head.payment_attempt + 1
        card = self.cards.card(head.reseller_id, head.card_id) if head.card_id else None
        fault = _card_fault(card, record.chronicle.moment)
        if card is None or fault is not None:
            return record.declined_unasked(number, card, fault or "card_unknown")
        purpose = PaymentPurpose(head.reseller_id, head.order_id, number)
        try:
            intent_id = self.gateway.prepare(purpose, head.net, card)
        except PaymentRefused as refused:
            return record.declined_unasked(number, card, refused.reason)
        return record.prepared(number, card, intent_id)

    def _moved(self, step: Step, charge: Charge, record: ChargeRecord) -> PaymentChange:
        calls: Mapping[Step, Callable[[str, PaymentPurpose], Intent]] = {
            Step.AUTHORISE: self.gateway.authorise,
            Step.CAPTURE: self.gateway.capture,
            Step.CANCEL: self.gateway.cancel,
        }
        purpose = PaymentPurpose(charge.reseller_id, charge.order_id, charge.payment_attempt)
        card = self.cards.card(charge.reseller_id, charge.card_id)
        try:
            intent = calls[step](charge.intent_id, purpose)
        except PaymentRefused as refused:
            intent = self.gateway.intent(charge.intent_id)
            if step is Step.AUTHORISE and intent.status is IntentStatus.UNCONFIRMED:
                return record.declined(charge, card, refused.reason)
            if _tells_nothing_new(charge, intent):
                raise
        if _tells_nothing_new(charge, intent):
            raise TryAgain("The gateway did not do what it was asked.")
        return record.seen(charge, card, intent)

    def _refunded(self, charge: Charge, record: ChargeRecord) -> PaymentChange:
        purpose = PaymentPurpose(charge.reseller_id, charge.order_id, charge.payment_attempt)
        try:
            if charge.status is ChargeStatus.REFUND_PENDING and charge.refund_id is not None:
                return record.refund_seen(charge, self.gateway.refund_of(charge.refund_id))
            attempt = charge.failed_refunds + 1
            return record.refund_seen(charge, self.gateway.refund(charge.intent_id, purpose, attempt))
        except PaymentRefused:
            intent = self.gateway.intent(charge.intent_id)
            if intent.refunded.amount < charge.amount.amount:
                raise
            return record.refund_seen(charge, Refund("", RefundStatus.SUCCEEDED, charge.amount))

    def _refund_now(self, charge: Charge) -> Refund:
        """One that was made by hand has no id here: the payment says how much of it is back."""
        if charge.refund_id is not None:
            return self.gateway.refund_of(charge.refund_id)
        back = self.gateway.intent(charge.intent_id).refunded
        stays = back.amount >= charge.amount.amount
        return Refund("", RefundStatus.SUCCEEDED if stays else RefundStatus.FAILED, charge.amount)


def _card_fault(card: Card | None, moment: datetime) -> str | None:
    if card is None:
        return "card_unknown"
    return "card_expired" if moment >= card.usable_until else None


def _tells_nothing_new(charge: Charge, intent: Intent) -> bool:
    known = {
        ChargeStatus.PREPARED: {IntentStatus.UNCONFIRMED},
        ChargeStatus.AUTHORISED: {IntentStatus.AUTHORISED, IntentStatus.UNCONFIRMED},
    }
    return intent.status in known.get(charge.status, set())


def _tell_failure(after: Charge, before: Charge) -> None:
    if after.failed_refunds > before.failed_refunds:
        raise RefundFailed("The gateway could not give the money back.")
