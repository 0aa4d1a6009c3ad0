"""What became of one mail that goes to the first of several mailboxes which takes it, by the label of the mailbox."""

from collections.abc import Mapping
from hashlib import sha256

from partner_center.notifications.mail_domain import mailbox

SENT = "sent"
CAME_BACK = "came_back"
"""It was sent, and its mailbox did not take it; whether it takes others is another matter (`Suppressions`)."""


def latest(known: Mapping[str, str], mailbox: str, result: str) -> Mapping[str, str]:
    """What is known of all mailboxes once `result` is known of this one.

    A mail may come back before it is on record as sent; it did all the same.
    """
    is_stale = result == SENT and known.get(mailbox) == CAME_BACK
    return known if is_stale else {**known, mailbox: result}


def back(mail_id: str) -> str:
    """What is on record once the mail of that name came back."""
    return f"{mail_id}.{CAME_BACK}"


def mailbox_label(address: str) -> str:
    """What names a mailbox where its address is not to be told, as in a Message-ID: the same for the same mailbox,
    whichever contact has it and however it is spelt.
    """
    return sha256(mailbox(address).encode()).hexdigest()[:12]
