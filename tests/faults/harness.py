"""One cloud, many runs of journeys in it, one fault at a time; after each run everything must hold."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from local.cloud import EmbeddedCloud
from local.runtime import Ended
from local.seed import seed
from tests.faults.evidence import dead_letters, of_run
from tests.faults.invariants import violations
from tests.faults.points import Kind, OneFault, Point, Recorder, Recording
from tests.faults.registry import Journey
from tests.faults.world import DAY, HOUR, MINUTE, NotReached, World
from tests.functions.journeys import UNHINDERED, resellers

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
MOST_RUNS = 150
"""So many runs are in the tables of a cloud when it is exchanged."""
LAST_DAY = datetime(2028, 3, 1, tzinfo=UTC)
"""A cloud is exchanged before a run would come here: reminders begin to tell of approvals by e-mail, which end."""
GRACE = (0.0, 5 * MINUTE, HOUR, 6 * HOUR, 26 * HOUR)
"""How long what is to happen by itself may take; the longest is a day's schedule. What holds is left that long."""
FEW = 2
"""How often a schedule runs meanwhile."""


class Listener(Protocol):
    """A policy of the runtime that is told what ended."""

    def choose(self, function: str, event: Any) -> dict[str, Any] | None: ...

    def __call__(self, ended: Ended) -> None: ...


class Fault(Listener, Protocol):
    """What fails in a run.

    `met`: whether it happened. `may_refuse`: it looks like a change by others, so that a request may be refused
    for it and the journey end early; what was answered must hold all the same.
    """

    met: bool
    may_refuse: bool


@dataclass(frozen=True)
class Outcome:
    """What came of a run: what did not hold, whether the fault happened, virtual and real seconds."""

    violations: tuple[str, ...]
    met: bool
    repeated: int
    virtual: float
    real: float


@dataclass
class Runner:
    """The cloud of this process, made when it is needed and exchanged when it is old."""

    cloud: EmbeddedCloud | None = None
    runs: int = 0
    quiet: bool = True
    _total: int = 0
    _was_alone: bool = False
    _dead: dict[str, int] = field(default_factory=dict)

    def close(self) -> None:
        if self.cloud is not None:
            self.cloud.__exit__(None, None, None)
            self.cloud = None

    def __enter__(self) -> "Runner":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def world(self, journey: Journey) -> World:
        """A world that has no orders yet, and a cloud that serves for the journey."""
        if self.cloud is not None:
            ends = self.cloud.clock.now() + journey.lasts * DAY + 2 * GRACE[-1]
            is_worn = ends > LAST_DAY.timestamp() or self.runs >= MOST_RUNS
            if is_worn or journey.alone or self._was_alone:
                self.close()
        self._was_alone = journey.alone
        if self.cloud is None:
            self.cloud = EmbeddedCloud(
                TEMPLATE, UNHINDERED, quiet=self.quiet, seed=lambda cloud: seed(cloud)[0]
            ).__enter__()
            self.runs, self._dead = 0, {}
        self.runs += 1
        self._total += 1
        return World(self.cloud, f"r{self._total}", resellers(self.cloud)[0])

    def record(self, journey: Journey) -> tuple[Recording, Outcome]:
        """A clean run, and every call that it made."""
        world, recorder = self.world(journey), Recorder()
        world.undisturbed = True
        with _listening(world.cloud, recorder) as clear:
            outcome = self._told(journey, world, lambda: True, clear)
        return recorder.recording(), outcome

    def run(
        self,
        journey: Journey,
        fault: Fault,
        pause: Callable[[World], None] | None = None,
        begin: Callable[[World], None] | None = None,
        end: Callable[[World], None] | None = None,
    ) -> Outcome:
        """The journey with the fault in it, and all invariants after it.

        `pause` is called when time has passed, `begin` before the journey and `end` after it, while there are faults.
        """
        world = self.world(journey)
        if begin is not None:
            begin(world)
        if pause is not None:
            world.pause = lambda: pause(world)
        with _listening(world.cloud, fault) as clear:
            return self._told(journey, world, lambda: fault.met, clear, may_refuse=fault.may_refuse, end=end)

    def _told(
        self,
        journey: Journey,
        world: World,
        met: Callable[[], bool],
        clear: Callable[[], None],
        *,
        may_refuse: bool = False,
        end: Callable[[World], None] | None = None,
    ) -> Outcome:
        began, start = time.monotonic(), world.cloud.clock.now()
        said: list[str] = []
        try:
            journey.tell(world)
            world.rest()
            if end is not None:
                end(world)
        except (NotReached, AssertionError) as trouble:
            if not may_refuse:
                said.append(f"journey: {type(trouble).__name__} {trouble}")
        finally:
            clear()
            world.cloud.payments.faults.clear()
            world.cloud.repetition.on = False
        said += self._broken(world)
        return Outcome(
            tuple(said),
            met(),
            world.repeated,
            world.cloud.clock.now() - start,
            time.monotonic() - began,
        )

    def _broken(self, world: World) -> list[str]:
        """What does not hold and is not made good by what runs by itself, or holds and is broken by that later."""
        try:
            found = self._grace(world)
        except NotReached as trouble:
            return [f"rest: {trouble}"]
        self._dead = dead_letters(world.cloud)
        return found

    def _grace(self, world: World) -> list[str]:
        found: list[str] = []
        for seconds in GRACE:
            found = self._found_after(world, seconds)
            if not found:
                return self._found_after(world, GRACE[-1], FEW) if seconds < GRACE[-1] else []
        return found

    def _found_after(self, world: World, seconds: float, runs: int | None = None) -> list[str]:
        if seconds:
            world.cloud.advance(seconds, runs)
            world.pause()
        world.rest()
        seen = of_run(world)
        seen.dead = {name: count - self._dead.get(name, 0) for name, count in seen.dead.items()}
        return violations(seen)


@contextmanager
def _listening(cloud: EmbeddedCloud, listener: Listener) -> Iterator[Callable[[], None]]:
    def clear() -> None:
        cloud.runtime.faults = cloud.runtime.on_end = None

    cloud.runtime.faults, cloud.runtime.on_end = listener, listener
    try:
        yield clear
    finally:
        clear()


def at(point: Point, kind: Kind) -> OneFault:
    return OneFault(point.function, point.number, kind)
