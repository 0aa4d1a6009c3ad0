"""Every journey, interrupted at every call: `python -m tests.faults [--only email] [--share 0.1] [--seed 1]`.

A clean run of each journey finds the points; each point is run with each kind of fault, an outage once
for each function that calls the service, other scenarios once a journey.
With --at and --kind, or --scenario, one of them is run again, as a failure says.
"""

import argparse
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

from tests.faults.campaign import Run, chunks, planned, recorded, taken
from tests.faults.harness import Outcome, Runner
from tests.faults.points import Kind, Point
from tests.faults.registry import Journey, journeys
from tests.faults.scenarios import LONG_OUTAGES, SCENARIOS


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--only", default="", help="journeys, by blanks")
    parser.add_argument("--kinds", default="", help=f"of {', '.join(Kind)}, by blanks; none: scenarios")
    parser.add_argument("--share", type=float, default=1.0, help="of all runs")
    parser.add_argument("--distinct", action="store_true", help="no kill that leaves what another leaves")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--at", default="", help="a point, such as PlaceOrder:7, or of a scenario PlaceOrder")
    parser.add_argument("--kind", default=Kind.KILLED_AFTER.value, help="what happens there")
    parser.add_argument("--scenario", default="", help=f"of {', '.join([*SCENARIOS, *LONG_OUTAGES])}")
    parser.add_argument("--hours", action="store_true", help="outages of three hours, and no other fault")
    parser.add_argument("--loud", action="store_true", help="show what functions log")
    asked = parser.parse_args(arguments)
    known: dict[str, Journey] = journeys()
    names = asked.only.split() or list(known)
    if asked.at or asked.scenario:
        return _again(Run(names[0], asked.at, asked.scenario or asked.kind), asked.loud)
    none = asked.hours or asked.kinds == "none"
    kinds = [] if none else [Kind(each) for each in asked.kinds.split()] or list(Kind)
    with ProcessPoolExecutor(asked.processes, mp_context=get_context("spawn")) as pool:
        return _all(
            pool,
            names,
            lambda points: planned(
                points, kinds, asked.share, asked.seed, distinct=asked.distinct, hours=asked.hours
            ),
        )


def _again(run: Run, loud: bool) -> int:
    with Runner(quiet=not loud) as runner:
        outcome = run(runner)
    print(*outcome.violations or ["everything holds"], sep="\n")
    print(f"met: {outcome.met}, {outcome.virtual:.0f} virtual seconds, {outcome.real:.1f} real ones")
    return bool(outcome.violations)


def _all(pool: ProcessPoolExecutor, names: Sequence[str], plan: Callable[[list[Point]], list[Run]]) -> int:
    began = time.monotonic()
    points: list[Point] = []
    failed: list[tuple[Run, Outcome]] = []
    for name, (found, calls, outcome) in zip(names, pool.map(recorded, names), strict=True):
        print(f"{name:<16} {calls:6} calls {len(found):6} points", *outcome.violations, flush=True)
        points += found
        if outcome.violations:
            failed.append((Run(name, "", "clean"), outcome))
    runs = plan(points)
    print(f"{len(points)} points, {len(runs)} runs", flush=True)
    waiting = [pool.submit(taken, some) for some in chunks(runs)]
    done: list[tuple[Run, Outcome]] = []
    for future in as_completed(waiting):
        for run, outcome in future.result():
            done.append((run, outcome))
            if outcome.violations:
                failed.append((run, outcome))
        print(
            f"{len(done)} of {len(runs)} runs, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True
        )
    _table(points, done)
    print(json.dumps({"points": len(points), "runs": len(done), "violations": len(failed)}))
    return bool(failed)


def _table(points: Sequence[Point], done: Sequence[tuple[Run, Outcome]]) -> None:
    """By journey: points, runs, runs in which the fault happened, runs with a violation, repeated requests."""
    at_all = Counter(point.journey for point in points)
    columns: dict[str, Counter[str]] = defaultdict(Counter)
    for run, outcome in done:
        for row in (run.journey, f"  {run.what}", "all"):
            columns[row].update(
                runs=1, met=outcome.met, broken=bool(outcome.violations), repeated=outcome.repeated
            )
    print(f"{'':<20} {'points':>7} {'runs':>7} {'met':>7} {'broken':>7} {'repeated':>9}")
    for row in sorted(columns, key=lambda each: (each == "all", each)):
        count = columns[row]
        total = at_all.total() if row == "all" else at_all.get(row, "")
        print(
            f"{row:<20} {total:>7} {count['runs']:>7} {count['met']:>7} {count['broken']:>7} {count['repeated']:>9}"
        )


if __name__ == "__main__":
    raise SystemExit(main())
