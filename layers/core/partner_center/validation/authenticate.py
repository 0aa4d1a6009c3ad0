"""Opening an order's domain validation: make each challenge's value, ask its approver, once."""

from dataclasses import dataclass, replace
from hashlib import sha256

from partner_center.kernel.clock import Clock
from partner_center.kernel.ids import Ids
from partner_center.orders.order import Order, OrderHead
from partner_center.validation.challenges import (
    VALUE_BITS,
    VALUE_LIFETIME,
    Challenge,
    ChallengeStatus,
    Wanted,
)
from partner_center.validation.ports import ApprovalRequest, ApproverMail, Challenges, Vault
from partner_center.validation.standing import read_standing


@dataclass(frozen=True, slots=True)
class OpenValidation:
    """The use case. Running it again sends nothing twice, but for a crash between mail and record."""

    challenges: Challenges
    vault: Vault
    approvers: ApproverMail
    clock: Clock
    ids: Ids

    def __call__(self, order: Order) -> None:
        """Bring the challenges of all unproven names into being and mail those that were not mailed yet.

        Raises TryAgain when the mail or the database is out; what was done stays done.
        """
        found = read_standing(self.challenges, order, self.clock.now())
        known = {each.challenge_id: each for each in found.challenges}
        for each in found.unasked:
            challenge = known.get(each.challenge_id) or self._create(order.head, each)
            if challenge.sent_at is None and challenge.status is ChallengeStatus.PENDING:
                self._ask(challenge)

    def _create(self, head: OrderHead, wanted: Wanted) -> Challenge:
        moment = self.clock.now()
        token = self.ids.secret(VALUE_BITS)
        challenge = Challenge(
            reseller_id=head.reseller_id,
            order_id=head.order_id,
            challenge_id=wanted.challenge_id,
            round=head.round,
            method=wanted.method,
            authorization_domain=wanted.authorization_domain,
            names=wanted.names,
            approver_email=wanted.approver_email,
            token_sha256=token_digest(token),
            encrypted_token=self.vault.seal(token, wanted.challenge_id),
            status=ChallengeStatus.PENDING,
            created_at=moment,
            expires_at=moment + VALUE_LIFETIME,
        )
        if self.challenges.create(challenge):
            return challenge
        # Another run of this step was faster; its value is the one that counts.
        present = self.challenges.of_order(head.reseller_id, head.order_id)
        return next(each for each in present if each.challenge_id == wanted.challenge_id)

    def _ask(self, challenge: Challenge) -> None:
        moment = self.clock.now()
        opened = self.vault.open(challenge.encrypted_token, challenge.challenge_id)
        dated = replace(challenge, sent_at=moment, expires_at=moment + VALUE_LIFETIME)
        self.approvers.ask(ApprovalRequest(dated, opened))
        self.challenges.mark_sent(challenge, moment, dated.expires_at)


def token_digest(token: str) -> str:
    """How the value of a link is looked up: tables never hold it in the clear."""
    return sha256(token.encode()).hexdigest()
