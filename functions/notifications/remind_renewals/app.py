"""Every day: claims the reminders that are due and queues their mails."""

from partner_center.entry.reminders import run_handler
from partner_center.entry.wiring.reminding import remind_renewals

handler = run_handler(remind_renewals)
