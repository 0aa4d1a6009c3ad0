"""The queue of what SES tells of bounces and complaints."""

from typing import Any

from partner_center.entry.queues import message_handler
from partner_center.entry.wiring.undelivered import record_undelivered
from partner_center.notifications.undelivered import read_notice


def record(message: dict[str, Any]) -> None:
    notice = read_notice(message["detail"])
    if notice is not None:
        record_undelivered()(notice)


handler = message_handler(record)
