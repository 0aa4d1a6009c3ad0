"""When a cloud serves no more runs."""

from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from tests.faults import harness
from tests.faults.harness import LAST_DAY, MOST_RUNS, Runner
from tests.faults.registry import Journey
from tests.faults.world import DAY, World

BEGUN = datetime(2026, 12, 1, tzinfo=UTC).timestamp()


def _tell_nothing(_: World) -> None:
    """The cloud is looked at, not used."""


SHORT = Journey("short", _tell_nothing)


class _Cloud:
    """A cloud without anything in it."""

    def __init__(self, *_: object, **__: object) -> None:
        self.moment = BEGUN
        self.clock = SimpleNamespace(now=lambda: self.moment)

    def mails(self) -> list[object]:
        return []

    def signatures(self) -> list[object]:
        return []

    def __enter__(self) -> "_Cloud":
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> Iterator[Runner]:
    monkeypatch.setattr(harness, "EmbeddedCloud", _Cloud)
    monkeypatch.setattr(harness, "resellers", lambda _: [None])
    with Runner() as runner:
        yield runner


@pytest.mark.parametrize(
    ("days_before", "lasts", "serves"), [(110, 100, True), (110, 110, False), (2, 0, False), (3, 0, True)]
)
def test_a_cloud_serves_until_a_journey_would_come_where_approval_by_e_mail_ends(
    runner: Runner, days_before: float, lasts: float, serves: bool
) -> None:
    cloud: Any = runner.world(SHORT).cloud
    cloud.moment = LAST_DAY.timestamp() - days_before * DAY
    assert (runner.world(Journey("long", _tell_nothing, lasts)).cloud is cloud) is serves


def test_a_cloud_has_so_many_runs_in_its_tables_and_no_more(runner: Runner) -> None:
    clouds = [runner.world(SHORT).cloud for _ in range(MOST_RUNS + 1)]
    assert len({id(each) for each in clouds[:-1]}) == 1
    assert clouds[-1] is not clouds[0]


def test_what_is_to_be_alone_has_a_cloud_that_nobody_had_before_or_gets_afterwards(runner: Runner) -> None:
    alone = Journey("alone", _tell_nothing, alone=True)
    clouds = [runner.world(each).cloud for each in (SHORT, SHORT, alone, alone, SHORT, SHORT)]
    assert [clouds.index(each) for each in clouds] == [0, 0, 2, 3, 4, 4]
