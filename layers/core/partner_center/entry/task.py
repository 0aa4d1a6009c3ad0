"""The door of the machine's tasks: ids in, plain values out, and error names the machine can tell apart."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools import Logger


@dataclass(frozen=True, slots=True)
class Task:
    """One task of one order's execution. `token` is there when the machine waits for an answer."""

    reseller_id: str
    order_id: str
    generation: int
    attempt: int
    execution: str
    token: str | None
    facts: Mapping[str, Any]

    @property
    def awaited_token(self) -> str:
        """The task token. Raises KeyError when the machine does not wait, a mistake in its definition."""
        if self.token is None:
            raise KeyError("token")
        return self.token


def task_handler(run: Callable[[Task], Any]) -> Callable[[dict[str, Any], Any], Any]:
    """A Lambda handler for a task. Errors leave under their own names: TryAgain, ChangedMeanwhile ...

    The machine retries those by name; anything else is a fault and ends in the task's named failure.
    """
    logger = Logger()

    def handler(event: dict[str, Any], _context: Any) -> Any:
        task = read_task(event)
        logger.append_keys(order_id=task.order_id, attempt=task.attempt)
        return run(task)

    return handler


def read_task(event: Mapping[str, Any]) -> Task:
    """The payload of a task (docs/architecture.md, "Payloads stay compatible for a year")."""
    return Task(
        reseller_id=event["reseller_id"],
        order_id=event["order_id"],
        generation=int(event["generation"]),
        attempt=int(event["attempt"]),
        execution=event["execution"],
        token=event.get("token"),
        facts=event.get("facts", {}),
    )
