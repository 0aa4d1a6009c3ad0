"""Challenges: what must be proven for an order, by which method, and how far it got.

One challenge covers all names of the order that one answer can prove: for e-mail, the names below one
authorization domain that the same address shall approve (BR 3.2.2.4.4 lets one mail cover several).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from partner_center.kernel.dated_rules import TIMETABLE, rules_on

VALUE_LIFETIME = timedelta(days=30)
"""A random value may be used for 30 days (BR 3.2.2.4.4)."""

VALUE_BITS = 160
"""At least 112 bits are asked for (BR 1.6.1, "Random Value")."""


class ChallengeStatus(StrEnum):
    """The states of a domain in the public interface."""

    PENDING = "pending"
    VALID = "valid"
    FAILED = "failed"
    EXPIRED = "expired"
    DECLINED = "declined"


class Decision(StrEnum):
    """What the approver may answer."""

    APPROVE = "approve"
    DECLINE = "decline"


@dataclass(frozen=True, slots=True)
class Challenge:
    """One thing to prove. `token_sha256` is the digest of the secret in the approval link.

    `round` is the asking of its order that it belongs to. `sent_at` is when the mail went out: the oldest datum of
    the check, from which its age runs.
    """

    reseller_id: str
    order_id: str
    challenge_id: str
    round: int
    method: str
    authorization_domain: str
    names: tuple[str, ...]
    approver_email: str
    token_sha256: str
    encrypted_token: bytes
    status: ChallengeStatus
    created_at: datetime
    expires_at: datetime
    sent_at: datetime | None = None
    decided_at: datetime | None = None
    proof_id: str | None = None

    def status_at(self, moment: datetime) -> ChallengeStatus:
        """The status as it is at `moment`: a pending value that is 30 days old has expired."""
        if self.status is ChallengeStatus.PENDING and moment >= self.expires_at:
            return ChallengeStatus.EXPIRED
        return self.status


@dataclass(frozen=True, slots=True)
class Wanted:
    """A challenge that an order needs, before it has a value."""

    challenge_id: str
    method: str
    authorization_domain: str
    names: tuple[str, ...]
    approver_email: str


@dataclass(frozen=True, slots=True)
class Proof:
    """A passed check, as evidence for every signing that relies on it (BR 5.4.1, 5.5.2).

    `checked_at` is the oldest datum of the check; reuse is counted from it.
    """

    proof_id: str
    reseller_id: str
    subscriber: str
    order_id: str
    challenge_id: str
    method: str
    br_section: str
    authorization_domain: str
    names: tuple[str, ...]
    checked_at: datetime
    completed_at: datetime
    by: str


BR_SECTIONS = {"email": "3.2.2.4.4"}


def wanted_challenges(
    order_id: str, round: int, methods: Mapping[str, tuple[str, str | None]]
) -> tuple[Wanted, ...]:
    """The challenges an order needs: `methods` maps each name to its method and approver.

    The authorization domain of an e-mail challenge is the domain of the approver's address, which the
    enrolment gate admitted because it stands at or above the name.
    """
    groups: dict[tuple[str, str, str], list[str]] = {}
    for name, (method, approver) in methods.items():
        address = approver or ""
        domain = address.rpartition("@")[2] if method == "email" else name.removeprefix("*.")
        groups.setdefault((method, domain, address), []).append(name)
    return tuple(
        Wanted(_challenge_id(order_id, round, *group), group[0], group[1], tuple(names), group[2])
        for group, names in groups.items()
    )


def _challenge_id(order_id: str, round: int, method: str, domain: str, approver: str) -> str:
    """Derived, not drawn: a retried preparation finds the challenge it made before."""
    text = "\n".join((order_id, str(round), method, domain, approver))
    return f"chl_{sha256(text.encode()).hexdigest()[:26]}"


def barred(challenges: Iterable[Challenge]) -> frozenset[tuple[str, str]]:
    """The addresses that declined, each with the domain it declined for: neither is asked about the other again."""
    declined = (each for each in challenges if each.status is ChallengeStatus.DECLINED)
    return frozenset((each.authorization_domain, each.approver_email) for each in declined)


def proof_usable(proof: Proof, name: str, moment: datetime) -> bool:
    """Whether a proof carries a signing of `name` at `moment`: scope, age and method by that day's rules.

    E-mail proofs cover the authorization domain and everything below it, never anything above
    (BR 3.2.2.4.4; incident of 2015).
    """
    rules = rules_on(moment)
    if proof.method == "email" and not rules.email_methods_allowed:
        return False
    if moment - proof.checked_at > rules.domain_reuse:
        return False
    base = name.removeprefix("*.")
    return base == proof.authorization_domain or base.endswith("." + proof.authorization_domain)


def usable_until(proof: Proof) -> datetime:
    """When a proof ends, as far as the dated rules are known today: by its age, or on the day a rule changes."""
    end = proof.checked_at + rules_on(proof.checked_at).domain_reuse
    for effective_from, rules in TIMETABLE:
        if not proof.checked_at < effective_from <= end:
            continue
        if proof.method == "email" and not rules.email_methods_allowed:
            return effective_from
        end = min(end, max(effective_from, proof.checked_at + rules.domain_reuse))
    return end


def last_mail_at(challenges: Iterable[Challenge]) -> datetime | None:
    """When the last approval mail of an order went out."""
    return max((each.sent_at for each in challenges if each.sent_at), default=None)
