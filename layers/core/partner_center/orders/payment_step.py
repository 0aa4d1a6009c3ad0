"""The step `payment` of the authentication status: where the money is, and who must act (M60, M61)."""

from partner_center.billing.payments import PaymentStatus
from partner_center.kernel.clock import a_business_day_after
from partner_center.orders.order import OrderHead, OrderStatus
from partner_center.orders.steps import Actor, Step, StepStatus

_CLOSED = {OrderStatus.CANCELLED, OrderStatus.REJECTED}
_STEP = "payment"

_UNITS = {
    PaymentStatus.HELD: "{units} units are held for this order.",
    PaymentStatus.CAPTURED: "{units} units were used for this order.",
    PaymentStatus.RELEASED: "{units} units were held for this order and given back.",
    PaymentStatus.REFUNDED: "{units} units were used for this order and given back.",
}

_AT_REST = {
    PaymentStatus.AUTHORISED: "{price} are authorised; they are taken once the certificate is stored.",
    PaymentStatus.CAPTURED: "{price} were taken from the card.",
    PaymentStatus.RELEASED: "Nothing was taken from a card.",
    PaymentStatus.REFUNDED: "What was taken from the card was given back to it.",
}
"""Of what goes back no amount is told: at the gateway's console another than the price may have been taken."""

_STUCK = {
    PaymentStatus.DECLINED: (
        "The card was not accepted for {price}.",
        "Support can put another card on this order, or try this one again: ask them. A new card of the contract "
        "pays for orders placed from then on, not for this one.",
    ),
    PaymentStatus.REFUND_PENDING: (
        "What the card paid or promised could not go back to it yet.",
        "Staff look at the payment; nothing is needed from you.",
    ),
    PaymentStatus.REFUND_FAILED: (
        "What was taken from the card could not be given back to it.",
        "Staff look at the refund; if the card is closed, tell support where the money shall go.",
    ),
}
_MISFITS = (
    "Another amount was taken from the card than the {price} that the order costs now.",
    "Staff look at the payment. Amended back to what was paid the order goes on; cancelled, all of it is given back.",
)
_NOT_MOVED = (
    "The card's money could not be moved.",
    "Staff look at the payment; nothing is needed from you.",
)


def payment_step(head: OrderHead) -> Step:
    """Derived from where the order's money stands."""
    if head.is_reissue:
        return Step(_STEP, StepStatus.NOT_REQUIRED, head.placed_at, "A reissue costs nothing.")
    if not head.is_by_card:
        reason = _UNITS[head.payment].format(units=head.units)
        return Step(_STEP, StepStatus.COMPLETE, head.placed_at, reason)
    since = head.payment_since or head.placed_at
    if not head.has_a_price and head.status not in _CLOSED:
        return Step(_STEP, StepStatus.NOT_REQUIRED, head.placed_at, "Nothing is owed for this order.")
    price = f"{head.net.amount:.2f} {head.net.currency}"
    if head.awaits_payment:
        reason, action = _stuck(head)
        due = a_business_day_after(since)
        reason = reason.format(price=price)
        return Step(_STEP, StepStatus.IN_PROGRESS, since, reason, action, Actor.STAFF, due)
    if head.money_is_to_move or head.payment is PaymentStatus.NONE:
        return Step(_STEP, StepStatus.PENDING, since, _under_way(head, price), None, Actor.SYSTEM)
    return Step(_STEP, StepStatus.COMPLETE, since, _AT_REST[head.payment].format(price=price))


def _stuck(head: OrderHead) -> tuple[str, str]:
    """What the reseller is told, and what happens next. Of an order that is closed nobody puts another card."""
    if head.payment_misfits:
        return _MISFITS
    if head.status in _CLOSED and head.payment is PaymentStatus.DECLINED:
        return _NOT_MOVED
    return _STUCK.get(head.payment, _NOT_MOVED)


def _under_way(head: OrderHead, price: str) -> str:
    if head.status is OrderStatus.PENDING:
        return f"The card is asked for {price} when every name is proven, right before the certificate is signed."
    if head.payment in {PaymentStatus.CAPTURED, PaymentStatus.REFUND_PENDING}:
        return "What the card paid or promised goes back to it."
    if head.status in _CLOSED:
        return "What the card was asked for is being let go; nothing is taken."
    return f"{price} are being taken from the card."
