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

    def __init__(self, report):
        self.clock, self._report, self.until = FixedClock(), report, None

    def __call__(self, until):
        self.until = until
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


def test_what_could_not_be_judged_is_logged_for_the_alarm(caplog):
    run = Run(Report(failed=[("ord_1", "KeyError('x')")]))
    assert run_handler(lambda: run)({}, Context())["failed"] == 1
    (line,) = [each for each in caplog.records if each.getMessage() == "a reminder could not be judged"]
    assert (line.levelname, line.order_id) == ("ERROR", "ord_1")


def test_a_run_that_could_not_end_fails_so_that_it_is_repeated():
    with pytest.raises(TryAgain):
        run_handler(lambda: Run(TryAgain("The run's time is over.")))({}, Context())
