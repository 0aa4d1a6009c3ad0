"""What a function asks of others during one invocation: recorded for IAM checks, interrupted by fault tests."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import botocore.client

from local.runtime.faults import How, error_of, possible

TIME_IS_UP = signal.SIGALRM
"""Ends a worker as its time limit would, without anybody waiting for it."""

_NAMES = (
    "TableName",
    "IndexName",
    "Bucket",
    "Key",
    "QueueName",
    "QueueUrl",
    "KeyId",
    "stateMachineArn",
    "executionArn",
    "Name",
    "FunctionName",
    "FromEmailAddress",
)


def reduced(parameters: dict[str, Any]) -> dict[str, Any]:
    """What policies are matched against: the parameters that name a resource, and a mail's form; no contents."""
    kept = {name: parameters[name] for name in _NAMES if isinstance(parameters.get(name), str)}
    if "TransactItems" in parameters:
        entries = [next(iter(entry.items())) for entry in parameters["TransactItems"]]
        kept["TransactItems"] = [{"kind": kind, "TableName": part["TableName"]} for kind, part in entries]
    if isinstance(parameters.get("Names"), list):
        kept["Names"] = sorted(parameters["Names"])
    if isinstance(parameters.get("Content"), dict):
        kept["Content"] = sorted(parameters["Content"])
    if "RequestItems" in parameters:
        kept["RequestItems"] = sorted(parameters["RequestItems"])
    if "Entries" in parameters and not {"QueueUrl"} & kept.keys():
        kept["EventBusName"] = sorted(
            {entry.get("EventBusName", "default") for entry in parameters["Entries"]}
        )
    return kept


class Calls:
    """The calls of the invocation under way: to AWS by the SDK, and to the outside by urllib3 and dnspython.

    `fault` is `{"call": n, "when": "before"|"after", "how": ...}`, counted from 1: there `faults.How` happens, once.
    With `follows` only calls behind one of that operation count, with `service` only calls of that service, and
    without `call` each of them meets it. What a call cannot meet it does not meet.
    """

    def __init__(self) -> None:
        self._lock, self._inside = threading.Lock(), threading.local()
        self.begin(record=False, fault=None)

    def begin(self, *, record: bool, fault: dict[str, Any] | None) -> None:
        self.made: list[dict[str, Any]] = []
        self.met = False
        self._count, self._record, self._fault = 0, record, fault or {}
        self._how = How(self._fault.get("how", How.KILL))
        self._counts = "follows" not in self._fault

    def observe_botocore(self) -> None:
        """Every client of this process passes here, whichever session made it; the SDK's own retries count once."""
        clients: Any = botocore.client.BaseClient
        send: Callable[..., Any] = clients._make_api_call

        def send_observed(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
            def read(key: Any) -> Any:
                return send(client, "GetItem", key)

            call = _Call(client.meta.service_model.service_name, operation, parameters, read)
            return self._observed(call, lambda: send(client, operation, parameters))

        clients._make_api_call = send_observed

    def observe_outside(self) -> None:
        """What is asked without the SDK: a web server by urllib3, a name by dnspython, if they are there."""
        if "urllib3" in sys.modules:
            self._observe(sys.modules["urllib3"].connectionpool.HTTPConnectionPool, "urlopen", "http", 1)
            self._observe(sys.modules["urllib3"].connection.HTTPConnection, "request", "http", 1)
        if "dns.query" in sys.modules:
            for name in ("udp", "tcp"):
                self._observe(sys.modules["dns.query"], name, "dns", None)

    def _observe(self, owner: Any, name: str, service: str, verb: int | None) -> None:
        """`verb`: the place of the argument that is the operation."""
        original: Callable[..., Any] = getattr(owner, name)

        def observed(*args: Any, **named: Any) -> Any:
            if getattr(self._inside, "call", False):
                return original(*args, **named)
            operation = name if verb is None else str(named.get("method") or args[verb])
            call = _Call(service, operation, {}, lambda _: {})
            return self._observed(call, lambda: original(*args, **named))

        setattr(owner, name, observed)

    def _observed(self, call: "_Call", send: Callable[[], Any]) -> Any:
        number = self._starts(call)
        self._inside.call = True
        try:
            return send()
        finally:
            self._inside.call = False
            self._meet(number, "after", call)
            self._counts = self._counts or call.operation == self._fault["follows"]

    def _starts(self, call: "_Call") -> int:
        with self._lock:
            self._count += self._counts and self._fault.get("service", call.service) == call.service
            if self._record:
                told = {"service": call.service, "operation": call.operation}
                self.made.append(told | {"parameters": reduced(call.parameters)})
            number = self._count
        self._meet(number, "before", call)
        return number

    def _meet(self, number: int, when: str, call: "_Call") -> None:
        fault = self._fault
        wanted = self._counts and fault.get("when") == when and fault.get("call", number) == number
        if not wanted or fault.get("service", call.service) != call.service:
            return
        if not possible(self._how, call.service, call.operation, call.parameters):
            return
        self.met = True
        if self._how is How.KILL:
            os.kill(os.getpid(), signal.SIGKILL)
        if self._how is How.TIME_OUT:
            os.kill(os.getpid(), TIME_IS_UP)
        raise error_of(self._how, call.service, call.operation, call.parameters, call.read)


@dataclass(frozen=True, slots=True)
class _Call:
    """`read` answers a GetItem of the same client, which nobody counts."""

    service: str
    operation: str
    parameters: dict[str, Any]
    read: Callable[[Any], Any]
