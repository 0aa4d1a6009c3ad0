"""The doors of streams and queues: each record by itself, a failed one reported, the others kept."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from aws_lambda_powertools import Logger

from partner_center.adapters.dynamodb import from_item
from partner_center.adapters.order_items import from_micros
from partner_center.kernel.clock import parse_rfc3339
from partner_center.kernel.errors import ChangedMeanwhile, PartnerCenterError, TooSoon, TryAgain
from partner_center.kernel.events import Event

Batch = dict[str, Any]
Failures = dict[str, list[dict[str, str]]]
_PASSES = (TryAgain, ChangedMeanwhile, TooSoon)
"""What an outage, or others at work, is told by: the same may succeed a little later."""


def outbox_handler(
    relay: Callable[[], Callable[[Event], None]],
    set_aside: Callable[[], Callable[[Mapping[str, Any]], None]],
) -> Callable[[Batch, Any], Failures]:
    """Relays the outbox rows of a table's stream; `relay` makes the use case at the first record.

    What may pass is reported, and delivered again until the record is too old (template.yaml). Anything else is the
    record's own fault, or ours, and comes out the same however often it is tried, while all of its shard waits. So
    `set_aside` (made at the first such record) keeps it, as a batch that this handler takes again, and the others go
    on. What it cannot keep is reported: no record is lost.

    The whole batch is tried and every failure reported: Lambda delivers again from the first of them, so what
    stands behind it is relayed all the same, more than once perhaps, which is harmless
    (AWS: "Configuring partial batch response with DynamoDB").
    """
    logger = Logger()

    def is_relayed(record: Mapping[str, Any]) -> bool:
        """Whether nothing is left to do for the record. Raises what will come out the same at every try."""
        event = _outbox_event(record)
        if event is None:
            return True
        try:
            act = relay()
        except Exception:
            # Of the deployment, not of the record: the next one mends it, and nothing is set aside.
            logger.exception("not relayed", **_named(record))
            return False
        try:
            act(event)
        except _PASSES as error:
            logger.warning("not relayed", code=error.code, **_named(record))
            return False
        return True

    def is_set_aside(record: Mapping[str, Any]) -> bool:
        try:
            set_aside()({"Records": [record]})
        except Exception:
            logger.exception("not set aside", **_named(record))
            return False
        return True

    def handler(batch: Batch, _context: Any) -> Failures:
        failures: list[dict[str, str]] = []
        for record in batch["Records"]:
            try:
                is_done = is_relayed(record)
            except Exception:
                logger.exception("not relayed", **_named(record))
                # Behind a failure it comes again anyway, perhaps for a day: it is not to be set aside each time.
                is_done = not failures and is_set_aside(record)
            if not is_done:
                failures.append({"itemIdentifier": record["dynamodb"]["SequenceNumber"]})
        return {"batchItemFailures": failures}

    return handler


def queue_handler(handle: Callable[[], Callable[[Event], None]]) -> Callable[[Batch, Any], Failures]:
    """Handles events from a queue behind the bus; each message succeeds or fails by itself."""
    return message_handler(lambda message: handle()(_published_event(message["detail"])))


def message_handler(handle: Callable[[dict[str, Any]], None]) -> Callable[[Batch, Any], Failures]:
    """Handles the JSON objects in a queue; each message succeeds or fails by itself."""
    logger = Logger()

    def handler(batch: Batch, _context: Any) -> Failures:
        failures = []
        for record in batch["Records"]:
            try:
                handle(json.loads(record["body"]))
            except PartnerCenterError as error:
                logger.warning("not handled", code=error.code, message_id=record["messageId"])
                failures.append({"itemIdentifier": record["messageId"]})
            except Exception:
                logger.exception("not handled", message_id=record["messageId"])
                failures.append({"itemIdentifier": record["messageId"]})
        return {"batchItemFailures": failures}

    return handler


def coalescing_handler(
    read: Callable[[dict[str, Any]], str], handle: Callable[[set[str]], None]
) -> Callable[[Batch, Any], Failures]:
    """Handles what the messages of a batch are about together, since one run serves all that are about the same.

    What cannot be read fails by itself. When the run fails, each thing has a run of its own, so that one that cannot
    be handled keeps no other from it.
    """
    logger = Logger()

    def attempt(wanted: set[str]) -> bool:
        try:
            handle(wanted)
        except PartnerCenterError as error:
            logger.warning("not handled", code=error.code, detail=error.detail)
        except Exception:
            logger.exception("not handled")
        else:
            return True
        return False

    def handler(batch: Batch, _context: Any) -> Failures:
        about: dict[str, str] = {}
        for record in batch["Records"]:
            try:
                about[record["messageId"]] = read(json.loads(record["body"]))
            except Exception:
                logger.exception("not handled", message_id=record["messageId"])
        wanted = set(about.values())
        done = wanted
        if wanted and not attempt(wanted):
            done = {each for each in wanted if attempt({each})} if len(wanted) > 1 else set()
        failed = (each["messageId"] for each in batch["Records"] if about.get(each["messageId"]) not in done)
        return {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}

    return handler


def _outbox_event(record: Mapping[str, Any]) -> Event | None:
    """The event that a record of the stream tells of; None when it tells of something else."""
    image = record["dynamodb"].get("NewImage")
    if image is None or not image["sk"]["S"].startswith("EVENT#"):
        return None
    return _stored_event(image)


def _named(record: Mapping[str, Any]) -> dict[str, Any]:
    """What names a record in the log."""
    change = record["dynamodb"]
    return {"sequence_number": change["SequenceNumber"], "sk": change["NewImage"].get("sk", {}).get("S")}


def _stored_event(image: dict[str, Any]) -> Event:
    item = from_item(image)
    return Event(
        event_id=item["sk"].removeprefix("EVENT#"),
        type=item["type"],
        occurred_at=from_micros(item["at"]),
        correlation_id=item["correlation_id"],
        data=item["data"],
        version=item["version"],
    )


def _published_event(detail: dict[str, Any]) -> Event:
    return Event(
        event_id=detail["id"],
        type=detail["type"],
        occurred_at=parse_rfc3339(detail["occurred_at"]),
        correlation_id=detail["correlation_id"],
        data=detail["data"],
        version=detail["version"],
    )
