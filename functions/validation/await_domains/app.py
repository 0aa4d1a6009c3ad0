"""Task AwaitDomains: ask the approvers, then wait until every name is proven."""

from partner_center.entry.task import Task, task_handler
from partner_center.entry.wiring.authentication import await_domains


def run(task: Task) -> None:
    await_domains()(task.reseller_id, task.order_id, task.attempt, task.awaited_token)


handler = task_handler(run)
