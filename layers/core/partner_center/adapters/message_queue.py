"""Messages of JSON into a queue of SQS, and how long one that was given out stays out of sight."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
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


class Postponement:
    """Keeps messages that a function was given out of sight, each for as long as is said."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._urls: dict[str, str] = {}

    def __call__(
        self, pauses: Sequence[tuple[Mapping[str, Any], timedelta]]
    ) -> Sequence[tuple[Mapping[str, Any], str]]:
        """`pauses`: records of one batch, at most ten, as Lambda delivers them from one queue, and how long.

        The records that SQS did not take, with its code: they come again after the queue's own time-out. Raises
        TryAgain when it does not answer (AWS: ChangeMessageVisibilityBatch).
        """
        entries = [
            {
                "Id": str(number),
                "ReceiptHandle": record["receiptHandle"],
                "VisibilityTimeout": int(pause.total_seconds()),
            }
            for number, (record, pause) in enumerate(pauses)
        ]
        try:
            url = self._url_of(pauses[0][0]["eventSourceARN"])
            answer = self._client.change_message_visibility_batch(QueueUrl=url, Entries=entries)
        except (ClientError, BotoCoreError) as error:
            raise TryAgain("The messages cannot be postponed at the moment.") from error
        return [(pauses[int(each["Id"])][0], each["Code"]) for each in answer.get("Failed", [])]

    def _url_of(self, arn: str) -> str:
        if arn not in self._urls:
            _, _, _, _, account, name = arn.split(":")
            found = self._client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)
            self._urls[arn] = found["QueueUrl"]
        return self._urls[arn]
