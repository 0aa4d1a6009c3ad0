"""Counts of requests in memory, and the promises that every counter keeps."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock

from partner_center.accounts.quota import NotCounted, Policy, Quotas

END = 1_795_000_020


@dataclass
class MemoryCounts:
    """`RequestCounts`; out of order while `out` says why."""

    counted: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    out: str | None = None
    lock: Lock = field(default_factory=Lock)

    def add(self, policy: str, caller: str, window_end: int) -> int:
        if self.out is not None:
            raise NotCounted(self.out)
        with self.lock:
            self.counted[policy, caller, window_end] += 1
            return self.counted[policy, caller, window_end]


def quotas(counts: MemoryCounts | None = None, key: int = 600, address: int = 1200) -> Quotas:
    """As deployed, over counts in memory."""
    return Quotas(counts or MemoryCounts(), Policy("key", key), Policy("address", address))


class RequestCountsContract:
    """What every counter promises. Define a fixture `counts` that yields an empty one."""

    def test_a_window_is_counted_from_one(self, counts):
        assert [counts.add("key", "a", END) for _ in range(3)] == [1, 2, 3]

    def test_windows_callers_and_policies_are_counted_apart(self, counts):
        counts.add("key", "a", END)
        others = [("key", "a", END + 60), ("key", "a", END - 60), ("key", "b", END), ("address", "a", END)]
        assert [counts.add(*other) for other in others] == [1, 1, 1, 1]
        assert counts.add("key", "a", END) == 2

    def test_no_two_at_once_get_the_same_number(self, counts):
        with ThreadPoolExecutor(8) as pool:
            numbers = list(pool.map(lambda _: counts.add("key", "crowd", END), range(40)))
        assert sorted(numbers) == list(range(1, 41))

    def test_a_caller_may_be_any_text(self, counts):
        for caller in ("2001:db8::/64", "192.0.2.7", "unreadable", "pages 192.0.2.7", "☂", "a#b"):
            assert counts.add("address", caller, END) == 1
