"""The queue of payments, and what staff may do about one."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

from partner_center.billing.payments import PaymentStatus
from partner_center.entry.schemas.orders import PayingCard
from partner_center.entry.schemas.shared import Count, Moment, Money, OrderId, Shape
from partner_center.orders.order import OrderStatus

_Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]


class PaymentTask(Shape):
    """One order whose money somebody must see to."""

    queue: Literal["payments"]
    waiting_since: Moment
    due_at: Moment
    """One business day later."""
    trouble: Literal["declined", "capture_failed", "release_failed", "refund_failed"]
    next_action: str
    order_id: OrderId
    reseller_id: str
    order_status: OrderStatus
    product: str
    common_name: str
    contract_id: str
    amount: Money
    """What is owed; of what goes back to the card what was taken from it, or promised."""
    payment: PaymentStatus
    payment_attempt: Count
    """How often a card was asked."""
    card: PayingCard | None
    decline_code: str | None
    """What the gateway said; for staff alone."""
    placed_at: Moment


class PaymentQueue(Shape):
    """A page of tasks."""

    items: list[PaymentTask]
    next_cursor: str | None
    """The `cursor` of the next page; null at the end."""


class PaymentMethodRequest(BaseModel):
    """Which card pays for the order from now on; card numbers are never taken here."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    reseller_id: _Id
    card_id: _Id | None = None
    """When left out, the present card of the order's contract or, once that has ended, of the pay-as-you-go contract
    that runs. The order's own card may be tried again; any other must be the card of a contract that runs, as
    one that was exchanged or removed is no longer."""


class SettleRequest(BaseModel):
    """Whose order it is."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    reseller_id: _Id


class PaymentState(Shape):
    """Where the money of the order stands now."""

    order_id: OrderId
    reseller_id: str
    order_status: OrderStatus
    payment: PaymentStatus
    payment_attempt: Count
    card_id: str | None
