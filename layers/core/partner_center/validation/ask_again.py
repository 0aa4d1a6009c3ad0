"""Mailing once more, for an order that is still to be proven."""

from collections.abc import Collection
from dataclasses import dataclass

from partner_center.orders.order import OrderStatus
from partner_center.orders.ports import OrderReader, load
from partner_center.orders.under_way import with_present_contacts
from partner_center.validation.authenticate import OpenValidation


@dataclass(frozen=True, slots=True)
class AskAgain:
    """The use case. What is proven, declined or over is not asked about."""

    orders: OrderReader
    open_validation: OpenValidation

    def __call__(self, reseller_id: str, order_id: str, names: Collection[str]) -> None:
        """Raises TooSoon, TryAgain."""
        order = load(self.orders, reseller_id, order_id)
        if order is not None and order.head.status is OrderStatus.PENDING and order.head.is_screened:
            self.open_validation(with_present_contacts(self.orders, order), names)
