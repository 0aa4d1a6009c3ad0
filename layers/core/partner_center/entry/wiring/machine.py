"""The machine's waits, starts and wake-ups, wired."""

from functools import cache

from partner_center.adapters.step_functions import StepFunctionsMachine
from partner_center.adapters.wait_store import WaitStore
from partner_center.entry.wiring.base import client, database, settings
from partner_center.entry.wiring.orders import order_store
from partner_center.orders.fulfil import AwaitAnswer, WaitStep, release_answer


@cache
def wait_store() -> WaitStore:
    return WaitStore(database(), settings().tables.business)


@cache
def machine() -> StepFunctionsMachine:
    return StepFunctionsMachine(client("stepfunctions"), settings().machine_arn)


@cache
def await_release() -> AwaitAnswer:
    return AwaitAnswer(order_store(), wait_store(), machine(), WaitStep.HELD_BACK, release_answer)
