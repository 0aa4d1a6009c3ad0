"""Reports of exposed keys on their way to the function that blocks them. No message holds a private key."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from partner_center.adapters.message_queue import MessageQueue
from partner_center.orders.exposed_keys import ExposedKey


class ExposedKeyQueue:
    """`ExposedKeys` of the orders context, on SQS; the client is made when there is something to report."""

    def __init__(self, client: Callable[[], Any], queue_url: str) -> None:
        otherwise = "The request cannot be answered at the moment; it may be sent again."
        self._queue = MessageQueue(client, queue_url, otherwise)

    def report(self, exposed: ExposedKey) -> None:
        self._queue.send(asdict(exposed))


def exposed_key(message: Mapping[str, Any]) -> ExposedKey:
    """The report in a message's body."""
    return ExposedKey(
        spki_sha256=message["spki_sha256"],
        reseller_id=message["reseller_id"],
        key_id=message["key_id"],
        request_id=message["request_id"],
    )
