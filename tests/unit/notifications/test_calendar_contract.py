"""The calendar in memory keeps what every calendar promises, so the tests that use it prove something."""

import pytest

from tests.fakes.calendar_store import MemoryCalendar
from tests.fakes.contract_calendar import CalendarContract


@pytest.fixture
def calendar():
    return MemoryCalendar()


class TestCalendarInMemory(CalendarContract):
    """Entries, digests, runs."""
