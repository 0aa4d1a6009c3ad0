"""Task AwaitRelease: a preflight was held back; wait until the reseller asks for a check."""

from partner_center.entry.task import Task, task_handler
from partner_center.entry.wiring.machine import await_release


def run(task: Task) -> None:
    await_release()(task.reseller_id, task.order_id, task.attempt, task.awaited_token)


handler = task_handler(run)
