"""Messages of JSON into a queue of SQS."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from partner_center.kernel.errors import TryAgain


class MessageQueue:
    """One queue. The client is made when there is something to send; `otherwise` is what its sender reads then."""

    def __init__(self, client: Callable[[], Any], queue_url: str, otherwise: str) -> None:
        self._client, self._queue_url, self._otherwise = client, queue_url, otherwise

    def send(self, message: Mapping[str, Any]) -> None:
        """Raises TryAgain when the queue did not take it, as far as is known: it may be there twice afterwards."""
        try:
            self._client().send_message(QueueUrl=self._queue_url, MessageBody=json.dumps(message))
        except (ClientError, BotoCoreError) as error:
            raise TryAgain(self._otherwise) from error
