"""The daily run, wired."""

from functools import cache

from partner_center.catalog.products import load_catalog
from partner_center.entry.wiring.access import access
from partner_center.entry.wiring.base import clock
from partner_center.entry.wiring.calendar import calendar_store, keep_calendar, prospects
from partner_center.entry.wiring.contract_notices import contract_notices
from partner_center.entry.wiring.orders import order_store
from partner_center.entry.wiring.reminder_queue import reminder_queue
from partner_center.notifications.remind import RemindRenewals
from partner_center.notifications.renewal_price import RenewalPrice
from partner_center.notifications.replan import ReplanReminders


@cache
def remind_renewals() -> RemindRenewals:
    calendar = calendar_store()
    return RemindRenewals(
        prospects(),
        calendar,
        calendar,
        contract_notices(),
        calendar,
        reminder_queue(),
        access(),
        keep_calendar(),
        ReplanReminders(order_store(), calendar, calendar),
        RenewalPrice(load_catalog(), contract_notices()),
        clock(),
    )
