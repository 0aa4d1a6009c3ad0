"""The functions that make proofs and mail approvers, wired for those that may set them in motion."""

from functools import cache
from typing import Any

from partner_center.adapters.validation_functions import ValidationFunctions
from partner_center.entry.wiring.base import clock, settings, single_try_client
from partner_center.entry.wiring.validation import challenge_store
from partner_center.validation.due_checks import BeginDueChecks

_LONGEST_CHECK = 25
"""Seconds: what is left of the gateway's 30, with what is read and written before and after."""


def _client() -> Any:
    """A client that waits as long as a check takes; a second question would be a second check."""
    return single_try_client("lambda", read_timeout=_LONGEST_CHECK)


@cache
def validation_functions() -> ValidationFunctions:
    return ValidationFunctions(_client, settings().check_control, settings().ask_again)


@cache
def begin_due_checks() -> BeginDueChecks:
    return BeginDueChecks(challenge_store(), validation_functions(), clock())
