"""The network perspectives, wired for whoever asks them."""

from functools import cache
from typing import Any

from partner_center.adapters.lambda_perspectives import LambdaPerspectives, perspective_functions
from partner_center.entry.perspective_trouble import LoggedPerspectives
from partner_center.entry.wiring.base import AFTERWARDS, deadline, settings, single_try_client

LONGEST_ANSWER = 45
"""Seconds: the time limit of a perspective's function and what its start may take before it."""


def lambda_client(region: str) -> Any:
    """A client that asks once: what fails is a perspective's trouble, and a retry starts from zero."""
    return single_try_client("lambda", connect_timeout=3, read_timeout=LONGEST_ANSWER, region=region)


@cache
def perspectives() -> LoggedPerspectives:
    """Without PERSPECTIVES there is nobody to ask, so no view, and nothing that needs one passes."""
    functions = perspective_functions(settings().perspectives)
    return LoggedPerspectives(LambdaPerspectives(functions, lambda_client, require=_require))


def _require(seconds: float) -> None:
    deadline().require(seconds + AFTERWARDS)
