"""The certificate mail, wired."""

from functools import cache

from partner_center.catalog.products import load_catalog
from partner_center.entry.wiring.access import access
from partner_center.entry.wiring.base import clock, settings
from partner_center.entry.wiring.issuance import issuance_store
from partner_center.entry.wiring.mail import mailer, sent_mails
from partner_center.entry.wiring.orders import order_store
from partner_center.notifications.announce import AnnounceCertificate


@cache
def announce_certificate() -> AnnounceCertificate:
    return AnnounceCertificate(
        orders=order_store(),
        certificates=issuance_store(),
        resellers=access(),
        catalog=load_catalog(),
        mailer=mailer(),
        sent=sent_mails(),
        clock=clock(),
        sender=settings().mail_sender,
    )
