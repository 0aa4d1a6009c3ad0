"""Notices about contracts, wired."""

from functools import cache

from partner_center.catalog.products import load_catalog
from partner_center.entry.wiring.access import access
from partner_center.entry.wiring.base import clock, ids, settings
from partner_center.entry.wiring.contracts import contract_store
from partner_center.entry.wiring.mail import mailer
from partner_center.notifications.notify_contracts import NotifyContracts


@cache
def notify_contracts() -> NotifyContracts:
    return NotifyContracts(
        book=contract_store(),
        resellers=access(),
        catalog=load_catalog(),
        mailer=mailer(),
        clock=clock(),
        ids=ids(),
        sender=settings().mail_sender,
    )
