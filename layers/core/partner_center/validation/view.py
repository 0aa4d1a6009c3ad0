"""The domains of an order, as read (docs/openapi.json, Domain)."""

from datetime import datetime
from typing import Any

from partner_center.kernel.clock import rfc3339
from partner_center.orders.order import Order
from partner_center.validation.challenges import Challenge, ChallengeStatus, Proof, usable_until
from partner_center.validation.standing import NameStanding, Standing


def domains_as_json(order: Order, found: Standing, moment: datetime) -> list[dict[str, Any]]:
    """Every name of the order's present content."""
    return [_domain(order, each, moment) for each in found.names]


def _domain(order: Order, found: NameStanding, moment: datetime) -> dict[str, Any]:
    challenge, proof = found.challenge, found.proof
    chosen = order.content.methods[found.name]
    domain: dict[str, Any] = {
        "name": found.name,
        "method": chosen.method,
        "status": found.status_at(moment),
        "approver_email": chosen.approver_email,
        "attempts": _attempts(challenge),
    }
    if challenge is not None:
        domain |= {
            "authorization_domain": challenge.authorization_domain,
            "sent_at": rfc3339(challenge.sent_at) if challenge.sent_at else None,
            "expires_at": rfc3339(challenge.expires_at),
        }
    if proof is not None:
        domain |= {"authorization_domain": proof.authorization_domain}
    return domain | {"valid_until": _valid_until(proof), "evidence": _evidence(proof)}


def _attempts(challenge: Challenge | None) -> list[dict[str, Any]]:
    if challenge is None or challenge.decided_at is None:
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
