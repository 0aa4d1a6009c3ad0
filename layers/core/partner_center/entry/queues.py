"""The doors of queues: each message succeeds or fails by itself, and an outage is waited for as long as it lasts.

A queue sets aside what it gave out 28 times (template.yaml). What failed because of an outage is kept out of sight
longer each time, up to an hour, so that this is waited for through a day; a fault comes again every three minutes
(`kernel.patience.pause_of_message`). Who waits for long is told, before a deadline of 24 hours is near.
"""

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger

from partner_center.entry.batches import Batch, Failures, Outcome, Record, attempt, failures, receives
from partner_center.entry.wiring.queues import postponement
from partner_center.kernel.clock import parse_rfc3339
from partner_center.kernel.events import Event
from partner_center.kernel.patience import WAITS_LONG, pause_of_message

Postpone = Callable[[Sequence[tuple[Record, timedelta]]], Sequence[tuple[Record, str]]]
"""Keeps records out of sight for as long as is said; answers those that were not, and why."""

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

    What fails is reported, so that it comes again, when what `postpone` makes is told. What the time of the
    invocation does not suffice for is reported as well, and comes again at the pace of its queue; behind an outage it
    waits like what met it.
    """
    logger = Logger()

    def take(record: Record) -> None:
        handle(json.loads(record["body"]))

    def handler(batch: Batch, context: Any) -> Failures:
        outcomes = list[Outcome]()
        for record in batch["Records"]:
            if outcomes and not _has_time(context):
                outcomes.append(Outcome.NOT_BEGUN)
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
    waits = {Outcome.OUTAGE, Outcome.FAULT}
    if Outcome.OUTAGE in outcomes:
        waits.add(Outcome.NOT_BEGUN)  # each time it is given out counts, begun or not
    pauses = [
        (record, pause_of_message(receives(record), outage=outcome is not Outcome.FAULT))
        for record, outcome in told
        if outcome in waits
    ]
    for record, outcome in told:
        where = {"message_id": record["messageId"], "receives": receives(record)}
        if outcome is Outcome.NOT_BEGUN:
            logger.info("not begun", **where)
        elif outcome is not Outcome.DONE and receives(record) >= WAITS_LONG:
            logger.error("a message waits", **where)  # the alarm MessagesWait counts these lines
    if pauses:
        # Those that are not come again after the queue's own time-out, and none is lost.
        try:
            for record, code in postpone()(pauses):
                logger.warning("not postponed", message_id=record["messageId"], code=code)
        except Exception:
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
