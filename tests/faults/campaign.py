"""All runs of all journeys, planned from the points that clean runs found, and taken in chunks."""

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tests.faults.harness import Outcome, Runner, at
from tests.faults.points import Kind, Point, runs_of
from tests.faults.registry import journeys
from tests.faults.scenarios import LONG_OUTAGES, OUTAGES, SCENARIOS

ALL_SCENARIOS = {**SCENARIOS, **LONG_OUTAGES}
CHUNK = 40
"""Runs that a process takes at a time."""


@dataclass(frozen=True)
class Run:
    """One run: a journey, and a point with a kind of fault, or a scenario, perhaps with a function it begins with."""

    journey: str
    place: str
    what: str

    @property
    def command(self) -> str:
        place = f" AT={self.place}" if self.place else ""
        kind = "SCENARIO" if self.what in ALL_SCENARIOS else "KIND"
        return f"make faults ONLY={self.journey}{place} {kind}={self.what}"

    def __call__(self, runner: Runner) -> Outcome:
        journey = journeys()[self.journey]
        if self.what in ALL_SCENARIOS:
            _, scenario = ALL_SCENARIOS[self.what]
            return scenario(runner, journey, self.place)
        function, _, number = self.place.partition(":")
        point = Point(self.journey, function, int(number), "", "")
        return runner.run(journey, at(point, Kind(self.what)))


def planned(
    points: Sequence[Point],
    kinds: Iterable[Kind],
    share: float,
    seed: int,
    *,
    distinct: bool = False,
    hours: bool = False,
) -> list[Run]:
    """All runs, or a seeded share of them; of the scenarios those whose service the journey calls.

    An outage begins once with each function that calls the service.

    `distinct`: without kills that leave behind what another leaves. `hours`: outages that last for hours instead of
    all other scenarios.
    """
    scenarios = LONG_OUTAGES if hours else SCENARIOS
    chosen = runs_of(points, kinds, distinct=distinct)
    all_runs = [Run(point.journey, point.place, kind.value) for point, kind in chosen]
    called: dict[str, dict[str, dict[str, None]]] = defaultdict(lambda: defaultdict(dict))
    for point in points:
        called[point.journey][point.service][point.function] = None
    all_runs += [
        Run(name, place, scenario)
        for name, services in called.items()
        for scenario, (service, _) in scenarios.items()
        if service in services
        for place in (services[service] if scenario in OUTAGES or hours else [""])
    ]
    chance = random.Random(seed)  # noqa: S311 - repeatable on purpose
    return [run for run in all_runs if share >= 1 or chance.random() < share]


def recorded(name: str) -> tuple[list[Point], int, Outcome]:
    """The points of a journey, and how many calls there were."""
    with Runner() as runner:
        recording, outcome = runner.record(journeys()[name])
    return recording.points(name), recording.counted().total(), outcome


def taken(runs: Sequence[Run]) -> list[tuple[Run, Outcome]]:
    """What came of some runs, one after the other in one process, which tells of what does not hold at once."""
    done = []
    with Runner() as runner:
        for run in runs:
            outcome = _survived(runner, run)
            done.append((run, outcome))
            if outcome.violations:
                print(run.command, *outcome.violations, sep="\n    ", flush=True)
    return done


def _survived(runner: Runner, run: Run) -> Outcome:
    """What came of a run; one that nobody foresaw is told like any other, and the rest goes on in another cloud."""
    try:
        return run(runner)
    except Exception as trouble:  # noqa: BLE001 - hours of other runs shall not end with it
        runner.close()
        return Outcome(
            (f"harness: {type(trouble).__name__} {trouble}",), met=False, repeated=0, virtual=0, real=0
        )


def chunks(runs: Sequence[Run]) -> Iterator[Sequence[Run]]:
    by_journey: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        by_journey[run.journey].append(run)
    for some in by_journey.values():
        yield from (some[begin : begin + CHUNK] for begin in range(0, len(some), CHUNK))
