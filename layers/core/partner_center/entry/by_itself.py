"""What is due, each by itself: trouble with one keeps nobody else waiting, and is put off for a while."""

from collections.abc import Callable
from typing import Any, TypeVar

from aws_lambda_powertools import Logger

from partner_center.kernel.errors import PartnerCenterError

Result = TypeVar("Result")


def by_itself(
    logger: Logger,
    trouble: str,
    act: Callable[[], Result],
    put_off: Callable[[], None],
    *,
    fault: str | None = None,
    **where: Any,
) -> Result | None:
    """What `act` answers; None when it failed.

    Then that is logged in the words of `trouble`, or of `fault` when it is none that the system knows, and `put_off`
    takes it from the head of its queue: a run takes so many at most, and as many broken ones would fill every run.
    """
    try:
        return act()
    except PartnerCenterError as error:
        logger.warning(trouble, code=error.code, detail=error.detail, **where)
    except Exception:
        logger.exception(fault or trouble, **where)
    try:
        put_off()
    except Exception:
        logger.exception("not put off", **where)
    return None
