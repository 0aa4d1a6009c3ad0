"""Lists come in pages; every list of the API takes the same `limit` and `cursor`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from partner_center.kernel.errors import Malformed

DEFAULT_LIMIT, LARGEST_LIMIT = 50, 200
_POSITION = re.compile(r"at-([0-9]{1,6})")


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
