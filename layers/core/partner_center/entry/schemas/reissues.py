"""Reissues, as answered."""

from typing import Annotated

from pydantic import Field

from partner_center.entry.schemas.orders import Authentication
from partner_center.entry.schemas.shared import Moment, OrderId, ReissueId, Serial, Shape
from partner_center.orders.lifecycle import LONGEST_DELAY_HOURS
from partner_center.orders.order import CloseReason
from partner_center.orders.reissue import ReissueStatus


class Reissue(Shape):
    """A further certificate of an issued order."""

    reissue_id: ReissueId
    order_id: OrderId
    status: ReissueStatus
    asked_at: Moment
    names: list[str]
    """Exactly what the certificate carries, the common name first."""
    previous: Serial
    """The certificate that was the newest when this one was asked for."""
    revoke_previous_after_hours: Annotated[int, Field(ge=0, le=LONGEST_DELAY_HOURS)] | None = None
    """Absent: the one before stays valid. Chosen, or 120 where a name was given up."""
    serial: Serial | None = None
    """Of the certificate, once it is issued."""
    ended_at: Moment | None = None
    reason: CloseReason | None = None
    """Why it ended without a certificate."""
    authentication: Authentication | None = None
    """Where it stands, step by step; told of a single reissue."""


class ReissueList(Shape):
    """A page of reissues, the newest first."""

    items: list[Reissue]
    next_cursor: str | None
    """The `cursor` of the next page; null at the end."""
