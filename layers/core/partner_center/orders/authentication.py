"""The authentication status of an order (M3, M5): derived from what happened, never stored beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from partner_center.orders.order import Order, OrderStatus
from partner_center.validation.challenges import Challenge, ChallengeStatus


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


_UNITS = {
    OrderStatus.PENDING: "{units} units are held for this order.",
    OrderStatus.ISSUED: "{units} units were used for this order.",
    OrderStatus.REVOKED: "{units} units were used for this order.",
    OrderStatus.EXPIRED: "{units} units were used for this order.",
    OrderStatus.CANCELLED: "{units} units were held for this order and given back.",
    OrderStatus.REJECTED: "{units} units were held for this order and given back.",
}


def steps_of(order: Order, challenges: Sequence[Challenge], moment: datetime) -> tuple[Step, ...]:
    """All steps in the order in which they happen."""
    head, content = order.head, order.content
    current = [each for each in challenges if each.revision == head.revision]
    steps = (
        Step("agreement", StepStatus.COMPLETE, content.agreement.accepted_at),
        _domain_verification(order, current, moment),
        Step("organization_verification", StepStatus.NOT_REQUIRED),
        Step("verification_call", StepStatus.NOT_REQUIRED),
        Step("quality_review", StepStatus.NOT_REQUIRED),
        Step("payment", StepStatus.COMPLETE, head.placed_at, _UNITS[head.status].format(units=head.units)),
        _issuance(order),
    )
    if head.closed is None:
        return steps
    return tuple(_failed(each, order) for each in steps)


def overall(steps: Sequence[Step]) -> StepStatus:
    """One word for all steps: what fails or needs somebody outweighs what is under way."""
    found = {step.status for step in steps}
    for status in (StepStatus.FAILED, StepStatus.IN_PROGRESS, StepStatus.PENDING):
        if status in found:
            return status
    return StepStatus.COMPLETE


def _failed(step: Step, order: Order) -> Step:
    closed = order.head.closed
    if closed is None or step.status in {StepStatus.COMPLETE, StepStatus.NOT_REQUIRED}:
        return step
    return Step(step.step, StepStatus.FAILED, closed.at, f"The order was closed: {closed.reason}.")


def _domain_verification(order: Order, current: Sequence[Challenge], moment: datetime) -> Step:
    name = "domain_verification"
    proven = {each for one in current if one.status is ChallengeStatus.VALID for each in one.names}
    total = len(order.content.names)
    decided = max((each.decided_at for each in current if each.decided_at), default=None)
    mailed = max((each.sent_at for each in current if each.sent_at), default=None)
    updated = max((moment for moment in (decided, mailed) if moment), default=order.head.placed_at)
    if proven.issuperset(order.content.names):
        return Step(name, StepStatus.COMPLETE, updated, f"{total} of {total} names are proven.")
    reason = f"{len(proven)} of {total} names are proven."
    for status, next_action in (
        (
            ChallengeStatus.DECLINED,
            "The approver declined {names}: talk to the domain's owner, cancel the order and place another.",
        ),
        (
            ChallengeStatus.EXPIRED,
            "The approval link for {names} has expired: cancel the order and place another.",
        ),
    ):
        stuck = [each for each in current if each.status_at(moment) is status]
        if stuck:
            action = next_action.format(names=_some_names(stuck))
            return Step(name, StepStatus.IN_PROGRESS, updated, reason, action, Actor.RESELLER)
    waiting = [each for each in current if each.status_at(moment) is ChallengeStatus.PENDING and each.sent_at]
    if not waiting:
        return Step(
            name, StepStatus.PENDING, updated, reason, "The approval mail is being sent.", Actor.SYSTEM
        )
    addresses = ", ".join(sorted({each.approver_email for each in waiting}))
    return Step(
        name,
        StepStatus.IN_PROGRESS,
        updated,
        reason,
        f"Approve {_some_names(waiting)} through the link in the mail to {addresses}.",
        Actor.APPROVER,
        min(each.expires_at for each in waiting),
    )


def _some_names(challenges: Sequence[Challenge]) -> str:
    names = [name for each in challenges for name in each.names]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _issuance(order: Order) -> Step:
    head = order.head
    if head.status in {OrderStatus.ISSUED, OrderStatus.REVOKED, OrderStatus.EXPIRED}:
        return Step("issuance", StepStatus.COMPLETE, head.issued_at)
    if head.held_back is not None:
        return Step(
            "issuance",
            StepStatus.IN_PROGRESS,
            head.updated_at,
            head.held_back,
            "Remove what forbids the issue, then ask for a check (POST /v1/orders/{id}/domains/check).",
            Actor.RESELLER,
        )
    if head.signing:
        return Step("issuance", StepStatus.PENDING, head.updated_at, "The certificate is being signed.")
    return Step("issuance", StepStatus.PENDING, head.placed_at, "The certificate follows the last proof.")
