"""The door of a network perspective: looks in, sightings out, and nothing that is no fact."""

from collections.abc import Callable, Mapping
from typing import Any

from aws_lambda_powertools import Logger

from partner_center.adapters.look_codec import decode_question, decode_seconds, encode_answer
from partner_center.validation.looks import Look
from partner_center.validation.take_looks import TakeLooks

ANSWERING_SECONDS = 5.0
"""Kept back from the function's own time limit for the answer."""


def perspective_handler(
    take_looks: Callable[[], TakeLooks], perspective_id: Callable[[], str]
) -> Callable[[object, Any], Mapping[str, Any]]:
    """A Lambda handler; `take_looks` makes the use case at the first invocation.

    A question that cannot be read at all fails the invocation (Malformed); the trouble of a single look is
    told in its place.
    """

    def handler(event: object, context: Any) -> Mapping[str, Any]:
        looks, asked = decode_question(event), decode_seconds(event)
        left = context.get_remaining_time_in_millis() / 1000 - ANSWERING_SECONDS
        seconds = left if asked is None else min(left, asked)
        return encode_answer(perspective_id(), take_looks()(looks, max(0.0, seconds)))

    return handler


def log_fault(look: Look, error: BaseException) -> None:
    """What broke down over a look is a defect of ours; who asked hears only that there is no sighting."""
    Logger().error("a look failed", look=str(look), exc_info=error)
