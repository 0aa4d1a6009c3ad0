"""The door of the queue of CRLs: one run serves all messages that are about the same."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger

from partner_center.entry.batches import Batch, Failures, Outcome, Record, attempt, failures


def coalescing_handler(
    read: Callable[[dict[str, Any]], str], handle: Callable[[set[str]], None]
) -> Callable[[Batch, Any], Failures]:
    """Handles what the messages of a batch are about together, since one run serves all that are about the same.

    What cannot be read fails by itself. When the run fails, each thing has a run of its own, so that one that cannot
    be handled keeps no other from it. Nothing is postponed, since who builds CRLs reaches no SQS from its subnets:
    the queue itself tries through a day.
    """
    logger = Logger()

    def is_done(wanted: set[str]) -> bool:
        return attempt(logger, lambda: handle(wanted)) is Outcome.DONE

    def handler(batch: Batch, _context: Any) -> Failures:
        about: dict[str, str] = {}

        def take(record: Record) -> None:
            about[record["messageId"]] = read(json.loads(record["body"]))

        for record in batch["Records"]:
            attempt(logger, partial(take, record), record)
        wanted = set(about.values())
        done = wanted
        if wanted and not is_done(wanted):
            done = {each for each in wanted if is_done({each})} if len(wanted) > 1 else set()
        return failures(record for record in batch["Records"] if about.get(record["messageId"]) not in done)

    return handler
