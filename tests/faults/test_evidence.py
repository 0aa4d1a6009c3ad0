"""What the evidence of a run reads, where no run shows it."""

from collections.abc import Callable
from datetime import datetime
from urllib.error import URLError

import pytest

from tests.faults.evidence import TRIES, months, read_patiently
from tests.functions.journeys import Reply


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


def answering(*answers: int | type[Exception]) -> Callable[[], Reply]:
    """One after the other, the last for ever."""
    left = list(answers)

    def send() -> Reply:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, int):
            return Reply(answer, {}, b"{}")
        raise answer("out")

    return send


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        ((200,), 200),
        ((404, 200), 404),
        ((TimeoutError, 503, URLError, 200), 200),
        ((ConnectionError, *[500] * TRIES), 500),
    ],
)
def test_what_only_reads_is_asked_again_while_there_is_no_answer(
    answers: tuple[int | type[Exception], ...], status: int
) -> None:
    assert read_patiently(answering(*answers)).status == status


def test_who_is_never_answered_says_so() -> None:
    with pytest.raises(TimeoutError):
        read_patiently(answering(TimeoutError))
