"""Challenges, links and proofs in memory, with the preconditions of adapters/challenge_store.py."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from partner_center.adapters.challenge_items import ATTEMPTS_KEPT
from partner_center.adapters.keys import due_shard
from partner_center.kernel.errors import ChangedMeanwhile
from partner_center.orders.order import OrderStatus
from partner_center.orders.page import Page
from partner_center.validation.approve import ApprovalClosed, WhyClosed
from partner_center.validation.caa_refusal import CaaRefusals, refusals_of
from partner_center.validation.challenges import (
    MAIL_INTERVAL,
    Attempt,
    Challenge,
    ChallengeStatus,
    Proof,
)
from partner_center.validation.ports import AttemptRecord, Ruling
from partner_center.validation.standing import zone_of
from tests.fakes.order_store import paged
from tests.fakes.tables import Tables


@dataclass
class MemoryChallenges:
    """`Challenges` of the validation context."""

    tables: Tables

    def of_order(self, reseller_id: str, order_id: str) -> Sequence[Challenge]:
        rows = sorted(self.tables.challenges.items())
        return [each for key, each in rows if key[:2] == (reseller_id, order_id)]

    def by_token(self, token_sha256: str) -> Challenge | None:
        key = self.tables.links.get(token_sha256)
        return self.tables.challenges.get(key) if key is not None else None

    def proofs(self, reseller_id: str, subscriber: str, zone: str, since: datetime) -> Sequence[Proof]:
        rows = sorted(self.tables.proofs.items(), reverse=True)
        return [
            each
            for key, each in rows
            if key[:3] == (reseller_id, subscriber, zone) and each.completed_at >= since
        ]

    def caa_refusals(self, reseller_id: str, order_id: str, preflight_id: str) -> CaaRefusals | None:
        preflight = self.tables.preflights.get((reseller_id, order_id, preflight_id))
        return refusals_of(preflight.at, preflight.caa) if preflight else None

    def create(self, challenge: Challenge) -> bool:
        with self.tables.writing("create"):
            key = _key(challenge)
            if key in self.tables.challenges or challenge.token_sha256 in self.tables.links:
                return False
            self.tables.challenges[key] = challenge
            if challenge.token_sha256:
                self.tables.links[challenge.token_sha256] = key
            return True

    def claim_mail(self, challenge: Challenge, moment: datetime) -> bool:
        with self.tables.writing("claim_mail"):
            claimed = self.tables.mail_claims.get(_key(challenge))
            if _key(challenge) not in self.tables.challenges:
                return False
            if claimed is not None and claimed > moment - MAIL_INTERVAL:
                return False
            self.tables.mail_claims[_key(challenge)] = moment
            return True

    def unclaim_mail(self, challenge: Challenge, moment: datetime) -> None:
        with self.tables.writing("unclaim_mail"):
            if self.tables.mail_claims.get(_key(challenge)) == moment:
                del self.tables.mail_claims[_key(challenge)]

    def mark_sent(self, challenge: Challenge, sent_at: datetime) -> None:
        with self.tables.writing("mark_sent"):
            present = self.tables.challenges.get(_key(challenge))
            if present is not None and present.sent_at is None:
                evidence = challenge.evidence or present.evidence
                changed = replace(present, sent_at=sent_at, evidence=evidence)
                self.tables.challenges[_key(challenge)] = changed

    def mark_resent(self, challenge: Challenge, resent_at: datetime) -> None:
        with self.tables.writing("mark_resent"):
            present = self.tables.challenges.get(_key(challenge))
            if present is None or present.sent_at is None:
                return
            if present.resent_at is None or present.resent_at < resent_at:
                evidence = challenge.evidence or present.evidence
                changed = replace(present, resent_at=resent_at, evidence=evidence)
                self.tables.challenges[_key(challenge)] = changed

    def end(self, challenge: Challenge, moment: datetime) -> bool:
        with self.tables.writing("end"):
            present = self.tables.challenges.get(_key(challenge))
            if present is None or present.status is not ChallengeStatus.PENDING:
                return False
            self.tables.challenges[_key(challenge)] = replace(present, expires_at=moment, due_at=None)
            return True

    def begin_check(
        self, challenge: Challenge, moment: datetime, due_at: datetime | None
    ) -> Challenge | None:
        with self.tables.writing("begin_check"):
            present = self.tables.challenges.get(_key(challenge))
            pending = present is not None and present.status is ChallengeStatus.PENDING
            if present is None or not pending or present.checks != challenge.checks:
                return None
            changed: dict[str, Any] = {"checks": challenge.checks + 1, "checked_at": moment}
            if due_at is not None:
                changed |= {"counted": challenge.counted + 1, "due_at": due_at}
            self.tables.challenges[_key(challenge)] = replace(present, **changed)
            return replace(challenge, **changed)

    def uncount(self, challenge: Challenge) -> None:
        with self.tables.writing("uncount"):
            present = self.tables.challenges.get(_key(challenge))
            is_pending = present is not None and present.status is ChallengeStatus.PENDING
            if present is not None and is_pending and present.counted == challenge.counted:
                self.tables.challenges[_key(challenge)] = replace(present, counted=challenge.counted - 1)

    def note(self, challenge: Challenge, record: AttemptRecord) -> None:
        with self.tables.writing("note"):
            self._attempted(challenge, record)

    def fail(self, challenge: Challenge, record: AttemptRecord) -> None:
        with self.tables.writing("fail"):
            changed = {"status": ChallengeStatus.FAILED, "decided_at": record.attempt.at}
            self._attempted(challenge, record, **changed)

    def _attempted(self, challenge: Challenge, record: AttemptRecord, **more: Any) -> None:
        self.tables.attempts[record.attempt_id] = record
        present = self.tables.challenges.get(_key(challenge))
        if present is not None and present.status is ChallengeStatus.PENDING:
            attempts = _with(challenge, record.attempt)
            self.tables.challenges[_key(challenge)] = replace(present, attempts=attempts, **more)

    def rest(self, challenge: Challenge) -> None:
        with self.tables.writing("rest"):
            present = self.tables.challenges.get(_key(challenge))
            if present is not None and present.due_at == challenge.due_at:
                self.tables.challenges[_key(challenge)] = replace(present, due_at=None)

    def resume(self, challenge: Challenge, due_at: datetime) -> None:
        with self.tables.writing("resume"):
            present = self.tables.challenges.get(_key(challenge))
            rests = present is not None and present.due_at is None
            if present is not None and rests and present.status is ChallengeStatus.PENDING:
                self.tables.challenges[_key(challenge)] = replace(present, due_at=due_at)

    def due(self, shard: int, moment: datetime, limit: int) -> Sequence[tuple[str, str]]:
        rows = [
            each
            for each in self.tables.challenges.values()
            if each.due_at and each.due_at <= moment and due_shard(each.order_id) == f"DUE#{shard}"
        ]
        rows.sort(key=lambda each: (each.due_at, each.challenge_id))
        return [(each.reseller_id, each.order_id) for each in rows[:limit]]

    def listed(self, reseller_id: str, prefix: str, page: Page) -> tuple[Sequence[Proof], str | None]:
        rows = sorted(
            (f"{proof.authorization_domain}#{proof.proof_id}", proof)
            for key, proof in self.tables.proofs.items()
            if key[0] == reseller_id and proof.authorization_domain.startswith(prefix)
        )
        found, cursor = paged(rows, prefix, page)
        return [proof for _, proof in found], cursor

    def rule(self, ruling: Ruling) -> None:
        with self.tables.writing("rule"):
            challenge = ruling.challenge
            present = self._open(ruling)
            self.tables.require_new(ruling.event, ruling.audit)
            proof, message = ruling.proof, ruling.message
            if proof is not None and _proof_key(proof) in self.tables.proofs:
                raise ChangedMeanwhile("This row exists already.")
            self.tables.challenges[_key(challenge)] = replace(
                present,
                status=ruling.status,
                decided_at=ruling.decided_at,
                proof_id=proof.proof_id if proof else present.proof_id,
                attempts=_with(challenge, ruling.attempt),
                due_at=None,
            )
            if ruling.record is not None:
                self.tables.attempts[ruling.record.attempt_id] = ruling.record
            if proof is not None:
                self.tables.proofs[_proof_key(proof)] = proof
            if message is not None:
                order = (challenge.reseller_id, challenge.order_id)
                self.tables.messages[order][message.message_id] = message
            self.tables.accompany(ruling.event, ruling.audit)

    def _open(self, ruling: Ruling) -> Challenge:
        """The challenge as it is now. Raises ApprovalClosed when it is taken, ChangedMeanwhile if its order moved."""
        challenge = ruling.challenge
        present = self.tables.challenges.get(_key(challenge))
        if (
            present is None
            or present.status is not ChallengeStatus.PENDING
            or ruling.decided_at >= present.expires_at
        ):
            raise ApprovalClosed(WhyClosed.USED)
        head = self.tables.heads.get((challenge.reseller_id, challenge.order_id))
        seen = (OrderStatus.PENDING, ruling.revision, challenge.round)
        if head is None or (head.status, head.revision, head.round) != seen:
            raise ChangedMeanwhile("The order changed since it was shown.")
        if ruling.status is ChallengeStatus.DECLINED:
            if head.signing:
                raise ChangedMeanwhile("The order changed since it was shown.")
            self.tables.move_on(head)
        return present


def _with(challenge: Challenge, attempt: Attempt) -> tuple[Attempt, ...]:
    return (*challenge.attempts, attempt)[-ATTEMPTS_KEPT:]


def _key(challenge: Challenge) -> tuple[str, str, str]:
    return (challenge.reseller_id, challenge.order_id, challenge.challenge_id)


def _proof_key(proof: Proof) -> tuple[str, str, str, str]:
    return (proof.reseller_id, proof.subscriber, zone_of(proof.authorization_domain), proof.proof_id)
