"""What the people concerned are told of a card that was declined (M60, M61)."""

from partner_center.billing.payments import Card, PaymentStatus
from partner_center.kernel.events import Chronicle
from partner_center.orders.order import OrderHead, OrderStatus
from partner_center.validation.ports import Message

_BRANDS = {
    "amex": "American Express",
    "diners": "Diners Club",
    "discover": "Discover",
    "jcb": "JCB",
    "mastercard": "Mastercard",
    "unionpay": "UnionPay",
    "visa": "Visa",
}

WHAT_TO_DO = (
    "Support can put another card on this order, or try this one again. A new card of the contract pays for orders "
    "that are placed from then on, not for this one. Never send card numbers by mail or chat."
)


def is_still_declined(head: OrderHead, payment_attempt: int) -> bool:
    """Whether the order still wants its money, and that attempt is still the last word about it."""
    over = head.status in {OrderStatus.CANCELLED, OrderStatus.REJECTED}
    declined = head.payment is PaymentStatus.DECLINED and head.payment_attempt == payment_attempt
    return declined and head.has_a_price and not over


def card_in_words(card: Card | None) -> str:
    """All that anybody is told of a card: its brand and its last four digits."""
    if card is None:
        return "The card of the contract"
    return f"The {_BRANDS.get(card.brand, card.brand)} card ending in {card.last4}"


def declined_message(head: OrderHead, card: Card | None, chronicle: Chronicle) -> Message:
    """The message on the order; why the bank declined is between it and the holder of the card."""
    amount = f"{head.net.amount:.2f} {head.net.currency}"
    waits = (
        "The order is not issued until its payment is updated."
        if head.status is OrderStatus.PENDING
        else "The certificate was issued, and its price is still owed."
    )
    text = f"{card_in_words(card)} was not accepted for {amount}. {waits} {WHAT_TO_DO}"
    return Message(chronicle.ids.new("msg", chronicle.moment), chronicle.moment, text)
