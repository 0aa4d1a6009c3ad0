"""Which items of a table stand under one hash key of an index; moto looks through the whole table for each query."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

Place = tuple[Any, Any]


class Entries:
    """The items of one table, by the value of one attribute. Whoever writes an item tells it."""

    def __init__(self, table: Any, name: str) -> None:
        self._name = name
        self._under: dict[Any, dict[Place, Any]] = defaultdict(dict)
        for item in _items(table):
            self.written(None, item)

    def written(self, before: Any, after: Any) -> None:
        """An item was as `before` says and is as `after` says now; None where there is none."""
        if before is not None and self._name in before.attrs:
            self._under[before.attrs[self._name].value].pop(_place(before), None)
        if after is not None and self._name in after.attrs:
            self._under[after.attrs[self._name].value][_place(after)] = after

    def under(self, value: Any) -> list[Any]:
        """The items with this value, in no order."""
        return list(self._under[value].values()) if value in self._under else []


def entries_of(table: Any, name: str) -> Entries:
    """Made when the first query needs them."""
    known: dict[str, Entries] = vars(table).setdefault("entries", {})
    if name not in known:
        known[name] = Entries(table, name)
    return known[name]


def tell(table: Any, before: Any, after: Any) -> None:
    """Lets all entries of the table know of a write."""
    for entries in vars(table).get("entries", {}).values():
        entries.written(before, after)


def _place(item: Any) -> Place:
    return item.hash_key.value, item.range_key.value if item.range_key else None


def _items(table: Any) -> Iterator[Any]:
    for row in table.items.values():
        yield from row.values() if table.range_key_attr else (row,)
