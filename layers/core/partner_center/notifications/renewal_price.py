"""What a renewal would cost its reseller today: in units of the contract that paid, or in money."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from partner_center.billing.contracts import Contract, ContractKind
from partner_center.catalog.pricing import quote
from partner_center.catalog.products import Catalog
from partner_center.orders.order import Order


class Contracts(Protocol):
    """Reads contracts."""

    def find(self, reseller_id: str, contract_id: str) -> Contract | None: ...


@dataclass(frozen=True, slots=True)
class RenewalPrice:
    """The same names for the same term, on the order's contract as long as that serves, else by the catalog."""

    catalog: Catalog
    contracts: Contracts

    def __call__(self, order: Order, moment: datetime) -> str | None:
        """In words; None where it is not sold so any more. The renewal itself may name another contract."""
        head = order.head
        product = self.catalog.product(head.product)
        contract = self.contracts.find(head.reseller_id, head.contract_id)
        serving = contract if contract is not None and contract.is_valid(moment) else None
        agreed = serving.prices if serving is not None else None
        is_sold = product is not None and head.term_days in product.terms_days
        priced = quote(product, order.content.names, head.term_days, agreed) if product and is_sold else None
        if priced is None:
            return None
        if serving is not None and serving.kind is ContractKind.BULK:
            return f"{priced.units} unit{'' if priced.units == 1 else 's'} of contract {serving.contract_id}"
        return f"{priced.net.amount:.2f} {priced.net.currency} without tax"
