"""The relay, wired."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from partner_center.adapters.event_bus import EventBridgeBus
from partner_center.adapters.message_queue import MessageQueue
from partner_center.entry.wiring.base import client, clock, settings
from partner_center.entry.wiring.machine import machine, wait_store
from partner_center.entry.wiring.orders import order_store
from partner_center.entry.wiring.validation import challenge_store
from partner_center.orders.fulfil import RelayEvent


@cache
def relay_event() -> RelayEvent:
    bus = EventBridgeBus(client("events"), settings().bus_name)
    return RelayEvent(order_store(), challenge_store(), wait_store(), machine(), bus, clock())


@cache
def relay_failures() -> Callable[[Mapping[str, Any]], None]:
    """Where batches of poison go, as the relay was given them."""
    otherwise = "The record can be neither relayed nor set aside at the moment."
    return MessageQueue(lambda: client("sqs"), settings().relay_failures, otherwise).send
