"""Not more than so many mails a second: SES takes no more of an account, and other mails must not wait behind."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from partner_center.kernel.clock import Clock


class Pace:
    """Lets one thing happen at a time, `rate` of them a second at most, however fast they are asked for.

    Where `workers` do so beside each other, each keeps to its share.
    """

    def __init__(
        self, rate: float, workers: int, clock: Clock, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        if rate <= 0 or workers < 1:
            raise ValueError("somebody must be able to send something")
        self._interval = timedelta(seconds=workers / rate)
        self._clock, self._sleep = clock, sleep
        self._next: datetime | None = None

    def wait(self) -> None:
        """Returns when it is time for the next."""
        now = self._clock.now()
        if self._next is not None and now < self._next:
            self._sleep((self._next - now).total_seconds())
            now = self._next
        self._next = now + self._interval
