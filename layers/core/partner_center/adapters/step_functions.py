"""The fulfilment machine, started by name and woken by token."""

import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from partner_center.kernel.errors import TryAgain
from partner_center.orders.fulfil import Woken

# A token nobody waits on: the execution went on, ended, or armed a newer token.
_NOBODY_WAITS = {"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"}


class StepFunctionsMachine:
    """`Machine` of the orders context."""

    def __init__(self, client: Any, state_machine_arn: str) -> None:
        self._client = client
        self._arn = state_machine_arn

    def start(self, reseller_id: str, order_id: str, generation: int, attempt: int) -> None:
        payload = {
            "reseller_id": reseller_id,
            "order_id": order_id,
            "generation": generation,
            "attempt": attempt,
        }
        self._call(
            {"ExecutionAlreadyExists"},
            "start_execution",
            stateMachineArn=self._arn,
            name=f"{order_id}-g{generation}-a{attempt}",
            input=json.dumps(payload),
        )

    def wake(self, token: str, word: Woken) -> None:
        self._call(
            _NOBODY_WAITS, "send_task_success", taskToken=token, output=json.dumps({"woken": word.value})
        )

    def _call(self, success: set[str], operation: str, **parameters: Any) -> None:
        try:
            getattr(self._client, operation)(**parameters)
        except ClientError as error:
            if error.response["Error"]["Code"] not in success:
                raise TryAgain("The state machine service did not take the call.") from error
        except BotoCoreError as error:
            raise TryAgain("The state machine service did not answer.") from error
