"""Mails that will never go out, in the log."""

from dataclasses import dataclass

from aws_lambda_powertools import Logger

from partner_center.notifications.mail import Mail, MailRefused
from partner_center.notifications.ports import Mailer

ALARM = "a mail was refused"
"""Words in the log on which an alarm rings (template.yaml)."""


NOBODY = "no_address_takes_mail"
"""The reason, where no single mail was refused."""


def log_nobody_told(**what: str) -> None:
    """Of this nobody can be told by mail; it is for a person to find another way."""
    Logger().error(ALARM, reason=NOBODY, tags=what)


@dataclass(frozen=True, slots=True)
class LoggedMailer:
    """A Mailer that logs what was refused: who mails goes on without the mail, and tells its reader at most."""

    mailer: Mailer

    def send(self, mail: Mail) -> None:
        try:
            self.mailer.send(mail)
        except MailRefused as refused:
            Logger().error(
                ALARM,
                reference=mail.message_id,
                tags=dict(mail.tags),
                reason=refused.reason,
                detail=refused.detail,
            )
            raise
