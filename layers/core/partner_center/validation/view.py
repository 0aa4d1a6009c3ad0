"""The domains of an order, as read (docs/openapi.json, Domain)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from partner_center.kernel.clock import rfc3339
from partner_center.orders.order import Order
from partner_center.validation.challenges import Challenge, ChallengeStatus, Proof, usable_until


def domains_as_json(
    order: Order, challenges: Sequence[Challenge], proofs: Mapping[str, Proof], moment: datetime
) -> list[dict[str, Any]]:
    """Every name of the order's present revision; `proofs` by challenge id."""
    by_name = {
        name: each for each in challenges if each.revision == order.head.revision for name in each.names
    }
    return [_domain(name, order, by_name.get(name), proofs, moment) for name in order.content.names]


def _domain(
    name: str, order: Order, challenge: Challenge | None, proofs: Mapping[str, Proof], moment: datetime
) -> dict[str, Any]:
    chosen = order.content.methods[name]
    if challenge is None:
        return {
            "name": name,
            "method": chosen.method,
            "status": ChallengeStatus.PENDING,
            "approver_email": chosen.approver_email,
            "attempts": [],
        }
    proof = proofs.get(challenge.challenge_id)
    return {
        "name": name,
        "method": challenge.method,
        "status": challenge.status_at(moment),
        "authorization_domain": challenge.authorization_domain,
        "approver_email": challenge.approver_email,
        "sent_at": rfc3339(challenge.sent_at) if challenge.sent_at else None,
        "expires_at": rfc3339(challenge.expires_at),
        "attempts": _attempts(challenge),
        "valid_until": _valid_until(proof),
        "evidence": _evidence(proof),
    }


def _attempts(challenge: Challenge) -> list[dict[str, Any]]:
    if challenge.decided_at is None:
        return []
    word = "approved" if challenge.status is ChallengeStatus.VALID else "declined"
    return [
        {
            "at": rfc3339(challenge.decided_at),
            "result": challenge.status,
            "detail": f"{challenge.approver_email} {word} the request.",
            "perspectives": [],
        }
    ]


def _valid_until(proof: Proof | None) -> str | None:
    if proof is None:
        return None
    return rfc3339(usable_until(proof))


def _evidence(proof: Proof | None) -> dict[str, Any] | None:
    if proof is None:
        return None
    return {
        "method": proof.method,
        "br_section": proof.br_section,
        "authorization_domain": proof.authorization_domain,
        "checked_at": rfc3339(proof.checked_at),
    }
