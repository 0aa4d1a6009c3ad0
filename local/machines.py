"""The executions of the state machines: what they did, and whether they are at work."""

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from local.clock import CLOCK
from local.template import ACCOUNT, REGION

Event = Mapping[str, Any]
FAILURES = ("Failed", "TimedOut")
AT_WORK = {"type": "at work"}
BRANCH_ENDS = ("StateExited", "IterationSucceeded", "IterationFailed")

_sleeps: list[list[float]] = []  # a list of its own for each, which is known by being the same
_at_work: list[bool] = []


def executions() -> list[Any]:
    """moto's executions, oldest first."""
    return sorted(_executions(), key=lambda execution: execution.start_date)


def _executions() -> Iterator[Any]:
    from moto.stepfunctions.parser.models import stepfunctions_parser_backends  # noqa: PLC0415 (moto is slow)

    for machine in list(stepfunctions_parser_backends[ACCOUNT][REGION].state_machines):
        yield from list(machine.executions)


def stop() -> None:
    """Abort what still runs, so that its threads end, and wait a moment for them."""
    running = [execution for execution in executions() if execution.exec_status == "RUNNING"]
    for execution in running:
        execution.stop(execution.start_date, None, None)
    limit = time.monotonic() + 1
    while any(execution.exec_status == "RUNNING" for execution in running) and time.monotonic() < limit:
        time.sleep(0.01)


def sleep(seconds: float, stopped: Callable[[], bool] = lambda: False) -> None:
    """A Wait state, or the pause before a retry: `at_rest_until` knows when it ends, however late it begins."""
    end = [CLOCK.now() + float(seconds)]
    _sleeps.append(end)
    try:
        CLOCK.sleep_until(end[0], stopped)
    finally:
        _sleeps.remove(end)


@contextmanager
def at_work() -> Iterator[None]:
    """Within it `at_rest_until` says that something is: what is done is not seen by the executions' histories."""
    _at_work.append(True)
    try:
        yield
    finally:
        _at_work.pop()


def pauses() -> list[float]:
    """When those end that sleep: in Wait states, and before a retry."""
    return [end for (end,) in list(_sleeps)]


def at_rest_until() -> float:
    """When the first sleep or a waiting task's time limit ends, infinity if there is none; 0 while one is at work."""
    if _at_work:
        return 0.0
    sleeps, asleep = pauses(), 0
    ends = list(sleeps)
    for execution in _executions():
        if execution.exec_status == "RUNNING":
            for event, by_id in _open_ends(execution):
                if event["type"] == "TaskSubmitted":
                    ends.append(_time_limit(event, by_id))
                elif event["type"] == "WaitStateEntered" or event["type"].endswith(FAILURES):
                    asleep += 1
                else:
                    return 0.0
    return min(ends, default=math.inf) if asleep <= len(sleeps) else 0.0


def under_way() -> list[str]:
    """Where each execution is that goes on, in words: for whoever wants to know why nothing comes to rest."""
    told = [f"asleep until {_clock_time(end)}" for end in pauses()]
    for execution in _executions():
        if execution.exec_status == "RUNNING":
            for event, by_id in _open_ends(execution):
                is_submitted = event["type"] == "TaskSubmitted"
                limit = f" until {_clock_time(_time_limit(event, by_id))}" if is_submitted else ""
                told.append(f"{execution.name}: {getattr(event['type'], 'value', event['type'])}{limit}")
    return told + ["at work"] * len(_at_work)


def _clock_time(moment: float) -> str:
    return (
        "for ever" if math.isinf(moment) else datetime.fromtimestamp(moment, UTC).strftime("%m-%d %H:%M:%S")
    )


def _open_ends(execution: Any) -> Iterator[tuple[Event, Mapping[int, Event]]]:
    """The last event of each branch that goes on. A branch that ended waits for the others."""
    history = _history(execution)
    by_id = {event["id"]: event for event in history}
    followed = {event["previousEventId"] for event in history} | {1}  # the first state follows event 0
    last = [event for event in history if event["id"] not in followed]
    open_ends = [event for event in last if not event["type"].endswith(BRANCH_ENDS)]
    waiting = sum(event["type"] == "TaskSubmitted" for event in open_ends)
    if not open_ends or waiting > _unanswered(execution):  # about to begin, to end or to go on with an answer
        open_ends = [AT_WORK]
    for event in open_ends:
        yield event, by_id


def _unanswered(execution: Any) -> int:
    worker = execution.exec_worker
    endpoints = list(worker.env.callback_pool_manager._pool.values()) if worker and worker.env else []
    return sum(not each.get_outcome() and not each.consumer_error for each in endpoints)


def _time_limit(event: Event, by_id: Mapping[int, Event]) -> float:
    while event["type"] != "TaskScheduled":
        event = by_id[event["previousEventId"]]
    limit = event["taskScheduledEventDetails"].get("timeoutInSeconds", math.inf)
    return _moment(event["timestamp"]).timestamp() + float(limit)


def _history(execution: Any) -> list[dict[str, Any]]:
    worker = execution.exec_worker
    if worker is None or worker.env is None:
        return []
    return list(worker.env.event_manager._history_event_list)


def _moment(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(str(value))


def described(execution: Any) -> dict[str, Any]:
    """An execution with its steps, as the console tells it: values of JSON, times in RFC 3339."""
    return {
        "name": execution.name,
        "machine": execution.state_machine.name,
        "arn": execution.exec_arn,
        "status": execution.exec_status.value,
        "started_at": _told_time(execution.start_date),
        "stopped_at": _told_time(execution.stop_date),
        "input": execution.input_data,
        "output": execution.output,
        "error": execution.error,
        "cause": execution.cause,
        "steps": steps(_history(execution)),
    }


def _told_time(value: Any) -> str | None:
    return None if value is None else _moment(value).strftime("%Y-%m-%dT%H:%M:%SZ")


def steps(history: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One entry for each state entered: when it was entered and left, what went in and out, what went wrong."""
    by_id = {event["id"]: event for event in history}
    found: dict[int, dict[str, Any]] = {}
    for event in history:
        details: Mapping[str, Any] = next((v for k, v in event.items() if k.endswith("EventDetails")), {})
        if event["type"].endswith("StateEntered"):
            found[event["id"]] = {
                "state": details["name"],
                "kind": event["type"].removesuffix("StateEntered"),
                "entered_at": _told_time(event["timestamp"]),
                "left_at": None,
                "input": _plain(details.get("input")),
                "output": None,
                "errors": [],
            }
            continue
        left = event["type"].endswith("StateExited")
        step = found.get(_entered(by_id, event, details["name"] if left else None))
        if step and left:
            step |= {"left_at": _told_time(event["timestamp"]), "output": _plain(details.get("output"))}
        elif step and details.get("error") and not event["type"].startswith("Execution"):
            step["errors"].append({"error": details["error"], "cause": details.get("cause")})
    return list(found.values())


def _entered(by_id: Mapping[int, Event], event: Event, name: str | None) -> int:
    """The id of the event with which the state of `event` began; 0 if there is none."""
    while event := by_id.get(event["previousEventId"], {}):
        details = event.get("stateEnteredEventDetails")
        if details and name in (None, details["name"]):
            return int(event["id"])
    return 0


def _plain(text: str | None) -> Any:
    return None if text is None else json.loads(text)
