"""The machine from outside: started once by name, woken once by token."""

import io
import json
import threading
import time
import zipfile
from datetime import UTC, datetime
from itertools import count

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError
from botocore.stub import Stubber

from local import repairs
from local.clock import CLOCK
from local.repairs.stepfunctions import forget_executions
from partner_center.adapters.step_functions import StepFunctionsMachine
from partner_center.kernel.errors import TryAgain
from partner_center.orders.fulfil import Woken
from partner_center.orders.reconcile import Execution, ExecutionStatus

ROLE = "arn:aws:iam::123456789012:role/none"
_numbers = count(1)

WAITS_FOR_A_TOKEN = {
    "QueryLanguage": "JSONata",
    "StartAt": "Wait",
    "States": {
        "Wait": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "Arguments": {
                "FunctionName": "hears-the-token",
                "Payload": {
                    "token": "{% $states.context.Task.Token %}",
                    "execution": "{% $states.context.Execution.Id %}",
                },
            },
            "TimeoutSeconds": 3600,
            "End": True,
        }
    },
}


def eventually(condition, seconds=5.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        threading.Event().wait(0.005)
    raise AssertionError("it did not happen")


@pytest.fixture(scope="module")
def stepfunctions(aws):
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}]}
    aws("iam").create_role(RoleName="none", AssumeRolePolicyDocument=json.dumps(trust))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as content:
        content.writestr("app.py", "")
    aws("lambda").create_function(
        FunctionName="hears-the-token",
        Runtime="python3.13",
        Role=ROLE,
        Handler="app.handler",
        Code={"ZipFile": archive.getvalue()},
    )
    return aws("stepfunctions")


@pytest.fixture
def tokens(aws):
    """The task token that each waiting execution handed out."""
    heard = {}

    def hear(name, event):
        heard[event["execution"]] = event["token"]
        return "{}", False

    repairs.install(hear, lambda target, event: None)
    yield heard
    forget_executions()


@pytest.fixture
def arn(stepfunctions, tokens):
    created = stepfunctions.create_state_machine(
        name=f"machine-{next(_numbers)}", definition=json.dumps(WAITS_FOR_A_TOKEN), roleArn=ROLE
    )
    return created["stateMachineArn"]


@pytest.fixture
def machine(stepfunctions, arn):
    return StepFunctionsMachine(stepfunctions, arn)


@pytest.fixture
def waiting(stepfunctions, machine, arn, tokens):
    """The token of an execution that waits."""
    machine.start("res_1", "ord_1", 1, 1)
    return eventually(lambda: tokens.get(only_execution(stepfunctions, arn)["executionArn"]))


def executions(stepfunctions, arn):
    return stepfunctions.list_executions(stateMachineArn=arn)["executions"]


def only_execution(stepfunctions, arn):
    (execution,) = executions(stepfunctions, arn)
    return stepfunctions.describe_execution(executionArn=execution["executionArn"])


def test_an_execution_bears_order_generation_and_attempt_and_gets_ids_only(stepfunctions, machine, arn):
    machine.start("res_1", "ord_1", 2, 3)
    told = only_execution(stepfunctions, arn)
    assert told["name"] == "ord_1-g2-a3"
    assert json.loads(told["input"]) == {
        "reseller_id": "res_1",
        "order_id": "ord_1",
        "generation": 2,
        "attempt": 3,
    }


def test_starting_again_is_success_and_starts_nothing(stepfunctions, machine, arn):
    for _ in range(3):
        machine.start("res_1", "ord_1", 1, 1)
    assert len(executions(stepfunctions, arn)) == 1


def test_another_attempt_is_another_execution(stepfunctions, machine, arn):
    machine.start("res_1", "ord_1", 1, 1)
    machine.start("res_1", "ord_1", 1, 2)
    machine.start("res_1", "ord_1", 2, 1)
    assert len(executions(stepfunctions, arn)) == 3


@pytest.mark.parametrize("word", Woken)
def test_a_waiting_execution_is_told_the_word(stepfunctions, machine, arn, waiting, word):
    machine.wake(waiting, word)
    told = eventually(lambda: (found := only_execution(stepfunctions, arn))["status"] != "RUNNING" and found)
    assert (told["status"], json.loads(told["output"])) == ("SUCCEEDED", {"woken": word.value})


def test_of_two_wake_ups_the_second_is_success_and_changes_nothing(stepfunctions, machine, arn, waiting):
    machine.wake(waiting, Woken.PROVEN)
    eventually(lambda: only_execution(stepfunctions, arn)["status"] == "SUCCEEDED")
    machine.wake(waiting, Woken.OVER)
    assert json.loads(only_execution(stepfunctions, arn)["output"]) == {"woken": "proven"}


def test_who_wakes_hears_whether_somebody_waited(stepfunctions, machine, arn, waiting):
    assert machine.wake(waiting, Woken.PROVEN)
    eventually(lambda: only_execution(stepfunctions, arn)["status"] == "SUCCEEDED")
    assert not machine.wake(waiting, Woken.PROVEN)
    assert not machine.wake("unknown", Woken.PROVEN)


def test_whether_somebody_waits_is_asked_without_an_answer(stepfunctions, machine, arn, waiting):
    assert machine.is_awaited(waiting)
    assert machine.is_awaited(waiting)
    assert only_execution(stepfunctions, arn)["status"] == "RUNNING"
    assert machine.wake(waiting, Woken.PROVEN)
    eventually(lambda: only_execution(stepfunctions, arn)["status"] == "SUCCEEDED")
    assert not machine.is_awaited(waiting)
    assert not machine.is_awaited("unknown")


def test_an_execution_tells_what_became_of_it(stepfunctions, machine, arn, waiting):
    runs = machine.execution("ord_1", 1, 1)
    assert (runs.status, runs.ended_at) == (ExecutionStatus.RUNNING, None)
    assert runs.started_at is not None
    assert runs.started_at.tzinfo is not None
    stepfunctions.stop_execution(executionArn=only_execution(stepfunctions, arn)["executionArn"])
    stopped = eventually(lambda: (found := machine.execution("ord_1", 1, 1)).ended_at and found)
    assert stopped.status is ExecutionStatus.ABORTED
    assert stopped.ended_at >= stopped.started_at


def test_one_that_never_began_is_missing(machine):
    assert machine.execution("ord_1", 1, 9).status is ExecutionStatus.MISSING
    assert machine.execution("\N{SNOWMAN}", 1, 1).status is ExecutionStatus.MISSING


@pytest.mark.parametrize(
    ("status", "known"),
    [
        ("SUCCEEDED", ExecutionStatus.SUCCEEDED),
        ("FAILED", ExecutionStatus.FAILED),
        ("TIMED_OUT", ExecutionStatus.TIMED_OUT),
        ("PENDING_REDRIVE", ExecutionStatus.RUNNING),
    ],
)
def test_every_status_is_known_and_what_is_not_goes_on(aws, status, known):
    client, moment = aws("stepfunctions"), datetime(2026, 11, 23, tzinfo=UTC)
    arn = "arn:aws:states:eu-west-1:123456789012:stateMachine:machine"
    execution = arn.replace("stateMachine", "execution") + ":ord_1-g1-a2"
    answer = {
        "executionArn": execution,
        "stateMachineArn": arn,
        "status": status,
        "startDate": moment,
        "stopDate": moment,
        "error": "SigningFailed",
    }
    with Stubber(client) as stubber:
        stubber.add_response("describe_execution", answer, {"executionArn": execution})
        found = StepFunctionsMachine(client, arn).execution("ord_1", 1, 2)
    assert found == Execution(known, moment, moment, "SigningFailed")


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException", "InvalidArn"])
def test_an_execution_that_cannot_be_described_is_try_again(aws, code):
    client = aws("stepfunctions")
    with Stubber(client) as stubber:
        stubber.add_client_error("describe_execution", code)
        with pytest.raises(TryAgain):
            StepFunctionsMachine(client, "arn").execution("ord_1", 1, 1)


def test_a_token_whose_time_ran_out_is_success(stepfunctions, machine, arn, waiting):
    def time_ran_out():
        CLOCK.advance(3601)  # again and again: the wait may begin after a step
        return only_execution(stepfunctions, arn)["status"] != "RUNNING"

    eventually(time_ran_out)
    machine.wake(waiting, Woken.PROVEN)


@pytest.mark.parametrize("token", ["unknown", "x" * 2000, "\N{SNOWMAN}"], ids=["unknown", "long", "hostile"])
def test_a_token_nobody_ever_had_is_success(machine, token):
    machine.wake(token, Woken.PROVEN)


@pytest.mark.parametrize(
    "code", ["StateMachineDoesNotExist", "ExecutionLimitExceeded", "ThrottlingException", "InvalidToken"]
)
def test_a_refused_start_is_try_again(aws, code):
    """InvalidToken is success for a wake-up only."""
    client = aws("stepfunctions")
    with Stubber(client) as stubber:
        stubber.add_client_error("start_execution", code)
        with pytest.raises(TryAgain):
            StepFunctionsMachine(client, "arn").start("res_1", "ord_1", 1, 1)


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException", "ExecutionAlreadyExists"])
def test_a_refused_wake_up_is_try_again(aws, code):
    client = aws("stepfunctions")
    with Stubber(client) as stubber:
        stubber.add_client_error("send_task_success", code)
        with pytest.raises(TryAgain):
            StepFunctionsMachine(client, "arn").wake("token", Woken.PROVEN)


@pytest.mark.parametrize(
    ("operation", "code", "use"),
    [
        ("start_execution", "InvalidName", lambda machine: machine.start("res_1", "ord 1", 1, 1)),
        ("start_execution", "InvalidExecutionInput", lambda machine: machine.start("res_1", "ord_1", 1, 1)),
        ("start_execution", "ValidationException", lambda machine: machine.start("res_1", "ord_1", 1, 1)),
        ("send_task_success", "InvalidOutput", lambda machine: machine.wake("token", Woken.PROVEN)),
    ],
    ids=["name", "input", "request", "output"],
)
def test_what_will_never_be_taken_is_not_to_be_tried_again(aws, operation, code, use):
    """Who tried it for as long as it takes would keep others from their turn, as the relay its shard."""
    client = aws("stepfunctions")
    with Stubber(client) as stubber:
        stubber.add_client_error(operation, code)
        with pytest.raises(ClientError, match=code):
            use(StepFunctionsMachine(client, "arn"))


def test_a_service_out_of_reach_is_try_again():
    class OutOfReach:
        def __getattr__(self, operation):
            def call(**parameters):
                raise ConnectTimeoutError(endpoint_url="http://127.0.0.1:1")

            return call

    machine = StepFunctionsMachine(OutOfReach(), "arn")
    for use in (
        lambda: machine.start("res_1", "ord_1", 1, 1),
        lambda: machine.wake("token", Woken.PROVEN),
    ):
        with pytest.raises(TryAgain, match="did not answer"):
            use()
