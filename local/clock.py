"""Virtual time: the machine's own time plus an offset that tests and the console move forward."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

_STOP_IS_SEEN_WITHIN = 0.25  # real seconds


def _never() -> bool:
    return False


class VirtualClock:
    """Runs at the speed of real time and can be moved forward; moving it wakes everybody who waits on it."""

    def __init__(self) -> None:
        self._epoch = time.time() - time.monotonic()
        self._offset = 0.0
        self._waiting: list[threading.Condition] = []
        self._lock = threading.Lock()

    def now(self) -> float:
        """Seconds since 1970, UTC."""
        return self._epoch + time.monotonic() + self._offset

    def utcnow(self) -> datetime:
        return datetime.fromtimestamp(self.now(), UTC)

    def advance(self, seconds: float) -> None:
        """Move time forward. Raises ValueError for a step back, which no program is prepared for."""
        if seconds < 0:
            raise ValueError("time does not run backwards")
        with self._lock:
            self._offset += seconds
            waiting = list(self._waiting)
        for condition in waiting:
            with condition:
                condition.notify_all()

    def begin_anew(self, at: datetime | None = None) -> None:
        """At the machine's own time, or at another (aware), for a world that has not begun; nobody may be waiting."""
        with self._lock:
            self._offset = 0.0
            if at is not None:
                self._offset = at.timestamp() - self.now()

    def wait_for_event(self, event: threading.Event, seconds: float) -> bool:
        """`event.wait(seconds)` in virtual time: whether the event was set in time."""
        return self._wait_until(event, self.now() + seconds)

    def _wait_until(self, event: threading.Event, deadline: float) -> bool:
        condition: threading.Condition = event._cond  # type: ignore[attr-defined]  # the one way to wake its waiters unset
        with self._lock:
            self._waiting.append(condition)
        try:
            with condition:
                while not event.is_set() and (left := deadline - self.now()) > 0:
                    condition.wait(min(left, threading.TIMEOUT_MAX))
            return event.is_set()
        finally:
            with self._lock:
                self._waiting.remove(condition)

    def sleep(self, seconds: float, stopped: Callable[[], bool] = _never) -> None:
        """Sleep in virtual time, or until `stopped` says so."""
        self.sleep_until(self.now() + seconds, stopped)

    def sleep_until(self, deadline: float, stopped: Callable[[], bool] = _never) -> None:
        """For who tells others when that is: the clock may have moved before the sleep begins."""
        unset = threading.Event()
        while not stopped() and (now := self.now()) < deadline:
            look = deadline if stopped is _never else min(deadline, now + _STOP_IS_SEEN_WITHIN)
            self._wait_until(unset, look)

    def for_worker(self, skew: float = 0.0) -> str:
        """`<virtual epoch> <monotonic> <speed>`: enough for another process to go on counting by itself.

        CLOCK_MONOTONIC is one clock for all processes of a machine. `skew`: so many seconds wrong.
        """
        return f"{self.now() + skew!r} {time.monotonic()!r} 1.0"


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    """The core's `Clock` in virtual time, for what calls the core in the cloud's own process."""

    clock: VirtualClock

    def now(self) -> datetime:
        return self.clock.utcnow()


CLOCK = VirtualClock()


class VirtualEvent(threading.Event):
    """An event whose waiters count in virtual time; stands in where moto waits for a task."""

    def wait(self, timeout: float | None = None) -> bool:
        return super().wait() if timeout is None else CLOCK.wait_for_event(self, timeout)
