"""The door of supersessions: events of a queue, and what is due by its time; each by itself."""

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools import Logger

from partner_center.entry.queues import queue_handler
from partner_center.issuance.supersede import RevokeSuperseded, Supersession
from partner_center.kernel.errors import PartnerCenterError


def superseding_handler(
    revoke_superseded: Callable[[], RevokeSuperseded],
) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """A Lambda handler for both. Trouble with one keeps nobody else's waiting; the next run tries it again."""
    logger = Logger()
    handle_events = queue_handler(revoke_superseded)

    def carried_out(supersession: Supersession) -> bool:
        # The alarm SupersededAreNotRevoked counts the lines that are logged here.
        where: dict[str, Any] = {"order_id": supersession.order_id, "successor": supersession.successor}
        try:
            revoke_superseded().carry_out(supersession, "schedule")
        except PartnerCenterError as error:
            logger.warning("what was superseded is not revoked", code=error.code, **where)
        except Exception:
            logger.exception("what was superseded is not revoked", **where)
        else:
            return True
        return False

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        if "Records" in event:
            return handle_events(event, context)
        return {"ended": sum(carried_out(each) for each in revoke_superseded().due())}

    return handler
