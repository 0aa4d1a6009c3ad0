"""The time of day: the machine's own, or the embedded cloud's virtual time that each invocation brings."""

import os
import time
from datetime import UTC, datetime

VIRTUAL_TIME = "PARTNER_CENTER_CLOCK"


class SystemClock:
    """Reads the environment at every call, because a warm process serves invocations of different times.

    `PARTNER_CENTER_CLOCK` is "<epoch> <monotonic> <speed>": at monotonic time `monotonic` it was `epoch`.
    The deployed stack never sets it.
    """

    def now(self) -> datetime:
        virtual = os.environ.get(VIRTUAL_TIME)
        if virtual is None:
            return datetime.now(UTC)
        epoch, monotonic, speed = map(float, virtual.split())
        return datetime.fromtimestamp(epoch + (time.monotonic() - monotonic) * speed, UTC)
