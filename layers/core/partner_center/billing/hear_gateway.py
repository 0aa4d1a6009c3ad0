"""The payment gateway has something to tell. Nothing that it says is believed: it only makes us look."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import Malformed
from partner_center.kernel.ids import RESELLER_ID
from partner_center.orders.ports import OrderReader

DISPUTED = "charge.dispute.created"
_RELEVANT = ("payment_intent.", "refund.", "charge.refund")
_EVENT_ID = re.compile(r"evt_[A-Za-z0-9_]{1,200}")
_INTENT_ID = re.compile(r"pi_[A-Za-z0-9_]{1,200}")
_ORDER_ID = re.compile(r"ord_[0-9a-z]{26}")


class Settlements(Protocol):
    """Has the money of an order looked at."""

    def look_at(self, reseller_id: str, order_id: str, reason: str) -> None:
        """Raises TryAgain."""
        ...


class HeardEvents(Protocol):
    """Remembers for a month what was heard, and tells of disputes."""

    def was_heard(self, event_id: str) -> bool: ...

    def heard(self, event_id: str, moment: datetime) -> None: ...

    def tell(self, reseller_id: str, order_id: str, event_id: str, moment: datetime, text: str) -> None:
        """A message on the order, once for an event."""
        ...


class Purposes(Protocol):
    """Knows what a payment is for."""

    def purpose_of(self, intent_id: str) -> tuple[str, str] | None:
        """Reseller and order. Raises TryAgain."""
        ...


@dataclass(frozen=True, slots=True)
class Heard:
    """What one message of the gateway's set in motion; `order_id` is None when nothing."""

    event_type: str
    order_id: str | None


@dataclass(frozen=True, slots=True)
class HearGateway:
    """The use case, for messages whose signature has been checked. `alarm` is given the id of a disputed order,
    or None where it is none of ours."""

    events: HeardEvents
    settlements: Settlements
    purposes: Callable[[], Purposes]
    orders: OrderReader
    clock: Clock
    alarm: Callable[[str | None], None]

    def __call__(self, message: Mapping[str, Any]) -> Heard:
        """Raises Malformed for what is no event, TryAgain. Heard before, or about nothing of ours: no effect."""
        event_id, type_ = message.get("id"), message.get("type")
        if not isinstance(event_id, str) or not _EVENT_ID.fullmatch(event_id) or not isinstance(type_, str):
            raise Malformed("This is no event.")
        is_dispute = type_ == DISPUTED
        if not (is_dispute or type_.startswith(_RELEVANT)) or self.events.was_heard(event_id):
            return Heard(type_, None)
        about = _object(message)
        purpose = self._purpose(about)
        if purpose is not None:
            if is_dispute:
                self._tell(*purpose, event_id, message)
            self.settlements.look_at(*purpose, type_)
        order_id = purpose[1] if purpose else None
        if is_dispute:
            self.alarm(order_id)  # before it is remembered: what was heard is not told again
        self.events.heard(event_id, self.clock.now())
        return Heard(type_, order_id)

    def _purpose(self, about: Mapping[str, Any]) -> tuple[str, str] | None:
        """Reseller and order: from the object itself, or from the payment that it belongs to; only if they exist."""
        found = _named(about.get("metadata"))
        intent_id = about.get("payment_intent")
        if found is None and isinstance(intent_id, str) and _INTENT_ID.fullmatch(intent_id):
            found = self.purposes().purpose_of(intent_id)
        if found is None or not (RESELLER_ID.fullmatch(found[0]) and _ORDER_ID.fullmatch(found[1])):
            return None
        return found if self.orders.head(*found) is not None else None

    def _tell(self, reseller_id: str, order_id: str, event_id: str, message: Mapping[str, Any]) -> None:
        moment = _moment(message.get("created")) or self.clock.now()
        text = (
            "The holder of the card has disputed the charge for this order with the bank. Our staff look into it; "
            "nothing changes for the certificate meanwhile."
        )
        self.events.tell(reseller_id, order_id, event_id, moment, text)


def _object(message: Mapping[str, Any]) -> Mapping[str, Any]:
    data = message.get("data")
    about = data.get("object") if isinstance(data, Mapping) else None
    if not isinstance(about, Mapping):
        raise Malformed("This event is about nothing.")
    return about


def _moment(created: object) -> datetime | None:
    try:
        return datetime.fromtimestamp(created, UTC) if isinstance(created, int) else None
    except (ValueError, OverflowError, OSError):
        return None


def _named(metadata: object) -> tuple[str, str] | None:
    if not isinstance(metadata, Mapping):
        return None
    reseller_id, order_id = metadata.get("reseller_id"), metadata.get("order_id")
    return (reseller_id, order_id) if isinstance(reseller_id, str) and isinstance(order_id, str) else None
