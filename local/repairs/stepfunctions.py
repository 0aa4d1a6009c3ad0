"""Step Functions: moto's interpreter waits in real time, loses answers to tasks, and starts executions unlocked."""

import datetime as real_datetime
import functools
import json
import threading
import types
import uuid
import weakref
from typing import Any

import botocore.session
import moto.stepfunctions.parser.asl.component.common.retry.retrier_decl as retrier
from botocore import xform_name
from moto.events.models import events_backends
from moto.stepfunctions.parser import models
from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.component.program import program
from moto.stepfunctions.parser.asl.component.state import state
from moto.stepfunctions.parser.asl.component.state.exec import execute_state
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import (
    StateTaskService,
)
from moto.stepfunctions.parser.asl.component.state.wait.wait_function import timestamp
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.eval.callback import callback
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event import event_manager
from moto.stepfunctions.parser.asl.eval.program_state import ProgramStopped, ProgramTimedOut
from moto.stepfunctions.parser.backend import execution
from moto.stepfunctions.responses import StepFunctionResponse

from local import machines
from local.clock import CLOCK, VirtualEvent
from local.repairs import jsonata_engine, task_tokens
from local.repairs.patching import Method, around, exchange, serialize

_started: weakref.WeakSet[Any] = weakref.WeakSet()  # moto's executions of the cloud that runs now


# --- time


class _Datetime(real_datetime.datetime):
    """datetime whose present is virtual, written as Step Functions writes it: 2026-11-23T05:00:00.000Z."""

    @classmethod
    def now(cls, tz: real_datetime.tzinfo | None = None) -> "_Datetime":
        return cls.fromtimestamp(CLOCK.now(), real_datetime.UTC).replace(tzinfo=tz)

    def isoformat(self, sep: str = "T", timespec: str = "milliseconds") -> str:
        return super().isoformat(sep, timespec).replace("+00:00", "Z")


class _Thread(threading.Thread):
    """The thread of a whole machine, joined with the machine's TimeoutSeconds."""

    def __init__(self, **named: Any) -> None:
        super().__init__(**named)
        self._ended = threading.Event()

    def run(self) -> None:
        try:
            super().run()
        finally:
            self._ended.set()

    def join(self, timeout: float | None = None) -> None:
        if timeout is None:
            super().join()
        else:
            CLOCK.wait_for_event(self._ended, timeout)

    def is_alive(self) -> bool:
        return not self._ended.is_set()


def _announce(original: Method, task: Any, env: Any, *args: Any, **kwargs: Any) -> None:
    """An attempt whose time ran out before it began is not written down: its limit can no longer be read."""
    if env.is_running():
        original(task, env, *args, **kwargs)


def _wait(_: Any, env: Any, wait_seconds: float) -> None:
    machines.sleep(wait_seconds, lambda: not env.is_running())


def _install_time() -> None:
    virtual = types.SimpleNamespace(datetime=_Datetime, timezone=real_datetime.timezone)
    for module in (event_manager, execution, models, state, timestamp):
        exchange(module, "datetime", virtual)
    exchange(WaitFunction, "_wait_interval", _wait)
    around(StateTaskService, "_before_eval_execution", _announce)
    exchange(retrier, "time", types.SimpleNamespace(sleep=machines.sleep))
    exchange(execute_state, "threading", types.SimpleNamespace(Event=VirtualEvent, Thread=threading.Thread))
    exchange(program, "threading", types.SimpleNamespace(Thread=_Thread))
    exchange(callback, "Event", VirtualEvent)


# --- executions


def _start_execution(original: Method, backend: Any, arn: str, name: str | None = None, *args: Any) -> Any:
    return original(backend, arn, name or str(uuid.uuid4()), *args)


def _register(original: Method, new: Any) -> None:
    _started.add(new)
    original(new)


def forget_executions() -> None:
    """What an earlier cloud of this process left waiting must not wake up in the next one and act there."""
    left = list(_started)
    _started.clear()
    for each in left:
        if each.exec_worker and each.exec_worker.env:
            each.stop(stop_date=CLOCK.utcnow(), error=None, cause=None)
    task_tokens.forget()


def _describe_execution(original: Method, response: Any) -> Any:
    """AWS answers the output as JSON text, a string's quotes included, and when an execution timed out."""
    answer = original(response)
    found = response.stepfunction_backend.describe_execution(response._get_param("executionArn"))
    if found.status == "SUCCEEDED":
        answer.result["output"] = json.dumps(found.output)
    if found.stop_date:
        answer.result["stopDate"] = found.stop_date
    return answer


def _end(original: Method, communication: Any) -> None:
    """Between its last state and the event of its end an execution seems to be over, and is not."""
    with machines.at_work():
        original(communication)
        if communication.execution in _started:
            _tell_the_bus(communication.execution)


def _tell_the_bus(done: Any) -> None:
    """The default bus hears of every end, which is how AWS lets others react to failed and timed-out executions."""
    detail = {
        "executionArn": done.exec_arn,
        "stateMachineArn": done.state_machine_arn,
        "name": done.name,
        "status": done.status,
        "startDate": int(done.start_date.timestamp() * 1000),
        "stopDate": int(done.stop_date.timestamp() * 1000),
        "input": done.execution_input,
        "error": done.error,
        "cause": done.cause,
    }
    event = {
        "Source": "aws.states",
        "DetailType": "Step Functions Execution Status Change",
        "Resources": [done.exec_arn],
        "Detail": json.dumps(detail),
    }
    events_backends[done.account_id][done.region_name].put_events([event])


# --- parameters and answers of AWS calls


@functools.cache
def _shapes(service: str, action: str) -> tuple[Any, Any]:
    model = botocore.session.get_session().get_service_model(service)
    operations = {xform_name(name): name for name in model.operation_names}
    operation = model.operation_model(operations[action])
    return operation.input_shape, operation.output_shape


def _parameters(
    task: Any, parameters: Any, boto_service_name: Any = None, service_action_name: Any = None
) -> None:
    """ASL writes every parameter in Pascal case, boto wants the service's own; moto left this out."""
    service = task._get_boto_service_name(boto_service_name)
    shape, _ = _shapes(service, task._get_boto_service_action(service_action_name))
    if shape is not None:
        task._to_boto_request(parameters, shape)


def _response(
    task: Any, response: Any, boto_service_name: Any = None, service_action_name: Any = None
) -> None:
    service = task._get_boto_service_name(boto_service_name)
    _, shape = _shapes(service, task._get_boto_service_action(service_action_name))
    if shape is not None:
        task._from_boto_response(response, shape)


def _keep_first_end(original: Method, env: Any, *args: Any, **kwargs: Any) -> None:
    """An execution that was stopped, or ran out of time, does not fail of it afterwards."""
    if not isinstance(env.program_state(), ProgramStopped | ProgramTimedOut):
        original(env, *args, **kwargs)


def _log_nothing(*_: Any, **__: Any) -> None:
    """A failed state stands in the history; moto would also print its whole definition as an error."""


def install() -> None:
    jsonata_engine.install()
    _install_time()
    task_tokens.install()
    around(models.StepFunctionsParserBackend, "start_execution", _start_execution)
    serialize(threading.Lock(), models.StepFunctionsParserBackend, "start_execution")
    around(execution.Execution, "start", _register)
    around(StepFunctionResponse, "describe_execution", _describe_execution)
    around(execution.BaseExecutionWorkerCommunication, "terminated", _end)
    around(Environment, "set_error", _keep_first_end)
    exchange(EvalComponent, "_log_failure_event_exception", _log_nothing)
    exchange(EvalComponent, "_log_exception", _log_nothing)
    exchange(StateTaskService, "_normalise_parameters", _parameters)
    exchange(StateTaskService, "_normalise_response", _response)
