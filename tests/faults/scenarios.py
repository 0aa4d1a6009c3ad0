"""Outages and disorders that last: each is met by whole journeys, and everything must hold after it."""

from collections.abc import Callable, Iterable, Mapping
from threading import Lock
from typing import Any

from local.runtime import Ended, How
from tests.faults.harness import Outcome, Runner
from tests.faults.operator import empties_dead_letters
from tests.faults.points import short
from tests.faults.registry import Journey
from tests.faults.world import DAY, HOUR, MINUTE, World

Scenario = Callable[[Runner, Journey, str], Outcome]
"""The third is the function with whose first call an outage begins; of the others, and without one, nothing."""
OUTAGE, LONG = 5 * MINUTE, 3 * HOUR
WRONG = 10 * MINUTE


class Down:
    """Nobody answers for a service so many seconds, from the first call to it on, or from that of one function."""

    may_refuse = False

    def __init__(
        self, service: str, now: Callable[[], float], begins: str = "", lasts: float = OUTAGE
    ) -> None:
        self._service, self._now, self._begins, self._lasts = service, now, begins, lasts
        self._until: float | None = None
        self.met = False

    def choose(self, function: str, _event: Any) -> dict[str, Any] | None:
        if self._until is None and self._begins not in ("", short(function)):
            return None
        if self._until is not None and self._now() >= self._until:
            return None
        return {"service": self._service, "when": "before", "how": How.FAIL}

    def __call__(self, ended: Ended) -> None:
        if ended.met and self._until is None:
            self.met, self._until = True, self._now() + self._lasts

    def outlast(self, world: World) -> None:
        """Until it is over; then an operator does what the manual says."""
        if self._until is not None:
            world.advance(max(0.0, self._until - self._now()))
        world.rest()
        empties_dead_letters(world.cloud)
        world.rest()


class WrongClocks:
    """Every other invocation is ten minutes ahead or behind."""

    may_refuse = False

    def __init__(self) -> None:
        self._count = 0
        self.met = True

    def choose(self, _function: str, _event: Any) -> dict[str, Any] | None:
        self._count += 1
        return {"skew": (WRONG, 0.0, -WRONG, 0.0)[self._count % 4]}

    def __call__(self, _: Ended) -> None:
        """Nothing depends on it."""


class Disorder:
    """Withholds the records of the stream, and delivers them later: `after` seconds, in this `order`."""

    may_refuse = False

    def __init__(
        self, now: Callable[[], float], after: float, order: Callable[[list[Any]], Iterable[Any]], twice: bool
    ) -> None:
        self._now, self._after, self._order, self._twice = now, after, order, twice
        self._kept: list[tuple[float, Any]] = []
        self._again = False
        self._lock = Lock()
        self.met = False

    def choose(self, function: str, event: Any) -> dict[str, Any] | None:
        if short(function) != "RelayEvents" or self._again:
            return None
        with self._lock:
            self._kept += [(self._now(), record) for record in event["Records"]]
        return None if self._twice else {"withheld": True}

    def __call__(self, _: Ended) -> None:
        """Nothing depends on it."""

    def deliver(self, world: World) -> None:
        """Whenever time has passed, and at rest: what has waited long enough."""
        with self._lock:
            due = [record for at, record in self._kept if at + self._after <= self._now()]
            self._kept = [(at, record) for at, record in self._kept if at + self._after > self._now()]
        if due:
            self.met = self._again = True
            for record in self._order(due):
                world.cloud.invoke("RelayEventsFunction", {"Records": [record]})
            self._again = False


def _down(service: str) -> Scenario:
    def run(runner: Runner, journey: Journey, begins: str) -> Outcome:
        return runner.run(journey, Down(service, lambda: _now(runner), begins))

    return run


def _down_for_hours(service: str) -> Scenario:
    def run(runner: Runner, journey: Journey, begins: str) -> Outcome:
        down = Down(service, lambda: _now(runner), begins, LONG)
        return runner.run(journey, down, begin=_with_much_patience, end=down.outlast)

    return run


def _with_much_patience(world: World) -> None:
    world.longest_pause = 30 * MINUTE


def _disorder(after: float, order: Callable[[list[Any]], Iterable[Any]], twice: bool = False) -> Scenario:
    def run(runner: Runner, journey: Journey, _: str) -> Outcome:
        disorder = Disorder(lambda: _now(runner), after, order, twice)
        return runner.run(journey, disorder, disorder.deliver)

    return run


def _twice(runner: Runner, journey: Journey, _: str) -> Outcome:
    """Each message of a queue, each event of a rule and each asynchronous call is delivered once more."""
    twice = Twice()
    return runner.run(journey, twice, begin=twice.begin)


def _gateway(call: str, kind: str) -> Scenario:
    """The gateway does what it is asked, and answers 500 or nothing."""

    def run(runner: Runner, journey: Journey, _: str) -> Outcome:
        return runner.run(journey, Untouched(), begin=lambda world: _trouble(world, call, kind))

    return run


def _trouble(world: World, call: str, kind: str) -> None:
    world.cloud.payments.faults.set({"call": call, "kind": kind, "times": 1})


class Untouched:
    """No fault of the runtime's own."""

    met, may_refuse = True, False

    def choose(self, _function: str, _event: Any) -> dict[str, Any] | None:
        return None

    def __call__(self, _: Ended) -> None:
        """Nothing depends on it."""


class Twice(Untouched):
    """Nothing fails, and what no caller waits for comes twice."""

    def begin(self, world: World) -> None:
        self._repetition, self._before = world.cloud.repetition, world.cloud.repetition.count
        self._repetition.on = True

    @property
    def met(self) -> bool:  # type: ignore[override]
        return self._repetition.count > self._before


def _now(runner: Runner) -> float:
    if runner.cloud is None:
        raise RuntimeError("no cloud runs")
    return runner.cloud.clock.now()


SCENARIOS: Mapping[str, tuple[str, Scenario]] = {
    "mail-down": ("sesv2", _down("sesv2")),
    "kms-down": ("kms", _down("kms")),
    "dns-dead": ("dns", _down("dns")),
    "web-down": ("http", _down("http")),
    "bus-down": ("events", _down("events")),
    "queues-down": ("sqs", _down("sqs")),
    "machine-down": ("stepfunctions", _down("stepfunctions")),
    "tables-down": ("dynamodb", _down("dynamodb")),
    "authorise-500": ("http", _gateway("authorise", "fail_after")),
    "capture-500": ("http", _gateway("capture", "fail_after")),
    "refund-500": ("http", _gateway("refund", "fail_after")),
    "authorise-lost": ("http", _gateway("authorise", "lose_after")),
    "stream-twice": ("events", _disorder(0.0, list, twice=True)),
    "stream-late": ("events", _disorder(DAY, list)),
    "stream-reversed": ("events", _disorder(MINUTE, reversed)),
    "deliveries-twice": ("events", _twice),
    "clocks-off": ("dynamodb", lambda runner, journey, _: runner.run(journey, WrongClocks())),
}
"""By name, with the service that a journey must call to notice it."""
OUTAGES = frozenset(name for name in SCENARIOS if name.endswith(("-down", "-dead")))
"""Those that may begin with any function that calls the service."""
LONG_OUTAGES: Mapping[str, tuple[str, Scenario]] = {
    f"{name}-for-hours": (service, _down_for_hours(service))
    for name, (service, _) in SCENARIOS.items()
    if name in OUTAGES
}
"""The same for three hours; what was given up meanwhile is sent again as the manual says. A campaign of its own."""
