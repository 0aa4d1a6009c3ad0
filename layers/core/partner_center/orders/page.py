"""Lists come in pages; every list of the API takes the same `limit` and `cursor`."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, TypeVar

from partner_center.kernel.errors import Malformed

DEFAULT_LIMIT, LARGEST_LIMIT = 50, 200
_POSITION = re.compile(r"at-([0-9]{1,6})")
_ENOUGH = 2_500_000
"""Octets. A function answers 6 MB at most, and what is read at once has less than what is between."""
IdT = TypeVar("IdT")


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list, and where the next one begins."""

    limit: int
    cursor: str | None


def read_page(query: Mapping[str, str]) -> Page:
    """`limit` and `cursor`: any whole number is clamped to 1 to 200. Raises Malformed for what is no number."""
    text = query.get("limit", str(DEFAULT_LIMIT))
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 100):
        raise Malformed("limit must be a number; it is clamped to 1 to 200.")
    return Page(max(1, min(int(text), LARGEST_LIMIT)), query.get("cursor") or None)


def gathered(
    page: Page,
    waiting: Callable[[Page], tuple[Sequence[IdT], str | None]],
    shown: Callable[[IdT], Sequence[dict[str, Any]]],
    at_once: int,
) -> dict[str, Any]:
    """A page of a queue whose items may be very large: of such ones it has fewer than it might.

    `waiting` reads ids, `at_once` at a time, and `shown` gives the item of each, if it is there; as many of the
    largest have 3.5 MB at most.
    """
    items: list[dict[str, Any]] = []
    left, cursor, octets = page.limit, page.cursor, 0
    while True:
        ids, cursor = waiting(Page(min(left, at_once), cursor))
        found = [item for each in ids for item in shown(each)]
        items += found
        left, octets = left - len(ids), octets + sum(map(_octets, found))
        if cursor is None or left <= 0 or octets >= _ENOUGH:
            return {"items": items, "next_cursor": cursor}


def fitting(items: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    """As many of the first as an answer has room for, of a list that stands inside it."""
    octets = accumulate(map(_octets, items))
    return items[: sum(each <= _ENOUGH for each in octets)]


def _octets(item: dict[str, Any]) -> int:
    """What the item takes at most, as JSON within the JSON that a function answers."""
    return len(json.dumps(json.dumps(item)))


def cut(items: Sequence[Any], query: Mapping[str, str]) -> dict[str, Any]:
    """A list that is at hand whole: all of it, or the page that is asked for. Raises Malformed."""
    page = read_page(query)
    first = _position(page.cursor) if page.cursor else 0
    last = first + page.limit if "limit" in query else len(items)
    return {"items": list(items[first:last]), "next_cursor": f"at-{last}" if last < len(items) else None}


def _position(cursor: str) -> int:
    found = _POSITION.fullmatch(cursor)
    if found is None:
        raise Malformed("This cursor belongs to another list.")
    return int(found[1])
