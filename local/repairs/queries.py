"""A query looks at one partition, and there at what its sort key's condition lets through.

moto sorts and weighs a whole table for each query, so that a test with n orders under one key costs n squared.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from moto.dynamodb.models.table import Table

from local.repairs.indexes import entries_of
from local.repairs.patching import Method, around

Side = Callable[..., int]
"""Where a sort key lies: below zero before all that match, above zero behind them, else among them."""

_SIDES: Mapping[str, Side] = {
    "=": lambda key, wanted: (key > wanted) - (key < wanted),
    "<": lambda key, end: key >= end,
    "<=": lambda key, end: key > end,
    ">": lambda key, begin: -(key <= begin),
    ">=": lambda key, begin: -(key < begin),
    "BETWEEN": lambda key, begin, end: (key > end) - (key < begin),
    "BEGINS_WITH": lambda key, prefix: 0 if key.startswith(prefix) else (key > prefix) - (key < prefix),
}


def _query(
    original: Method,
    table: Any,
    hash_key: Any,
    comparison: str | None,
    bounds: list[Any],
    limit: int,
    start: Any,
    forward: bool | None,
    projections: Any,
    index_name: str | None = None,
    *args: Any,
    **kwargs: Any,
) -> Any:
    if index_name is None:
        found = table.items.get(hash_key) or {}
        sort_key = table.range_key_attr
        candidates = list(found.values()) if sort_key else [found] if found else []
    else:
        (name, wanted), *_ = kwargs["hash_key_conditions"]
        candidates = entries_of(table, name).under(wanted.value)
        sort_key = next((name for name, *_ in kwargs["range_key_conditions"]), None)
    if sort_key and len(kwargs["range_key_conditions"]) <= 1:
        candidates = _reached(candidates, sort_key, comparison, bounds, forward is not False)
    table.all_items = lambda: candidates  # under the lock that all DynamoDB calls share
    try:
        return original(
            table,
            hash_key,
            comparison,
            bounds,
            limit,
            start,
            forward,
            projections,
            index_name,
            *args,
            **kwargs,
        )
    finally:
        del table.all_items


def _reached(
    items: list[Any], sort_key: str, comparison: str | None, bounds: Iterable[Any], forward: bool
) -> list[Any]:
    """Those that match, and one that lies behind them, if any does: a full page then tells that it is not the last.

    Strings only; what else is compared, moto sees all of. An item without the sort key is not in the index.
    """
    side = _SIDES.get((comparison or "").upper())
    if side is None or any(bound.type != "S" for bound in bounds):
        return items
    values = [bound.value for bound in bounds]
    among: list[Any] = []
    behind = None
    for item in items:
        if sort_key not in item.attrs:
            continue
        where = side(item.attrs[sort_key].value, *values)
        if where == 0:
            among.append(item)
        elif (where > 0) is forward:
            behind = item
    return among if behind is None else [*among, behind]


def install() -> None:
    around(Table, "query", _query)
