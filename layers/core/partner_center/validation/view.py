"""The domains of an order, as read (docs/openapi.json, Domain)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from partner_center.kernel.clock import rfc3339
from partner_center.orders.order import Order, OrderHead
from partner_center.orders.public_names import name_problem
from partner_center.orders.ways_out import without_the_names
from partner_center.validation.challenges import Challenge, ChallengeStatus, Proof, mailed_at, usable_until
from partner_center.validation.publishing import Publishing
from partner_center.validation.standing import NameStanding, Standing, answerable_until


@dataclass(frozen=True, slots=True)
class DomainsView:
    """What is needed beside the order: the instructions, and what CAA said of each name at the last preflight."""

    publishing: Publishing
    caa: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


_SHOWN = (
    "allowed",
    "reason",
    "br_section",
    "found_at",
    "records",
    "failed",
    "quorum",
    "dnssec",
    "checked_at",
    "valid_until",
)
"""What a reseller reads of the evidence of a CAA check; that of preflights made before it was kept lacks some."""


def domains_as_json(
    order: Order, found: Standing, view: DomainsView, moment: datetime
) -> list[dict[str, Any]]:
    """Every name of the order's present content."""
    return [_domain(order, each, view, moment) for each in found.names]


def _domain(order: Order, found: NameStanding, view: DomainsView, moment: datetime) -> dict[str, Any]:
    challenge, proof = found.challenge, found.proof
    chosen = order.content.methods[found.name]
    domain: dict[str, Any] = {
        "name": found.name,
        "method": chosen.method,
        "status": found.status_at(moment),
        "authorization_domain": found.wanted.authorization_domain,
        "shared_with": [name for name in found.wanted.names if name != found.name],
        "approver_email": chosen.approver_email,
        "attempts": _attempts(challenge),
        "next_action": _next_action(found, order.head) if order.head.is_open else None,
    }
    if challenge is not None:
        sent = mailed_at(challenge)
        domain |= {
            "sent_at": rfc3339(sent) if sent else None,
            "expires_at": rfc3339(answerable_until(challenge, order)),
        }
        serves = proof is None and challenge.status_at(moment) is ChallengeStatus.PENDING
        publish = view.publishing.publish(order, challenge) if serves and order.head.is_open else None
        domain |= {"publish": publish.as_json()} if publish else {}
    if proof is not None:
        domain |= {"authorization_domain": proof.authorization_domain}
    evidence = _evidence(proof, view.caa.get(found.name))
    return domain | {"valid_until": _valid_until(proof), "evidence": evidence}


def _next_action(found: NameStanding, head: OrderHead) -> str | None:
    """What to do about a name that nobody may certify by the present public suffix list, or that CAA refuses."""
    problem = name_problem(found.name)
    if problem is None:
        return found.advice
    return f"{problem.detail} {without_the_names(head)}"


def _attempts(challenge: Challenge | None) -> list[dict[str, Any]]:
    """The latest few, newest first."""
    return [
        {
            "at": rfc3339(each.at),
            "result": each.result,
            "detail": each.detail,
            "perspectives": [{"id": site, "result": vote} for site, vote in each.votes],
        }
        for each in reversed(challenge.attempts if challenge else ())
    ]


def _valid_until(proof: Proof | None) -> str | None:
    if proof is None:
        return None
    return rfc3339(usable_until(proof))


def _evidence(proof: Proof | None, caa: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if proof is None:
        return None
    seen = proof.evidence or {}
    return {
        "method": proof.method,
        "br_section": proof.br_section,
        "authorization_domain": proof.authorization_domain,
        "perspectives": seen.get("perspectives", []),
        "quorum": seen.get("quorum"),
        "dnssec": seen.get("dnssec"),
        "checked_at": rfc3339(proof.checked_at),
        "caa": _caa(caa),
    }


def _caa(found: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {name: found.get(name) for name in _SHOWN}
