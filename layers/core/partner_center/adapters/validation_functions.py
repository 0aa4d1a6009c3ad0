"""The functions that make proofs and mail approvers, set in motion by others: `Checking` and `Asking`.

Who speaks for a reseller's key may only name an order; what comes of it is decided there (docs/architecture.md,
"Permission boundary").
"""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from partner_center.kernel.errors import TooSoon, TryAgain

SECONDS_FOR_LOOKS = 16
"""Of a check that somebody waits for: with a start, and what is read and written besides, it fits into 20."""


class _TooLate(TryAgain):
    """The function is at work still."""


class ValidationFunctions:
    """`check_control` and `ask_again` by their ARNs; one that a caller may not invoke is empty."""

    def __init__(self, client: Callable[[], Any], check_control: str = "", ask_again: str = "") -> None:
        self._client = client
        self._check_control = check_control
        self._ask_again = ask_again

    def begin(self, reseller_id: str, order_id: str) -> None:
        self._invoke(self._check_control, "Event", {"reseller_id": reseller_id, "order_id": order_id})

    def check(self, reseller_id: str, order_id: str, names: list[str] | None) -> None:
        """What is not answered in time goes on by itself, and what it finds is read later."""
        question: dict[str, Any] = {
            "reseller_id": reseller_id,
            "order_id": order_id,
            "seconds": SECONDS_FOR_LOOKS,
        }
        if names is not None:
            question["names"] = names
        with suppress(_TooLate):
            self._invoke(self._check_control, "RequestResponse", question)

    def ask_again(self, reseller_id: str, order_id: str, names: list[str]) -> None:
        question = {"reseller_id": reseller_id, "order_id": order_id, "names": names}
        self._invoke(self._ask_again, "RequestResponse", question)

    def _invoke(self, arn: str, kind: str, question: dict[str, Any]) -> None:
        if not arn:
            raise ValueError("this caller may not set the function in motion")
        try:
            answer = self._client().invoke(
                FunctionName=arn, InvocationType=kind, Payload=json.dumps(question).encode()
            )
        except ReadTimeoutError as error:
            raise _TooLate("The validation did not answer; ask again shortly.", 5) from error
        except (BotoCoreError, ClientError) as error:
            raise TryAgain("The validation did not answer; ask again shortly.", 5) from error
        if "FunctionError" in answer and _error_type(answer) == TooSoon.__name__:
            raise TooSoon("Another request has just asked for the same; ask again a little later.", 30)
        if "FunctionError" in answer:
            raise TryAgain("The validation could not be completed; ask again shortly.", 5)


def _error_type(answer: Mapping[str, Any]) -> object:
    """What Lambda calls the error that a function failed with."""
    try:
        told = json.loads(answer["Payload"].read())
    except (KeyError, ValueError, RecursionError):
        return None
    return told.get("errorType") if isinstance(told, Mapping) else None
