"""The business table's stream: starts machines, wakes waits, publishes events; sets poison aside."""

from partner_center.entry.stream import outbox_handler
from partner_center.entry.wiring.relay import relay_event, relay_failures

handler = outbox_handler(relay_event, relay_failures)
