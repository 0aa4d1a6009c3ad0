"""The wait for another payment, wired."""

from functools import cache

from partner_center.billing.authorise import payment_answer
from partner_center.entry.wiring.machine import machine, wait_store
from partner_center.entry.wiring.orders import order_store
from partner_center.orders.fulfil import AwaitAnswer, WaitStep


@cache
def await_payment() -> AwaitAnswer:
    return AwaitAnswer(order_store(), wait_store(), machine(), WaitStep.PAYMENT, payment_answer)
