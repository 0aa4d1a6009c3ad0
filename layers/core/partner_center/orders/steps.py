"""What the authentication status is made of: steps, each with a state and who must act (M3, M5)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class StepStatus(StrEnum):
    """`pending`: we are at work; `in_progress`: somebody must act (M5)."""

    NOT_REQUIRED = "not_required"
    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETE = "complete"
    FAILED = "failed"


class Actor(StrEnum):
    """Who must act next."""

    APPROVER = "approver"
    RESELLER = "reseller"
    STAFF = "staff"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: where it stands since when, why, what is next, by whom, until when."""

    step: str
    status: StepStatus
    updated_at: datetime | None = None
    reason: str | None = None
    next_action: str | None = None
    actor: Actor | None = None
    due_at: datetime | None = None
