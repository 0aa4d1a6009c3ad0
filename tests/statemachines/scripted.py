"""fulfil_order on the embedded cloud with scripted functions: what its tests drive it with.

The functions are scripts of answers, so each Catch, each retry and each time limit can be reached; time is
moved, never waited for.
"""

import json
import math
import time
import uuid
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local import machines
from local.clock import CLOCK
from local.cloud import EmbeddedCloud
from local.template import STACK

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
DAY = 86_400
THIRTY_DAYS = 30 * DAY


class Fails(Exception):
    """A scripted failure: the error's name as Lambda reports it."""


class ScriptedCloud(EmbeddedCloud):
    """Functions answer from scripts by logical id; what they were called with is kept."""

    def __init__(self) -> None:
        super().__init__(TEMPLATE)
        self.scripts: dict[str, list[Any]] = defaultdict(list)
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.current = ""

    def _run(self, function: str, event: Any) -> tuple[str, bool]:
        name = (
            function.rsplit(":function:", maxsplit=1)[-1].removeprefix(f"{STACK}-").removesuffix("Function")
        )
        if event.get("execution") != self.current:
            return json.dumps({"errorType": "LeftOver", "errorMessage": "of another test"}), True
        self.calls.append((name, event))
        script = self.scripts[name]
        answer = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(answer, Fails):
            return json.dumps({"errorType": str(answer), "errorMessage": "scripted"}), True
        return json.dumps(answer), False

    def tokens(self, function: str) -> list[str]:
        return [event["token"] for name, event in self.calls if name == function]

    def count(self, function: str) -> int:
        return sum(name == function for name, _ in self.calls)


GOOD = {
    "ScreenOrder": [{"outcome": "clear", "seconds": THIRTY_DAYS}],
    "AwaitReview": [None],
    "AwaitDomains": [None],
    "AwaitRelease": [None],
    "AuthorisePayment": [{"outcome": "authorised", "seconds": 1000}],
    "AwaitPayment": [None],
    "CloseOverdue": [{"over": True, "seconds": 1}],
    "RunPreflight": [{"outcome": "go", "preflight_id": "pre_1", "seconds": 1000}],
    "SignCertificate": [{"serial": "0a"}],
    "CompleteOrder": [{"status": "issued"}],
}
TASKS = tuple(GOOD)


class Execution:
    """One execution, driven by the test."""

    def __init__(self, cloud: ScriptedCloud) -> None:
        self._cloud = cloud
        self._client = cloud.client("stepfunctions")
        cloud.current = str(uuid.uuid4())
        payload = {"reseller_id": "northwind", "order_id": "ord_1", "generation": 1, "attempt": 1}
        self.arn = self._client.start_execution(
            stateMachineArn=cloud.resource("FulfilOrder"),
            name=cloud.current,
            input=json.dumps(payload),
        )["executionArn"]

    def described(self) -> dict[str, Any]:
        return dict(self._client.describe_execution(executionArn=self.arn))

    def waits_in(self, function: str, nth: int = 1) -> str:
        """Waits (really, briefly) until `function` was asked for the nth time; its token."""
        until(lambda: self._cloud.count(function) >= nth and self.submitted() >= nth)
        return self._cloud.tokens(function)[nth - 1]

    def submitted(self) -> int:
        history = self._client.get_execution_history(executionArn=self.arn, maxResults=1000)["events"]
        return sum(event["type"] == "TaskSubmitted" for event in history)

    def answer(self, token: str, woken: str = "proven") -> None:
        self._client.send_task_success(taskToken=token, output=json.dumps({"woken": woken}))

    def end(self) -> dict[str, Any]:
        """Waits until the execution has ended; while it sleeps before a retry, moves the clock past that."""

        def ended() -> bool:
            self.skip_retry()
            return self.described()["status"] != "RUNNING"

        until(ended)
        return self.described()

    def skip_retry(self) -> None:
        """Moves the clock only while a failed task waits to be tried again: else it would time out."""
        history = self._client.get_execution_history(executionArn=self.arn, maxResults=1000)["events"]
        if history and history[-1]["type"] in {"TaskFailed", "TaskTimedOut"}:
            asleep = machines.at_rest_until() - CLOCK.now()  # none when the retry begins this very moment
            if 0 < asleep < math.inf:
                CLOCK.advance(min(asleep, 50))  # below every time limit, for the same reason

    def story(self) -> list[str]:
        history = self._client.get_execution_history(executionArn=self.arn, maxResults=1000)["events"]
        return [
            event["stateEnteredEventDetails"]["name"]
            for event in history
            if event["type"].endswith("StateEntered")
        ]


def pass_time(seconds: float, happened: Callable[[], bool]) -> None:
    """Moves the clock past a time limit. Once more if nothing comes of it: the wait had only just begun."""
    for further in (seconds, *[40 * DAY] * 5):
        CLOCK.advance(further)
        end = time.monotonic() + 2
        while time.monotonic() < end:
            if happened():
                return
            time.sleep(0.005)
    raise AssertionError("the time limit did not end the wait")


def until(condition: Any, limit: float = 20.0) -> None:
    """Polls; the limit only ends a broken test."""
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


def decline(cloud: ScriptedCloud, seconds: int = THIRTY_DAYS, times: int = 1) -> None:
    cloud.scripts["AuthorisePayment"][:0] = [{"outcome": "declined", "seconds": seconds}] * times


def pay(cloud: ScriptedCloud) -> Execution:
    """An execution whose names are proven and whose card is being asked."""
    execution = Execution(cloud)
    execution.answer(execution.waits_in("AwaitDomains"), "to_be_paid")
    return execution


def flag(cloud: ScriptedCloud, seconds: int = THIRTY_DAYS) -> None:
    cloud.scripts["ScreenOrder"].insert(0, {"outcome": "flagged", "seconds": seconds})


def reach(cloud: ScriptedCloud, execution: Execution, task: str) -> None:
    """Brings the execution to `task` (and past it when nothing stops it)."""
    if task in {"ScreenOrder", "AwaitReview", "AwaitDomains"}:
        return
    token = execution.waits_in("AwaitDomains")
    if task == "CloseOverdue":
        pass_time(THIRTY_DAYS + 1, lambda: cloud.count("CloseOverdue") >= 1)
    else:
        execution.answer(token, "to_be_paid" if "Payment" in task else "proven")
