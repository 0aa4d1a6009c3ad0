"""fulfil_order, executed for real on the embedded cloud with scripted functions: every way through it.

The functions are scripts of answers, so each Catch, each retry and each time limit can be reached; time is
moved, never waited for.
"""

import json
import math
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local import machines
from local.clock import CLOCK
from local.cloud import EmbeddedCloud
from local.template import STACK

pytestmark = pytest.mark.cloud

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


@pytest.fixture(scope="module")
def running() -> Iterator[ScriptedCloud]:
    with ScriptedCloud() as cloud:
        yield cloud


@pytest.fixture
def cloud(running: ScriptedCloud) -> ScriptedCloud:
    running.scripts.clear()
    running.scripts.update({name: list(answers) for name, answers in GOOD.items()})
    running.calls.clear()
    return running


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
        until(lambda: self._cloud.count(function) >= nth and self._submitted() >= nth)
        return self._cloud.tokens(function)[nth - 1]

    def _submitted(self) -> int:
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


def test_the_straight_story_takes_nine_states(cloud: ScriptedCloud) -> None:
    execution = Execution(cloud)
    execution.answer(execution.waits_in("AwaitDomains"))
    assert execution.end()["status"] == "SUCCEEDED"
    assert execution.story() == [
        "ScreenOrder",
        "IsItFlagged",
        "AwaitDomains",
        "AreDomainsProven",
        "RunPreflight",
        "MayItBeIssued",
        "SignCertificate",
        "CompleteOrder",
        "Issued",
    ]
    assert cloud.calls[3][1]["facts"] == {"preflight_id": "pre_1"}


def test_tasks_are_given_ids_only(cloud: ScriptedCloud) -> None:
    execution = Execution(cloud)
    execution.answer(execution.waits_in("AwaitDomains"))
    execution.end()
    for name, event in cloud.calls:
        expected = {"reseller_id", "order_id", "generation", "attempt", "execution"}
        if name.startswith("Await"):
            expected |= {"token"}
        if name == "SignCertificate":
            expected |= {"facts"}
        assert set(event) == expected, name


def test_an_approval_that_never_comes_ends_the_order_after_30_days(cloud: ScriptedCloud) -> None:
    execution = Execution(cloud)
    execution.waits_in("AwaitDomains")
    CLOCK.advance(THIRTY_DAYS - 30)
    time.sleep(0.05)
    assert execution.described()["status"] == "RUNNING"
    pass_time(31, lambda: cloud.count("CloseOverdue") == 1)
    assert execution.end()["status"] == "SUCCEEDED"
    assert execution.story()[2:] == ["AwaitDomains", "CloseOverdue", "IsItOver", "Over"]


def test_an_order_with_time_left_waits_again_for_just_that_long(cloud: ScriptedCloud) -> None:
    """What is left is told by the screening, through which every way back to the wait leads."""
    cloud.scripts["CloseOverdue"] = [{"over": False, "seconds": 5 * DAY}, {"over": True, "seconds": 1}]
    cloud.scripts["ScreenOrder"].append({"outcome": "clear", "seconds": 5 * DAY})
    execution = Execution(cloud)
    execution.waits_in("AwaitDomains")
    pass_time(THIRTY_DAYS + 1, lambda: cloud.count("CloseOverdue") == 1)
    execution.waits_in("AwaitDomains", 2)
    CLOCK.advance(5 * DAY - 60)
    time.sleep(0.05)
    assert execution.described()["status"] == "RUNNING"
    pass_time(61, lambda: cloud.count("CloseOverdue") == 2)
    assert execution.end()["status"] == "SUCCEEDED"
    assert execution.story()[-3:] == ["CloseOverdue", "IsItOver", "Over"]


def test_a_dead_token_does_not_disturb_the_wait_that_replaced_it(cloud: ScriptedCloud) -> None:
    cloud.scripts["CloseOverdue"] = [{"over": False, "seconds": DAY}]
    execution = Execution(cloud)
    dead = execution.waits_in("AwaitDomains")
    pass_time(THIRTY_DAYS + 1, lambda: cloud.count("CloseOverdue") == 1)
    alive = execution.waits_in("AwaitDomains", 2)
    client = cloud.client("stepfunctions")
    with pytest.raises((client.exceptions.TaskTimedOut, client.exceptions.TaskDoesNotExist)):
        execution.answer(dead)
    execution.answer(alive)
    assert execution.end()["status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("outcome", "then"),
    [
        ("prove_again", "AwaitDomains"),
        ("screen_again", "ScreenOrder"),
        ("pay_again", "AuthorisePayment"),
        ("held_back", "AwaitRelease"),
        ("over", "Over"),
        ("a word of a later version", "Over"),
    ],
)
def test_the_preflights_word_decides_where_the_order_goes(
    cloud: ScriptedCloud, outcome: str, then: str
) -> None:
    cloud.scripts["RunPreflight"].insert(0, {"outcome": outcome, "preflight_id": "pre_0", "seconds": 1000})
    execution = Execution(cloud)
    execution.answer(execution.waits_in("AwaitDomains"))
    if then not in {"Over", "AuthorisePayment"}:
        wait = "AwaitRelease" if then == "AwaitRelease" else "AwaitDomains"
        execution.answer(execution.waits_in(wait, 2 if wait == "AwaitDomains" else 1))
    assert execution.end()["status"] == "SUCCEEDED"
    assert execution.story()[6] == then
    assert execution.story()[-1] == ("Over" if then == "Over" else "Issued")


@pytest.mark.parametrize(
    ("woken", "then"),
    [
        ("amended", "ScreenOrder"),
        ("over", "Over"),
        ("proven", "RunPreflight"),
        ("to_be_paid", "AuthorisePayment"),
        ("a later word", "RunPreflight"),
    ],
)
def test_what_the_wait_for_domains_is_told_decides_where_the_order_goes(
    cloud: ScriptedCloud, woken: str, then: str
) -> None:
    execution = Execution(cloud)
    execution.answer(execution.waits_in("AwaitDomains"), woken)
    if then == "ScreenOrder":
        execution.answer(execution.waits_in("AwaitDomains", 2))
    assert execution.end()["status"] == "SUCCEEDED"
    assert execution.story()[4] == then


@pytest.mark.parametrize(
    ("woken", "then"), [("amended", "ScreenOrder"), ("over", "Over"), ("released", "RunPreflight")]
)
def test_what_a_held_back_order_is_told_decides_where_it_goes(
    cloud: ScriptedCloud, woken: str, then: str
) -> None:
    held = {"outcome": "held_back", "preflight_id": "pre_0", "seconds": 30 * DAY}
    cloud.scripts["RunPreflight"].insert(0, held)
    execution = Execution(cloud)
    execution.answer(execution.waits_in("AwaitDomains"))
    execution.answer(execution.waits_in("AwaitRelease"), woken)
    if then == "ScreenOrder":
        execution.answer(execution.waits_in("AwaitDomains", 2))
    assert execution.end()["status"] == "SUCCEEDED"
    assert execution.story()[8] == then


def decline(cloud: ScriptedCloud, seconds: int = THIRTY_DAYS, times: int = 1) -> None:
    cloud.scripts["AuthorisePayment"][:0] = [{"outcome": "declined", "seconds": seconds}] * times


def pay(cloud: ScriptedCloud) -> Execution:
    """An execution whose names are proven and whose card is being asked."""
    execution = Execution(cloud)
    execution.answer(execution.waits_in("AwaitDomains"), "to_be_paid")
    return execution


def test_an_order_by_card_takes_two_states_more(cloud: ScriptedCloud) -> None:
    execution = pay(cloud)
    assert execution.end()["status"] == "SUCCEEDED"
    assert execution.story()[3:7] == [
        "AreDomainsProven",
        "AuthorisePayment",
        "IsPaymentAuthorised",
        "RunPreflight",
    ]
    assert len(execution.story()) == 11


@pytest.mark.parametrize(
    ("outcome", "then"),
    [
        ("authorised", "RunPreflight"),
        ("declined", "AwaitPayment"),
        ("screen_again", "ScreenOrder"),
        ("over", "Over"),
        ("a word of a later version", "Over"),
    ],
)
def test_what_the_card_says_decides_where_the_order_goes(
    cloud: ScriptedCloud, outcome: str, then: str
) -> None:
    cloud.scripts["AuthorisePayment"].insert(0, {"outcome": outcome, "seconds": 1000})
    execution = pay(cloud)
    if then == "AwaitPayment":
        execution.answer(execution.waits_in("AwaitPayment"), "payment_updated")
    if then == "ScreenOrder":
        execution.answer(execution.waits_in("AwaitDomains", 2), "to_be_paid")
    assert execution.end()["status"] == "SUCCEEDED"
    assert execution.story()[6] == then
    assert execution.story()[-1] == ("Over" if then == "Over" else "Issued")


@pytest.mark.parametrize(
    ("woken", "then"),
    [
        ("payment_updated", "AuthorisePayment"),
        ("amended", "ScreenOrder"),
        ("over", "Over"),
        ("a later word", "AuthorisePayment"),
    ],
)
def test_what_an_order_without_payment_is_told_decides_where_it_goes(
    cloud: ScriptedCloud, woken: str, then: str
) -> None:
    decline(cloud)
    execution = pay(cloud)
    execution.answer(execution.waits_in("AwaitPayment"), woken)
    if then == "ScreenOrder":
        execution.answer(execution.waits_in("AwaitDomains", 2), "to_be_paid")
    assert execution.end()["status"] == "SUCCEEDED"
    assert execution.story()[6:9] == ["AwaitPayment", "WhatOfThePayment", then]


def test_a_card_may_be_declined_more_than_once(cloud: ScriptedCloud) -> None:
    decline(cloud, times=3)
    execution = pay(cloud)
    for nth in (1, 2, 3):
        execution.answer(execution.waits_in("AwaitPayment", nth), "payment_updated")
    assert execution.end()["status"] == "SUCCEEDED"
    assert (cloud.count("AuthorisePayment"), cloud.count("SignCertificate")) == (4, 1)


def test_an_order_whose_payment_nobody_updates_is_closed_when_its_time_is_up(cloud: ScriptedCloud) -> None:
    decline(cloud, DAY)
    execution = pay(cloud)
    execution.waits_in("AwaitPayment")
    pass_time(DAY + 1, lambda: cloud.count("CloseOverdue") == 1)
    assert execution.end()["status"] == "SUCCEEDED"
    assert execution.story()[-4:] == ["AwaitPayment", "CloseOverdue", "IsItOver", "Over"]


def flag(cloud: ScriptedCloud, seconds: int = THIRTY_DAYS) -> None:
    cloud.scripts["ScreenOrder"].insert(0, {"outcome": "flagged", "seconds": seconds})


@pytest.mark.parametrize(
    ("woken", "then"), [("released", "ScreenOrder"), ("amended", "ScreenOrder"), ("over", "Over")]
)
def test_a_flagged_order_asks_nobody_before_a_reviewer_has_decided(
    cloud: ScriptedCloud, woken: str, then: str
) -> None:
    flag(cloud)
    execution = Execution(cloud)
    token = execution.waits_in("AwaitReview")
    assert cloud.count("AwaitDomains") == 0
    execution.answer(token, woken)
    if then == "ScreenOrder":
        execution.answer(execution.waits_in("AwaitDomains"))
    assert execution.end()["status"] == "SUCCEEDED"
    assert execution.story()[:5] == ["ScreenOrder", "IsItFlagged", "AwaitReview", "WhatWasReviewed", then]


def test_a_flagged_order_that_nobody_reviews_is_closed_when_its_time_is_up(cloud: ScriptedCloud) -> None:
    flag(cloud, DAY)
    execution = Execution(cloud)
    execution.waits_in("AwaitReview")
    pass_time(DAY + 1, lambda: cloud.count("CloseOverdue") == 1)
    assert execution.end()["status"] == "SUCCEEDED"
    assert execution.story()[-4:] == ["AwaitReview", "CloseOverdue", "IsItOver", "Over"]


def test_an_order_that_is_over_is_not_screened_further(cloud: ScriptedCloud) -> None:
    cloud.scripts["ScreenOrder"] = [{"outcome": "over", "seconds": 1}]
    execution = Execution(cloud)
    assert execution.end()["status"] == "SUCCEEDED"
    assert execution.story() == ["ScreenOrder", "IsItFlagged", "Over"]


def test_a_held_back_order_whose_time_runs_out_is_closed(cloud: ScriptedCloud) -> None:
    cloud.scripts["RunPreflight"] = [{"outcome": "held_back", "preflight_id": "pre_0", "seconds": DAY}]
    execution = Execution(cloud)
    execution.answer(execution.waits_in("AwaitDomains"))
    execution.waits_in("AwaitRelease")
    pass_time(DAY + 1, lambda: cloud.count("CloseOverdue") == 1)
    assert execution.end()["status"] == "SUCCEEDED"
    assert execution.story()[-4:] == ["AwaitRelease", "CloseOverdue", "IsItOver", "Over"]


@pytest.mark.parametrize("error", ["CaaTooOld", "KeyBlocked"])
def test_what_became_known_before_signing_is_judged_by_another_preflight(
    cloud: ScriptedCloud, error: str
) -> None:
    cloud.scripts["SignCertificate"].insert(0, Fails(error))
    execution = Execution(cloud)
    execution.answer(execution.waits_in("AwaitDomains"))
    assert execution.end()["status"] == "SUCCEEDED"
    assert cloud.count("RunPreflight") == 2


def reach(cloud: ScriptedCloud, execution: Execution, task: str) -> None:
    """Brings the execution to `task` (and past it when nothing stops it)."""
    if task in {"ScreenOrder", "AwaitReview", "AwaitDomains"}:
        return
    token = execution.waits_in("AwaitDomains")
    if task == "CloseOverdue":
        pass_time(THIRTY_DAYS + 1, lambda: cloud.count("CloseOverdue") >= 1)
    else:
        execution.answer(token, "to_be_paid" if "Payment" in task else "proven")


@pytest.mark.parametrize("error", ["TryAgain", "ChangedMeanwhile", "Sandbox.Timedout", "Runtime.ExitError"])
@pytest.mark.parametrize("task", TASKS)
def test_trouble_that_passes_is_waited_out(cloud: ScriptedCloud, task: str, error: str) -> None:
    if task == "AwaitReview":
        flag(cloud)
    if task == "AwaitRelease":
        held = {"outcome": "held_back", "preflight_id": "pre_0", "seconds": 30 * DAY}
        cloud.scripts["RunPreflight"].insert(0, held)
    if task == "AwaitPayment":
        decline(cloud)
    cloud.scripts[task][:0] = [Fails(error)] * 3
    execution = Execution(cloud)
    reach(cloud, execution, task)

    def asked_again() -> bool:
        execution.skip_retry()
        return cloud.count(task) >= 4

    until(asked_again)
    if task.startswith("Await"):
        until(lambda: execution._submitted() >= (2 if task in {"AwaitRelease", "AwaitPayment"} else 1))
        execution.answer(cloud.tokens(task)[-1])
    if task in {"ScreenOrder", "AwaitReview"}:
        execution.answer(execution.waits_in("AwaitDomains"))
    assert execution.end()["status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("task", "failure"),
    [
        ("ScreenOrder", "ScreeningFailed"),
        ("AwaitReview", "ReviewFailed"),
        ("AwaitDomains", "DomainValidationFailed"),
        ("AuthorisePayment", "AuthorisationFailed"),
        ("AwaitPayment", "PaymentWaitFailed"),
        ("CloseOverdue", "ClosingFailed"),
        ("RunPreflight", "PreflightFailed"),
        ("AwaitRelease", "ReleaseFailed"),
        ("SignCertificate", "SigningFailed"),
        ("CompleteOrder", "CompletionFailed"),
    ],
)
@pytest.mark.parametrize("error", ["KeyError", "TryAgain"], ids=["a-defect", "trouble-that-stays"])
def test_what_does_not_pass_ends_under_its_name(
    cloud: ScriptedCloud, task: str, failure: str, error: str
) -> None:
    if task == "AwaitReview":
        flag(cloud)
    if task == "AwaitRelease":
        cloud.scripts["RunPreflight"] = [{"outcome": "held_back", "preflight_id": "p", "seconds": 30 * DAY}]
    if task == "AwaitPayment":
        decline(cloud)
    cloud.scripts[task] = [Fails(error)]
    execution = Execution(cloud)
    reach(cloud, execution, task)
    ended = execution.end()
    assert (ended["status"], ended["error"]) == ("FAILED", failure)
    assert error in ended["cause"]
    assert cloud.count(task) == (1 if error == "KeyError" else 13)


@pytest.mark.parametrize(
    "task",
    [
        "ScreenOrder",
        "AuthorisePayment",
        "CloseOverdue",
        "RunPreflight",
        "SignCertificate",
        "CompleteOrder",
    ],
)
def test_a_task_that_never_answers_is_given_up(cloud: ScriptedCloud, task: str) -> None:
    definition = json.loads(
        cloud.client("stepfunctions").describe_state_machine(stateMachineArn=cloud.resource("FulfilOrder"))[
            "definition"
        ]
    )
    assert definition["States"][task]["TimeoutSeconds"] <= 120
    cloud.scripts[task] = [Fails("States.Timeout")]
    execution = Execution(cloud)
    reach(cloud, execution, task)
    assert execution.end()["status"] == "FAILED"


def test_every_task_has_a_limit_retries_with_jitter_and_a_named_failure(cloud: ScriptedCloud) -> None:
    definition = json.loads(
        cloud.client("stepfunctions").describe_state_machine(stateMachineArn=cloud.resource("FulfilOrder"))[
            "definition"
        ]
    )
    states = definition["States"]
    for name, state in states.items():
        if state["Type"] != "Task":
            continue
        assert state["TimeoutSeconds"], name
        assert state["Retry"][0]["JitterStrategy"] == "FULL", name
        last = state["Catch"][-1]
        assert last["ErrorEquals"] == ["States.ALL"], name
        assert states[last["Next"]]["Type"] == "Fail", name
        assert states[last["Next"]]["Error"] == last["Next"], name
