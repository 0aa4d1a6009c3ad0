"""When rate(), cron() and at() expressions of EventBridge are due, in virtual time."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from local.template import TemplateRefused

_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}


@dataclass(frozen=True, slots=True)
class Schedule:
    """`source` is what the event says of its origin: aws.events for a rule, aws.scheduler for a schedule."""

    name: str
    expression: str
    target: Mapping[str, Any]
    source: str
    zone: str = "UTC"


def next_due(schedule: Schedule, after: float) -> float | None:
    """The first moment (epoch seconds) later than `after`; None when there is none. Raises TemplateRefused."""
    kind, _, rest = schedule.expression.partition("(")
    text = rest.removesuffix(")")
    if kind == "rate" and (match := re.fullmatch(r"([1-9]\d*) (minute|hour|day)s?", text)):
        return after + int(match[1]) * _SECONDS[match[2]]
    if kind == "at":
        due = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(schedule.zone)).timestamp()
        return due if due > after else None
    if kind == "cron" and len(fields := text.split()) == 6:
        return _next_cron(fields, schedule.zone, after)
    raise TemplateRefused(f"{schedule.name}: not a schedule: {schedule.expression}")


def _next_cron(fields: list[str], zone: str, after: float) -> float | None:
    """AWS's six fields. The weekday counts from 1 = Sunday there and from 0 in croniter; # and L mean the same."""
    from croniter import croniter  # noqa: PLC0415 (needed by few)

    minute, hour, day, month, weekday, year = (field.replace("?", "*") for field in fields)
    weekday = re.sub(r"(?<![#\d/])[1-7](?!\d)", lambda found: str(int(found[0]) - 1), weekday)
    moments = croniter(
        f"{minute} {hour} {day} {month} {weekday} 0 {year}",
        datetime.fromtimestamp(after, ZoneInfo(zone)),
        day_or=False,
        max_years_between_matches=10,
    )
    try:
        return float(moments.get_next(float))
    except (ValueError, KeyError):
        return None


def scheduled_event(schedule: Schedule, due: float, event_id: str, rule_arn: str) -> dict[str, Any]:
    """What a target without an Input of its own receives."""
    _, _, _, region, account, _ = rule_arn.split(":", 5)
    return {
        "version": "0",
        "id": event_id,
        "detail-type": "Scheduled Event",
        "source": schedule.source,
        "account": account,
        "time": datetime.fromtimestamp(due, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": [rule_arn],
        "detail": {},
    }
