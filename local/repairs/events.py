"""EventBridge: moto knows no Lambda target, puts into queues at once, and tells real time as a number."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from moto.events import models

from local.clock import CLOCK
from local.repairs.patching import exchange


def install(deliver: Callable[[dict[str, Any], dict[str, Any]], None]) -> None:
    def send_to_targets(rule: Any, event: dict[str, Any], transform_input: bool = True) -> None:  # noqa: ARG001
        if rule.state != "ENABLED" or not rule.event_pattern.get_pattern():
            return
        if not rule.event_pattern.matches_event(event):
            return
        told = {key: value for key, value in event.items() if key != "ingestion-time"}
        told["time"] = datetime.fromtimestamp(float(event["time"]), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        for target in rule.targets:
            deliver(target, told)

    exchange(models, "unix_time", lambda moment=None: moment.timestamp() if moment else CLOCK.now())
    exchange(models.Rule, "send_to_targets", send_to_targets)
