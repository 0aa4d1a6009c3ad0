"""The door of supersessions: events of a queue, and what is due by its time; each by itself."""

from collections.abc import Callable
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger

from partner_center.entry.by_itself import by_itself
from partner_center.entry.queues import Postpone, queue_handler
from partner_center.entry.wiring.queues import postponement
from partner_center.issuance.supersede import RevokeSuperseded, SupersessionId


def superseding_handler(
    revoke_superseded: Callable[[], RevokeSuperseded], postpone: Callable[[], Postpone] = postponement
) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """A Lambda handler for both. Trouble with one keeps nobody else waiting; it is put off (`kernel.patience`)."""
    logger = Logger()
    handle_events = queue_handler(revoke_superseded, postpone)

    def carried_out(supersession: SupersessionId) -> bool:
        use_case = revoke_superseded()
        end = by_itself(
            logger,
            "what was superseded is not revoked",  # the alarm SupersededAreNotRevoked counts these lines
            partial(use_case.carry_out_due, supersession, "schedule"),
            partial(use_case.put_off, supersession),
            order_id=supersession.order_id,
            successor=supersession.successor,
        )
        return end is not None

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        if "Records" in event:
            return handle_events(event, context)
        ended = sum(carried_out(each) for each in revoke_superseded().due())
        # The alarm RevokeSupersededDoesNotRun waits for it.
        logger.info("what was superseded was looked for", ended=ended)
        return {"ended": ended}

    return handler
