"""The door of settlements: messages of a queue, and what is due by its time; each order by itself."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from aws_lambda_powertools import Logger

from partner_center.billing.settle import Settled
from partner_center.entry.queues import message_handler
from partner_center.kernel.errors import PartnerCenterError

Settle = Callable[[str, str, str], Settled]
Due = Callable[[], Iterator[tuple[str, str]]]


def settling_handler(
    settle: Callable[[], Settle], due: Callable[[], Due]
) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """A Lambda handler for both. The use cases are made with the first event.

    A message names an order, `{reseller_id, order_id, reason}`, or is an event of the bus about one. Trouble with one
    order keeps nobody else's money from moving; what stays due is tried again by the next run.
    """
    logger = Logger()

    def settle_one(reseller_id: str, order_id: str, correlation_id: str) -> None:
        outcome = settle()(reseller_id, order_id, correlation_id)
        if outcome is Settled.GIVEN_UP:
            # The alarm PaymentsWaitForStaff waits for this line.
            logger.error("money could not be moved", order_id=order_id)

    handle_messages = message_handler(lambda message: settle_one(*_named_in(message)))

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        if "Records" in event:
            return handle_messages(event, context)
        settled = 0
        for reseller_id, order_id in due()():
            try:
                settle_one(reseller_id, order_id, "schedule")
            except PartnerCenterError as error:
                logger.warning("not settled", code=error.code, order_id=order_id)
            except Exception:
                logger.exception("not settled", order_id=order_id)
            else:
                settled += 1
        return {"settled": settled}

    return handler


def _named_in(message: Mapping[str, Any]) -> tuple[str, str, str]:
    """Reseller, order, and what caused the message. Raises KeyError for one that names no order."""
    if "detail" in message:
        detail = message["detail"]
        return detail["data"]["reseller_id"], detail["data"]["order_id"], detail["correlation_id"]
    return message["reseller_id"], message["order_id"], message.get("reason") or "message"
