"""Checking what is published, wired."""

from functools import cache

from partner_center.entry.wiring.base import clock, ids
from partner_center.entry.wiring.everywhere import everywhere
from partner_center.entry.wiring.orders import order_store
from partner_center.entry.wiring.publishing import publishing
from partner_center.entry.wiring.validation import challenge_store
from partner_center.validation.check_control import CheckControl


@cache
def check_control() -> CheckControl:
    return CheckControl(order_store(), challenge_store(), everywhere(), publishing(), clock(), ids())
