"""What this context needs from outside."""

from typing import Protocol

from partner_center.notifications.mail import Mail


class Mailer(Protocol):
    """Hands mails to whoever delivers them."""

    def send(self, mail: Mail) -> None:
        """Accepted for delivery on return, at least once.

        Raises TryAgain when throttled or when the service is out, and MailRefused when repeating cannot help.
        """
        ...
