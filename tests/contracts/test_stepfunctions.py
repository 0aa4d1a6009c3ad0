"""Step Functions as fulfil_order and its sisters rely on it."""

import collections
import itertools
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from local import machines, repairs
from local.repairs import stepfunctions, task_tokens
from local.repairs.stepfunctions import forget_executions
from tests.contracts.conftest import ROLE

ENDED = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
DAY = 86400
INVOKE = "arn:aws:states:::lambda:invoke"
INVOKE_AND_WAIT = INVOKE + ".waitForTaskToken"


def eventually(condition, seconds=5.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        threading.Event().wait(0.005)
    raise AssertionError("it did not happen")


class Machine:
    """One state machine: started, waited for, looked at."""

    def __init__(self, cloud, number, states, **top):
        self.client = cloud.client("stepfunctions")
        definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states, **top}
        self.arn = self.client.create_state_machine(
            name=f"machine-{number}", definition=json.dumps(definition), roleArn=ROLE
        )["stateMachineArn"]

    def start(self, given=None, **more):
        return self.client.start_execution(stateMachineArn=self.arn, input=json.dumps(given or {}), **more)[
            "executionArn"
        ]

    def end(self, execution):
        def ended():
            told = self.client.describe_execution(executionArn=execution)
            return told if told["status"] in ENDED else None

        return eventually(ended)

    def output(self, given=None):
        told = self.end(self.start(given))
        assert told["status"] == "SUCCEEDED", told
        return json.loads(told["output"])

    def failure(self, given=None):
        told = self.end(self.start(given))
        assert told["status"] == "FAILED", told
        return told["error"], told.get("cause")

    def entered(self, execution):
        history = self.client.get_execution_history(executionArn=execution)["events"]
        return [
            event["stateEnteredEventDetails"]["name"]
            for event in history
            if "stateEnteredEventDetails" in event
        ]

    def has_failed(self, execution, times):
        """Waits until a task has failed so often: from then on only its retry waits."""
        kinds = ("TaskFailed", "TaskTimedOut")

        def failures():
            history = self.client.get_execution_history(executionArn=execution)["events"]
            return sum(event["type"] in kinds for event in history) == times

        eventually(failures)


@pytest.fixture(autouse=True)
def nothing_left_waiting(clock):
    yield
    forget_executions()
    eventually(lambda: not clock._waiting)


@pytest.fixture
def asleep(clock):
    """Waits until so many threads wait in virtual time: 1 for a Wait state or a retry, 2 for a task token."""
    return lambda waiters: eventually(lambda: len(clock._waiting) == waiters)


@pytest.fixture
def machine(cloud, number):
    return lambda states, **top: Machine(cloud, number, states, **top)


@pytest.fixture
def function(cloud, number):
    """A function answered in this process; its ARN."""
    names = iter(f"function-{number}-{letter}" for letter in "abcdef")
    return lambda answer: cloud.declare(next(names), answer)


class Waiting:
    """A function that keeps the task tokens it is given."""

    def __init__(self):
        self.tokens = []

    def __call__(self, event):
        self.tokens.append(event["token"])

    def token(self, count=1):
        return eventually(lambda: self.tokens[count - 1] if len(self.tokens) >= count else None)


@pytest.fixture
def waiting():
    return Waiting()


def compute(expression, **more):
    return {"Type": "Pass", "Output": expression, "End": True, **more}


def task(arn, payload="{% $states.input %}", **more):
    return {
        "Type": "Task",
        "Resource": INVOKE,
        "Arguments": {"FunctionName": arn, "Payload": payload},
        "Output": "{% $states.result.Payload %}",
        "End": True,
        **more,
    }


def wait_for_token(arn, **more):
    return task(arn, {"token": "{% $states.context.Task.Token %}"}, Resource=INVOKE_AND_WAIT, **more) | {
        "Output": "{% $states.result %}"
    }


# --- JSONata


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("{% $states.input.n + 1 %}", 8),
        ("{% $states.input.n / 2 %}", 3.5),
        ("{% $count($states.input.names) > 1 ? 'many' : 'one' %}", "many"),
        ("{% $states.input.names[0] %}", "example.com"),
        ("{% $map($states.input.names, function($n) { $n & '.' }) %}", ["example.com.", "*.example.com."]),
        ("{% $states.input.missing ? 1 : 0 %}", 0),
        ("{% $states.input.nothing %}", None),
        ("{% $merge([$states.input.deep, {'b': 2}]) %}", {"a": [1, {"x": True}], "b": 2}),
        ("{% $states.input.hostile %}", "a \"quoted\" \\ 'text' {% $x %} /re/ }*/ $y /*{ \n\u2028 ü"),
        ("{% $states.context.Execution.Input.n %}", 7),
        ("{% $hash('abc', 'SHA-256') %}", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("{% $string($states.input.whole) & $string([1..$states.input.whole]) %}", "2[1,2]"),
        ("{% /e/($states.input.names[0]).match %}", "e"),
        ("{% /* a note {} */ '/*{n}*/' & $states.input.n %}", "/*{n}*/7"),
        ({"nested": ["{% $states.input.n %}", "plain"]}, {"nested": [7, "plain"]}),
    ],
    ids=[
        "sum",
        "quotient",
        "condition",
        "index",
        "map",
        "absent",
        "null",
        "merge",
        "hostile text",
        "context",
        "hash",
        "whole number",
        "pattern at the head",
        "comments",
        "inside a structure",
    ],
)
def test_jsonata_expressions_are_evaluated(machine, expression, value):
    """Unrepaired, moto has no evaluator at all, and a quote in a string breaks the expression."""
    given = {
        "n": 7,
        "names": ["example.com", "*.example.com"],
        "nothing": None,
        "whole": 2.0,
        "deep": {"a": [1, {"x": True}]},
        "hostile": "a \"quoted\" \\ 'text' {% $x %} /re/ }*/ $y /*{ \n\u2028 ü",
    }
    assert machine({"Compute": compute(expression)}).output(given) == value


def test_variables_keep_their_values_across_states(machine):
    first = {"Type": "Pass", "Assign": {"who": "{% $states.input.who %}"}, "Output": {}, "Next": "Use"}
    use = {**compute("{% 'hello ' & $who %}")}
    running = machine({"Keep": first, "Use": use})
    assert running.output({"who": 'O"Neill \\'}) == 'hello O"Neill \\'
    assert running.output({"who": "}*/"}) == "hello }*/", "the same expression with another value"


@pytest.mark.parametrize("value", [None, [], [1], [[1]], [None, {"a": None}], {}, "", 0, False])
def test_a_variable_comes_back_as_it_was_kept(machine, value):
    first = {"Type": "Pass", "Assign": {"kept": "{% $states.input.value %}"}, "Output": {}, "Next": "Use"}
    use = {**compute({"kept": "{% $kept %}"})}
    assert machine({"Keep": first, "Use": use}).output({"value": value}) == {"kept": value}


def test_a_variable_may_have_the_name_of_a_function_of_states(machine):
    first = {"Type": "Pass", "Assign": {"range": "{% $states.input.n %}"}, "Output": {}, "Next": "Use"}
    assert machine({"Keep": first, "Use": compute("{% $range %}")}).output({"n": [1, 2]}) == [1, 2]


def test_the_time_of_expressions_and_of_the_context_is_virtual(machine, clock):
    clock.advance(40 * DAY)
    shown = {
        "millis": "{% $millis() %}",
        "now": "{% $toMillis($now()) %}",
        "entered": "{% $toMillis($states.context.State.EnteredTime) %}",
        "started": "{% $toMillis($states.context.Execution.StartTime) %}",
    }
    told = machine({"Compute": compute(shown)}).output()
    assert {
        name: value / 1000 == pytest.approx(clock.now(), abs=3) for name, value in told.items()
    } == dict.fromkeys(shown, True)


def test_executions_and_their_history_are_dated_in_virtual_time(machine, clock):
    clock.advance(DAY)
    running = machine({"Compute": compute({})})
    execution = running.start()
    told = running.end(execution)
    history = running.client.get_execution_history(executionArn=execution)["events"]
    for moment in (told["startDate"], told["stopDate"], history[0]["timestamp"]):
        assert moment.timestamp() == pytest.approx(clock.now(), abs=3)


def test_a_broken_expression_is_a_query_evaluation_error(machine):
    """Unrepaired, it is a States.Runtime, which nobody may catch."""
    states = {
        "Compute": compute("{% $toMillis('no time') %}"),
    }
    error, cause = machine(states).failure()
    assert error == "States.QueryEvaluationError"
    assert "no time" in cause


def test_a_query_evaluation_error_of_a_task_can_be_caught(machine, function):
    states = {
        "Task": task(function(lambda event: {}), "{% $toMillis('no time') %}")
        | {"Catch": [{"ErrorEquals": ["States.QueryEvaluationError"], "Next": "Caught"}]},
        "Caught": compute("{% $states.input.Error %}"),
    }
    assert machine(states).output() == "States.QueryEvaluationError"


def test_jsonata_is_evaluated_by_many_executions_at_once(machine):
    running = machine({"Compute": compute("{% $sum([1..$states.input.n]) %}")})
    with ThreadPoolExecutor(20) as threads:
        assert list(threads.map(lambda n: running.output({"n": n}), range(1, 41))) == [
            n * (n + 1) // 2 for n in range(1, 41)
        ]


def test_a_choice_goes_by_its_conditions(machine):
    states = {
        "Choose": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $states.input.level = 'EV' %}", "Next": "Long"}],
            "Default": "Short",
        },
        "Long": compute("long"),
        "Short": compute("short"),
    }
    running = machine(states)
    assert [running.output({"level": level}) for level in ("EV", "DV")] == ["long", "short"]


def test_a_text_as_output_is_json_text(machine):
    """Unrepaired, the quotes are missing."""
    running = machine({"Compute": compute("text")})
    assert running.end(running.start())["output"] == '"text"'


def test_fail_tells_its_error_and_cause(machine):
    fail = {"Type": "Fail", "Error": "OrderRejected", "Cause": "{% 'because ' & $states.input.why %}"}
    assert machine({"Fail": fail}).failure({"why": "x"}) == ("OrderRejected", "because x")


# --- tasks and their errors


def test_a_task_passes_its_payload_and_shows_the_answer(machine, function):
    arn = function(lambda event: {"seen": event})
    assert machine({"Task": task(arn)}).output({"order_id": "ord_1"}) == {"seen": {"order_id": "ord_1"}}


def test_a_task_runs_in_a_worker_process(cloud, machine):
    cloud.add("echo")
    assert machine({"Task": task(cloud.declare("echo"))}).output({"a": [1]}) == {"a": [1]}


@pytest.mark.parametrize(
    ("caught", "expected"),
    [("OrderClosed", "OrderClosed"), ("States.TaskFailed", "OrderClosed"), ("States.ALL", "OrderClosed")],
)
def test_a_functions_exception_is_the_errors_name(machine, function, caught, expected):
    class OrderClosed(Exception):
        pass

    def refuse(event):
        raise OrderClosed("closed yesterday")

    states = {
        "Task": task(function(refuse), Catch=[{"ErrorEquals": [caught], "Next": "Caught"}]),
        "Caught": compute(
            {"error": "{% $states.input.Error %}", "cause": "{% $parse($states.input.Cause) %}"}
        ),
    }
    told = machine(states).output()
    assert told["error"] == expected
    assert told["cause"]["errorMessage"] == "closed yesterday"


@pytest.mark.parametrize(
    ("handler", "event", "error"),
    [("leave", {"status": 3}, "Runtime.ExitError"), ("sleep", {"seconds": 9}, "Sandbox.Timedout")],
    ids=["the process ends", "the time limit"],
)
def test_faults_of_the_runtime_have_lambdas_names(cloud, machine, handler, event, error):
    cloud.add(handler, timeout=0.3)
    states = {
        "Task": task(
            cloud.declare(handler), Catch=[{"ErrorEquals": ["States.TaskFailed"], "Next": "Caught"}]
        ),
        "Caught": compute("{% $states.input.Error %}"),
    }
    assert machine(states).output(event) == error


def test_an_unknown_function_is_an_error_of_the_service(machine):
    arn = "arn:aws:lambda:eu-west-1:123456789012:function:absent"
    assert machine({"Task": task(arn)}).failure()[0] == "Lambda.ResourceNotFoundException"


def test_retries_wait_in_virtual_time_and_then_give_up(machine, function, clock, asleep):
    times = []

    def refuse(event):
        times.append(clock.now())
        raise RuntimeError("again")

    retry = [{"ErrorEquals": ["RuntimeError"], "IntervalSeconds": 600, "MaxAttempts": 2, "BackoffRate": 2}]
    running = machine({"Task": task(function(refuse), Retry=retry)})
    execution = running.start()
    for count, pause in ((1, 600), (2, 1200)):
        running.has_failed(execution, count)
        asleep(1)
        clock.advance(pause)
    assert running.end(execution)["error"] == "RuntimeError"
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert gaps == pytest.approx([600, 1200], abs=5)


def test_each_execution_counts_its_own_retries(machine, function, clock, asleep):
    """Executions at one moment, and one after them, whose machine is read only once."""
    calls = collections.Counter()

    def refuse(event):
        calls[event["number"]] += 1
        raise RuntimeError("again")

    retry = [{"ErrorEquals": ["RuntimeError"], "IntervalSeconds": 60, "MaxAttempts": 2, "BackoffRate": 2}]
    running = machine({"Task": task(function(refuse), Retry=retry)})
    for numbers in ((0, 1, 2), (3,)):
        executions = [running.start({"number": number}) for number in numbers]
        for count, pause in ((1, 60), (2, 120)):
            for execution in executions:
                running.has_failed(execution, count)
            asleep(len(executions))
            clock.advance(pause)
        assert [running.end(execution)["error"] for execution in executions] == ["RuntimeError"] * len(
            numbers
        )
    assert calls == {0: 3, 1: 3, 2: 3, 3: 3}


def test_a_state_entered_again_has_all_its_retries(machine, function, clock, asleep):
    calls = []

    def fail_every_first_time(event):
        calls.append(1)
        if len(calls) % 2:
            raise RuntimeError("first")
        return len(calls)

    states = {
        "Task": task(
            function(fail_every_first_time),
            Retry=[
                {
                    "ErrorEquals": ["States.ALL"],
                    "IntervalSeconds": 1,
                    "MaxAttempts": 1,
                    "JitterStrategy": "FULL",
                }
            ],
        )
        | {"Next": "Again"},
        "Again": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $states.input < 6 %}", "Next": "Task"}],
            "Default": "Done",
        },
        "Done": {"Type": "Succeed"},
    }
    del states["Task"]["End"]
    running = machine(states)
    execution = running.start()
    for count in (1, 2, 3):
        running.has_failed(execution, count)
        asleep(1)
        clock.advance(2)
    assert running.end(execution)["output"] == "6"


def test_sdk_integrations_take_pascal_case_and_give_pascal_case(cloud, machine, number):
    """Unrepaired, StateMachineArn is an unknown parameter."""
    other = Machine(cloud, f"{number}-other", {"Compute": compute("{% $states.input.a %}")})
    start = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution",
        "Arguments": {"StateMachineArn": other.arn, "Input": {"a": 1}},
        "Output": "{% $states.result.ExecutionArn %}",
        "End": True,
    }
    execution = machine({"Start": start}).output()
    assert other.end(execution)["output"] == "1"


# --- time


def test_a_clock_jump_ends_a_wait_of_thirty_days(machine, clock, asleep):
    running = machine(
        {"Wait": {"Type": "Wait", "Seconds": 30 * DAY, "Next": "Done"}, "Done": compute("late")}
    )
    execution = running.start()
    asleep(1)
    clock.advance(30 * DAY)
    assert running.end(execution)["output"] == '"late"'


def test_a_wait_until_a_moment_counts_in_virtual_utc(machine, clock, asleep):
    """Unrepaired, the moment is compared with local time."""
    wait = {"Type": "Wait", "Timestamp": "{% $fromMillis($millis() + 7200000) %}", "Next": "Done"}
    running = machine({"Wait": wait, "Done": compute("late")})
    execution = running.start()
    asleep(1)
    clock.advance(7000)
    threading.Event().wait(0.1)
    assert running.entered(execution) == ["Wait"]
    clock.advance(300)
    assert running.end(execution)["status"] == "SUCCEEDED"


@pytest.mark.parametrize("limit", [30 * DAY, "{% $states.input.days * 86400 %}"], ids=["number", "JSONata"])
def test_a_clock_jump_wakes_a_thirty_day_time_limit_at_once(machine, function, clock, waiting, limit, asleep):
    """Unrepaired, it lasts thirty days."""
    states = {
        "Wait": wait_for_token(function(waiting), TimeoutSeconds=limit)
        | {"Catch": [{"ErrorEquals": ["States.Timeout"], "Next": "TimedOut"}]},
        "TimedOut": compute("{% $states.input.Error %}"),
    }
    running = machine(states)
    execution = running.start({"days": 30})
    asleep(2)
    clock.advance(30 * DAY - 3600)
    threading.Event().wait(0.1)
    assert running.entered(execution) == ["Wait"]
    clock.advance(3601)
    started = time.monotonic()
    assert json.loads(running.end(execution)["output"]) == "States.Timeout"
    assert time.monotonic() - started < 1


@pytest.mark.parametrize(("caught", "status"), [("States.TaskFailed", "FAILED"), ("States.ALL", "SUCCEEDED")])
def test_a_time_limit_is_no_task_failure_but_an_error(
    machine, function, clock, waiting, caught, status, asleep
):
    states = {
        "Wait": wait_for_token(function(waiting), TimeoutSeconds=60)
        | {"Catch": [{"ErrorEquals": [caught], "Next": "Caught"}]},
        "Caught": compute("caught"),
    }
    running = machine(states)
    execution = running.start()
    asleep(2)
    clock.advance(61)
    assert running.end(execution)["status"] == status


def test_a_machines_own_time_limit_counts_in_virtual_time(machine, function, clock, waiting, cloud, asleep):
    running = machine({"Wait": wait_for_token(function(waiting))}, TimeoutSeconds=90 * DAY)
    execution = running.start()
    asleep(3)
    clock.advance(91 * DAY)
    told = running.end(execution)
    assert told["status"] == "TIMED_OUT"
    assert told["stopDate"].timestamp() == pytest.approx(clock.now(), abs=3)


def test_a_missed_heartbeat_has_its_own_name_and_heartbeats_prolong(
    machine, function, clock, waiting, asleep
):
    """Unrepaired, it is named States.Timeout."""
    states = {
        "Wait": wait_for_token(function(waiting), TimeoutSeconds=DAY, HeartbeatSeconds=3600)
        | {"Catch": [{"ErrorEquals": ["States.HeartbeatTimeout"], "Next": "Caught"}]},
        "Caught": compute("{% $states.input.Error %}"),
    }
    running = machine(states)
    execution, token = running.start(), waiting.token()
    for _ in range(3):
        asleep(2)
        clock.advance(3000)
        running.client.send_task_heartbeat(taskToken=token)
        heard = task_tokens._tokens[token]._heartbeat_endpoint._next_heartbeat_event
        eventually(lambda heard=heard: not heard.is_set())
    asleep(2)
    assert running.entered(execution) == ["Wait"]
    clock.advance(3601)
    assert json.loads(running.end(execution)["output"]) == "States.HeartbeatTimeout"


# --- task tokens


def code_of(call, **parameters):
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"]


def test_an_answer_ends_the_wait_with_its_output(machine, function, waiting):
    running = machine({"Wait": wait_for_token(function(waiting), TimeoutSeconds=DAY)})
    execution = running.start()
    running.client.send_task_success(taskToken=waiting.token(), output='{"approved": true}')
    assert json.loads(running.end(execution)["output"]) == {"approved": True}


@pytest.mark.parametrize("more", [{}, {"HeartbeatSeconds": 60}], ids=["plain", "with heartbeats"])
def test_an_answer_may_come_before_the_function_has_ended(machine, function, cloud, more):
    def answer_at_once(event):
        cloud.client("stepfunctions").send_task_success(taskToken=event["token"], output='"early"')

    running = machine({"Wait": wait_for_token(function(answer_at_once), TimeoutSeconds=DAY, **more)})
    assert running.output() == "early"


def test_a_failure_brings_error_and_cause(machine, function, waiting):
    """Unrepaired, the cause is dropped."""
    running = machine({"Wait": wait_for_token(function(waiting), TimeoutSeconds=DAY)})
    execution = running.start()
    running.client.send_task_failure(taskToken=waiting.token(), error="Declined", cause="by the approver")
    told = running.end(execution)
    assert (told["error"], told["cause"]) == ("Declined", "by the approver")


def test_only_the_first_answer_counts(machine, function, waiting):
    """Unrepaired, a token that was answered takes any number of answers."""
    running = machine({"Wait": wait_for_token(function(waiting), TimeoutSeconds=DAY)})
    execution, client = running.start(), running.client
    token = waiting.token()
    client.send_task_success(taskToken=token, output='"first"')
    assert code_of(client.send_task_success, taskToken=token, output='"second"') == "TaskTimedOut"
    assert json.loads(running.end(execution)["output"]) == "first"
    assert code_of(client.send_task_failure, taskToken=token, error="E") == "TaskTimedOut"
    assert code_of(client.send_task_heartbeat, taskToken=token) == "TaskTimedOut"


def test_a_token_whose_time_is_over_is_told_so(machine, function, clock, waiting, asleep):
    running = machine({"Wait": wait_for_token(function(waiting), TimeoutSeconds=60)})
    execution, token = running.start(), waiting.token()
    asleep(2)
    clock.advance(61)
    running.end(execution)
    assert code_of(running.client.send_task_success, taskToken=token, output="1") == "TaskTimedOut"


def test_a_retried_wait_has_a_new_token_and_the_old_one_is_dead(machine, function, clock, waiting, asleep):
    retry = [{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    running = machine({"Wait": wait_for_token(function(waiting), TimeoutSeconds=60, Retry=retry)})
    execution, first = running.start(), waiting.token()
    asleep(2)
    clock.advance(61)
    running.has_failed(execution, 1)
    asleep(1)
    clock.advance(2)
    second = waiting.token(2)
    assert first != second
    assert code_of(running.client.send_task_success, taskToken=first, output="1") == "TaskTimedOut"
    running.client.send_task_success(taskToken=second, output="2")
    assert running.end(execution)["output"] == "2"


@pytest.mark.parametrize(
    ("parameters", "code"),
    [({"taskToken": "unheard of", "output": "1"}, "InvalidToken"), ({"output": "not JSON"}, "InvalidOutput")],
    ids=["unknown token", "output is not JSON"],
)
def test_wrong_answers_are_refused(machine, function, waiting, parameters, code):
    running = machine({"Wait": wait_for_token(function(waiting), TimeoutSeconds=DAY)})
    running.start()
    assert code_of(running.client.send_task_success, **{"taskToken": waiting.token()} | parameters) == code


# --- executions


def test_an_executions_name_starts_it_once(machine, function, waiting):
    running = machine({"Wait": wait_for_token(function(waiting), TimeoutSeconds=DAY)})
    execution = running.start({"a": 1}, name="ord_1-g1-a1")
    assert running.start({"a": 1}, name="ord_1-g1-a1") == execution
    assert code_of(running.start, given={"a": 2}, name="ord_1-g1-a1") == "ExecutionAlreadyExists"
    running.client.send_task_success(taskToken=waiting.token(), output="1")
    running.end(execution)
    assert code_of(running.start, given={"a": 1}, name="ord_1-g1-a1") == "ExecutionAlreadyExists"
    assert len(waiting.tokens) == 1


def test_an_executions_name_starts_it_once_however_many_ask_at_once(machine):
    """Unrepaired, each of them starts one."""
    running = machine({"Wait": {"Type": "Wait", "Seconds": DAY, "End": True}})
    with ThreadPoolExecutor(20) as threads:
        assert len(set(threads.map(lambda _: running.start(name="same"), range(40)))) == 1
    told = running.client.list_executions(stateMachineArn=running.arn)["executions"]
    assert len(told) == 1


def test_an_execution_needs_no_name(machine):
    """Unrepaired, all of them are called None."""
    running = machine({"Compute": compute("x")})
    first, second = running.start(), running.start()
    assert first != second
    assert running.end(second)["status"] == "SUCCEEDED"


def test_stopping_ends_a_waiting_execution_at_once(machine, function, waiting, asleep):
    """Unrepaired, it goes on waiting, and takes answers."""
    running = machine({"Wait": wait_for_token(function(waiting), TimeoutSeconds=30 * DAY)})
    execution, token = running.start(), waiting.token()
    asleep(2)
    running.client.stop_execution(executionArn=execution)
    assert running.end(execution)["status"] == "ABORTED"
    assert code_of(running.client.send_task_success, taskToken=token, output="1") == "TaskTimedOut"


def test_executions_of_an_earlier_cloud_do_not_wake_up_in_the_next_one(
    cloud, machine, function, waiting, clock, asleep
):
    """Unrepaired, their threads wait on for ever, and would act wherever the clock is moved next."""
    acted = []
    states = {
        "Wait": wait_for_token(function(waiting), TimeoutSeconds=DAY)
        | {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Act"}]},
        "Act": task(function(acted.append)),
    }
    running = machine(states)
    execution = running.start()
    asleep(2)
    repairs.install(cloud.run, lambda target, event: cloud.delivered.append((target, event)))
    cloud.delivered.clear()
    clock.advance(2 * DAY)
    assert running.end(execution)["status"] == "ABORTED"
    assert (acted, cloud.delivered) == ([], [])


def test_the_end_of_an_execution_is_told_on_the_default_bus(cloud, machine, number):
    """Unrepaired, nobody hears of a failed execution."""
    events = cloud.client("events")
    pattern = {"source": ["aws.states"], "detail": {"status": ["FAILED", "TIMED_OUT", "ABORTED"]}}
    events.put_rule(Name=f"failed-{number}", EventPattern=json.dumps(pattern))
    target = {"Id": "1", "Arn": "arn:aws:lambda:eu-west-1:123456789012:function:reconcile_orders"}
    events.put_targets(Rule=f"failed-{number}", Targets=[target])
    running = machine({"Fail": {"Type": "Fail", "Error": "Broken"}})
    execution = running.start()
    running.end(execution)

    def told():
        return [event for _, event in cloud.delivered if event["detail"].get("executionArn") == execution]

    (event,) = eventually(told)
    assert event["detail-type"] == "Step Functions Execution Status Change"
    assert event["resources"] == [execution]
    assert event["detail"]["status"] == "FAILED"
    assert event["detail"]["error"] == "Broken"


def test_an_execution_is_at_work_until_the_bus_has_heard_of_its_end(machine, monkeypatch):
    seen = []
    monkeypatch.setattr(stepfunctions, "_tell_the_bus", lambda _: seen.append(machines.at_rest_until()))
    running = machine({"Done": {"Type": "Succeed"}})
    running.end(running.start())
    assert eventually(lambda: seen) == [0.0]
    assert eventually(lambda: machines.at_rest_until() > 0)


def test_whoever_hears_of_an_end_is_told_which_execution_it_was_and_what_it_was_given(cloud, machine, number):
    """One that somebody stopped too; by its name and input the order behind it is found."""
    events = cloud.client("events")
    pattern = {"source": ["aws.states"], "detail": {"status": ["ABORTED"]}}
    events.put_rule(Name=f"aborted-{number}", EventPattern=json.dumps(pattern))
    target = {"Id": "1", "Arn": "arn:aws:sqs:eu-west-1:123456789012:orders_to_reconcile"}
    events.put_targets(Rule=f"aborted-{number}", Targets=[target])
    running = machine(
        {"Wait": {"Type": "Wait", "Seconds": 3600, "Next": "Done"}, "Done": {"Type": "Succeed"}}
    )
    execution = running.start()
    cloud.client("stepfunctions").stop_execution(executionArn=execution)
    running.end(execution)

    def told():
        heard = [event for to, event in cloud.delivered if to["Arn"] == target["Arn"]]
        return [event for event in heard if event["detail"]["executionArn"] == execution]

    (event,) = eventually(told)
    described = cloud.client("stepfunctions").describe_execution(executionArn=execution)
    assert event["detail"]["status"] == "ABORTED"
    assert event["detail"]["name"] == described["name"]
    assert json.loads(event["detail"]["input"]) == json.loads(described["input"])
    assert event["detail"]["stateMachineArn"] == described["stateMachineArn"]
