"""The relay, wired."""

from functools import cache

from partner_center.adapters.event_bus import EventBridgeBus
from partner_center.entry.wiring.base import client, clock, settings
from partner_center.entry.wiring.machine import machine, wait_store
from partner_center.entry.wiring.orders import order_store
from partner_center.entry.wiring.validation import challenge_store
from partner_center.orders.fulfil import RelayEvent


@cache
def relay_event() -> RelayEvent:
    bus = EventBridgeBus(client("events"), settings().bus_name)
    return RelayEvent(order_store(), challenge_store(), wait_store(), machine(), bus, clock())
