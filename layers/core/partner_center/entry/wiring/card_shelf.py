"""Cards on file and contracts, wired."""

from functools import cache

from partner_center.adapters.card_store import CardStore
from partner_center.billing.payment_method import PaymentMethod
from partner_center.entry.wiring.base import clock, database, ids, settings
from partner_center.entry.wiring.contracts import contract_store


@cache
def card_shelf() -> CardStore:
    return CardStore(database(), settings().tables)


@cache
def payment_method() -> PaymentMethod:
    return PaymentMethod(card_shelf(), contract_store(), clock(), ids())
