"""Whoever asks is not refused because something else moved the order at that moment."""

from datetime import timedelta

import pytest

from partner_center.kernel.errors import ChangedMeanwhile, NotFound, PreconditionFailed, TryAgain
from partner_center.kernel.patience import WAITS_LONG, Patience, pause_of_message, while_it_moves


class Mover:
    """An act that finds the order moved as often as it is told."""

    def __init__(self, times, error=ChangedMeanwhile):
        self.times, self.error, self.tries, self.pauses = times, error, 0, []
        self.patience = Patience(attempts=4, base=0.5, sleep=self.pauses.append, jitter=lambda: 0.5)

    def act(self):
        self.tries += 1
        if self.tries <= self.times:
            raise self.error("It moved.")
        return f"try {self.tries}"

    def run(self):
        return while_it_moves(self.patience, self.act)


@pytest.mark.parametrize(("times", "pauses"), [(0, []), (1, [0.25]), (3, [0.25, 0.5, 1.0])])
def test_what_moved_is_tried_again_ever_later(times, pauses):
    mover = Mover(times)
    assert mover.run() == f"try {times + 1}"
    assert mover.pauses == pauses


def test_what_moves_all_the_time_is_given_up_without_a_last_pause():
    mover = Mover(99)
    with pytest.raises(TryAgain):
        mover.run()
    assert (mover.tries, mover.pauses) == (4, [0.25, 0.5, 1.0])


@pytest.mark.parametrize("error", [PreconditionFailed, NotFound, TryAgain, ValueError])
def test_what_a_second_try_would_not_mend_is_told_at_once(error):
    mover = Mover(1, error)
    with pytest.raises(error):
        mover.run()
    assert (mover.tries, mover.pauses) == (1, [])


@pytest.mark.parametrize(
    ("receives", "minutes"),
    [
        (0, 3),  # never, but no reason to fail
        (1, 3),
        (2, 6),
        (3, 12),
        (5, 48),
        (6, 60),
        (28, 60),
        (1000, 60),
    ],
)
def test_a_message_waits_longer_each_time_for_the_end_of_an_outage(receives, minutes):
    assert pause_of_message(receives, outage=True) == timedelta(minutes=minutes)


def test_a_fault_is_tried_again_soon_and_whoever_waits_long_is_told_within_two_hours():
    assert {pause_of_message(receives, outage=False) for receives in range(30)} == {timedelta(minutes=3)}
    waited = sum((pause_of_message(each, outage=True) for each in range(1, WAITS_LONG)), timedelta())
    assert timedelta(hours=1) < waited < timedelta(hours=2)
