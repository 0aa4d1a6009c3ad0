"""Publishes events on the EventBridge bus."""

import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from partner_center.kernel.errors import TryAgain
from partner_center.kernel.events import Event

SOURCE = "partner-center"
# Of the event, not of the service: it is refused however often it is sent.
_NEVER_TAKEN = {"InvalidArgument", "MalformedDetail", "ValidationException"}


class EventBridgeBus:
    """`Bus` of the orders context; the envelope is the detail, the type with its version the detail-type."""

    def __init__(self, client: Any, bus_name: str) -> None:
        self._client = client
        self._bus_name = bus_name

    def publish(self, event: Event) -> None:
        """Raises TryAgain, and ValueError for an event that EventBridge will never take."""
        entry = {
            "Source": SOURCE,
            "DetailType": f"{event.type}.v{event.version}",
            "Detail": json.dumps(event.envelope()),
            "EventBusName": self._bus_name,
            "Time": event.occurred_at,
        }
        try:
            answer = self._client.put_events(Entries=[entry])
        except ClientError as error:
            _refuse_what_is_never_taken(error.response["Error"]["Code"])
            raise TryAgain("The event bus did not answer.") from error
        except BotoCoreError as error:
            raise TryAgain("The event bus did not answer.") from error
        if answer.get("FailedEntryCount"):
            _refuse_what_is_never_taken(answer["Entries"][0].get("ErrorCode"))
            raise TryAgain("The event bus did not take the event.")


def _refuse_what_is_never_taken(code: str | None) -> None:
    if code in _NEVER_TAKEN:
        raise ValueError(f"EventBridge refuses the event: {code}")
