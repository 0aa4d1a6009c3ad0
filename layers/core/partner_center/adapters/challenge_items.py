"""Challenges, attempts and proofs as DynamoDB items and back."""

import json
from typing import Any

from partner_center.adapters import keys
from partner_center.adapters.dynamodb import Item
from partner_center.adapters.order_items import (
    from_micros,
    optional_micros,
    optional_moment,
    to_micros,
)
from partner_center.validation.challenges import Attempt, Challenge, ChallengeStatus, Proof
from partner_center.validation.ports import AttemptRecord

ATTEMPTS_KEPT = 5
"""How many of the latest attempts a challenge carries; all of them have rows of their own."""


def challenge_to_item(challenge: Challenge) -> Item:
    return {
        "reseller_id": challenge.reseller_id,
        "order_id": challenge.order_id,
        "challenge_id": challenge.challenge_id,
        "round": challenge.round,
        "method": challenge.method,
        "authorization_domain": challenge.authorization_domain,
        "names": list(challenge.names),
        "approver_email": challenge.approver_email,
        "source": challenge.source,
        "token_sha256": challenge.token_sha256,
        "encrypted_token": challenge.encrypted_token,
        "value": challenge.value,
        "status": challenge.status.value,
        "created_at": to_micros(challenge.created_at),
        "expires_at": to_micros(challenge.expires_at),
        "sent_at": optional_micros(challenge.sent_at),
        "resent_at": optional_micros(challenge.resent_at),
        "decided_at": optional_micros(challenge.decided_at),
        "proof_id": challenge.proof_id,
        "checks": challenge.checks,
        "counted": challenge.counted,
        "checked_at": optional_micros(challenge.checked_at),
        "due_at": optional_micros(challenge.due_at),
        "due_shard": keys.due_shard(challenge.order_id) if challenge.due_at else None,
        "attempts": [attempt_to_item(each) for each in challenge.attempts],
        "evidence": packed(challenge.evidence),
    }


def challenge_from_item(item: Item) -> Challenge:
    return Challenge(
        reseller_id=item["reseller_id"],
        order_id=item["order_id"],
        challenge_id=item["challenge_id"],
        round=item["round"],
        method=item["method"],
        authorization_domain=item["authorization_domain"],
        names=tuple(item["names"]),
        approver_email=item["approver_email"],
        source=item["source"],
        token_sha256=item["token_sha256"],
        encrypted_token=item["encrypted_token"],
        value=item["value"],
        status=ChallengeStatus(item["status"]),
        created_at=from_micros(item["created_at"]),
        expires_at=from_micros(item["expires_at"]),
        sent_at=optional_moment(item.get("sent_at")),
        resent_at=optional_moment(item.get("resent_at")),
        decided_at=optional_moment(item.get("decided_at")),
        proof_id=item.get("proof_id"),
        checks=item["checks"],
        counted=item["counted"] if "counted" in item else item["checks"],
        checked_at=optional_moment(item.get("checked_at")),
        due_at=optional_moment(item.get("due_at")),
        attempts=tuple(_attempt_from_item(each) for each in item["attempts"]),
        evidence=_unpacked(item.get("evidence")),
    )


def attempts_with(challenge: Challenge, attempt: Attempt) -> list[Item]:
    """The latest few attempts once `attempt` is among them, newest last."""
    return [attempt_to_item(each) for each in (*challenge.attempts, attempt)[-ATTEMPTS_KEPT:]]


def attempt_to_item(attempt: Attempt) -> Item:
    votes = [{"site": site, "vote": vote} for site, vote in attempt.votes]
    return {
        "at": to_micros(attempt.at),
        "result": attempt.result.value,
        "detail": attempt.detail,
        "votes": votes,
    }


def _attempt_from_item(item: Item) -> Attempt:
    votes = tuple((each["site"], each["vote"]) for each in item["votes"])
    return Attempt(from_micros(item["at"]), ChallengeStatus(item["result"]), item["detail"], votes)


def record_to_item(record: AttemptRecord) -> Item:
    return {
        **attempt_to_item(record.attempt),
        "quorum": record.quorum,
        "reason": record.reason,
        "observations": [
            {
                "site": each.site,
                "vote": each.vote,
                "detail": each.detail,
                "seen": list(each.seen),
                "dnssec": each.dnssec or "",
            }
            for each in record.observations
        ],
    }


def proof_to_item(proof: Proof) -> Item:
    return {
        "proof_id": proof.proof_id,
        "reseller_id": proof.reseller_id,
        "subscriber": proof.subscriber,
        "order_id": proof.order_id,
        "challenge_id": proof.challenge_id,
        "method": proof.method,
        "br_section": proof.br_section,
        "authorization_domain": proof.authorization_domain,
        "names": list(proof.names),
        "checked_at": to_micros(proof.checked_at),
        "completed_at": to_micros(proof.completed_at),
        "by": proof.by,
        "below": proof.below,
        "evidence": packed(proof.evidence),
    }


def proof_from_item(item: Item) -> Proof:
    return Proof(
        proof_id=item["proof_id"],
        reseller_id=item["reseller_id"],
        subscriber=item["subscriber"],
        order_id=item["order_id"],
        challenge_id=item["challenge_id"],
        method=item["method"],
        br_section=item["br_section"],
        authorization_domain=item["authorization_domain"],
        names=tuple(item["names"]),
        checked_at=from_micros(item["checked_at"]),
        completed_at=from_micros(item["completed_at"]),
        by=item["by"],
        below=item["below"],
        evidence=_unpacked(item.get("evidence")),
    )


def packed(evidence: Any) -> str | None:
    """Evidence is read as a whole and never searched: one text."""
    return json.dumps(evidence, separators=(",", ":")) if evidence is not None else None


def _unpacked(text: str | None) -> Any:
    return json.loads(text) if text is not None else None
