"""Task AuthorisePayment: is the money of an order that a card pays authorised?"""

from partner_center.entry.task import Task, task_handler
from partner_center.entry.wiring.payments import authorise_payment


def run(task: Task) -> dict[str, str | int]:
    outcome, seconds = authorise_payment()(task.reseller_id, task.order_id, task.attempt, task.execution)
    return {"outcome": outcome, "seconds": seconds}


handler = task_handler(run)
