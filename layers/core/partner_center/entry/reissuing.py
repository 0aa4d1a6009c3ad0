"""The door of reissues that make themselves: every order whose time has come, each by itself."""

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger

from partner_center.entry.by_itself import by_itself
from partner_center.orders.auto_reissue import Outcome, ReissueByItself


def reissuing_handler(
    reissue: Callable[[], ReissueByItself],
) -> Callable[[dict[str, Any], Any], dict[str, int]]:
    """A Lambda handler for the schedule. Trouble with one order keeps no other from its certificate."""
    logger = Logger()

    def asked(reseller_id: str, order_id: str) -> Outcome | None:
        return by_itself(
            logger,
            "an order was not reissued by itself",  # the alarm ReissuesDoNotBegin counts these lines
            partial(reissue(), reseller_id, order_id, "schedule"),
            partial(reissue().put_off, reseller_id, order_id),
            order_id=order_id,
        )

    def handler(_event: dict[str, Any], _context: Any) -> dict[str, int]:
        counted = Counter(asked(*each) for each in reissue().due())
        return {outcome.value: counted[outcome] for outcome in Outcome} | {"troubled": counted[None]}

    return handler
