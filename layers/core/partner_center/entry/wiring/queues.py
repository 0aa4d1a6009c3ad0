"""The queues that functions read from, wired."""

from functools import cache

from partner_center.adapters.message_queue import Postponement
from partner_center.entry.wiring.base import hasty_client


@cache
def postponement() -> Postponement:
    """Tried once and briefly: the batch has failed already, and its function must answer."""
    return Postponement(hasty_client("sqs"))
