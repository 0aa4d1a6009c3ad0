"""Nothing is begun that would end when it is too late for an answer."""

import math

import pytest

from partner_center.kernel.deadline import ANSWERING, Deadline
from partner_center.kernel.errors import TryAgain
from partner_center.kernel.patience import Patience


class Seconds:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def seconds():
    return Seconds()


@pytest.fixture
def deadline(seconds):
    return Deadline(seconds)


def test_who_is_waited_for_by_nobody_has_time_for_ever(deadline):
    assert not deadline.is_set
    assert deadline.left() == math.inf
    deadline.require(1e9)


@pytest.mark.parametrize(
    ("passed", "needed", "in_time"),
    [(0, 27, True), (0, 27.01, False), (23, 4, True), (23.01, 4, False), (27, 0, True), (40, 0, False)],
)
def test_what_would_end_too_late_is_not_begun(deadline, seconds, passed, needed, in_time):
    deadline.begin(27 + ANSWERING)
    seconds.now += passed
    if in_time:
        deadline.require(needed)
    else:
        with pytest.raises(TryAgain) as told:
            deadline.require(needed)
        assert told.value.retry_after == 1


def test_each_request_has_its_own(deadline, seconds):
    deadline.begin(10)
    seconds.now += 100
    deadline.begin(10)
    assert deadline.is_set
    assert deadline.left() == 10 - ANSWERING


def test_the_last_pause_between_two_tries_leaves_time_for_the_answer():
    pauses = []
    patience = Patience(sleep=pauses.append, jitter=lambda: 1.0)
    for attempt in range(patience.attempts):
        patience.pause(attempt)
    assert max(pauses) <= ANSWERING - 1
