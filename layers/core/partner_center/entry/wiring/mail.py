"""Outgoing mail, wired."""

from functools import cache

from partner_center.adapters.sent_mail_store import SentMailStore
from partner_center.adapters.ses_mailer import SesMailer
from partner_center.catalog.products import load_catalog
from partner_center.entry.mailing import LoggedMailer
from partner_center.entry.wiring.access import access
from partner_center.entry.wiring.base import clock, database, settings, single_try_client
from partner_center.entry.wiring.orders import order_store
from partner_center.entry.wiring.publishing import publishing
from partner_center.notifications.domain_mailer import DomainMailer


@cache
def mailer() -> LoggedMailer:
    """Sends each mail once at a time: SES recognises no repetition, and whoever asked repeats what failed."""
    ses = SesMailer(single_try_client("sesv2"), clock(), settings().mail_configuration_set or None)
    return LoggedMailer(ses)


@cache
def domain_mailer() -> DomainMailer:
    return DomainMailer(
        order_store(),
        access(),
        load_catalog(),
        mailer(),
        publishing(),
        settings().mail_sender,
        settings().public_url,
    )


@cache
def sent_mails() -> SentMailStore:
    return SentMailStore(database(), settings().tables.business)
