"""A seeded sample of all runs; `make faults` takes every one of them."""

from collections.abc import Iterator
from random import Random

import pytest

from tests.faults.campaign import Run, planned
from tests.faults.harness import Runner
from tests.faults.points import Kind, Point
from tests.faults.registry import journeys

pytestmark = pytest.mark.cloud

SAMPLED = ("email", "card")
SEED, RUNS = 8, 10
ALWAYS = tuple(
    Run("email", "", scenario)
    for scenario in ("machine-down", "stream-twice", "deliveries-twice", "dns-dead")
)


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    with Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def points(runner: Runner) -> list[Point]:
    """Of clean runs, which must be clean."""
    found: list[Point] = []
    for name in SAMPLED:
        recording, outcome = runner.record(journeys()[name])
        assert outcome.violations == ()
        found += recording.points(name)
    return found


def test_every_function_of_a_journey_has_points(points: list[Point]) -> None:
    """Whoever calls anything is interrupted; a function that a journey calls from now on is so by itself."""
    functions = {point.function for point in points}
    assert {
        "PlaceOrder",
        "RelayEvents",
        "SignCertificate",
        "SettlePayments",
        "AnnounceCertificate",
    } <= functions
    assert {"http", "dns", "kms", "sesv2"} <= {point.service for point in points}


def test_everything_holds_after_a_sample_of_faults(runner: Runner, points: list[Point]) -> None:
    chosen = Random(SEED).sample(planned(points, Kind, share=1, seed=SEED), RUNS)  # noqa: S311 - repeatable
    outcomes = {run: run(runner) for run in (*ALWAYS, *chosen)}
    assert {run.command: each.violations for run, each in outcomes.items() if each.violations} == {}
    assert sum(outcome.met for outcome in outcomes.values()) >= RUNS // 2
