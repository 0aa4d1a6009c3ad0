"""Time is an argument: whoever needs the hour is handed a clock."""

from datetime import UTC, datetime, timedelta
from typing import Protocol

CLOCK_IS_OFF = timedelta(minutes=10)
"""By how much the clock of a function may be wrong."""
CLOCKS_DIFFER = 2 * CLOCK_IS_OFF
"""By how much the clocks of two functions may differ."""
FOR_THE_LAST_LOOK = CLOCK_IS_OFF + CLOCKS_DIFFER
"""So long from now a proof must hold at the last look: then who signs takes it, and allows for his own clock."""
WHILE_ASKED = FOR_THE_LAST_LOOK + CLOCKS_DIFFER
"""So long from now a proof must hold where it is decided what is asked: then the last look takes it as well, and does
not send the order back. Each step that comes before another asks for as much more as their clocks may differ.
"""
_WEEKEND = frozenset({5, 6})


class Clock(Protocol):
    """Tells the present moment as an aware datetime in UTC."""

    def now(self) -> datetime: ...


def rfc3339(moment: datetime) -> str:
    """`2026-11-23T05:00:00Z` (RFC 3339, UTC, whole seconds): how times appear in the API and in tables."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_rfc3339(text: str) -> datetime:
    """The inverse of `rfc3339`. Raises ValueError for anything else, a time without zone included."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"a time without a zone: {text!r}")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"a time that has no year in UTC: {text!r}") from error


def a_business_day_after(moment: datetime) -> datetime:
    """The same time on the next day from Monday to Friday; holidays are not known here (M7)."""
    later = moment + timedelta(days=1)
    while later.weekday() in _WEEKEND:
        later += timedelta(days=1)
    return later
