"""The queue of reminders and digests: each becomes a mail, at the rate that is set."""

from typing import Any

from partner_center.adapters.reminder_queue import digest_day, reminder_from
from partner_center.entry.stream import message_handler
from partner_center.entry.wiring.sending_reminders import send_digest, send_reminder


def send(message: dict[str, Any]) -> None:
    day = digest_day(message)
    if day is not None:
        send_digest()(message["reseller_id"], day)
    else:
        send_reminder()(reminder_from(message))


handler = message_handler(send)
