"""Task AwaitPayment: the card was declined; wait until the order's payment is updated."""

from partner_center.entry.task import Task, task_handler
from partner_center.entry.wiring.waiting_for_payment import await_payment


def run(task: Task) -> None:
    await_payment()(task.reseller_id, task.order_id, task.attempt, task.awaited_token)


handler = task_handler(run)
