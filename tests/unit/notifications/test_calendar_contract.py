"""The calendar in memory keeps what every calendar promises, so the tests that use it prove something."""

import pytest

from tests.fakes.calendar_store import MemoryCalendar
from tests.fakes.contract_calendar import CalendarContract


@pytest.fixture
def calendar():
    return MemoryCalendar()


@pytest.fixture
def ask_replan(calendar):
    return calendar.ask_replan


class TestCalendarInMemory(CalendarContract):
    """Entries, digests, runs."""
