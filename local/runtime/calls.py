"""What a function asks of AWS during one invocation: recorded for IAM checks, interrupted by fault tests."""

import os
import signal
from collections.abc import Callable
from typing import Any

import botocore.client
from botocore.exceptions import EndpointConnectionError

_NAMES = (
    "TableName",
    "IndexName",
    "Bucket",
    "Key",
    "QueueUrl",
    "KeyId",
    "stateMachineArn",
    "executionArn",
    "Name",
    "FunctionName",
    "FromEmailAddress",
)


def reduced(parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters that name a resource, without contents: what a policy's statements are matched against."""
    kept = {name: parameters[name] for name in _NAMES if isinstance(parameters.get(name), str)}
    if "TransactItems" in parameters:
        entries = [next(iter(entry.items())) for entry in parameters["TransactItems"]]
        kept["TransactItems"] = [{"kind": kind, "TableName": part["TableName"]} for kind, part in entries]
    if isinstance(parameters.get("Names"), list):
        kept["Names"] = sorted(parameters["Names"])
    if "RequestItems" in parameters:
        kept["RequestItems"] = sorted(parameters["RequestItems"])
    if "Entries" in parameters and not {"QueueUrl"} & kept.keys():
        kept["EventBusName"] = sorted(
            {entry.get("EventBusName", "default") for entry in parameters["Entries"]}
        )
    return kept


class Calls:
    """The calls of the invocation under way.

    `fault` is `{"call": n, "when": "before"|"after"}`, counted from 1: there the process is killed. With `follows`
    only calls behind one of that operation count; with `how: "fail"` the call is not sent, and nobody answers.
    """

    def __init__(self) -> None:
        self.begin(record=False, fault=None)

    def begin(self, *, record: bool, fault: dict[str, Any] | None) -> None:
        self.made: list[dict[str, Any]] = []
        self._count, self._record, self._fault = 0, record, fault or {}
        self._counts = "follows" not in self._fault

    def observe_botocore(self) -> None:
        """Every client of this process passes here, whichever session made it; the SDK's own retries count once."""
        clients: Any = botocore.client.BaseClient
        send: Callable[..., Any] = clients._make_api_call

        def send_observed(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
            number = self._starts(client.meta.service_model.service_name, operation, parameters)
            try:
                return send(client, operation, parameters)
            finally:
                self._maybe_die(number, "after")
                self._counts = self._counts or operation == self._fault["follows"]

        clients._make_api_call = send_observed

    def _starts(self, service: str, operation: str, parameters: dict[str, Any]) -> int:
        self._count += self._counts
        if self._record:
            call = {"service": service, "operation": operation, "parameters": reduced(parameters)}
            self.made.append(call)
        self._maybe_die(self._count, "before")
        return self._count

    def _maybe_die(self, number: int, when: str) -> None:
        if not self._counts or (self._fault.get("call"), self._fault.get("when")) != (number, when):
            return
        if self._fault.get("how") == "fail":
            raise EndpointConnectionError(endpoint_url="a fault that was asked for")
        os.kill(os.getpid(), signal.SIGKILL)
