"""What this context needs from outside."""

from typing import Protocol

from partner_center.notifications.mail import Mail
from partner_center.validation.ports import Message


class Mailer(Protocol):
    """Hands mails to whoever delivers them."""

    def send(self, mail: Mail) -> None:
        """Accepted for delivery on return, at least once.

        Raises TryAgain when throttled or when the service is out, and MailRefused when repeating cannot help.
        """
        ...


class SentMails(Protocol):
    """Remembers which mails of an order went out."""

    def was_sent(self, reseller_id: str, order_id: str, mail_id: str) -> bool: ...

    def record(self, reseller_id: str, order_id: str, mail_id: str, at_epoch: int) -> None: ...

    def tell(self, reseller_id: str, order_id: str, message: Message) -> None:
        """A message on the order; the same message again changes nothing."""
        ...
