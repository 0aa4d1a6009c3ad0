"""Waits for a task token: answers, late ones, wrong ones."""

import json

import pytest

from tests.contracts.machines import (
    DAY,
    code_of,
    wait_for_token,
)

pytestmark = pytest.mark.usefixtures("nothing_left_waiting")


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
