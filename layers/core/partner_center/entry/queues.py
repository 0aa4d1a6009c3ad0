"""The doors of queues: each message succeeds or fails by itself, and an outage is waited for as long as it lasts.

A queue sets aside what it gave out ten times (template.yaml). For a fault that is enough, at the distance of its
visibility time-out. Ten such tries would be over while an outage still lasts, so what failed because of one is kept
out of sight longer each time (`kernel.patience.pause_of_message`), for about a day altogether.
"""

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger

from partner_center.entry.batches import Batch, Failures, Outcome, Record, attempt, failures
from partner_center.entry.wiring.queues import postponement
from partner_center.kernel.clock import parse_rfc3339
from partner_center.kernel.events import Event

Postpone = Callable[[Sequence[Record]], None]

_ENOUGH = timedelta(seconds=20)
"""A service that does not answer costs one message up to 16 seconds; with less time left none is begun."""


def queue_handler(
    handle: Callable[[], Callable[[Event], None]], postpone: Callable[[], Postpone] = postponement
) -> Callable[[Batch, Any], Failures]:
    """As `message_handler`, for events from a queue behind the bus. `handle` makes the use case."""
    return message_handler(lambda message: handle()(_published_event(message["detail"])), postpone)


def message_handler(
    handle: Callable[[dict[str, Any]], object], postpone: Callable[[], Postpone] = postponement
) -> Callable[[Batch, Any], Failures]:
    """Handles the JSON objects in a queue.

    What fails is reported, so that it comes again. Of that, what an outage kept from success is given to what
    `postpone` makes; so is what the time of the invocation no longer suffices for.
    """
    logger = Logger()

    def take(record: Record) -> None:
        handle(json.loads(record["body"]))

    def handler(batch: Batch, context: Any) -> Failures:
        outcomes = list[Outcome]()
        for record in batch["Records"]:
            if outcomes and not _has_time(context):
                outcomes.append(Outcome.OUTAGE)
            else:
                outcomes.append(attempt(logger, partial(take, record), record))
        return _reported(logger, batch["Records"], outcomes, postpone)

    return handler


def _has_time(context: Any) -> bool:
    return bool(
        context is None or context.get_remaining_time_in_millis() > _ENOUGH / timedelta(milliseconds=1)
    )


def _reported(
    logger: Logger,
    records: Sequence[Record],
    outcomes: Sequence[Outcome],
    postpone: Callable[[], Postpone],
) -> Failures:
    told = list(zip(records, outcomes, strict=True))
    waiting = [record for record, outcome in told if outcome is Outcome.OUTAGE]
    if waiting:
        try:
            postpone()(waiting)
        except Exception:
            # They come again after the queue's own time-out then: sooner than they need to, and none is lost.
            logger.exception("not postponed")
    return failures(record for record, outcome in told if outcome is not Outcome.DONE)


def _published_event(detail: dict[str, Any]) -> Event:
    return Event(
        event_id=detail["id"],
        type=detail["type"],
        occurred_at=parse_rfc3339(detail["occurred_at"]),
        correlation_id=detail["correlation_id"],
        data=detail["data"],
        version=detail["version"],
    )
