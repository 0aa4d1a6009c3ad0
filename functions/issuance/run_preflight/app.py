"""Task RunPreflight: the last look before the point of no return. It reaches the internet and cannot sign."""

import json

from aws_lambda_powertools import Logger

from partner_center.entry.task import Task, task_handler
from partner_center.entry.wiring.base import settings
from partner_center.entry.wiring.preflight import run_preflight
from partner_center.issuance.preflight import Outcome, Preflight
from partner_center.kernel.public_suffix import WARN_AFTER, is_older, list_date, list_version


def run(task: Task) -> dict[str, str | int | None]:
    refused = _message(str(task.facts.get("refused", "")))
    preflight = run_preflight()(task.reseller_id, task.order_id, task.attempt, task.execution, refused)
    if preflight is None:
        return {"outcome": Outcome.OVER, "preflight_id": None, "seconds": 1}
    _tell_the_operator(preflight)
    if refused:
        Logger().error("a certificate was refused by the linter", refused=refused)
    return {
        "outcome": preflight.outcome,
        "preflight_id": preflight.preflight_id,
        "seconds": preflight.seconds_left,
    }


def _message(cause: str) -> str:
    """What an error said, by what Step Functions keeps of it: Lambda's answer, as JSON. Empty without an error."""
    return str(json.loads(cause)["errorMessage"]) if cause else ""


def _tell_the_operator(preflight: Preflight) -> None:
    """Only an operator can mend a list: the alarms BlockListsAreMissing and SuffixListIsOld wait for these lines."""
    faults = [check.detail for check in preflight.checks if check.check == "block_lists" and not check.passed]
    if faults:
        Logger().error("block lists are missing or broken", faults=faults)
    if settings().oldest_suffix_list and is_older(list_date(), WARN_AFTER, preflight.at):
        Logger().error("the public suffix list is old", version=list_version())


handler = task_handler(run)
