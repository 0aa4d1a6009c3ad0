"""Whose turn it is: what one run comes to last, another comes to first."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

Each = TypeVar("Each")


def in_turn(items: Sequence[Each], moment: datetime) -> Sequence[Each]:
    """All of them in their order, begun at another one with each minute, hour and day that the run is at.

    A run whose function dies of one item, by its time limit or for want of memory, can neither put that item off nor
    come to those behind it. In another run they stand before it.
    """
    if not items:
        return items
    first = (moment.toordinal() + moment.hour + moment.minute) % len(items)
    return [*items[first:], *items[:first]]
