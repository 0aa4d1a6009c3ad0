"""Deliveries that are made twice: SQS, EventBridge and asynchronous calls of Lambda promise at least one."""

from threading import Lock


class Repetition:
    """While it is `on`, each message, event and call that was handled comes once more, a little later.

    Not what a schedule sends: it comes again in any case. A message that was given out as often as its queue allows
    lies among the dead letters instead.
    """

    def __init__(self) -> None:
        self.on = False
        self.count = 0
        """How many deliveries were repeated."""
        self._known: set[str] = set()
        self._lock = Lock()

    def wants(self, delivery: str) -> bool:
        """Whether the delivery of this name is to be made again; that is said once of each."""
        with self._lock:
            if not self.on or delivery in self._known:
                return False
            self._known.add(delivery)
            self.count += 1
            return True
