"""The door of what is told about contracts: each that is due by itself."""

from collections.abc import Callable
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger

from partner_center.entry.by_itself import by_itself
from partner_center.kernel.errors import TryAgain
from partner_center.notifications.contract_reminders import ToTell
from partner_center.notifications.notify_contracts import NotifyContracts

_TROUBLE = "a contract was not told of"  # the alarm ContractsAreNotTold counts these lines


def telling_handler(notify: Callable[[], NotifyContracts]) -> Callable[[dict[str, Any], Any], dict[str, int]]:
    """A Lambda handler for the schedule. A contract that cannot be read keeps no other from being told of.

    It is put off. What must be tried again is not, since low units are told within the hour: the next run comes to
    it, and this one fails when it is through with the others.
    """
    logger = Logger()

    def handler(_event: dict[str, Any], context: Any) -> dict[str, int]:
        run, queued, outages = notify(), 0, list[TryAgain]()

        def tell(due: ToTell) -> int:
            try:
                return run(due, context.aws_request_id)
            except TryAgain as outage:
                logger.warning(_TROUBLE, code=outage.code, detail=outage.detail, **_named(due))
                outages.append(outage)
                return 0

        for due in run.due():
            told = by_itself(logger, _TROUBLE, partial(tell, due), partial(run.put_off, due), **_named(due))
            queued += told or 0
        if outages:
            raise outages[0]
        return {"queued": queued}

    return handler


def _named(due: ToTell) -> dict[str, Any]:
    return due._asdict()
