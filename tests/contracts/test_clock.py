"""Virtual time: one clock for sleepers, waiters and workers."""

import threading
import time

import pytest

from local import machines
from local.clock import CLOCK, VirtualClock, VirtualEvent


@pytest.fixture
def own():
    return VirtualClock()


def woken(action):
    """A thread that runs `action`; how long it takes from now until its end."""
    thread = threading.Thread(target=action, daemon=True)
    thread.start()
    threading.Event().wait(0.05)

    def after(trigger):
        started = time.monotonic()
        trigger()
        thread.join(2)
        assert not thread.is_alive()
        return time.monotonic() - started

    return after


def test_it_runs_with_real_time_and_jumps(own):
    before = own.now()
    assert before == pytest.approx(time.time(), abs=0.5)
    own.advance(86400)
    assert own.now() - before == pytest.approx(86400, abs=1)
    assert own.utcnow().timestamp() == pytest.approx(own.now(), abs=1)


def test_it_does_not_run_backwards(own):
    with pytest.raises(ValueError, match="backwards"):
        own.advance(-1)


def test_a_jump_wakes_a_sleeper_at_once(own):
    assert woken(lambda: own.sleep(30 * 86400))(lambda: own.advance(30 * 86400)) < 0.2


def test_a_jump_wakes_every_waiter_at_once(own):
    event, answers = threading.Event(), []
    waiters = [
        threading.Thread(target=lambda: answers.append(own.wait_for_event(event, 3600))) for _ in range(50)
    ]
    for waiter in waiters:
        waiter.start()
    threading.Event().wait(0.05)
    own.advance(3599)
    threading.Event().wait(0.05)
    assert answers == []
    own.advance(2)
    for waiter in waiters:
        waiter.join(1)
    assert answers == [False] * 50
    assert own._waiting == []


def test_an_event_ends_its_wait_before_its_time(own):
    event, answers = threading.Event(), []
    assert woken(lambda: answers.append(own.wait_for_event(event, 3600)))(event.set) < 0.2
    assert answers == [True]
    assert own.wait_for_event(event, 0)


def test_a_sleep_ends_when_it_is_stopped(own):
    stopped = threading.Event()
    assert woken(lambda: own.sleep(3600, stopped.is_set))(stopped.set) < 0.5


def test_a_worker_can_go_on_counting(own):
    own.advance(1000)
    virtual, monotonic, speed = map(float, own.for_worker().split())
    assert virtual + (time.monotonic() - monotonic) * speed == pytest.approx(own.now(), abs=0.05)


def test_a_virtual_event_waits_in_the_time_of_the_shared_clock(clock):
    event, answers = VirtualEvent(), []
    assert woken(lambda: answers.append(event.wait(3600)))(lambda: clock.advance(3600)) < 0.2
    assert answers == [False]


def test_a_sleep_that_was_told_ends_in_time_though_the_clock_moves_before_it_begins(monkeypatch):
    """Whoever moves the clock believes what was told."""

    class Told(list):
        def append(self, end):
            super().append(end)
            CLOCK.advance(3600)

    monkeypatch.setattr(machines, "_sleeps", Told())
    asleep = threading.Thread(target=machines.sleep, args=(3600,), daemon=True)
    asleep.start()
    asleep.join(5)
    assert not asleep.is_alive()
    assert machines.pauses() == []
