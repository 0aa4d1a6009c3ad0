"""Block lists as objects: searched with few reads, every member found and nothing else; what is none is told."""

import random
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_center.orders import block_list
from partner_center.orders.block_list import (
    DIGEST,
    WINDOW,
    MalformedList,
    count_of,
    require_sorted,
    stands_in,
    written,
)

digests = st.binary(min_size=DIGEST, max_size=DIGEST)
LOWEST, HIGHEST = bytes(DIGEST), b"\xff" * DIGEST


class Reads:
    """A list in memory that counts its reads and refuses those beyond its ends or a window."""

    def __init__(self, content: bytes) -> None:
        self.content, self.count, self.made = content, count_of(len(content)), 0

    def __call__(self, start: int, stop: int) -> bytes:
        assert 0 <= start < stop <= self.count
        assert stop - start <= block_list.WINDOW
        self.made += 1
        return self.content[start * DIGEST : stop * DIGEST]

    def holds(self, digest: bytes) -> bool:
        self.made = 0
        return stands_in(digest, self.count, self)


@pytest.fixture
def narrow(monkeypatch):
    """Windows of three digests, so that small lists are searched as large ones are."""
    monkeypatch.setattr(block_list, "WINDOW", 3)


@settings(max_examples=150, deadline=None)
@given(st.sets(digests, min_size=1, max_size=60), st.lists(digests, max_size=20), st.integers(1, 8))
def test_every_member_is_found_and_no_other(members, others, window):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(block_list, "WINDOW", window)
        reads = Reads(written(members))
        assert [each for each in members if not reads.holds(each)] == []
        assert [each for each in {*others} - members if reads.holds(each)] == []


@settings(max_examples=60, deadline=None)
@given(st.sets(st.integers(0, 300), min_size=1, max_size=80), st.integers(1, 8))
def test_a_list_that_is_spread_unevenly_is_searched_as_well(numbers, window):
    """Neighbours at the very end of the range, where the first guess is as wrong as it can be."""
    members = {HIGHEST[:-2] + (0xFFFF - number).to_bytes(2) for number in numbers}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(block_list, "WINDOW", window)
        reads = Reads(written(members))
        for number in range(302):
            digest = HIGHEST[:-2] + (0xFFFF - number).to_bytes(2)
            assert reads.holds(digest) == (digest in members)
        assert not reads.holds(LOWEST)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 7, 100])
def test_the_first_and_the_last_are_found(narrow, count):
    members = sorted(sha256(bytes([number])).digest() for number in range(count))
    reads = Reads(written(members))
    assert reads.holds(members[0])
    assert reads.holds(members[-1])
    assert not reads.holds(LOWEST)
    assert not reads.holds(HIGHEST)


def test_the_ends_of_the_range_can_be_members(narrow):
    reads = Reads(written([LOWEST, HIGHEST]))
    assert reads.holds(LOWEST)
    assert reads.holds(HIGHEST)
    assert not reads.holds(bytes(DIGEST - 1) + b"\x01")


def test_a_list_of_a_hundred_thousand_is_searched_with_one_read():
    source = random.Random(1)  # noqa: S311
    members = [source.randbytes(DIGEST) for _ in range(100_000)]
    reads = Reads(written(members))
    for digest in members[:200]:
        assert reads.holds(digest)
        assert reads.made == 1
    for _ in range(200):
        assert not reads.holds(source.randbytes(DIGEST))
        assert reads.made <= 2


def test_the_worst_list_takes_a_logarithm_of_reads():
    members = [b"\xff" * 28 + number.to_bytes(4) for number in range(20 * WINDOW)]
    reads = Reads(written(members))
    for digest in (members[0], members[-1], members[7 * WINDOW + 5]):
        assert reads.holds(digest)
        assert reads.made <= 7


# ---- what is no list


@pytest.mark.parametrize("size", [1, 31, 33, 63])
def test_a_part_of_a_digest_makes_the_list_malformed(size):
    with pytest.raises(MalformedList, match=f"its length, {size} bytes, is not a multiple of 32"):
        count_of(size)


def test_an_empty_list_is_malformed():
    with pytest.raises(MalformedList, match="empty"):
        count_of(0)
    with pytest.raises(MalformedList, match="empty"):
        written([])


def test_only_ascending_digests_are_sorted():
    one, two, three = (bytes([number]) * DIGEST for number in (1, 2, 3))
    require_sorted(b"")
    require_sorted(one)
    require_sorted(one + two + three)
    for wrong in (two + one, one + one, one + three + two):
        with pytest.raises(MalformedList, match="not sorted"):
            require_sorted(wrong)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_digest_of_another_length_is_not_written(length):
    with pytest.raises(MalformedList, match="not 32 bytes"):
        written([bytes(DIGEST), bytes(length)])


@given(st.lists(digests, min_size=1, max_size=20))
def test_what_is_written_is_sorted_and_holds_each_digest_once(members):
    content = written(members)
    require_sorted(content)
    assert count_of(len(content)) == len({*members})
    assert written([*members, *members]) == content
