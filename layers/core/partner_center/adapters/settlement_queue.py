"""The queue of orders whose money is to be looked at, and the record of what the gateway has told already."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from partner_center.adapters import keys
from partner_center.adapters.dynamodb import Database, Put
from partner_center.adapters.message_queue import MessageQueue
from partner_center.adapters.order_items import to_micros
from partner_center.kernel.errors import TryAgain
from partner_center.kernel.ids import encode_time_ordered

HEARD_LIFETIME = timedelta(days=30)


class SettlementQueue:
    """`Settlements` of the billing context, on SQS; the client is made when there is something to send."""

    def __init__(self, client: Callable[[], Any], queue_url: str) -> None:
        otherwise = "The message cannot be taken at the moment; it may be sent again."
        self._queue = MessageQueue(client, queue_url, otherwise)

    def look_at(self, reseller_id: str, order_id: str, reason: str) -> None:
        self._queue.send({"reseller_id": reseller_id, "order_id": order_id, "reason": reason})


class GatewayEventStore:
    """`HeardEvents` of the billing context, on DynamoDB."""

    def __init__(self, database: Database, table: str) -> None:
        self._database, self._table = database, table

    def was_heard(self, event_id: str) -> bool:
        return self._database.get(self._table, keys.gateway_event(event_id)) is not None

    def heard(self, event_id: str, moment: datetime) -> None:
        attributes = {
            "at": to_micros(moment),
            "expires_at": int((moment + HEARD_LIFETIME).timestamp()),
        }
        key = keys.gateway_event(event_id)
        self._database.write(Put(self._table, key, attributes, _never, may_exist=True))

    def tell(self, reseller_id: str, order_id: str, event_id: str, moment: datetime, text: str) -> None:
        """A message on the order; its id follows from the event's, so it is written once."""
        randomness = int.from_bytes(event_id.encode()[-10:], "big")
        message_id = f"msg_{encode_time_ordered(int(moment.timestamp() * 1000), randomness)}"
        key = keys.order_message(reseller_id, order_id, message_id)
        self._database.write(
            Put(self._table, key, {"at": to_micros(moment), "text": text}, _never, may_exist=True)
        )


def _never(_: object) -> Exception:
    return TryAgain("Nothing was written; ask again.")
