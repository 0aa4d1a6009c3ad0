"""The approver's answer to an approval link: looking changes nothing, one answer counts."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import NotFound, PartnerCenterError
from partner_center.kernel.events import Chronicle
from partner_center.kernel.ids import Ids
from partner_center.kernel.patience import Patience, while_it_moves
from partner_center.orders.order import Order, OrderHead, OrderStatus, pending_at_most_until
from partner_center.orders.ports import OrderReader, load
from partner_center.orders.ways_out import to_cancel
from partner_center.validation.authenticate import token_digest
from partner_center.validation.challenges import (
    Attempt,
    Challenge,
    ChallengeStatus,
    Decision,
    Proof,
    br_section_of,
    may_prove,
)
from partner_center.validation.ports import Challenges, Message, Ruling
from partner_center.validation.standing import is_asked


class WhyClosed(StrEnum):
    """Why a link no longer asks anything."""

    USED = "used"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    TOO_LATE = "too_late"
    """The certificate is being signed, or was: no answer stops it any more."""
    METHOD_ENDED = "method_ended"
    """By the rules of the day no mail proves anything."""


class ApprovalClosed(PartnerCenterError):
    """The link was good once and asks nothing any more."""

    code = "approval_closed"

    def __init__(self, why: WhyClosed) -> None:
        super().__init__(f"This request is closed: {why}.")
        self.why = why


@dataclass(frozen=True, slots=True)
class OpenApproval:
    """What an approver is asked, with the order it belongs to."""

    challenge: Challenge
    order: Order


def why_closed(challenge: Challenge, order: Order, moment: datetime) -> WhyClosed | None:
    """Whether and why an approval link is closed at `moment`; None while it asks something."""
    if challenge.status in {ChallengeStatus.VALID, ChallengeStatus.DECLINED}:
        return WhyClosed.USED
    if not is_asked(challenge, order):
        return WhyClosed.CANCELLED  # what it asked for was amended
    over = _why_over(order.head, moment)
    if over is not None:
        return over
    if not may_prove(challenge.method, moment):
        return WhyClosed.METHOD_ENDED
    return None if challenge.status_at(moment) is ChallengeStatus.PENDING else WhyClosed.EXPIRED


def _why_over(head: OrderHead, moment: datetime) -> WhyClosed | None:
    """Whether and why no answer counts for the order any more."""
    if head.signing or head.status is OrderStatus.ISSUED:
        return WhyClosed.TOO_LATE
    overdue = moment >= pending_at_most_until(head)  # though nobody may have closed the order yet
    return WhyClosed.CANCELLED if overdue or head.status is not OrderStatus.PENDING else None


@dataclass(frozen=True, slots=True)
class Approvals:
    """Both sides of an approval link."""

    challenges: Challenges
    orders: OrderReader
    clock: Clock
    ids: Ids
    patience: Patience

    def look(self, token: str) -> OpenApproval:
        """What the link asks. Raises NotFound for an unknown one, ApprovalClosed for one that is over."""
        challenge = self.challenges.by_token(token_digest(token))
        order = load(self.orders, challenge.reseller_id, challenge.order_id) if challenge else None
        if challenge is None or order is None:
            raise NotFound("This link is not known.")
        why = why_closed(challenge, order, self.clock.now())
        if why is not None:
            raise ApprovalClosed(why)
        return OpenApproval(challenge, order)

    def decide(self, token: str, decision: Decision, address: str, correlation_id: str) -> OpenApproval:
        """Record the answer. Raises as `look` does, and TryAgain; of two answers at once the second finds it used.

        An order that moves meanwhile is looked at again: what no longer asks what was shown is closed.
        """
        return while_it_moves(self.patience, lambda: self._decide(token, decision, address, correlation_id))

    def _decide(self, token: str, decision: Decision, address: str, correlation_id: str) -> OpenApproval:
        asked = self.look(token)
        moment = self.clock.now()
        chronicle = Chronicle(self.ids, moment, f"approver:{asked.challenge.approver_email}", correlation_id)
        self.challenges.rule(_ruling(asked, decision, moment, address, chronicle))
        return asked


def _ruling(
    asked: OpenApproval, decision: Decision, moment: datetime, address: str, chronicle: Chronicle
) -> Ruling:
    challenge, head = asked.challenge, asked.order.head
    ids = (challenge.reseller_id, challenge.order_id)
    approved = decision is Decision.APPROVE
    word = "approved" if approved else "declined"
    proof = _proof(asked, moment, chronicle) if approved else None
    return Ruling(
        challenge=challenge,
        revision=head.revision,
        status=ChallengeStatus.VALID if approved else ChallengeStatus.DECLINED,
        decided_at=moment,
        proof=proof,
        event=chronicle.event(
            f"domain.{word}",
            *ids,
            challenge_id=challenge.challenge_id,
            attempt=head.attempt,
            revision=head.revision,
        ),
        audit=chronicle.audit(
            f"domain.{word}",
            *ids,
            challenge_id=challenge.challenge_id,
            authorization_domain=challenge.authorization_domain,
            names=" ".join(challenge.names)[:2000],
            from_address=address,
            proof_id=proof.proof_id if proof else None,
        ),
        attempt=Attempt(
            moment,
            ChallengeStatus.VALID if approved else ChallengeStatus.DECLINED,
            f"{challenge.approver_email} {word} the request.",
        ),
        message=None if approved else _declined_message(asked, moment, chronicle),
    )


def _proof(asked: OpenApproval, moment: datetime, chronicle: Chronicle) -> Proof:
    challenge = asked.challenge
    return Proof(
        proof_id=chronicle.ids.new("prf", moment),
        reseller_id=challenge.reseller_id,
        subscriber=asked.order.head.subscriber,
        order_id=challenge.order_id,
        challenge_id=challenge.challenge_id,
        method=challenge.method,
        br_section=br_section_of(challenge.method, challenge.source),
        authorization_domain=challenge.authorization_domain,
        names=challenge.names,
        checked_at=min(challenge.sent_at or challenge.created_at, moment),
        completed_at=moment,
        by=chronicle.actor,
        evidence=challenge.evidence,
    )


def _declined_message(asked: OpenApproval, moment: datetime, chronicle: Chronicle) -> Message:
    challenge = asked.challenge
    names = ", ".join(challenge.names[:5]) + (" and others" if len(challenge.names) > 5 else "")
    return Message(
        chronicle.ids.new("msg", moment),
        moment,
        f"{challenge.approver_email} declined the request for {names}. That address can no longer approve "
        "these names. Talk to the owner of the domain, then choose another address or method, or "
        f"{to_cancel(asked.order.head)}.",
    )
