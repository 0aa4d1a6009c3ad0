"""Task tokens: moto loses answers, takes them twice, and waits on when nobody can answer any more."""

import json
import threading
from typing import Any

from moto.core.exceptions import AWSError
from moto.core.responses import EmptyResult
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (
    StateTaskServiceCallback,
)
from moto.stepfunctions.parser.asl.eval.callback import callback
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.responses import StepFunctionResponse

from local.repairs.patching import Method, around, exchange, failure_event

_tokens: dict[str, Any] = {}  # task token -> moto's endpoint of it, closed ones too
_answering = threading.Lock()


def _register(original: Method, pool: Any, token: str) -> Any:
    _tokens[token] = original(pool, token)
    return _tokens[token]


def forget() -> None:
    _tokens.clear()


def _open_endpoint(token: str) -> Any:
    endpoint = _tokens.get(token)
    if endpoint is None:
        raise AWSError("Invalid Token: 'Invalid token'", "InvalidToken")
    if endpoint.consumer_error or endpoint.get_outcome():
        raise AWSError("Task Timed Out: 'Provided task does not exist anymore'", "TaskTimedOut")
    return endpoint


def _close(original: Method, endpoint: Any) -> None:
    with _answering:
        endpoint.report(callback.CallbackConsumerTimeout())
    original(endpoint)


def _send_success(response: Any) -> EmptyResult:
    output = response._get_param("output")
    try:
        json.loads(output)
    except ValueError as error:
        raise AWSError(f"Invalid Output: '{error}'", "InvalidOutput") from error
    return _answer(response, callback.CallbackOutcomeSuccess, output=output)


def _send_failure(response: Any) -> EmptyResult:
    error, cause = response._get_param("error"), response._get_param("cause")
    return _answer(response, callback.CallbackOutcomeFailure, error=error, cause=cause)


def _answer(response: Any, outcome: Any, **content: Any) -> EmptyResult:
    """The first answer counts; moto lets a later one replace it, and drops the cause of a failure."""
    token = response._get_param("taskToken")
    with _answering:
        _open_endpoint(token).notify(outcome(callback_id=token, **content))
    return EmptyResult()


def _send_heartbeat(response: Any) -> EmptyResult:
    with _answering:
        _open_endpoint(response._get_param("taskToken")).notify_heartbeat()
    return EmptyResult()


def _heartbeat_after_answer(original: Method, endpoint: Any, heartbeat_seconds: int) -> Any:
    """An answer may come before the task begins to wait; moto would then wait for one more heartbeat."""
    heartbeat = original(endpoint, heartbeat_seconds=heartbeat_seconds)
    if endpoint.get_outcome():
        heartbeat.notify()
    return heartbeat


def _with_a_token_of_its_own(original: Method, task: Any, env: Any) -> None:
    """Each attempt of a task has a new token; moto retries with the token that has just timed out."""
    current = env.states.context_object.context_object_data.get("Task")
    endpoint = current and env.callback_pool_manager.get(current["Token"])
    if endpoint and endpoint.consumer_error:
        env.callback_pool_manager.add(env.states.context_object.update_task_token())
    original(task, env)


def _name_heartbeat_timeout(original: Method, task: Any, env: Any, ex: Exception) -> Any:
    if not isinstance(ex, callback.HeartbeatTimeoutError):
        return original(task, env, ex)
    return failure_event(
        env,
        StatesErrorNameType.StatesHeartbeatTimeout,
        HistoryEventType.TaskTimedOut,
        resourceType=task._get_sfn_resource_type(),
        resource=task._get_sfn_resource(),
    )


def _wake_tasks(original: Method, env: Any, *args: Any, **kwargs: Any) -> None:
    """An execution that is stopped, or out of time, leaves its waits at once; moto sits them out."""
    original(env, *args, **kwargs)
    for endpoint in list(env.callback_pool_manager._pool.values()):
        endpoint.interrupt_all()


def install() -> None:
    around(callback.CallbackPoolManager, "add", _register)
    around(callback.CallbackEndpoint, "interrupt_all", _close)
    around(callback.CallbackEndpoint, "setup_heartbeat_endpoint", _heartbeat_after_answer)
    around(StateTaskServiceCallback, "_evaluate_with_timeout", _with_a_token_of_its_own)
    around(StateTaskServiceCallback, "_from_error", _name_heartbeat_timeout)
    exchange(StepFunctionResponse, "send_task_success", _send_success)
    exchange(StepFunctionResponse, "send_task_failure", _send_failure)
    exchange(StepFunctionResponse, "send_task_heartbeat", _send_heartbeat)
    around(Environment, "set_stop", _wake_tasks)
    around(Environment, "set_timed_out", _wake_tasks)
