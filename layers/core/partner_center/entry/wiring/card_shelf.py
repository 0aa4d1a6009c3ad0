"""Cards on file and contracts, wired."""

from functools import cache

from partner_center.adapters.card_store import CardStore
from partner_center.adapters.contract_store import ContractStore
from partner_center.billing.payment_method import PaymentMethod
from partner_center.entry.wiring.base import clock, database, ids, settings


@cache
def card_shelf() -> CardStore:
    return CardStore(database(), settings().tables)


@cache
def payment_method() -> PaymentMethod:
    contracts = ContractStore(database(), settings().tables)
    return PaymentMethod(card_shelf(), contracts, clock(), ids())
