"""Reissues that make themselves, wired."""

from functools import cache

from partner_center.entry.wiring.base import clock, ids
from partner_center.entry.wiring.certificates import certificate_store
from partner_center.entry.wiring.orders import order_store
from partner_center.entry.wiring.planned_reissues import planned_reissues
from partner_center.entry.wiring.validation import challenge_store
from partner_center.orders.auto_reissue import ReissueByItself


@cache
def reissue_by_itself() -> ReissueByItself:
    return ReissueByItself(
        order_store(), certificate_store(), challenge_store(), planned_reissues(), clock(), ids()
    )
