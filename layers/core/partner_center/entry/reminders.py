"""The door of the daily run of the reminders."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from aws_lambda_powertools import Logger

from partner_center.notifications.remind import RemindRenewals

_TO_END_IN = timedelta(seconds=20)
"""What a run needs after its last claim."""

RunAnswer = dict[str, int | bool]


def run_handler(remind: Callable[[], RemindRenewals]) -> Callable[[Mapping[str, Any], Any], RunAnswer]:
    """A Lambda handler for the schedule. What could not be judged is logged, and an alarm rings."""
    logger = Logger()

    def tell(error: Exception, where: Mapping[str, Any]) -> None:
        # The alarm RemindersAreLeftOut counts these lines.
        logger.error("a reminder could not be judged", error=repr(error), exc_info=error, **where)

    def handler(_event: Mapping[str, Any], context: Any) -> RunAnswer:
        run = remind()
        left = timedelta(milliseconds=context.get_remaining_time_in_millis())
        report = run(run.clock.now() + left - _TO_END_IN, tell)
        answer: RunAnswer = {
            "claimed": report.claimed,
            "moved": report.moved,
            "queued": report.queued,
            "digests": report.digests,
            "failed": report.failed,
            "under_way": report.under_way,
        }
        logger.info("reminders", extra=answer)
        return answer

    return handler
