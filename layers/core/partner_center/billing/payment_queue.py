"""What staff of finance see: the orders whose money they must see to, longest waiting first."""

from dataclasses import dataclass
from typing import Any

from partner_center.billing.charge_ports import Charges
from partner_center.billing.charges import gives_back
from partner_center.billing.payments import Card, Cards, Charge, ChargeStatus, PaymentStatus
from partner_center.kernel.clock import a_business_day_after, rfc3339
from partner_center.kernel.money import Money
from partner_center.orders.order import OrderHead, OrderStatus
from partner_center.orders.page import Page
from partner_center.orders.ports import OrderReader

QUEUE = "payments"
_TAKEN = frozenset({ChargeStatus.CAPTURED, ChargeStatus.REFUND_PENDING})


@dataclass(frozen=True, slots=True)
class PaymentQueue:
    """The use case. The index behind it may be a moment late, so each order is read once more."""

    orders: OrderReader
    charges: Charges
    cards: Cards

    def __call__(self, page: Page) -> dict[str, Any]:
        ids, cursor = self.charges.waiting(page)
        items = []
        for reseller_id, order_id in ids:
            head = self.orders.head(reseller_id, order_id)
            if head is None or head.awaits_review or not head.awaits_payment:
                continue
            latest = self.charges.charge(reseller_id, order_id, head.payment_attempt)
            card = self.cards.card(reseller_id, head.card_id) if head.card_id else None
            items.append(_task(head, latest, card))
        return {"items": items, "next_cursor": cursor}


def trouble(head: OrderHead, latest: Charge | None) -> tuple[str, str]:
    """What is wrong with the money of an order in the queue, and what to do about it.

    The `latest` payment attempt tells a refund from a promise that could not be let go, of which nothing was taken.
    """
    order = f"/v1/staff/orders/{head.order_id}"
    again = f"have it tried again (POST {order}/settle)"
    if head.payment is PaymentStatus.DECLINED and not gives_back(head):
        return (
            "declined",
            f"Ask the reseller for another card, or try the same again (PUT {order}/payment-method).",
        )
    if head.status is OrderStatus.PENDING:
        return (
            "capture_failed",
            "Another amount was taken at the gateway than the order costs now: have the order amended back to it, or "
            "cancelled, which gives all of it back.",
        )
    if gives_back(head) and latest is not None and latest.status in _TAKEN:
        return "refund_failed", f"Look at the payment at the gateway, then {again}."
    if gives_back(head):
        return (
            "release_failed",
            f"Look at the authorisation at the gateway, then {again}; it runs out by itself.",
        )
    return (
        "capture_failed",
        f"Look at the payment at the gateway, then {again} (PUT {order}/payment-method asks anew).",
    )


def card_as_json(card: Card | None) -> dict[str, str] | None:
    """All that is shown of a card."""
    return {"brand": card.brand, "last4": card.last4} if card else None


def _task(head: OrderHead, latest: Charge | None, card: Card | None) -> dict[str, Any]:
    since = head.payment_since or head.updated_at
    what, action = trouble(head, latest)
    return {
        "queue": QUEUE,
        "waiting_since": rfc3339(since),
        "due_at": rfc3339(a_business_day_after(since)),
        "trouble": what,
        "next_action": action,
        "order_id": head.order_id,
        "reseller_id": head.reseller_id,
        "order_status": head.status,
        "product": head.product,
        "common_name": head.common_name,
        "contract_id": head.contract_id,
        "amount": _amount(head, latest).as_json(),
        "payment": head.payment,
        "payment_attempt": head.payment_attempt,
        "card": card_as_json(card),
        "decline_code": latest.decline_code if latest else None,
        "placed_at": rfc3339(head.placed_at),
    }


def _amount(head: OrderHead, latest: Charge | None) -> Money:
    """What is owed; of what goes back what was taken or promised, which an amendment does not change."""
    return latest.amount if latest is not None and gives_back(head) else head.net


def payment_as_json(head: OrderHead) -> dict[str, Any]:
    """Where the money of an order stands, to who moved it."""
    return {
        "order_id": head.order_id,
        "reseller_id": head.reseller_id,
        "order_status": head.status,
        "payment": head.payment,
        "payment_attempt": head.payment_attempt,
        "card_id": head.card_id,
    }
