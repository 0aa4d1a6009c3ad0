"""What the evidence of a run reads, where no run shows it."""

from datetime import datetime

import pytest

from tests.faults.evidence import months


@pytest.mark.parametrize(
    ("begins", "ends", "found"),
    [
        ("2026-11-26T10:00Z", "2026-11-26T12:00Z", ["2026-11"]),
        ("2026-11-30T23:00Z", "2026-12-01T00:00Z", ["2026-11", "2026-12"]),
        ("2026-11-26T15:00Z", "2027-02-01T03:00Z", ["2026-11", "2026-12", "2027-01", "2027-02"]),
    ],
)
def test_rows_are_read_in_all_months_of_a_run(begins: str, ends: str, found: list[str]) -> None:
    first, last = (datetime.fromisoformat(each).timestamp() for each in (begins, ends))
    assert list(months(first, last)) == found
