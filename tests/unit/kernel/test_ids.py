"""Identifiers sort by time, are safe in a URL, and hold the entropy they promise."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_center.kernel.ids import RandomIds, encode_time_ordered

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
milliseconds = st.integers(0, 2**48 - 1)
randomness = st.integers(0, 2**80 - 1)


@pytest.mark.parametrize(
    ("time", "random", "text"),
    [
        (0, 0, "0" * 26),
        (0, 31, "0" * 25 + "z"),
        (0, 32, "0" * 24 + "10"),
        (2**48 - 1, 2**80 - 1, "7" + "z" * 25),
        (1, 0, "0000000001" + "0" * 16),
    ],
    ids=["zero", "last letter", "carry", "largest", "one millisecond"],
)
def test_time_comes_first_and_randomness_after_it(time, random, text):
    assert encode_time_ordered(time, random) == text


@given(milliseconds, randomness, milliseconds, randomness)
def test_texts_sort_as_their_numbers_do(time, random, other_time, other_random):
    texts = encode_time_ordered(time, random), encode_time_ordered(other_time, other_random)
    numbers = (time, random), (other_time, other_random)
    assert (texts[0] < texts[1]) == (numbers[0] < numbers[1])


@given(milliseconds, randomness)
def test_letters_that_are_mistaken_for_digits_do_not_occur(time, random):
    assert re.fullmatch(r"[0-9a-hjkmnp-tv-z]{26}", encode_time_ordered(time, random))


def test_an_id_tells_what_it_identifies_and_sorts_by_the_millisecond():
    ids = RandomIds()
    early, late = ids.new("ord", NOW), ids.new("ord", NOW + timedelta(milliseconds=1))
    assert early < late
    assert re.fullmatch(r"ord_[0-9a-z]{26}", early)


def test_ids_of_one_moment_differ():
    ids = RandomIds()
    assert len({ids.new("ord", NOW) for _ in range(1000)}) == 1000


@pytest.mark.parametrize("bits", [1, 112, 160, 256])
def test_a_secret_has_at_least_the_bits_asked_for(bits):
    secret = RandomIds().secret(bits)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", secret)
    assert len(secret) * 6 >= bits


def test_secrets_differ():
    assert len({RandomIds().secret(160) for _ in range(1000)}) == 1000
