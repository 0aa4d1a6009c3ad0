"""The fulfilment machine, started by name and woken by token."""

import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from partner_center.kernel.errors import TryAgain
from partner_center.orders.fulfil import Woken
from partner_center.orders.reconcile import Execution, ExecutionStatus

# A token nobody waits on: the execution went on, ended, or armed a newer token.
_NOBODY_WAITS = {"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"}
# Of what is sent, not of the service: it is refused however often it is sent.
_NEVER_TAKEN = {"InvalidName", "InvalidExecutionInput", "InvalidOutput", "ValidationException"}
_STATUSES = {
    "SUCCEEDED": ExecutionStatus.SUCCEEDED,
    "FAILED": ExecutionStatus.FAILED,
    "TIMED_OUT": ExecutionStatus.TIMED_OUT,
    "ABORTED": ExecutionStatus.ABORTED,
}
"""Whatever else an execution is, it goes on."""


class StepFunctionsMachine:
    """`Machine` and `Executions` of the orders context."""

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
            name=_name(order_id, generation, attempt),
            input=json.dumps(payload),
        )

    def wake(self, token: str, word: Woken) -> bool:
        answer = json.dumps({"woken": word.value})
        return self._call(_NOBODY_WAITS, "send_task_success", taskToken=token, output=answer) is not None

    def is_awaited(self, token: str) -> bool:
        """A heartbeat changes nothing where no HeartbeatSeconds are set, and is refused for a token that is over."""
        return self._call(_NOBODY_WAITS, "send_task_heartbeat", taskToken=token) is not None

    def execution(self, order_id: str, generation: int, attempt: int) -> Execution:
        machine = self._arn.replace(":stateMachine:", ":execution:")
        name = f"{machine}:{_name(order_id, generation, attempt)}"
        told = self._call({"ExecutionDoesNotExist"}, "describe_execution", executionArn=name)
        if told is None:
            return Execution(ExecutionStatus.MISSING)
        status = _STATUSES.get(told["status"], ExecutionStatus.RUNNING)
        return Execution(status, told["startDate"], told.get("stopDate"), told.get("error"))

    def _call(self, success: set[str], operation: str, **parameters: Any) -> Any:
        """What the service answers; None for an error that is success.

        Raises TryAgain, and the ClientError of a call that will never be taken.
        """
        try:
            return getattr(self._client, operation)(**parameters)
        except ClientError as error:
            if error.response["Error"]["Code"] in success:
                return None
            if error.response["Error"]["Code"] in _NEVER_TAKEN:
                raise
            raise TryAgain("The state machine service did not take the call.") from error
        except BotoCoreError as error:
            raise TryAgain("The state machine service did not answer.") from error


def _name(order_id: str, generation: int, attempt: int) -> str:
    return f"{order_id}-g{generation}-a{attempt}"
