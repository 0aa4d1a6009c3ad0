"""Cards on file, wired for reading. What pays with units loads nothing of them."""

from functools import cache
from typing import TYPE_CHECKING

from partner_center.billing.payments import Card
from partner_center.entry.wiring.base import database, settings
from partner_center.orders.order import OrderHead

if TYPE_CHECKING:
    from partner_center.adapters.card_store import CardStore


@cache
def card_store() -> "CardStore":
    from partner_center.adapters.card_store import CardStore  # noqa: PLC0415 - most orders are paid by units

    return CardStore(database(), settings().tables)


def card_of(head: OrderHead) -> Card | None:
    """The card that pays for an order; None of one that units pay."""
    return card_store().card(head.reseller_id, head.card_id) if head.card_id else None
