"""Quotas: so many requests in each window, whoever asks at once, whatever the clock does."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_center.accounts.quota import (
    Allowance,
    NotCounted,
    Policy,
    QuotaUsedUp,
    network_of,
    window_end,
)
from tests.fakes.determined import MICROSECOND, NOW
from tests.fakes.quota import MemoryCounts, RequestCountsContract, quotas

CALLER = "0" * 26
BEGINNING = datetime.fromtimestamp(window_end(CALLER, NOW, 60), UTC)
moments = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


class TestCountsInMemory(RequestCountsContract):
    """So the tests that use them prove something."""

    @pytest.fixture
    def counts(self):
        return MemoryCounts()


def spend(desk, moment=BEGINNING, caller=CALLER, policy=None):
    return desk.spend(policy or desk.key, caller, moment)


def at(seconds):
    return BEGINNING + timedelta(seconds=seconds)


# ---- policies


@pytest.mark.parametrize(("quota", "seconds"), [(0, 60), (-1, 60), (600, 0), (600, -60)])
def test_a_quota_that_nobody_can_keep_is_no_policy(quota, seconds):
    with pytest.raises(ValueError, match="nobody"):
        Policy("key", quota, seconds)


@pytest.mark.parametrize(
    ("used", "left", "is_over"), [(1, 2, False), (2, 1, False), (3, 0, False), (4, 0, True), (900, 0, True)]
)
def test_the_last_request_of_a_quota_is_admitted_and_the_next_is_not(used, left, is_over):
    allowance = Allowance(Policy("key", 3), used, 60)
    assert (allowance.left, allowance.is_over) == (left, is_over)


def test_a_used_up_quota_says_when_to_ask_again():
    error = QuotaUsedUp(Allowance(Policy("key", 3), 4, 12))
    assert (error.code, error.retry_after) == ("too_many_requests", 12)
    assert error.detail == "The quota of 3 requests in 60 s is used up; ask again in 12 s."


# ---- windows


@pytest.mark.parametrize(
    ("elapsed", "resets_in"),
    [
        (timedelta(0), 60),
        (MICROSECOND, 60),
        (timedelta(seconds=1), 59),
        (timedelta(seconds=48), 12),
        (timedelta(seconds=58, microseconds=1), 2),
        (timedelta(seconds=59), 1),
        (timedelta(seconds=60) - MICROSECOND, 1),
        (timedelta(seconds=60), 60),
    ],
    ids=str,
)
def test_the_seconds_that_a_window_has_left(elapsed, resets_in):
    assert spend(quotas(), BEGINNING + elapsed).resets_in == resets_in


@settings(max_examples=50, deadline=None)
@given(moments, st.text(max_size=30), st.integers(1, 4000))
def test_a_window_is_never_over_yet_nor_longer_than_it_is(moment, caller, seconds):
    left = window_end(caller, moment, seconds) - moment.timestamp()
    assert 0 < left <= seconds


@settings(max_examples=50, deadline=None)
@given(moments, st.text(max_size=30))
def test_windows_follow_each_other_without_a_gap(moment, caller):
    end = window_end(caller, moment, 60)
    then = datetime.fromtimestamp(end, UTC)
    assert window_end(caller, then, 60) == end + 60
    assert window_end(caller, then - MICROSECOND, 60) == end


def test_callers_do_not_all_begin_anew_in_the_same_second():
    ends = {window_end(f"{number:026d}", NOW, 60) for number in range(300)}
    assert len(ends) > 40


# ---- spending


def test_each_request_takes_one_of_what_is_left():
    desk = quotas(key=3)
    assert [spend(desk).left for _ in range(3)] == [2, 1, 0]
    assert spend(desk).is_over


def test_the_next_window_begins_anew():
    desk = quotas(key=1)
    assert [spend(desk, at(59)).is_over, spend(desk, at(59)).is_over] == [False, True]
    assert not spend(desk, at(60)).is_over


def test_one_caller_does_not_spend_what_is_anothers():
    desk = quotas(key=1)
    spend(desk)
    assert spend(desk).is_over
    assert not spend(desk, caller="1" * 26).is_over


def test_a_key_and_an_address_of_one_name_are_two_callers():
    desk = quotas(key=1, address=1)
    assert not spend(desk).is_over
    assert not spend(desk, policy=desk.address).is_over


@pytest.mark.parametrize("quota", [1, 7, 20])
def test_of_many_at_once_no_more_come_in_than_the_quota_says(quota):
    """Several functions count at once, each with a memory of its own."""
    counts = MemoryCounts()
    desks = [quotas(counts, key=quota) for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        over = list(pool.map(lambda number: spend(desks[number % 4]).is_over, range(40)))
    assert over.count(False) == quota


def test_what_is_used_up_is_not_counted_any_more_until_its_window_ends():
    counts = MemoryCounts()
    desk = quotas(counts, key=2)
    assert [spend(desk, at(number)).is_over for number in range(9)] == [False, False, *[True] * 7]
    assert list(counts.counted.values()) == [3]
    assert spend(desk, at(8)).resets_in == 52
    assert not spend(desk, at(60)).is_over


def test_another_caller_is_counted_while_one_is_over():
    desk = quotas(key=1, address=1)
    spend(desk)
    assert spend(desk).is_over
    assert spend(desk, caller="1" * 26).used == 1
    assert spend(desk, policy=desk.address).used == 1


def test_of_many_that_are_over_some_are_forgotten_and_refused_all_the_same():
    counts = MemoryCounts()
    desk = quotas(counts, address=1)
    callers = [f"192.0.2.{number}" for number in range(1500)]
    for _ in range(2):
        for caller in callers:
            spend(desk, NOW, caller, desk.address)
    assert all(spend(desk, NOW, caller, desk.address).is_over for caller in callers)
    assert len(desk._used_up) <= 1000


def test_a_counter_that_is_out_is_told_and_asked_again():
    counts = MemoryCounts(out="Throttled.")
    desk = quotas(counts)
    with pytest.raises(NotCounted, match="Throttled"):
        spend(desk)
    counts.out = None
    assert spend(desk).used == 1


# ---- wrong clocks


@pytest.mark.parametrize("back", [1, 59, 61, 3600, 40 * 365 * 86_400], ids=str)
def test_a_clock_that_moves_back_admits_what_a_window_admits_and_no_more(back):
    desk = quotas(key=2)
    now = at(59.5)
    assert [spend(desk, now).is_over for _ in range(3)] == [False, False, True]
    earlier = [spend(desk, now - timedelta(seconds=back)) for _ in range(5)]
    assert sum(not each.is_over for each in earlier) <= 2
    assert all(1 <= each.resets_in <= 60 for each in earlier)


def test_a_clock_that_jumps_ahead_and_back_locks_nobody_out():
    desk = quotas(key=2)
    for _ in range(5):
        spend(desk, at(10 * 365 * 86_400))
    assert not spend(desk, at(0)).is_over


def test_clocks_that_disagree_about_the_window_count_two_windows():
    counts = MemoryCounts()
    early, late = quotas(counts, key=2), quotas(counts, key=2)
    admitted = sum(not spend(early, at(59.9)).is_over for _ in range(5))
    admitted += sum(not spend(late, at(60.1)).is_over for _ in range(5))
    assert admitted == 4
    assert spend(early, at(60.2)).is_over


# ---- addresses

NETWORKS = {
    "IPv4 itself": ("192.0.2.7", "192.0.2.7"),
    "IPv6 by its /64": ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
    "the first of a /64": ("2001:db8:1:2::", "2001:db8:1:2::/64"),
    "the last of a /64": ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
    "another /64": ("2001:db8:1:3::", "2001:db8:1:3::/64"),
    "in capitals": ("2001:DB8:1:2::A", "2001:db8:1:2::/64"),
    "the loopback": ("::1", "::/64"),
    "IPv4 in IPv6": ("::ffff:192.0.2.7", "192.0.2.7"),
    "with a zone": ("fe80::1%eth0", "fe80::/64"),
    "with a port": ("192.0.2.7:443", "unreadable"),
    "octal": ("0300.0.2.7", "unreadable"),
    "two": ("192.0.2.7, 192.0.2.8", "unreadable"),
    "a network": ("192.0.2.0/24", "unreadable"),
    "a word": ("somewhere", "unreadable"),
    "nothing": ("", "unreadable"),
    "huge": ("1" * 100_000, "unreadable"),
    "a lone surrogate": ("\ud800", "unreadable"),
}


@pytest.mark.parametrize(("address", "network"), NETWORKS.values(), ids=NETWORKS.keys())
def test_whom_an_address_stands_for(address, network):
    assert network_of(address) == network


@given(st.text(max_size=60) | st.ip_addresses().map(str))
def test_any_source_is_somebody_short_enough_for_a_key(address):
    assert len(network_of(address).encode()) < 60
