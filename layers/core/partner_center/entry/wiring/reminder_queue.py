"""The queue in which reminders wait for their turn, wired."""

from functools import cache

from partner_center.adapters.reminder_queue import SqsReminderQueue
from partner_center.entry.wiring.base import client, settings


@cache
def reminder_queue() -> SqsReminderQueue:
    return SqsReminderQueue(client("sqs"), settings().reminder_queue)
