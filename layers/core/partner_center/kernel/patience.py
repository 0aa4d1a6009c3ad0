"""How contention is met: the same is tried again a little later, a bounded number of times, with jitter."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from partner_center.kernel.errors import ChangedMeanwhile, PreconditionFailed, TooSoon, TryAgain

Result = TypeVar("Result")

PASSES = (TryAgain, ChangedMeanwhile, TooSoon)
"""What an outage, or others at work, is told by: the same may succeed a little later."""

AFTER_TROUBLE = timedelta(minutes=50)
"""How long what is due and cannot be handled is left alone, so that the others get on; an hourly run tries it again.
Alarms that count such trouble have periods of two hours (template.yaml).
"""

_FIRST_PAUSE = timedelta(minutes=3)
_LONGEST_PAUSE = timedelta(hours=1)
"""An outage may end at any time, and what waits may have a deadline of 24 hours (BR 4.9.1.1)."""
WAITS_LONG = 6
"""Given out so often, a message has waited for an hour and a half."""


@dataclass(frozen=True, slots=True)
class Patience:
    """`attempts` tries with full jitter between them, doubling from `base` seconds."""

    attempts: int = 6
    base: float = 0.025
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random

    def pause(self, attempt: int) -> None:
        self.sleep(self.jitter() * self.base * 2**attempt)


def while_it_moves(patience: Patience, act: Callable[[], Result], what: str = "order") -> Result:
    """What `act` answers; again from the start when the order moved between its reading and its writing.

    The machine moves an order too, so whoever asks must not be refused for it. `act` reads everything afresh and
    writes under the condition of what it read; `what` it is about, if not an order. Raises PreconditionFailed at
    once, and TryAgain after the last try; then nothing was written.
    """
    for attempt in range(patience.attempts):
        if attempt:
            patience.pause(attempt - 1)
        try:
            return act()
        except PreconditionFailed:
            raise
        except ChangedMeanwhile:
            continue
    raise TryAgain(f"The {what} is changing at this moment; nothing was written.")


def pause_of_message(receives: int, *, outage: bool) -> timedelta:
    """How long a message that was given out so many times stays out of sight after it could not be handled.

    For an outage it doubles up to an hour: 28 tries last for 23 hours and a half. For a fault, which time does not
    mend, they are over in 84 minutes.
    """
    if not outage:
        return _FIRST_PAUSE
    doublings = min(max(receives, 1) - 1, 10)
    return min(_FIRST_PAUSE * (1 << doublings), _LONGEST_PAUSE)
