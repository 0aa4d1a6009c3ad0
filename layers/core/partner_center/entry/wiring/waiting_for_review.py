"""The wait for a reviewer, wired."""

from functools import cache

from partner_center.entry.wiring.machine import machine, wait_store
from partner_center.entry.wiring.orders import order_store
from partner_center.orders.review import AwaitReview


@cache
def await_review() -> AwaitReview:
    return AwaitReview(order_store(), wait_store(), machine())
