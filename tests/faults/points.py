"""Where a journey can be interrupted: every call that a clean run of it made, found from the recording."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from threading import Lock
from typing import Any

from local.runtime import Ended, How
from local.runtime.faults import OUTSIDE

READS = ("Get", "Query", "Describe", "List", "BatchGet", "udp", "tcp")
ALIKE = 3
"""Schedules run every minute, and most of the time find nothing."""
_WRITES = {"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"}


class Kind(StrEnum):
    """What happens to one call, once."""

    KILLED_BEFORE = "killed-before"
    KILLED_AFTER = "killed-after"
    LOST = "answer-lost"
    TIMED_OUT = "timed-out"
    SLOW = "slow"
    THROTTLED = "throttled"
    CONFLICT = "conflict"
    CONDITION = "condition"


FAULTS: Mapping[Kind, Mapping[str, str]] = {
    Kind.KILLED_BEFORE: {"when": "before", "how": How.KILL},
    Kind.KILLED_AFTER: {"when": "after", "how": How.KILL},
    Kind.LOST: {"when": "after", "how": How.FAIL},
    Kind.TIMED_OUT: {"when": "after", "how": How.TIME_OUT},
    Kind.SLOW: {"when": "before", "how": How.SLOW},
    Kind.THROTTLED: {"when": "before", "how": How.THROTTLE},
    Kind.CONFLICT: {"when": "before", "how": How.CONFLICT},
    Kind.CONDITION: {"when": "before", "how": How.CONDITION},
}


@dataclass(frozen=True)
class Point:
    """The nth call, from 1, that a function makes in a journey, over all its invocations."""

    journey: str
    function: str
    number: int
    service: str
    operation: str
    depends: bool = False
    """It writes under a condition on an item that was read."""
    is_first: bool = False
    """Of its invocation."""

    @property
    def asks(self) -> bool:
        """A question has no effect after which anything could differ."""
        return self.operation.startswith(READS)

    @property
    def place(self) -> str:
        return f"{self.function}:{self.number}"

    def __str__(self) -> str:
        return f"{self.journey} {self.place} {self.service}.{self.operation}"

    def kinds(self) -> Iterator[Kind]:
        """What can happen there."""
        yield Kind.KILLED_BEFORE
        yield Kind.KILLED_AFTER
        yield Kind.SLOW
        if not self.asks:
            yield Kind.LOST
            yield Kind.TIMED_OUT
        if self.service not in OUTSIDE:
            yield Kind.THROTTLED
        if self.service == "dynamodb" and self.operation in _WRITES:
            yield Kind.CONFLICT
        if self.depends:
            yield Kind.CONDITION

    def is_alone(self, kind: Kind) -> bool:
        """Whether nothing else leaves the same behind.

        Who is killed before a call leaves what who is killed after the call before it does, and a question changes
        nothing: of kills those after an effect remain, and those before an invocation has called anybody.
        """
        match kind:
            case Kind.KILLED_BEFORE:
                return self.is_first
            case Kind.KILLED_AFTER:
                return not self.asks
            case _:
                return True


def short(function: str) -> str:
    """`local-PlaceOrderFunction` without what all have in common."""
    return function.removeprefix("local-").removesuffix("Function")


def is_by_schedule(event: Any) -> bool:
    """Whether a schedule began the invocation; that of the CRLs has an input of its own."""
    return event.get("detail-type") == "Scheduled Event" or event.get("scheduled") is True


@dataclass(frozen=True)
class Invocation:
    """What a function was seen to call, in order."""

    function: str
    calls: Sequence[Mapping[str, Any]]
    by_schedule: bool

    @property
    def signature(self) -> tuple[str, ...]:
        return (self.function, *(f"{call['service']}.{call['operation']}" for call in self.calls))


@dataclass(frozen=True)
class Recording:
    """The invocations of a clean run, as they ended."""

    invocations: Sequence[Invocation]

    def points(self, journey: str) -> list[Point]:
        """One for each call, but none for one by a schedule that repeats what it called `ALIKE` times before.

        Of what others begin, such as relays, each is about something else, though it makes the same calls.
        """
        numbers: Counter[str] = Counter()
        alike: Counter[tuple[str, ...]] = Counter()
        found = []
        for each in self.invocations:
            alike[each.signature] += each.by_schedule
            for index, call in enumerate(each.calls):
                numbers[each.function] += 1
                if not each.by_schedule or alike[each.signature] <= ALIKE:
                    point = _point(journey, each.function, numbers[each.function], call)
                    found.append(replace(point, is_first=index == 0))
        return found

    def counted(self) -> Counter[str]:
        """Calls by function."""
        return Counter(each.function for each in self.invocations for _ in each.calls)


def _point(journey: str, function: str, number: int, call: Mapping[str, Any]) -> Point:
    kinds = {each["kind"] for each in call["parameters"].get("TransactItems", [])}
    is_update = call["operation"] == "UpdateItem" and "Quota" not in call["parameters"].get("TableName", "")
    return Point(
        journey, function, number, call["service"], call["operation"], is_update or "Update" in kinds
    )


class Recorder:
    """Notes what ends while it listens. What it chooses for an invocation is no fault, but a note of who began it."""

    def __init__(self) -> None:
        self._invocations: list[Invocation] = []
        self._lock = Lock()

    def choose(self, _function: str, event: Any) -> dict[str, Any] | None:
        return {"by_schedule": True} if is_by_schedule(event) else None

    def __call__(self, ended: Ended) -> None:
        with self._lock:
            self._invocations.append(
                Invocation(short(ended.function), ended.calls or (), by_schedule=ended.fault is not None)
            )

    def recording(self) -> Recording:
        return Recording(list(self._invocations))


class OneFault:
    """Lets one call meet one fault, once.

    Retries may come in other batches, so calls are counted, and not invocations.
    """

    def __init__(self, function: str, number: int, kind: Kind) -> None:
        self._function, self._left, self._fault = function, number, FAULTS[kind]
        self._lent = self._over = False
        self.met, self.may_refuse = False, kind is Kind.CONDITION
        self._lock = Lock()

    def choose(self, function: str, _event: Any) -> dict[str, Any] | None:
        with self._lock:
            if self._over or self._lent or short(function) != self._function:
                return None
            self._lent = True
            return {"call": max(1, self._left), "ours": True, **self._fault}

    def __call__(self, ended: Ended) -> None:
        if short(ended.function) != self._function:
            return
        with self._lock:
            made = len(ended.calls or ())
            if ended.fault and ended.fault.get("ours"):
                self._lent = False
                self.met = self.met or ended.met
                self._over = self.met or made >= ended.fault["call"]
            self._left -= made


def runs_of(
    points: Iterable[Point], kinds: Iterable[Kind], *, distinct: bool = False
) -> list[tuple[Point, Kind]]:
    """Every point with each of these kinds that can happen there; `distinct`: one of those that come to the same."""
    wanted = set(kinds)
    return [
        (point, kind)
        for point in points
        for kind in point.kinds()
        if kind in wanted and (point.is_alone(kind) or not distinct)
    ]
