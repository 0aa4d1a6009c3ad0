"""Until when a request must be answered: whoever waits for something on the way asks whether there is time."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from partner_center.kernel.errors import TryAgain

ANSWERING = 2.0
"""Seconds kept for the answer itself: a last pause between two tries (`kernel.patience`), and its writing."""


@dataclass(slots=True)
class Deadline:
    """When the request that a process is at work on must be answered; never, unless somebody waits for an answer.

    A process answers one request after the other: `begin` is said of each.
    """

    monotonic: Callable[[], float] = time.monotonic
    _ends_at: float = math.inf

    @property
    def is_set(self) -> bool:
        return self._ends_at < math.inf

    def begin(self, seconds: float) -> None:
        """Somebody waits, and in so many seconds it is too late for an answer."""
        self._ends_at = self.monotonic() + seconds - ANSWERING

    def left(self) -> float:
        """The seconds in which something may be waited for."""
        return self._ends_at - self.monotonic()

    def require(self, seconds: float) -> None:
        """Raises TryAgain when what takes so many seconds would end too late."""
        if self.left() < seconds:
            raise TryAgain("It took too long to answer this; the same request may be sent again.")
