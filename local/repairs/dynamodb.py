"""DynamoDB: moto has no lock, leaves traces of failed updates, and tells made-up capacity."""

import threading
from collections.abc import Iterator
from typing import Any

import moto.dynamodb.models.table as table_module
from moto.core.responses import ActionResult
from moto.dynamodb import responses
from moto.dynamodb.exceptions import ConditionalCheckFailed
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodbstreams.models import DynamoDBStreamsBackend

from local.clock import CLOCK
from local.repairs.capacity import METER, item_size
from local.repairs.patching import Method, around, exchange, serialize
from local.repairs.transactions import CONFLICTS, TokenMemory, transact_write_items
from local.repairs.writes import Cell, atomically, say_nothing_while_held

__all__ = ["CONFLICTS", "METER", "install"]

_KEPT_ITERATORS = 1000
_READS = ("get_item", "query", "batch_get_item", "transact_get_items")
_WRITES = ("put_item", "update_item", "delete_item", "transact_write_items")


def _write_one(
    original: Method, backend: Any, table_name: str, place: dict[str, Any], *rest: Any, **named: Any
) -> Any:
    cell = Cell.of(backend, table_name, place)
    try:
        with atomically([cell]):
            return original(backend, table_name, place, *rest, **named)
    except ConditionalCheckFailed:
        METER.wrote(cell.table, cell.read(), cell.read())
        raise


def _transact_once(memory: TokenMemory) -> Method:
    def transact(original: Method, handler: Any) -> Any:
        if memory.seen(handler.dynamodb_backend, handler.body):
            return ActionResult({"ConsumedCapacity": [], "ItemCollectionMetrics": {}})
        result = original(handler)
        memory.remember(handler.dynamodb_backend, handler.body)
        return result

    return transact


def _reads(body: dict[str, Any], answer: dict[str, Any]) -> Iterator[tuple[str, int, float]]:
    """(table, bytes, factor) of each item, or page, that was read."""
    weight = 1.0 if body.get("ConsistentRead") else 0.5
    if "TransactItems" in body:
        for entry, item in zip(body["TransactItems"], answer["Responses"], strict=True):
            yield entry["Get"]["TableName"], item_size(item.get("Item", {})), 2.0
    elif "RequestItems" in body:
        for name, request in body["RequestItems"].items():
            weight = 1.0 if request.get("ConsistentRead") else 0.5
            found = [item_size(item) for item in answer["Responses"].get(name, [])]
            for size in found + [0] * (len(request["Keys"]) - len(found)):
                yield name, size, weight
    else:
        items = answer.get("Items", [answer.get("Item") or {}])
        yield body["TableName"], sum(item_size(item) for item in items), weight


def _metered(original: Method, handler: Any) -> Any:
    before = {kind: dict(getattr(METER, kind)) for kind in ("read_units", "write_units")}
    result = original(handler)
    if original.__name__ in _READS:
        for name, size, factor in _reads(handler.body, result.result):
            METER.read(name, size, factor)
    if handler.body.get("ReturnConsumedCapacity", "NONE") != "NONE":
        spent = [
            {"TableName": name, "CapacityUnits": units - before[kind].get(name, 0.0)}
            for kind in before
            for name, units in getattr(METER, kind).items()
            if units > before[kind].get(name, 0.0)
        ]
        single = original.__name__ in ("get_item", "query", "put_item", "update_item", "delete_item")
        result.result["ConsumedCapacity"] = spent[0] if single else spent
    return result


def _get_records(original: Method, backend: Any, iterator_arn: str, limit: int) -> Any:
    while len(backend.shard_iterators) > _KEPT_ITERATORS:  # moto keeps each of them for ever
        del backend.shard_iterators[next(iter(backend.shard_iterators))]
    return original(backend, iterator_arn, limit)


def _in_region(original: Method, record: Any, table: Any, *args: Any) -> None:
    original(record, table, *args)
    record.record["awsRegion"] = table.region_name


def _refuse_in_conflict(original: Method, handler: Any) -> Any:
    CONFLICTS.refuse_write()
    return original(handler)


def install() -> None:
    handler = responses.DynamoHandler
    exchange(DynamoDBBackend, "transact_write_items", transact_write_items)
    exchange(responses, "TRANSACTION_MAX_ITEMS", 100)
    exchange(table_module, "utcnow", lambda: CLOCK.utcnow().replace(tzinfo=None))
    for name in ("put_item", "update_item", "delete_item"):
        around(DynamoDBBackend, name, _write_one)
        around(handler, name, _refuse_in_conflict)
    around(table_module.StreamShard, "add", say_nothing_while_held)
    around(table_module.StreamRecord, "__init__", _in_region)
    around(handler, "transact_write_items", _transact_once(TokenMemory()))
    for name in _READS + _WRITES:
        around(handler, name, _metered)
    lock = threading.RLock()
    serialize(lock, handler, "call_action")
    around(DynamoDBStreamsBackend, "get_records", _get_records)
    serialize(lock, DynamoDBStreamsBackend, "describe_stream", "get_shard_iterator", "get_records")
