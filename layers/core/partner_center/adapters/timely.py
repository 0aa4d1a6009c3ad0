"""Clients of botocore in functions that somebody waits for: no try begins that could outlast the deadline."""

from typing import Any

from partner_center.kernel.deadline import Deadline

LONGEST_PAUSE = 6.0
"""Seconds before a second try: one, and five more where the service asks for them (botocore, retries/standard.py)."""


def longest_try(config: Any) -> float:
    """How many seconds one try of a client with this configuration may take: to connect, and for the answer."""
    return float(config.connect_timeout + config.read_timeout)


def in_time(client: Any, deadline: Deadline) -> Any:
    """The client, which raises TryAgain for a try that could end too late, and makes no second one then.

    `before-send` comes before each try, `needs-retry` before the pause that precedes another (botocore, endpoint.py).
    """
    longest = longest_try(client.meta.config)

    def begin(**_: Any) -> None:
        deadline.require(longest)

    def repeat(**_: Any) -> bool | None:
        return None if deadline.left() >= LONGEST_PAUSE + longest else False

    client.meta.events.register_first("before-send", begin)
    client.meta.events.register_first("needs-retry", repeat)
    return client
