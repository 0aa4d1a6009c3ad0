"""What the machine waits out: each task meets the same passing trouble of Lambda and of ours in the same way."""

from pathlib import Path

import pytest
import yaml

MACHINE = yaml.safe_load(
    (Path(__file__).parents[2] / "statemachines/fulfil_order.asl.yaml").read_text("utf-8")
)
TASKS = {name: state for name, state in MACHINE["States"].items() if state["Type"] == "Task"}
PASSES = {
    "TryAgain",
    "ChangedMeanwhile",
    # Of Lambda (AWS: "Handling transient Lambda service exceptions in Step Functions").
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.TooManyRequestsException",
    "Lambda.ResourceNotReadyException",
    "Lambda.Unknown",
    # Of a function that ended before it answered, or began between two calls of a deployment: code, then its layer.
    "Sandbox.Timedout",
    "Runtime.ExitError",
    "Runtime.ImportModuleError",
}


@pytest.mark.parametrize("name", TASKS)
def test_trouble_that_passes_is_waited_out(name):
    state = TASKS[name]
    waits = state["Resource"].endswith(".waitForTaskToken")
    (retry,) = state["Retry"]
    assert set(retry["ErrorEquals"]) == PASSES | (set() if waits else {"States.Timeout"})
