"""Task AwaitReview: the order was flagged; wait until a reviewer decides."""

from partner_center.entry.task import Task, task_handler
from partner_center.entry.wiring.waiting_for_review import await_review


def run(task: Task) -> None:
    await_review()(task.reseller_id, task.order_id, task.attempt, task.awaited_token)


handler = task_handler(run)
