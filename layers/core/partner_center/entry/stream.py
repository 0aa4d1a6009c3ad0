"""The door of the stream: each record by itself, a failed one reported, the others kept."""

from collections.abc import Callable, Mapping
from typing import Any

from aws_lambda_powertools import Logger

from partner_center.adapters.dynamodb import from_item
from partner_center.adapters.order_items import from_micros
from partner_center.entry.batches import Batch, Failures
from partner_center.kernel.events import Event
from partner_center.kernel.patience import PASSES


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
        except PASSES as error:
            logger.warning("not relayed", code=error.code, detail=error.detail, **_named(record))
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
