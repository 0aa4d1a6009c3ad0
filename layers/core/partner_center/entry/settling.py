"""The door of settlements: messages of a queue, and what is due by its time; each order by itself."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Protocol

from aws_lambda_powertools import Logger

from partner_center.billing.settle import Settled
from partner_center.entry.by_itself import by_itself
from partner_center.entry.queues import Postpone, message_handler
from partner_center.entry.wiring.queues import postponement

Settle = Callable[[str, str, str], Settled]


class Due(Protocol):
    """The orders whose money is to be moved by now."""

    def __call__(self) -> Iterator[tuple[str, str]]: ...

    def put_off(self, reseller_id: str, order_id: str) -> None: ...


def settling_handler(
    settle: Callable[[], Settle], due: Callable[[], Due], postpone: Callable[[], Postpone] = postponement
) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """A Lambda handler for both. The use cases are made with the first event.

    A message names an order, `{reseller_id, order_id, reason}`, or is an event of the bus about one. Trouble with one
    order keeps nobody else's money from moving; it is put off for a while (`kernel.patience`).
    """
    logger = Logger()

    def settle_one(reseller_id: str, order_id: str, correlation_id: str) -> Settled:
        return settle()(reseller_id, order_id, correlation_id)

    def is_settled(reseller_id: str, order_id: str) -> bool:
        act = partial(settle_one, reseller_id, order_id, "schedule")
        put_off = partial(due().put_off, reseller_id, order_id)
        return by_itself(logger, "not settled", act, put_off, order_id=order_id) is not None

    handle_messages = message_handler(lambda message: settle_one(*_named_in(message)), postpone)

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        if "Records" in event:
            return handle_messages(event, context)
        settled = sum(is_settled(*each) for each in due()())
        logger.info(
            "due money was looked for", settled=settled
        )  # the alarm SettlePaymentsDoesNotRun waits for it
        return {"settled": settled}

    return handler


def _named_in(message: Mapping[str, Any]) -> tuple[str, str, str]:
    """Reseller, order, and what caused the message. Raises KeyError for one that names no order."""
    if "detail" in message:
        detail = message["detail"]
        return detail["data"]["reseller_id"], detail["data"]["order_id"], detail["correlation_id"]
    return message["reseller_id"], message["order_id"], message.get("reason") or "message"
