"""The mails about a declined card, wired."""

from functools import cache

from partner_center.catalog.products import load_catalog
from partner_center.entry.wiring.access import access
from partner_center.entry.wiring.base import clock, settings
from partner_center.entry.wiring.charges import charge_store
from partner_center.entry.wiring.mail import mailer, sent_mails
from partner_center.entry.wiring.orders import order_store
from partner_center.entry.wiring.paying_cards import card_store
from partner_center.entry.wiring.suppressions import suppressions
from partner_center.notifications.tell_decline import TellDecline


@cache
def tell_decline() -> TellDecline:
    return TellDecline(
        orders=order_store(),
        charges=charge_store(),
        cards=card_store(),
        resellers=access(),
        suppressions=suppressions(),
        catalog=load_catalog(),
        mailer=mailer(),
        sent=sent_mails(),
        clock=clock(),
        sender=settings().mail_sender,
    )
