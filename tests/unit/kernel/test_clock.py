"""Times cross the system's edge as RFC 3339 in UTC, whole seconds, and come back the same."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_center.kernel.clock import parse_rfc3339, rfc3339


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 11, 23, 5, 0, tzinfo=UTC), "2026-11-23T05:00:00Z"),
        (datetime(2026, 11, 23, 5, 0, 0, 999_999, tzinfo=UTC), "2026-11-23T05:00:00Z"),
        (datetime(2027, 3, 15, 0, 30, tzinfo=timezone(timedelta(hours=1))), "2027-03-14T23:30:00Z"),
        (datetime(2028, 2, 29, 23, 59, 59, tzinfo=UTC), "2028-02-29T23:59:59Z"),
    ],
    ids=["utc", "fractions are cut", "another zone", "leap day"],
)
def test_a_moment_is_told_in_utc_and_whole_seconds(moment, text):
    assert rfc3339(moment) == text


@given(st.integers(0, 7 * 10**15))
def test_what_was_told_reads_back_to_the_second(microseconds):
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    assert parse_rfc3339(rfc3339(moment)) == moment.replace(microsecond=0)


def test_an_offset_is_turned_into_utc():
    moment = parse_rfc3339("2026-11-23T06:00:00+01:00")
    assert moment == datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
    assert moment.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-11-23",
        "2026-11-23T05:00:00",
        "2026-02-30T05:00:00Z",
        "2026-11-23T25:00:00Z",
        "1763870400",
        "2026-11-23T05:00:00Z; DROP",
        "٢٠٢٦-١١-٢٣T05:00:00Z",
        "9" * 10_000,
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
    ],
    ids=[
        "empty",
        "word",
        "date only",
        "no zone",
        "no such day",
        "no such hour",
        "number",
        "tail",
        "arabic",
        "huge",
        "before the first year",
        "after the last year",
    ],
)
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match=r".*"):
        parse_rfc3339(text)
