"""The clock that functions read: the machine's own, or the virtual time an invocation brought."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from local.clock import VirtualClock
from partner_center.adapters.clock import VIRTUAL_TIME, SystemClock


@pytest.fixture(autouse=True)
def without_virtual_time(monkeypatch):
    monkeypatch.delenv(VIRTUAL_TIME, raising=False)


def test_without_virtual_time_it_is_the_machines_own_in_utc():
    before = datetime.now(UTC)
    told = SystemClock().now()
    assert before <= told <= datetime.now(UTC)
    assert told.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("passed", "speed", "expected"), [(0, 1, 0), (10, 1, 10), (10, 60, 600), (5, 0, 0)], ids=str
)
def test_virtual_time_runs_from_its_epoch_at_its_speed(monkeypatch, passed, speed, expected):
    epoch = datetime(2027, 1, 1, tzinfo=UTC)
    monkeypatch.setenv(VIRTUAL_TIME, f"{epoch.timestamp()!r} {time.monotonic() - passed!r} {speed}")
    gap = SystemClock().now() - epoch
    assert gap.total_seconds() == pytest.approx(expected, abs=0.5)


def test_it_reads_what_the_embedded_cloud_hands_to_its_workers(monkeypatch):
    virtual, clock = VirtualClock(), SystemClock()
    for days in (0, 30):
        virtual.advance(days * 86_400)
        monkeypatch.setenv(VIRTUAL_TIME, virtual.for_worker())
        assert clock.now().timestamp() == pytest.approx(virtual.now(), abs=0.5)


@pytest.mark.parametrize("text", ["", "1", "a b c", "1 2 3 4"], ids=repr)
def test_a_broken_virtual_time_is_a_fault_and_not_the_real_time(monkeypatch, text):
    monkeypatch.setenv(VIRTUAL_TIME, text)
    with pytest.raises(ValueError, match=r"."):
        SystemClock().now()
