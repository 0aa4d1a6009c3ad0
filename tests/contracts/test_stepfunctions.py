"""Step Functions as fulfil_order and its sisters rely on it: JSONata, tasks and their errors, time."""

import collections
import itertools
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from moto.stepfunctions.parser.asl.component import eval_component
from moto.stepfunctions.parser.asl.component.common.retry.max_attempts_decl import MaxAttemptsDecl

from local.repairs import task_tokens
from tests.contracts.conftest import ROLE
from tests.contracts.machines import (
    DAY,
    Machine,
    compute,
    eventually,
    task,
    wait_for_token,
)

pytestmark = pytest.mark.usefixtures("nothing_left_waiting")


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


@pytest.mark.usefixtures("cloud")
def test_two_who_ask_at_once_find_one_place_for_what_a_component_keeps(monkeypatch, threads):
    """moto draws the place when it is first asked for; executions share components."""
    numbers = itertools.count()

    def slowly():
        threading.Event().wait(0.05)
        return str(next(numbers))

    monkeypatch.setattr(eval_component, "long_uid", slowly)
    component = MaxAttemptsDecl(attempts=2)
    assert (
        len({each.result() for each in [threads.submit(lambda: component.heap_key) for _ in range(8)]}) == 1
    )


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
    other = Machine(cloud, f"{number}-other", ROLE, {"Compute": compute("{% $states.input.a %}")})
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
