"""The business table's stream: starts machines, wakes waits, publishes events."""

from partner_center.entry.stream import outbox_handler
from partner_center.entry.wiring.relay import relay_event

handler = outbox_handler(relay_event)
