"""Telling of contracts that run out, wired."""

from functools import cache

from partner_center.adapters.calendar_store import CalendarStore
from partner_center.entry.wiring.access import access
from partner_center.entry.wiring.base import clock, database, ids, settings
from partner_center.entry.wiring.contract_notices import contract_notices
from partner_center.entry.wiring.reminder_queue import reminder_queue
from partner_center.notifications.notify_contracts import NotifyContracts


@cache
def notify_contracts() -> NotifyContracts:
    return NotifyContracts(
        notices=contract_notices(),
        digests=CalendarStore(database(), settings().tables.business),
        queue=reminder_queue(),
        resellers=access(),
        clock=clock(),
        ids=ids(),
    )
