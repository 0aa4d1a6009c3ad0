"""Reports of exposed keys on their way to the function that blocks them. No message holds a private key."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from partner_center.kernel.errors import TryAgain
from partner_center.orders.exposed_keys import ExposedKey


class ExposedKeyQueue:
    """`ExposedKeys` of the orders context, on SQS; the client is made when there is something to report."""

    def __init__(self, client: Callable[[], Any], queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def report(self, exposed: ExposedKey) -> None:
        try:
            self._client().send_message(QueueUrl=self._queue_url, MessageBody=json.dumps(asdict(exposed)))
        except (ClientError, BotoCoreError) as error:
            raise TryAgain("The request cannot be answered at the moment; it may be sent again.") from error


def exposed_key(message: Mapping[str, Any]) -> ExposedKey:
    """The report in a message's body."""
    return ExposedKey(
        spki_sha256=message["spki_sha256"],
        reseller_id=message["reseller_id"],
        key_id=message["key_id"],
        request_id=message["request_id"],
    )
