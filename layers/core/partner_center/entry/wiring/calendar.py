"""The calendar of reminders, wired for those that keep it and those that read it."""

from functools import cache

from partner_center.adapters.calendar_store import CalendarStore
from partner_center.entry.wiring.access import access
from partner_center.entry.wiring.base import clock, database, settings
from partner_center.entry.wiring.certificates import certificate_store
from partner_center.entry.wiring.orders import order_store
from partner_center.entry.wiring.planned_reissues import planned_reissues
from partner_center.entry.wiring.validation import challenge_store
from partner_center.notifications.keep_calendar import KeepCalendar, Prospects


@cache
def calendar_store() -> CalendarStore:
    return CalendarStore(database(), settings().tables.business)


@cache
def prospects() -> Prospects:
    return Prospects(order_store(), certificate_store(), challenge_store(), clock())


@cache
def keep_calendar() -> KeepCalendar:
    return KeepCalendar(prospects(), calendar_store(), access(), planned_reissues())
