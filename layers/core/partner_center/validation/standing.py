"""How the names of an order stand: what would prove each, what was asked, and which proof carries it.

A name is proven by any proof on file of the order's subscriber that covers it and is usable: one of this order, or an
earlier one of the same subscriber (BR 4.2.1). Challenges only say what is being asked. Where CAA refused all that a
name is proven by and permits the method that was chosen for it (RFC 8657), the name is asked by that method, and its
proofs stay on file. So they do where the approver chosen for a name has declined the order: until it is issued
nothing but an answer of that approver's own carries the name.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from partner_center.kernel.clock import CLOCKS_DIFFER, WHILE_ASKED
from partner_center.kernel.dated_rules import TIMETABLE
from partner_center.kernel.public_suffix import registrable_domain
from partner_center.orders.order import Order, OrderHead, OrderStatus, pending_at_most_until
from partner_center.validation.caa_refusal import CaaRefusal, CaaRefusals
from partner_center.validation.challenges import (
    Challenge,
    ChallengeStatus,
    Proof,
    Wanted,
    barred,
    proof_usable,
    usable_until,
    wanted_challenges,
)
from partner_center.validation.control_methods import domains_over
from partner_center.validation.ports import ChallengeReader

_LONGEST_REUSE = max(rules.domain_reuse for _, rules in TIMETABLE) + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class NameStanding:
    """One name: `challenge` is the one that asks for it now or was declined, `usable` are its proofs.

    The preferred proof comes first. `refusal` is what CAA said of those that there were at the last preflight, if
    another method would have passed.

    `is_barred`: its approver declined this order, for this name or another, and is not asked again; only a proof that
    the approver gave this order for this name is `usable` then, and none once this name was declined.
    """

    name: str
    wanted: Wanted
    challenge: Challenge | None
    usable: tuple[Proof, ...] = ()
    refusal: CaaRefusal | None = None
    is_barred: bool = False

    @property
    def is_refused(self) -> bool:
        """Whether CAA refused everything that the name is proven by."""
        return self.refusal is not None and self.refusal.refused.issuperset(
            proof.br_section for proof in self.usable
        )

    @property
    def is_asked_anew(self) -> bool:
        """Whether the name is proven, but not by the method that was chosen and that CAA permits alone."""
        permitted = self.refusal.permitted if self.refusal else ()
        return bool(self.usable) and self.is_refused and self.wanted.br_section in permitted

    @property
    def proof(self) -> Proof | None:
        """What carries the name; None while it is to be proven."""
        return self.usable[0] if self.usable and not self.is_asked_anew else None

    @property
    def advice(self) -> str | None:
        """What to do when CAA refuses what carries the name and the method chosen would not help."""
        held = self.proof is not None and self.is_refused
        return self.refusal.advice if held and self.refusal else None

    def status_at(self, moment: datetime) -> ChallengeStatus:
        if self.proof is not None:
            return ChallengeStatus.VALID
        status = self.challenge.status_at(moment) if self.challenge else ChallengeStatus.PENDING
        is_sent = self.challenge is not None and self.challenge.sent_at is not None
        if self.is_barred and not (is_sent and status is ChallengeStatus.PENDING):
            return ChallengeStatus.DECLINED  # nobody mails the rest
        if not self.wanted.may_prove_at(moment):
            return ChallengeStatus.EXPIRED
        # Its proof has grown too old, and nobody was asked again yet.
        return ChallengeStatus.EXPIRED if status is ChallengeStatus.VALID else status

    def is_asked_of_nobody(self, moment: datetime) -> bool:
        """Whether the name is unproven and nobody is asked about it, though opening the validation would do it.

        So it is when what carried the name has ended: its own proof, or another's for which nobody was asked, or
        for which its published value is looked for no more.
        """
        if self.proof is not None or self.is_barred or not self.wanted.may_prove_at(moment + WHILE_ASKED):
            return False
        asked = self.challenge
        return asked is None or asked.status is ChallengeStatus.VALID or asked.rests_at(moment)


@dataclass(frozen=True, slots=True)
class Standing:
    """All names of the order's present content, in its order; `challenges` are all that were ever made for it.

    `refused_at` is when CAA last refused a name for its method.
    """

    names: tuple[NameStanding, ...]
    challenges: tuple[Challenge, ...] = ()
    refused_at: datetime | None = None

    @property
    def proofs(self) -> Mapping[str, Proof]:
        """The proof behind each proven name."""
        return {each.name: each.proof for each in self.names if each.proof is not None}

    @property
    def is_proven(self) -> bool:
        return all(each.proof is not None for each in self.names)

    def leaves_out_a_name(self, moment: datetime) -> bool:
        """Whether there is a name that will never be proven unless the validation is opened again."""
        return any(each.is_asked_of_nobody(moment) for each in self.names)

    def may_pass_by_now(self, head: OrderHead) -> bool:
        """Whether all names have proofs, and a check was asked for since CAA refused some of them."""
        if self.refused_at is None or not _is_checked_since(head, self.refused_at):
            return False
        return all(each.usable for each in self.names)

    def open(self, names: Collection[str] | None = None) -> tuple[Challenge, ...]:
        """The challenges that ask for those of `names`, or of all names, that are unproven now; each once."""
        asked = (
            each.challenge
            for each in self.names
            if each.proof is None and each.challenge is not None and (names is None or each.name in names)
        )
        return tuple({each.challenge_id: each for each in asked}.values())

    def unasked_at(self, moment: datetime) -> tuple[Wanted, ...]:
        """What must be asked for the unproven names; of no address that declined, by no method that has ended."""
        declined = barred(self.challenges)
        wanted = dict.fromkeys(each.wanted for each in self.names if each.proof is None)
        return tuple(
            each
            for each in wanted
            if each.approver_email.lower() not in declined and each.may_prove_at(moment + WHILE_ASKED)
        )


def wanted_of(order: Order) -> Sequence[Wanted]:
    """The challenges that the order's present content needs while nothing is proven."""
    return wanted_challenges(order.content.methods)


def standing(
    order: Order,
    challenges: Iterable[Challenge],
    proofs: Iterable[Proof],
    moment: datetime,
    refusals: CaaRefusals | None = None,
) -> Standing:
    """How the order's names stand; `proofs` are those on file for its subscriber, `moment` when they are judged."""
    made, on_file = tuple(challenges), _by_domain(proofs)
    wanted = {name: each for each in wanted_of(order) for name in each.names}
    # What an issued order holds may have been proven by a reissue, in which nobody declined.
    declined = barred(made) if order.head.issued_at is None else frozenset()

    def stands(name: str) -> NameStanding:
        asked = _asked(wanted[name], order.head.round, made)
        usable = _usable(on_file, name, wanted[name], moment)
        is_barred = wanted[name].approver_email.lower() in declined
        if is_barred:
            own = _own_answers(wanted[name], asked, made)
            usable = tuple(proof for proof in usable if proof.challenge_id in own)
        refusal = refusals.by_name.get(name) if refusals else None
        return NameStanding(name, wanted[name], asked, usable, refusal, is_barred)

    return Standing(tuple(map(stands, order.content.names)), made, refusals.at if refusals else None)


def read_standing(challenges: ChallengeReader, order: Order, now: datetime) -> Standing:
    """How the order's names stand, read afresh; of an order that is no longer pending, how they stood at its end, or
    when the certificate was issued that has its present content.
    """
    head = order.head
    issued_at = max(head.issued_at, head.revised_at) if head.issued_at else None
    moment = now if head.status is OrderStatus.PENDING else (issued_at or _ended(order, now))
    # Before the proofs: of a challenge that is found to be answered the proof is then found as well.
    made = challenges.of_order(head.reseller_id, head.order_id)
    proofs = [
        proof
        for proof in proofs_on_file(challenges, order, moment)
        if head.status is OrderStatus.PENDING or proof.completed_at <= moment + CLOCKS_DIFFER
    ]
    return standing(order, made, proofs, moment, _refusals(challenges, order))


def read_lasting(challenges: ChallengeReader, order: Order, now: datetime, lasting: timedelta) -> Standing:
    """How the names of a pending order stand by every clock, read afresh.

    A proof that ends within `lasting` (`kernel.clock`) counts as ended: a later step whose clock is ahead holds it
    for that already, and sends the order back to be proven again.
    """
    return read_standing(challenges, order, now + lasting)


def read_as_asked(challenges: ChallengeReader, order: Order, now: datetime) -> Standing:
    """How the order's names stand for whoever tells of them, or acts on what is asked: as who asks sees them.

    So a name whose proof ends soon is not called proven while its approver is being asked. Once the order is claimed
    nobody is asked, and its proofs hold as long as the signature needs them.
    """
    if order.head.status is not OrderStatus.PENDING or order.head.signing:
        return read_standing(challenges, order, now)
    return read_lasting(challenges, order, now, WHILE_ASKED)


def proofs_on_file(challenges: ChallengeReader, order: Order, moment: datetime) -> list[Proof]:
    """The subscriber's proofs that may carry a name of the order at `moment`, newer ones among them."""
    head, since = order.head, moment - _LONGEST_REUSE
    return [
        proof
        for zone in zones_of(order.content.names)
        for proof in challenges.proofs(head.reseller_id, head.subscriber, zone, since)
    ]


def zones_of(names: Iterable[str]) -> tuple[str, ...]:
    """The registrable domain of each name, once: proofs are kept by it."""
    bases = (name.removeprefix("*.") for name in names)
    return tuple(dict.fromkeys(zone_of(base) for base in bases))


def zone_of(domain: str) -> str:
    """Under which name the proofs of `domain` are kept: its registrable domain."""
    return registrable_domain(domain) or domain


def is_asked(challenge: Challenge, order: Order) -> bool:
    """Whether the challenge asks for something that the order needs now."""
    return challenge.round == order.head.round and any(each.asks_like(challenge) for each in wanted_of(order))


def answerable_until(challenge: Challenge, order: Order) -> datetime:
    """When a challenge ends, unless it is answered or its order moves before: with its value, or with its order."""
    return min(challenge.expires_at, pending_at_most_until(order.head))


def _asked(wanted: Wanted, round: int, made: Sequence[Challenge]) -> Challenge | None:
    """The newest challenge of this round, or one that was declined: it stands, whatever else was amended or asked."""
    asked = [each for each in made if wanted.asks_like(each)]
    standing = [each for each in asked if each.round == round or each.status is ChallengeStatus.DECLINED]

    def stands_first(challenge: Challenge) -> tuple[int, bool, datetime]:
        return challenge.round, challenge.status is ChallengeStatus.DECLINED, challenge.created_at

    return max(standing, key=stands_first, default=None)


def _own_answers(wanted: Wanted, asked: Challenge | None, made: Sequence[Challenge]) -> frozenset[str]:
    """The ids of the challenges by which the approver said yes to this very question; none once it was declined."""
    if asked is not None and asked.status is ChallengeStatus.DECLINED:
        return frozenset()
    return frozenset(
        each.challenge_id for each in made if wanted.asks_like(each) and each.status is ChallengeStatus.VALID
    )


def _by_domain(proofs: Iterable[Proof]) -> Mapping[str, Sequence[Proof]]:
    """The proofs by authorization domain name: a hundred names need not each be held against thousands of them."""
    found: dict[str, list[Proof]] = {}
    for proof in proofs:
        found.setdefault(proof.authorization_domain, []).append(proof)
    return found


def _usable(
    on_file: Mapping[str, Sequence[Proof]], name: str, wanted: Wanted, moment: datetime
) -> tuple[Proof, ...]:
    """The proofs that carry the name: those by the method chosen for it first, and of these the longest-lived."""

    def preference(proof: Proof) -> tuple[bool, datetime, str]:
        chosen = (proof.method, proof.br_section) == (wanted.method, wanted.br_section)
        return chosen, usable_until(proof), proof.proof_id

    over = (proof for domain in domains_over(name) for proof in on_file.get(domain, ()))
    usable = (proof for proof in over if proof_usable(proof, name, moment))
    return tuple(sorted(usable, key=preference, reverse=True))


def _refusals(challenges: ChallengeReader, order: Order) -> CaaRefusals | None:
    """What CAA refused, as long as it matters to the order."""
    head = order.head
    if head.caa_refusal is None or head.status is not OrderStatus.PENDING:
        return None
    return challenges.caa_refusals(head.reseller_id, head.order_id, head.caa_refusal)


def _is_checked_since(head: OrderHead, refused_at: datetime) -> bool:
    """Whether the check was asked for when the present refusal was there: no clock of two functions tells.

    A head of a check that was asked for before the refusal was noted has nothing but the times.
    """
    if head.checked_refusal is not None:
        return head.checked_refusal == head.caa_refusal
    return head.checked_at is not None and head.checked_at > refused_at


def _ended(order: Order, now: datetime) -> datetime:
    return order.head.closed.at if order.head.closed else now
