"""State machines as the tests write, start and watch them, and functions that keep task tokens."""

import json
import threading
import time

import pytest
from botocore.exceptions import ClientError

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

    def __init__(self, cloud, number, role, states, **top):
        self.client = cloud.client("stepfunctions")
        definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states, **top}
        self.arn = self.client.create_state_machine(
            name=f"machine-{number}", definition=json.dumps(definition), roleArn=role
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


class Waiting:
    """A function that keeps the task tokens it is given."""

    def __init__(self):
        self.tokens = []

    def __call__(self, event):
        self.tokens.append(event["token"])

    def token(self, count=1):
        return eventually(lambda: self.tokens[count - 1] if len(self.tokens) >= count else None)


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


def code_of(call, **parameters):
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"]
