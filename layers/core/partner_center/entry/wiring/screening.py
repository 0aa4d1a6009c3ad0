"""Screening, wired."""

from functools import cache

from partner_center.entry.wiring.base import clock, ids
from partner_center.entry.wiring.orders import order_store
from partner_center.entry.wiring.review import screening_store
from partner_center.entry.wiring.validation import challenge_store
from partner_center.orders.screen import ScreenOrder


@cache
def screen_order() -> ScreenOrder:
    return ScreenOrder(order_store(), screening_store(), challenge_store(), clock(), ids())
