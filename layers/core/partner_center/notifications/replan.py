"""A reseller chose other days: its entries are planned anew, so that none that is to come is passed over."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from partner_center.accounts.resellers import ReminderPreferences
from partner_center.kernel.errors import ChangedMeanwhile
from partner_center.notifications.calendar import Ending, Entry, ReminderKind, next_reminder, reminder_days
from partner_center.notifications.keep_calendar import LONG_OVER
from partner_center.notifications.reminders import Calendar, OrderNames, Replans
from partner_center.orders.page import Page

_PAGE = 100


@dataclass(frozen=True, slots=True)
class ReplanReminders:
    """Part of the daily run. Who dies in between goes on where the last page ended."""

    orders: OrderNames
    calendar: Calendar
    replans: Replans

    def __call__(
        self,
        reseller_id: str,
        chosen: Callable[[], ReminderPreferences],
        moment: datetime,
        require_time: Callable[[], None],
    ) -> Iterator[tuple[str, ReminderKind]]:
        """Gives the entries that are due by their new days. Raises TryAgain, and what `require_time` raises.

        `chosen` reads what the reseller wants, and is asked after the row that says that this changed: whoever
        chooses once more afterwards changes the row.
        """
        replan = self.replans.replan(reseller_id)
        preferences = chosen()
        while replan is not None:
            require_time()
            found, after = self.orders.by_common_name(reseller_id, "", Page(_PAGE, replan.after))
            for _, order_id in found:
                yield from self._order(reseller_id, order_id, preferences, moment)
            try:
                self.replans.replanned(replan, after)
            except ChangedMeanwhile:
                return  # the reseller chose once more; the next run begins anew
            replan = replace(replan, after=after) if after is not None else None

    def _order(
        self, reseller_id: str, order_id: str, preferences: ReminderPreferences, moment: datetime
    ) -> Iterator[tuple[str, ReminderKind]]:
        for kind, entry in self.calendar.entries(reseller_id, order_id).items():
            planned = _replanned(entry, preferences)
            if planned == entry or entry.ends < moment - LONG_OVER:
                continue
            try:
                self.calendar.write(planned, entry)
            except ChangedMeanwhile:
                continue  # whoever changed it has planned it by the days of now
            if planned.remind_at is not None and planned.remind_at <= moment:
                yield order_id, kind


def _replanned(entry: Entry, preferences: ReminderPreferences) -> Entry:
    """The entry by the days of now. It may come too early, as for an order that needs no reminder: then it is moved.

    What is asked for and has passed by now is made up for, as after a run that was missed.
    """
    ending = Ending(entry.kind, entry.begins, entry.ends, entry.serial)
    days = reminder_days(ending, preferences)
    return replace(entry, remind_at=next_reminder(ending, days, entry.done_until))
