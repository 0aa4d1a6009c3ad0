"""Task CompleteOrder: the certificate is stored, so the order is issued and its units are used."""

from partner_center.entry.task import Task, task_handler
from partner_center.entry.wiring.closing import complete_order


def run(task: Task) -> dict[str, str]:
    complete_order()(task.reseller_id, task.order_id, task.generation, task.execution)
    return {"status": "issued"}


handler = task_handler(run)
