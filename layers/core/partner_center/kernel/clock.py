"""Time is an argument: whoever needs the hour is handed a clock."""

from datetime import UTC, datetime, timedelta
from typing import Protocol

CLOCK_IS_OFF = timedelta(minutes=10)
"""By how much the clock of a function may be wrong."""
CLOCKS_DIFFER = 2 * CLOCK_IS_OFF
"""By how much the clocks of two functions may differ."""
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
