"""What becomes of mails that did not arrive, wired."""

from functools import cache

from partner_center.adapters.calendar_store import CalendarStore
from partner_center.adapters.sent_mail_store import SentMailStore
from partner_center.entry.wiring.base import clock, database, settings
from partner_center.entry.wiring.contract_notices import contract_notices
from partner_center.entry.wiring.reminder_queue import reminder_queue
from partner_center.entry.wiring.suppressions import suppressions
from partner_center.notifications.undelivered import RecordUndelivered


@cache
def record_undelivered() -> RecordUndelivered:
    table = settings().tables.business
    return RecordUndelivered(
        suppressions(),
        SentMailStore(database(), table),
        CalendarStore(database(), table),
        contract_notices(),
        reminder_queue(),
        clock(),
    )
