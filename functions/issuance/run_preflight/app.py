"""Task RunPreflight: the last look before the point of no return. It reaches the internet and cannot sign."""

from partner_center.entry.task import Task, task_handler
from partner_center.entry.wiring.preflight import run_preflight
from partner_center.issuance.preflight import Outcome


def run(task: Task) -> dict[str, str | int | None]:
    preflight = run_preflight()(task.reseller_id, task.order_id, task.attempt, task.execution)
    if preflight is None:
        return {"outcome": Outcome.OVER, "preflight_id": None, "seconds": 1}
    return {
        "outcome": preflight.outcome,
        "preflight_id": preflight.preflight_id,
        "seconds": preflight.seconds_left,
    }


handler = task_handler(run)
