"""The door of the daily run: how much time it has, what it answers, what it logs."""

from datetime import timedelta

import pytest

from partner_center.entry.reminders import run_handler
from partner_center.kernel.errors import TryAgain
from partner_center.notifications.remind import Report
from tests.fakes.determined import NOW, FixedClock


class Context:
    def get_remaining_time_in_millis(self):
        return 900_000


class Run:
    """A run that reports what it is told to, and keeps until when it might have run."""

    def __init__(self, report, failed=()):
        self.clock, self._report, self._failed, self.until = FixedClock(), report, failed, None

    def __call__(self, until, tell):
        self.until = until
        for order_id in self._failed:
            tell(KeyError("x"), {"order_id": order_id})
        if isinstance(self._report, Exception):
            raise self._report
        return self._report


def test_a_run_has_the_time_of_its_function_but_for_what_it_needs_to_end():
    run = Run(Report(claimed=3, moved=1, queued=3, digests=1))
    answer = run_handler(lambda: run)({}, Context())
    assert run.until == NOW + timedelta(seconds=880)
    assert answer == {
        "claimed": 3,
        "moved": 1,
        "queued": 3,
        "digests": 1,
        "failed": 0,
        "under_way": False,
    }


def told(caplog):
    found = [each for each in caplog.records if each.getMessage() == "a reminder could not be judged"]
    return [(each.levelname, each.order_id, each.error) for each in found]


def test_what_could_not_be_judged_is_logged_for_the_alarm(caplog):
    run = Run(Report(failed=1), ["ord_1"])
    assert run_handler(lambda: run)({}, Context())["failed"] == 1
    assert told(caplog) == [("ERROR", "ord_1", "KeyError('x')")]


def test_it_is_logged_although_the_run_fails_in_the_end(caplog):
    with pytest.raises(TryAgain):
        run_handler(lambda: Run(TryAgain("out"), ["ord_1", "ord_2"]))({}, Context())
    assert [order_id for _, order_id, _ in told(caplog)] == ["ord_1", "ord_2"]


def test_a_run_that_could_not_end_fails_so_that_it_is_repeated():
    with pytest.raises(TryAgain):
        run_handler(lambda: Run(TryAgain("The run's time is over.")))({}, Context())
