"""The desk of finance, wired."""

from functools import cache

from partner_center.billing.payment_desk import PaymentDesk
from partner_center.billing.payment_queue import PaymentQueue
from partner_center.entry.wiring.base import clock, ids
from partner_center.entry.wiring.charges import charge_store
from partner_center.entry.wiring.contracts import contract_store
from partner_center.entry.wiring.orders import order_store
from partner_center.entry.wiring.paying_cards import card_store


@cache
def payment_desk() -> PaymentDesk:
    return PaymentDesk(order_store(), charge_store(), card_store(), contract_store(), clock(), ids())


@cache
def payment_queue() -> PaymentQueue:
    return PaymentQueue(order_store(), charge_store(), card_store())
