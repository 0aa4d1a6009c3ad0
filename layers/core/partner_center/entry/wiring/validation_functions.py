"""The functions that make proofs and mail approvers, wired for those that may set them in motion."""

from functools import cache
from typing import Any

from partner_center.adapters.validation_functions import ValidationFunctions
from partner_center.entry.wiring.base import AFTERWARDS, clock, deadline, settings, single_try_client
from partner_center.entry.wiring.validation import challenge_store
from partner_center.kernel.errors import TryAgain
from partner_center.validation.due_checks import BeginDueChecks

LONGEST_CHECK = 20
"""Seconds: for the looks, a start, and what is read and written besides."""
CONNECTING = 1


def _client() -> Any:
    """A client that waits as long as a check takes, if there is time; a second question would be a second check."""
    left = deadline().left() - CONNECTING - AFTERWARDS
    if left < 1:
        raise TryAgain("There is no time left for a check; the same request may be sent again.")
    return single_try_client("lambda", CONNECTING, int(min(LONGEST_CHECK, left)))


@cache
def validation_functions() -> ValidationFunctions:
    return ValidationFunctions(_client, settings().check_control, settings().ask_again)


@cache
def begin_due_checks() -> BeginDueChecks:
    return BeginDueChecks(challenge_store(), validation_functions(), clock())
