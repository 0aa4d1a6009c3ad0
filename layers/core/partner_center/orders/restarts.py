"""How often an order whose execution ended in trouble is started anew: soon at first, then ever later."""

from dataclasses import dataclass
from datetime import datetime, timedelta

PAUSES = (
    timedelta(0),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
    timedelta(hours=12),
    timedelta(days=1),
)
"""From one restart to the next, by how many there were. The machine's own retries, half an hour, come before each.

So long as well until look-ups that nobody answered are made again, by how many went so.
"""
MOST_RESTARTS = 6
"""After so many, which take a day, staff are told; from then on it is tried once a day."""


@dataclass(frozen=True, slots=True)
class Restarts:
    """How often the present revision was started anew without getting on since, and when last."""

    count: int
    at: datetime
    revision: int

    def counted(self, revision: int) -> int:
        """The count that matters to an order at `revision`: what was amended may go better."""
        return self.count if self.revision == revision else 0

    def next_at(self, revision: int) -> datetime:
        """When the order may be started anew once more."""
        return self.at + PAUSES[min(self.counted(revision), len(PAUSES) - 1)]


def one_more(restarts: Restarts | None, revision: int, moment: datetime) -> Restarts:
    """The record after another restart at `moment`."""
    before = restarts.counted(revision) if restarts is not None else 0
    return Restarts(before + 1, moment, revision)
