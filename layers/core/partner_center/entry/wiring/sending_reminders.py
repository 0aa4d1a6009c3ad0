"""The mails from the queue of reminders, wired."""

from functools import cache

from partner_center.adapters.calendar_store import CalendarStore
from partner_center.catalog.products import load_catalog
from partner_center.entry.wiring.access import access
from partner_center.entry.wiring.base import clock, database, settings
from partner_center.entry.wiring.contract_notices import contract_notices
from partner_center.entry.wiring.mail import mailer, sent_mails
from partner_center.entry.wiring.orders import order_store
from partner_center.entry.wiring.suppressions import suppressions
from partner_center.notifications.pace import Pace
from partner_center.notifications.send_contract_reminder import SendContractReminder
from partner_center.notifications.send_digest import SendDigest
from partner_center.notifications.send_reminders import SendReminder


@cache
def _pace() -> Pace:
    """One for all mails of this process."""
    return Pace(settings().reminder_rate, settings().reminder_workers, clock())


@cache
def _calendar() -> CalendarStore:
    return CalendarStore(database(), settings().tables.business)


@cache
def send_reminder() -> SendReminder:
    return SendReminder(
        order_store(),
        _calendar(),
        access(),
        load_catalog(),
        suppressions(),
        sent_mails(),
        mailer(),
        _pace().wait,
        clock(),
        settings().mail_sender,
    )


@cache
def send_contract_reminder() -> SendContractReminder:
    return SendContractReminder(
        contract_notices(),
        access(),
        load_catalog(),
        suppressions(),
        mailer(),
        _pace().wait,
        clock(),
        settings().mail_sender,
    )


@cache
def send_digest() -> SendDigest:
    return SendDigest(
        _calendar(),
        _calendar(),
        contract_notices(),
        access(),
        suppressions(),
        mailer(),
        _pace().wait,
        clock(),
        settings().mail_sender,
        settings().public_url,
    )
