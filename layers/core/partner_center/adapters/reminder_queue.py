"""Reminders and digests on their way to whoever mails them, as messages of one queue."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from partner_center.adapters.order_items import from_micros, to_micros
from partner_center.kernel.errors import TryAgain
from partner_center.notifications.calendar import ReminderKind
from partner_center.notifications.contract_reminders import ContractReminder
from partner_center.notifications.reminders import Reminder
from partner_center.orders.deadlines import DeadlineKind


class SqsReminderQueue:
    """`ReminderQueue` of the notifications context, on SQS: ten messages a call at most."""

    def __init__(self, client: Any, queue_url: str) -> None:
        self._client, self._queue_url = client, queue_url

    def remind(self, reminders: Sequence[Reminder]) -> None:
        self._send([reminder_message(each) for each in reminders])

    def digest(self, reseller_id: str, day: date) -> None:
        self._send([{"reseller_id": reseller_id, "digest": day.isoformat()}])

    def contracts(self, reminders: Sequence[ContractReminder]) -> None:
        self._send([contract_message(each) for each in reminders])

    def _send(self, messages: Sequence[Mapping[str, Any]]) -> None:
        entries = [{"Id": str(n), "MessageBody": json.dumps(each)} for n, each in enumerate(messages)]
        try:
            answer = self._client.send_message_batch(QueueUrl=self._queue_url, Entries=entries)
        except (ClientError, BotoCoreError) as error:
            raise TryAgain("The queue of reminders does not answer.") from error
        if answer.get("Failed"):
            raise TryAgain("The queue of reminders did not take every message.")


def reminder_message(reminder: Reminder) -> dict[str, Any]:
    """The reminder as a message has it."""
    return {
        "reseller_id": reminder.reseller_id,
        "order_id": reminder.order_id,
        "kind": reminder.kind,
        "day": reminder.day.isoformat(),
        "ends": to_micros(reminder.ends),
        "days": reminder.days,
        "action": reminder.action,
        "common_name": reminder.common_name,
        "names_total": reminder.names_total,
        "contact": reminder.contact,
        "serial": reminder.serial,
        "partner_order_id": reminder.partner_order_id,
        "names": list(reminder.names),
        "renewed_by": reminder.renewed_by,
        "automatic": reminder.automatic,
        "price": reminder.price,
        "bare": reminder.bare,
    }


def reminder_from(message: Mapping[str, Any]) -> Reminder:
    """The inverse of `reminder_message`."""
    return Reminder(
        reseller_id=message["reseller_id"],
        order_id=message["order_id"],
        kind=ReminderKind(message["kind"]),
        day=date.fromisoformat(message["day"]),
        ends=from_micros(message["ends"]),
        days=message["days"],
        action=DeadlineKind(message["action"]),
        common_name=message["common_name"],
        names_total=message["names_total"],
        contact=message["contact"],
        serial=message["serial"],
        partner_order_id=message["partner_order_id"],
        names=tuple(message["names"]),
        renewed_by=message["renewed_by"],
        automatic=message.get("automatic", False),
        price=message.get("price"),
        bare=message.get("bare", False),
    )


def contract_message(reminder: ContractReminder) -> dict[str, Any]:
    """The notice as a message has it; what it says is read when it is mailed."""
    return {
        "reseller_id": reminder.reseller_id,
        "contract_id": reminder.contract_id,
        "notice_id": reminder.notice_id,
    }


def contract_notice(message: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """Reseller, contract and notice of a message; None for one that is not about a contract."""
    if "contract_id" not in message:
        return None
    return message["reseller_id"], message["contract_id"], message["notice_id"]


def digest_day(message: Mapping[str, Any]) -> date | None:
    """The day of the digest that a message asks for; None for a reminder."""
    return date.fromisoformat(message["digest"]) if "digest" in message else None
