"""How contention is met: the same is tried again a little later, a bounded number of times, with jitter."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from partner_center.kernel.errors import ChangedMeanwhile, PreconditionFailed, TryAgain

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Patience:
    """`attempts` tries with full jitter between them, doubling from `base` seconds."""

    attempts: int = 6
    base: float = 0.025
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random

    def pause(self, attempt: int) -> None:
        self.sleep(self.jitter() * self.base * 2**attempt)


def while_it_moves(patience: Patience, act: Callable[[], Result]) -> Result:
    """What `act` answers; again from the start when the order moved between its reading and its writing.

    The machine moves an order too, so whoever asks must not be refused for it. `act` reads everything afresh and
    writes under the condition of what it read. Raises PreconditionFailed at once, and TryAgain after the last try;
    then nothing was written.
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
    raise TryAgain("The order is changing at this moment; nothing was written.")
