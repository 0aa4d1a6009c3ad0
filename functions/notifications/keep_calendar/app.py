"""The queue of events that change what an order is to be reminded of."""

from partner_center.entry.queues import queue_handler
from partner_center.entry.wiring.calendar import keep_calendar

handler = queue_handler(keep_calendar)
