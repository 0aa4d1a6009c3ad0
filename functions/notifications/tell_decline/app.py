"""The queue of declined cards: reseller and technical contact are told."""

from partner_center.entry.queues import queue_handler
from partner_center.entry.wiring.declines import tell_decline

handler = queue_handler(tell_decline)
