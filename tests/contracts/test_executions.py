"""Executions: their names, how they are stopped, and who hears of their end."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from local import machines, repairs
from local.repairs import stepfunctions
from tests.contracts.machines import DAY, code_of, compute, eventually, task, wait_for_token

pytestmark = pytest.mark.usefixtures("nothing_left_waiting")


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
