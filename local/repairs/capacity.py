"""What DynamoDB would charge for: request units by item size, which moto does not count.

Rules: AWS, "DynamoDB read and write operations" and "DynamoDB item sizes and formats". One approximation: a read is
charged for what it returns, so parts that a filter or a projection leaves out cost nothing here.
"""

import math
from collections import defaultdict
from typing import Any

WRITE_UNIT, READ_UNIT = 1024, 4096  # bytes


def _value_size(kind: str, value: Any) -> int:  # noqa: PLR0911 - one line for each type
    match kind:
        case "S":
            return len(value.encode())
        case "N":
            digits = value.lstrip("-").replace(".", "").strip("0")
            return math.ceil(len(digits) / 2) + (2 if value.startswith("-") else 1)
        case "B":
            return len(value) if isinstance(value, bytes) else len(value) * 3 // 4
        case "L":
            return 3 + sum(1 + item_size({"": element}) for element in value)
        case "M":
            return 3 + sum(1 + item_size({name: inner}) for name, inner in value.items())
        case "SS" | "NS" | "BS":
            return sum(_value_size(kind[0], element) for element in value)
    return 1


def item_size(attributes: dict[str, Any]) -> int:
    """Bytes of an item in DynamoDB's JSON form."""
    return sum(
        len(name.encode()) + _value_size(*next(iter(value.items()))) for name, value in attributes.items()
    )


def units(size: int, unit: int) -> int:
    return max(1, math.ceil(size / unit))


def attributes_of(item: Any) -> dict[str, Any]:
    """moto's item in DynamoDB's JSON form; nothing for None."""
    return item.to_json()["Attributes"] if item is not None else {}


def _index_entry(index: Any, item: Any) -> dict[str, Any]:
    if item is None or any(name not in item.attrs for name in index.schema_key_attrs):
        return {}
    return attributes_of(index.project(item))


def _index_units(index: Any, before: Any, after: Any) -> int:
    old, new = _index_entry(index, before), _index_entry(index, after)
    if old == new:
        return 0
    moved = any(old.get(name) != new.get(name) for name in index.schema_key_attrs)
    sizes = [item_size(entry) for entry in (old, new) if entry]
    return sum(units(size, WRITE_UNIT) for size in sizes) if moved else units(max(sizes), WRITE_UNIT)


class Meter:
    """Adds up request units per table since the last reset; indexes are counted with their table."""

    def __init__(self) -> None:
        self.read_units: dict[str, float] = defaultdict(float)
        self.write_units: dict[str, float] = defaultdict(float)

    def reset(self) -> None:
        self.read_units.clear()
        self.write_units.clear()

    def wrote(self, table: Any, before: Any, after: Any, *, factor: int = 1) -> None:
        """A write, done or refused; `factor` is 2 inside a transaction."""
        size = max(item_size(attributes_of(before)), item_size(attributes_of(after)))
        indexes = sum(_index_units(index, before, after) for index in table.all_indexes())
        self.write_units[table.name] += factor * (units(size, WRITE_UNIT) + indexes)

    def read(self, table_name: str, size: int, factor: float) -> None:
        """`factor` is 0.5 for an eventually consistent read, 1 for a consistent one, 2 inside a transaction."""
        self.read_units[table_name] += factor * units(size, READ_UNIT)


METER = Meter()
