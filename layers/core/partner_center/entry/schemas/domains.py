"""The names of an order and their proofs, as answered, and the approver's form."""

from typing import Annotated

from pydantic import BaseModel, Field

from partner_center.entry.schemas.shared import Moment, Shape
from partner_center.orders.content import Method
from partner_center.validation.challenges import ChallengeStatus, Decision


class Attempt(Shape):
    """One answer or check."""

    at: Moment
    result: ChallengeStatus
    detail: str
    perspectives: Annotated[list[str], Field(max_length=0)]
    """Empty: a mail is answered at one place."""


class Evidence(Shape):
    """What the proof rests on."""

    method: Method
    br_section: str
    """Section of the Baseline Requirements."""
    authorization_domain: str
    checked_at: Moment
    """The oldest datum of the check; the age of the proof counts from it."""


class Domain(Shape):
    """One name of the order. Before its challenge is made, only what was chosen is there."""

    name: str
    method: Method
    status: ChallengeStatus
    authorization_domain: str | None = None
    approver_email: str | None
    sent_at: Moment | None = None
    expires_at: Moment | None = None
    """When the approval link ends."""
    attempts: list[Attempt]
    valid_until: Moment | None = None
    """How long the proof may be used, by the dated rules as they are known."""
    evidence: Evidence | None = None


class DomainList(Shape):
    """All names of the order; there is one page."""

    items: list[Domain]
    next_cursor: None


class ApprovalForm(BaseModel):
    """The form of the approval page."""

    decision: Decision
