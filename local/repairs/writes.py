"""Atomic writes to moto's tables: all items or none, one stream record per changed item, metered."""

import contextlib
import copy
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moto.dynamodb.exceptions import MockValidationException
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import StreamShard

from local.repairs.capacity import METER, attributes_of
from local.repairs.indexes import tell
from local.repairs.patching import Method


@dataclass(frozen=True, slots=True)
class Cell:
    """The place of one item in a table, whether or not there is an item."""

    table: Any
    key: dict[str, Any]
    hash_key: Any
    range_key: Any

    @classmethod
    def of(cls, backend: DynamoDBBackend, table_name: str, attributes: Mapping[str, Any]) -> "Cell":
        """Raises what the API raises for an unknown table or a key that does not fit it."""
        table = backend.get_table(table_name)
        names = table.table_key_attrs
        kinds = (table.hash_key_type, table.range_key_type)
        if any(kind not in attributes.get(name, {}) for name, kind in zip(names, kinds, strict=False)):
            raise MockValidationException("The provided key element does not match the schema")
        key = {name: attributes[name] for name in names}
        hash_key, range_key = ([DynamoType(value) for value in key.values()] + [None])[:2]
        return cls(table, key, hash_key, range_key)

    @property
    def identity(self) -> str:
        return json.dumps([self.table.name, self.key], sort_keys=True, default=str)

    def read(self) -> Any:
        return self.table.get_item(self.hash_key, self.range_key)

    def put_back(self, item: Any) -> None:
        rows = self.table.items if self.range_key is None else self.table.items[self.hash_key]
        key = self.hash_key if self.range_key is None else self.range_key
        if item is None:
            rows.pop(key, None)
        else:
            rows[key] = item


def say_nothing_while_held(original: Method, shard: Any, old: Any, new: Any) -> None:
    if not getattr(shard, "held", False):
        original(shard, old, new)


_inside = threading.local()


@contextlib.contextmanager
def atomically(cells: Sequence[Cell], *, factor: int = 1) -> Iterator[None]:
    """The items as they were if the body raises; else one stream record and the price for each that changed.

    Inside another one it does nothing: the outer one names the same items.
    """
    if getattr(_inside, "write", False):
        yield
        return
    _inside.write = True
    try:
        with _kept_or_restored(cells, factor):
            yield
    finally:
        _inside.write = False


@contextlib.contextmanager
def _kept_or_restored(cells: Sequence[Cell], factor: int) -> Iterator[None]:
    before = [copy.deepcopy(cell.read()) for cell in cells]
    shards: list[StreamShard] = [cell.table.stream_shard for cell in cells if cell.table.stream_shard]
    for shard in shards:
        shard.held = True  # type: ignore[attr-defined]
    try:
        yield
    except BaseException:
        for cell, item in zip(cells, before, strict=True):
            cell.put_back(item)
        raise
    finally:
        for shard in shards:
            shard.held = False  # type: ignore[attr-defined]
        for cell, item in zip(cells, before, strict=True):
            tell(cell.table, item, cell.read())
    for cell, old in zip(cells, before, strict=True):
        new = cell.read()
        METER.wrote(cell.table, old, new, factor=factor)
        if cell.table.stream_shard and attributes_of(old) != attributes_of(new):
            cell.table.stream_shard.add(old, new)
