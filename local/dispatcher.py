"""Runs what is due in virtual time."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

log = logging.getLogger("local")
LOOK_EVERY = 0.01  # real seconds, if nobody wakes it


class Work(Protocol):
    """`due` is the virtual time from which `run` has something to do, None if there is nothing."""

    def due(self) -> float | None: ...

    def run(self) -> None: ...


class Dispatcher:
    """One thread looks who is due and lends him a worker thread; the same work never runs twice at a time."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._work: list[Work] = []
        self._running: set[Work] = set()
        self._lock = threading.Lock()
        self._stop, self._awake = threading.Event(), threading.Event()
        self._threads = ThreadPoolExecutor(16, "delivery")
        self._thread = threading.Thread(target=self._look, name="dispatcher")

    def start(self) -> None:
        self._thread.start()

    def add(self, *work: Work) -> None:
        with self._lock:
            self._work += work
        self.wake()

    def wake(self) -> None:
        """Something may have become due, as when the clock has moved: look at once."""
        self._awake.set()

    def remove(self, work: Work) -> None:
        with self._lock:
            self._work.remove(work)

    def work(self) -> list[Work]:
        with self._lock:
            return list(self._work)

    def is_running(self) -> bool:
        with self._lock:
            return bool(self._running)

    def stop(self) -> None:
        self._stop.set()
        self.wake()
        if self._thread.is_alive():
            self._thread.join()

    def close(self) -> None:
        """Waits for the work under way, so end what it waits for first."""
        self.stop()
        self._threads.shutdown(cancel_futures=True)

    def _look(self) -> None:
        while True:
            self._awake.wait(LOOK_EVERY)
            self._awake.clear()
            if self._stop.is_set():
                return
            for work in self.work():
                if work not in self._running and (due := work.due()) is not None and due <= self._now():
                    with self._lock:
                        self._running.add(work)
                    self._threads.submit(self._run, work)

    def _run(self, work: Work) -> None:
        try:
            work.run()
        except Exception:
            if not self._stop.is_set():
                log.exception("%s failed", type(work).__name__)
                self._stop.wait(1)  # it is still due and would fail again at once
        finally:
            with self._lock:
                self._running.discard(work)
