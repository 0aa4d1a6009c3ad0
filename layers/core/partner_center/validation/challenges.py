"""Challenges: what must be proven for an order, by which method, and how far it got.

One challenge covers all names of the order that one answer can prove: for e-mail, the names below one
authorization domain that the same address shall approve (BR 3.2.2.4.4 lets one mail cover several).
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from math import ceil
from typing import Any

from partner_center.kernel.dated_rules import TIMETABLE, RulesOfTheDay, rules_on
from partner_center.kernel.names import base_name
from partner_center.orders.content import ChosenMethod, Method
from partner_center.validation.approvers import ApproverSource
from partner_center.validation.authorization_domain import authorization_domains
from partner_center.validation.control_methods import (
    PERSIST_REUSE,
    PUBLISHED_SECTIONS,
    authorization_domain_for,
    covers,
)

VALUE_LIFETIME = timedelta(days=30)
"""A random value may be used for 30 days from its creation (BR 3.2.2.4.4), however late it is mailed."""

VALUE_BITS = 160
"""At least 112 bits are asked for (BR 1.6.1, "Random Value")."""


MAIL_INTERVAL = timedelta(seconds=30)
"""Between two mails that a reseller asks for: an approver's mailbox is not the reseller's to fill."""

MOST_CHALLENGES = 1000
"""Of an order that has so many none is made because its reseller wants it: all are read at once, 2,000 at most."""


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
class Attempt:
    """One check or answer, as the reseller reads it: `votes` are the perspectives with what each said."""

    at: datetime
    result: ChallengeStatus
    detail: str
    votes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Challenge:
    """One thing to prove. For e-mail `token_sha256` is the digest of the secret in the approval link.

    `value` is what must be published for the other methods. `round` is the asking of its order that it belongs to.
    `sent_at` is when the mail went out: for e-mail the oldest datum of the check, from which its age runs. `due_at`
    is when the next check is due by itself, `checks` how many were begun, `counted` how many of them lengthen the
    pause before the next: none that somebody asked for. `attempts` are the latest few. `evidence` says how a
    published contact was corroborated.
    """

    reseller_id: str
    order_id: str
    challenge_id: str
    round: int
    method: str
    authorization_domain: str
    names: tuple[str, ...]
    approver_email: str
    status: ChallengeStatus
    created_at: datetime
    expires_at: datetime
    token_sha256: str = ""
    encrypted_token: bytes = b""
    value: str = ""
    source: str = "constructed"
    sent_at: datetime | None = None
    resent_at: datetime | None = None
    decided_at: datetime | None = None
    proof_id: str | None = None
    checks: int = 0
    counted: int = 0
    checked_at: datetime | None = None
    due_at: datetime | None = None
    attempts: tuple[Attempt, ...] = ()
    evidence: Mapping[str, Any] | None = None

    def status_at(self, moment: datetime) -> ChallengeStatus:
        """The status as it is at `moment`: a pending value that is 30 days old has expired."""
        if self.status is ChallengeStatus.PENDING and moment >= self.expires_at:
            return ChallengeStatus.EXPIRED
        return self.status

    def rests_at(self, moment: datetime) -> bool:
        """Whether its value would serve, once published, but is not looked for by itself."""
        is_published = self.method != Method.EMAIL
        return is_published and self.due_at is None and self.status_at(moment) is ChallengeStatus.PENDING


@dataclass(frozen=True, slots=True)
class Wanted:
    """A challenge that an order needs, before it has a value. `source` is where the approver comes from."""

    method: str
    authorization_domain: str
    names: tuple[str, ...]
    approver_email: str = ""
    source: str = "constructed"

    @property
    def br_section(self) -> str:
        """The section that its proof would rest on."""
        return br_section_of(self.method, self.source)

    def may_prove_at(self, moment: datetime) -> bool:
        """Whether a proof by its method would count by that day's rules."""
        return may_prove(self.method, moment)

    def asks_like(self, challenge: Challenge) -> bool:
        """Whether `challenge` asks the same in the same way.

        An address that two sources name is asked for each: a yes is for the names of its own mail.
        """
        asked = (challenge.method, challenge.authorization_domain, challenge.approver_email, challenge.source)
        return asked == (self.method, self.authorization_domain, self.approver_email, self.source)


@dataclass(frozen=True, slots=True)
class Proof:
    """A passed check, as evidence for every signing that relies on it (BR 5.4.1, 5.5.2).

    `checked_at` is the oldest datum of the check; reuse is counted from it. `below` is whether a persistent record
    speaks for names below its domain too. `evidence` holds what the perspectives said, and DNSSEC.
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
    below: bool = False
    evidence: Mapping[str, Any] | None = None


def may_prove(method: str, moment: datetime) -> bool:
    """Whether a proof by `method` would count by the rules of `moment`."""
    return method != Method.EMAIL or rules_on(moment).email_methods_allowed


def br_section_of(method: str, source: str) -> str:
    """The section of the BR that a proof by `method` rests on; for e-mail `source` decides."""
    if method == Method.EMAIL:
        return ApproverSource(source).br_section
    return PUBLISHED_SECTIONS[Method(method)]


def provable_sections(methods: Iterable[str], name: str, moment: datetime) -> tuple[str, ...]:
    """The sections of the BR by which `name` may be proven at `moment`, if these methods are offered."""
    by_mail = tuple(source.br_section for source in ApproverSource)
    sections: list[str] = []
    for method in methods:
        if method == Method.EMAIL:
            sections += by_mail if rules_on(moment).email_methods_allowed else ()
        elif method != Method.HTTP_FILE or not name.startswith("*."):
            sections.append(PUBLISHED_SECTIONS[Method(method)])
    return tuple(dict.fromkeys(sections))


def wanted_challenges(methods: Mapping[str, ChosenMethod]) -> tuple[Wanted, ...]:
    """The challenges an order needs: `methods` maps each of its names to its choice.

    An approver speaks for the domain of a constructed address, and for a published contact for the domain whose DNS
    names it, never for the domain of that mailbox (incident of 2025). Published values are asked for where one serves
    as many of the order's names as it can.
    """
    groups: dict[tuple[str, str, str, str], list[str]] = {}
    for name, choice in methods.items():
        alike = [each for each, other in methods.items() if other.method is choice.method]
        group = (
            choice.method.value,
            _domain(name, choice, alike),
            choice.approver_email or "",
            choice.source,
        )
        groups.setdefault(group, []).append(name)
    return tuple(
        Wanted(method, domain, tuple(names), approver, source)
        for (method, domain, approver, source), names in groups.items()
    )


def _domain(name: str, choice: ChosenMethod, alike: Collection[str]) -> str:
    """Of a name that a newer public suffix list leaves without an authorization domain it is the name itself: the
    order is there and can be read, and its preflight refuses it.
    """
    if choice.method is not Method.EMAIL:
        if not authorization_domains(name):
            return base_name(name)
        return authorization_domain_for(name, alike, choice.method)
    return choice.domain or (choice.approver_email or "").rpartition("@")[2]


def challenge_id(order_id: str, round: int, wanted: Wanted, number: int) -> str:
    """Derived, not drawn: a retried preparation finds the challenge it made before.

    `number` counts the values that were made for the same question in one round.
    """
    parts = (
        order_id,
        str(round),
        wanted.method,
        wanted.authorization_domain,
        wanted.approver_email,
        str(number),
        *([] if wanted.source == "constructed" else [wanted.source]),
    )
    return f"chl_{sha256(chr(10).join(parts).encode()).hexdigest()[:26]}"


FIRST_INTERVAL, LONGEST_INTERVAL = timedelta(minutes=1), timedelta(hours=12)


def next_check(counted: int, moment: datetime) -> datetime:
    """When to look again by itself after so many checks: in a minute at first, then ever later, at most 12 hours."""
    doublings: int = 2 ** min(counted, 10)
    return moment + min(FIRST_INTERVAL * doublings, LONGEST_INTERVAL)


def barred(challenges: Iterable[Challenge]) -> frozenset[str]:
    """The addresses that declined, in lower case: whoever reads there is asked nothing more about this order."""
    return frozenset(
        each.approver_email.lower() for each in challenges if each.status is ChallengeStatus.DECLINED
    )


def proof_usable(proof: Proof, name: str, moment: datetime) -> bool:
    """Whether a proof carries a signing of `name` at `moment`: scope, age and method by that day's rules."""
    rules = rules_on(moment)
    if proof.method == Method.EMAIL and not rules.email_methods_allowed:
        return False
    if moment - proof.checked_at > _reuse(proof.method, rules):
        return False
    return covers(proof.method, proof.authorization_domain, name, persist_below=proof.below)


def _reuse(method: str, rules: RulesOfTheDay) -> timedelta:
    if method == Method.DNS_PERSIST:
        return min(PERSIST_REUSE, rules.domain_reuse)
    return rules.domain_reuse


def usable_until(proof: Proof) -> datetime:
    """When a proof ends, as far as the dated rules are known today: by its age, or on the day a rule changes."""
    return _usable_until(proof.method, proof.checked_at)


def would_serve_until(challenge: Challenge) -> datetime:
    """When the proof would end that an approval of it makes: its age runs from the mail, or from before it."""
    return _usable_until(challenge.method, challenge.sent_at or challenge.created_at)


def days_to_serve(challenge: Challenge) -> int:
    """How many days after the mail that proof would end, at most; the same however often it is mailed."""
    return ceil(
        (_usable_until(challenge.method, challenge.created_at) - challenge.created_at) / timedelta(days=1)
    )


def _usable_until(method: str, checked_at: datetime) -> datetime:
    end = checked_at + _reuse(method, rules_on(checked_at))
    for effective_from, rules in TIMETABLE:
        if not checked_at < effective_from <= end:
            continue
        if method == Method.EMAIL and not rules.email_methods_allowed:
            return effective_from
        end = min(end, max(effective_from, checked_at + _reuse(method, rules)))
    return end


def last_mail_at(challenges: Iterable[Challenge]) -> datetime | None:
    """When the last mail about the domains of an order went out."""
    times = (at for each in challenges for at in (each.sent_at, each.resent_at) if at)
    return max(times, default=None)


def mailed_at(challenge: Challenge) -> datetime | None:
    """When the challenge was last mailed."""
    return challenge.resent_at or challenge.sent_at
