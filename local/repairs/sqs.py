"""SQS: moto changes its queues without a lock and counts the visibility timeout in real time."""

import threading
from typing import Any

from moto.sqs import models

from local.clock import CLOCK
from local.repairs.patching import Method, around, exchange, serialize

_REAL_WAIT = 0.05  # seconds between two looks of a long poll


def _receive(
    original: Method, backend: Any, queue: str, count: int, wait: int, *args: Any, **kwargs: Any
) -> Any:
    """A long poll looks again and again without keeping the lock, so that somebody can send meanwhile."""
    deadline = CLOCK.now() + wait
    while not (found := original(backend, queue, count, 0, *args, **kwargs)) and CLOCK.now() < deadline:
        CLOCK.sleep(min(_REAL_WAIT, deadline - CLOCK.now()))
    return found


def install() -> None:
    exchange(models, "unix_time", CLOCK.now)
    exchange(models, "unix_time_millis", lambda: CLOCK.now() * 1000)
    names = ("send_message", "receive_message", "delete_message", "change_message_visibility", "purge_queue")
    serialize(threading.RLock(), models.SQSBackend, *names, "send_message_batch", "delete_message_batch")
    around(models.SQSBackend, "receive_message", _receive)
