"""The mail to whom a domain names for it: a certificate was asked for that its CAA forbids (RFC 8659, 4.4)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from partner_center.notifications.mail import Mail
from partner_center.notifications.one_line import one_line
from partner_center.notifications.render import MAIL_TEMPLATES, render
from partner_center.validation.caa import CaaReason

WHY: Mapping[CaaReason, str] = {
    CaaReason.FORBIDDEN: "The records let no certification authority issue.",
    CaaReason.ISSUER_NOT_LISTED: "The records name other certification authorities.",
    CaaReason.METHOD_NOT_LISTED: "Control of the name was shown by a validation method that the records do not list.",
    CaaReason.ACCOUNT_NOT_LISTED: "The records name another account than the one that asked.",
    CaaReason.MALFORMED: "The records that could permit it break the grammar, and count as a prohibition.",
    CaaReason.UNKNOWN_CRITICAL: "The records hold a critical property that is unknown to us.",
}
"""What a refusal by records is told as."""


@dataclass(frozen=True, slots=True)
class RefusedName:
    """One name: at which name its records were found, and those that restrict, as in a zone file."""

    name: str
    found_at: str
    why: str
    records: tuple[str, ...]
    checked_at: datetime


@dataclass(frozen=True, slots=True)
class Support:
    """Where whoever reads the mail finds people."""

    region: str
    email: str
    telephone: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CaaRefusalFacts:
    """What the contact is told: nothing of who asked. `issuer_domains` are what we answer to in CAA."""

    mailbox: str
    brand: str
    issuer_domains: tuple[str, ...]
    order_id: str
    refused: tuple[RefusedName, ...]
    support: tuple[Support, ...]


def caa_refusal_mail(facts: CaaRefusalFacts, sender: str, message_id: str) -> Mail:
    """The mail for the contact. Sent again with the same facts it is the same mail."""
    told = asdict(facts)
    first, others = facts.refused[0].name, len(facts.refused) - 1
    names = one_line(first) + (f" and {others} more" if others else "")
    return Mail(
        message_id=message_id,
        sender=sender,
        to=(facts.mailbox,),
        reply_to=None,
        subject=f"CAA: no certificate was issued for {names}",
        text=render(MAIL_TEMPLATES, "caa_refusal.txt.j2", **told),
        html=render(MAIL_TEMPLATES, "caa_refusal.html.j2", **told),
    )
