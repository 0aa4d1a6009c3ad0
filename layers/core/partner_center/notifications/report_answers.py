"""The mails to whoever reported a problem: that the report came, and what was found (BR 4.9.5)."""

from dataclasses import asdict, dataclass
from datetime import datetime

from partner_center.notifications.mail import Mail
from partner_center.notifications.render import MAIL_TEMPLATES, render

_SENDERS_NAME = "Partner Center"


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """What the reporter is told. None of the reporter's own words: the address may be somebody else's.

    `finding` is note, revoke or dismiss; with `grounds` in the words of staff. `serials` are those that were revoked.
    """

    report_id: str
    reporter_email: str
    received_at: datetime
    preliminary_due_at: datetime
    finding: str | None = None
    grounds: str | None = None
    serials: tuple[str, ...] = ()


def report_received_mail(facts: ReportFacts, sender: str, message_id: str) -> Mail:
    """That the report is here, and when to expect an answer."""
    return _mail(facts, f"We have your report {facts.report_id}", "report_received", sender, message_id)


def report_answered_mail(facts: ReportFacts, sender: str, message_id: str) -> Mail:
    """What was found, first or in the end."""
    return _mail(facts, f"About your report {facts.report_id}", "report_answered", sender, message_id)


def _mail(facts: ReportFacts, subject: str, template: str, sender: str, message_id: str) -> Mail:
    told = asdict(facts) | {"brand": _SENDERS_NAME}
    return Mail(
        message_id=message_id,
        sender=sender,
        to=(facts.reporter_email,),
        reply_to=None,
        subject=subject,
        text=render(MAIL_TEMPLATES, f"{template}.txt.j2", **told),
        html=render(MAIL_TEMPLATES, f"{template}.html.j2", **told),
    )
