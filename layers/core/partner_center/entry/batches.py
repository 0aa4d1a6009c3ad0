"""Batches of messages: what became of each, and how failures are reported (AWS: partial batch responses)."""

from collections.abc import Callable, Iterable, Mapping
from enum import Enum, auto
from typing import Any

from aws_lambda_powertools import Logger

from partner_center.kernel.errors import PartnerCenterError
from partner_center.kernel.patience import PASSES

Record = Mapping[str, Any]
Batch = dict[str, Any]
Failures = dict[str, list[dict[str, str]]]


class Outcome(Enum):
    """What became of a message."""

    DONE = auto()
    OUTAGE = auto()
    """It may succeed a little later."""
    FAULT = auto()
    NOT_BEGUN = auto()
    """The time of the invocation was over before it."""


def attempt(logger: Logger, act: Callable[[], object], record: Record | None = None) -> Outcome:
    """What became of it; what failed is logged."""
    where = {"message_id": record["messageId"], "receives": receives(record)} if record is not None else {}
    try:
        act()
    except PartnerCenterError as error:
        logger.warning("not handled", code=error.code, detail=error.detail, **where)
        return Outcome.OUTAGE if isinstance(error, PASSES) else Outcome.FAULT
    except Exception:
        logger.exception("not handled", **where)
        return Outcome.FAULT
    return Outcome.DONE


def receives(record: Record) -> int:
    """How often the message was given out, this time included."""
    return int(record.get("attributes", {}).get("ApproximateReceiveCount", 1))


def failures(failed: Iterable[Record]) -> Failures:
    """The answer to Lambda, which delivers these again and deletes the others."""
    return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in failed]}
