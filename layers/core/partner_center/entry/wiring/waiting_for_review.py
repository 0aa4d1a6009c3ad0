"""The wait for a reviewer, wired."""

from functools import cache

from partner_center.entry.wiring.machine import machine, wait_store
from partner_center.entry.wiring.orders import order_store
from partner_center.orders.fulfil import AwaitAnswer, WaitStep
from partner_center.orders.review import review_answer


@cache
def await_review() -> AwaitAnswer:
    return AwaitAnswer(order_store(), wait_store(), machine(), WaitStep.REVIEW, review_answer)
