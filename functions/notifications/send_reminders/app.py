"""The queue of reminders, digests and notices of contracts: each becomes a mail, at the rate that is set."""

from typing import Any

from partner_center.adapters.reminder_queue import contract_notice, digest_day, reminder_from
from partner_center.entry.mailing import log_nobody_told
from partner_center.entry.queues import message_handler
from partner_center.entry.wiring.sending_reminders import send_contract_reminder, send_digest, send_reminder


def send(message: dict[str, Any]) -> None:
    day, notice = digest_day(message), contract_notice(message)
    if day is not None:
        if not send_digest()(message["reseller_id"], day):
            log_nobody_told(mail="digest", reseller_id=message["reseller_id"], day=day.isoformat())
    elif notice is not None:
        send_contract_reminder()(*notice)
    else:
        send_reminder()(reminder_from(message))


handler = message_handler(send)
