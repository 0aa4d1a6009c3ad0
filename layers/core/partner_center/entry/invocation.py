"""The door of functions that other functions of ours set in motion: ids in, nothing but their success out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools import Logger


@dataclass(frozen=True, slots=True)
class Invocation:
    """Which order, which of its names (all when `names` is None), and how many seconds somebody waits, if anybody."""

    reseller_id: str
    order_id: str
    names: tuple[str, ...] | None
    invocation_id: str
    seconds: float | None = None


def invocation_handler(
    run: Callable[[Invocation], None],
) -> Callable[[Mapping[str, Any], Any], dict[str, str]]:
    """A Lambda handler. An error leaves under its own name and fails the invocation."""
    logger = Logger()

    def handler(event: Mapping[str, Any], context: Any) -> dict[str, str]:
        names = event.get("names")
        asked = Invocation(
            str(event["reseller_id"]),
            str(event["order_id"]),
            tuple(map(str, names)) if names is not None else None,
            context.aws_request_id,
            float(event["seconds"]) if event.get("seconds") is not None else None,
        )
        logger.append_keys(order_id=asked.order_id)
        run(asked)
        return {"order_id": asked.order_id}

    return handler
