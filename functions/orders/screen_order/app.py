"""Task ScreenOrder: do the rules flag the order for a reviewer?"""

from partner_center.entry.task import Task, task_handler
from partner_center.entry.wiring.screening import screen_order


def run(task: Task) -> dict[str, str | int]:
    outcome, seconds = screen_order()(task.reseller_id, task.order_id, task.attempt, task.execution)
    return {"outcome": outcome, "seconds": seconds}


handler = task_handler(run)
