"""Task CloseOverdue: a wait ran out; the order is cancelled if its time is up."""

from partner_center.entry.task import Task, task_handler
from partner_center.entry.wiring.closing import close_overdue


def run(task: Task) -> dict[str, int | bool]:
    seconds = close_overdue()(task.reseller_id, task.order_id, task.execution)
    return {"over": seconds is None, "seconds": seconds or 1}


handler = task_handler(run)
