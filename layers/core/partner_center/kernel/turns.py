"""Whose turn it is: what one run comes to last, another comes to first."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import TypeVar

Each = TypeVar("Each")


def in_turn(items: Sequence[Each], moment: datetime, of: int = 0) -> Sequence[Each]:
    """All of them in their order, begun at one that the moment of the run draws; `of` draws apart within a run.

    A run whose function dies of one item, by its time limit or for want of memory, can neither put that item off nor
    come to those behind it. In another run they stand before it. Drawn and not counted: no rhythm of runs begins at
    the same few for ever.
    """
    if not items:
        return items
    drawn = sha256(f"{of} {moment.isoformat()}".encode()).digest()
    first = int.from_bytes(drawn[:8], "big") % len(items)
    return [*items[first:], *items[:first]]
