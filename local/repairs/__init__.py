"""What moto 5.2.5 gets wrong and this project relies on, put right. tests/contracts shows each repair at work."""

import os
import threading
from collections.abc import Callable
from typing import Any

from local.repairs import dynamodb, events, functions, kms, queries, ses, speed, sqs, stepfunctions

Run = Callable[[str, dict[str, Any]], tuple[str, bool]]
Deliver = Callable[[dict[str, Any], dict[str, Any]], None]

_lock = threading.Lock()
_installed: dict[str, Any] = {}


def _run(function_name: str, event: dict[str, Any]) -> tuple[str, bool]:
    answer: tuple[str, bool] = _installed["run"](function_name, event)
    return answer


def _deliver(target: dict[str, Any], event: dict[str, Any]) -> None:
    _installed["deliver"](target, event)


def install(run: Run, deliver: Deliver) -> None:
    """Repair moto, once per process; later calls exchange the two hooks and empty what the last cloud left.

    run(function name, event) -> (answer as JSON, whether it failed). deliver(target, event) must only enqueue:
    it is called by whoever published the event.
    """
    with _lock:
        if not _installed:
            os.environ["AWS_ACCOUNT_ID_ENDPOINT_MODE"] = "disabled"  # moto knows no <account>. host names
            speed.install()
            queries.install()
            dynamodb.install()
            stepfunctions.install()
            kms.install()
            sqs.install()
            ses.install()
            functions.install(_run, _deliver)
            events.install(_deliver)
        _installed.update(run=run, deliver=deliver)
        stepfunctions.forget_executions()
        ses.SENT.clear()
        kms.SIGNED.clear()
        dynamodb.METER.reset()


def forget_hooks() -> None:
    """What is over runs and delivers nothing any more, and is not kept in memory."""

    def nobody(*_: Any) -> Any:
        raise RuntimeError("no cloud runs")

    with _lock:
        _installed.update(run=nobody, deliver=nobody)
