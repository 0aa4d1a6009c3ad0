"""A queue as those use it who are part of the platform: pollers, and whoever hands an event over to it.

They ask moto itself. The SDK's way to it costs milliseconds, and pollers ask hundreds of times while an hour passes.
"""

import base64
from collections.abc import Mapping
from typing import Any

from local.template import ACCOUNT, REGION

Record = dict[str, Any]
RECEIVE_LIMIT = 10
"""Messages that one ReceiveMessage may answer."""


class Queue:
    """One queue of the cloud that runs now, by its ARN. Raises KeyError if there is none."""

    def __init__(self, arn: str) -> None:
        from moto.sqs.models import sqs_backends  # noqa: PLC0415 (moto comes late, see cloud.py)

        self._arn, self._name = arn, arn.rpartition(":")[2]
        self._backend: Any = sqs_backends[ACCOUNT][REGION]
        self._queue: Any = self._backend.queues[self._name]

    def due(self) -> float | None:
        """When the next message can be received, in seconds since 1970; None if there is none."""
        messages = list(self._queue._messages)
        return min((max(each.visible_at, each.delayed_until) / 1000 for each in messages), default=None)

    def receive(self, at_most: int) -> list[Record]:
        """Records as a poller of Lambda passes them on, hidden from others for the queue's visibility timeout."""
        hidden = self._queue.visibility_timeout
        count = min(RECEIVE_LIMIT, at_most)
        return [
            self._record(each)
            for each in self._backend.receive_message(self._name, count, 0, hidden, ["All"])
        ]

    def delete(self, receipt_handle: str) -> None:
        self._backend.delete_message(self._name, receipt_handle)

    def send(self, body: str) -> None:
        """Raises ValueError for what the queue does not take."""
        from moto.core.exceptions import ServiceException  # noqa: PLC0415

        try:
            self._backend.send_message(self._name, body)
        except ServiceException as refusal:
            raise ValueError(str(refusal)) from refusal

    def _record(self, message: Any) -> Record:
        """AWS, "Using Lambda with Amazon SQS": the event of a queue."""
        told_sometimes = {
            "AWSTraceHeader": message.system_attributes.get("AWSTraceHeader", {}).get("StringValue"),
            "MessageDeduplicationId": message.deduplication_id,
            "MessageGroupId": message.group_id,
            "SequenceNumber": message.sequence_number,
        }
        return {
            "messageId": message.id,
            "receiptHandle": message.receipt_handle,
            "body": message.body,
            "attributes": {
                "SenderId": message.sender_id,
                "SentTimestamp": str(message.sent_timestamp),
                "ApproximateReceiveCount": str(message.approximate_receive_count),
                "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
                **{name: value for name, value in told_sometimes.items() if value is not None},
            },
            "messageAttributes": {
                name: _attribute(value) for name, value in message.message_attributes.items()
            },
            "md5OfBody": message.body_md5,
            "eventSource": "aws:sqs",
            "eventSourceARN": self._arn,
            "awsRegion": REGION,
        }


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key[0].lower() + key[1:]: base64.b64encode(part).decode() if isinstance(part, bytes) else part
        for key, part in value.items()
    }
