"""Reading orders, wired."""

from functools import cache

from partner_center.entry.wiring.base import clock
from partner_center.entry.wiring.certificates import certificate_store
from partner_center.entry.wiring.orders import order_store
from partner_center.entry.wiring.validation import challenge_store
from partner_center.orders.reading import OrderReading


@cache
def order_reading() -> OrderReading:
    return OrderReading(order_store(), order_store(), challenge_store(), certificate_store(), clock())
