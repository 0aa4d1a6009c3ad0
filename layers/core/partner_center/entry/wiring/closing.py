"""The ends of an order, wired."""

from functools import cache

from partner_center.entry.wiring.base import clock, ids, patience
from partner_center.entry.wiring.certificates import certificate_store
from partner_center.entry.wiring.orders import order_store
from partner_center.entry.wiring.validation import challenge_store
from partner_center.orders.close import CancelOrder, CloseOverdue, CompleteOrder


@cache
def cancel_order() -> CancelOrder:
    return CancelOrder(order_store(), clock(), ids(), patience())


@cache
def close_overdue() -> CloseOverdue:
    return CloseOverdue(order_store(), challenge_store(), clock(), ids())


@cache
def complete_order() -> CompleteOrder:
    return CompleteOrder(order_store(), certificate_store(), clock(), ids())
