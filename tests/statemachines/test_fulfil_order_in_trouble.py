"""fulfil_order in trouble: what passes is waited out, what stays ends under its name, and nothing has no limit."""

import json

import pytest

from tests.statemachines.scripted import (
    DAY,
    TASKS,
    Execution,
    Fails,
    ScriptedCloud,
    decline,
    flag,
    reach,
    until,
)

pytestmark = pytest.mark.cloud


@pytest.mark.parametrize(
    "error",
    ["TryAgain", "ChangedMeanwhile", "Sandbox.Timedout", "Runtime.ExitError", "Runtime.ImportModuleError"],
)
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
        until(lambda: execution.submitted() >= (2 if task in {"AwaitRelease", "AwaitPayment"} else 1))
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
