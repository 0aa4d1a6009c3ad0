"""How the names of an order stand: what would prove each, what was asked, and which proof carries it.

A name is proven by any proof on file of the order's subscriber that covers it and is usable: one of this order, or an
earlier one of the same subscriber (BR 4.2.1). Challenges only say what is being asked.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from partner_center.kernel.dated_rules import TIMETABLE
from partner_center.kernel.public_suffix import registrable_domain
from partner_center.orders.order import Order, OrderStatus
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
from partner_center.validation.ports import ChallengeReader

_LONGEST_REUSE = max(rules.domain_reuse for _, rules in TIMETABLE) + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class NameStanding:
    """One name: `challenge` is the one that asks for it now or was declined, `proof` what carries it."""

    name: str
    wanted: Wanted
    challenge: Challenge | None
    proof: Proof | None

    def status_at(self, moment: datetime) -> ChallengeStatus:
        if self.proof is not None:
            return ChallengeStatus.VALID
        status = self.challenge.status_at(moment) if self.challenge else ChallengeStatus.PENDING
        # Its proof has grown too old, and nobody was asked again yet.
        return ChallengeStatus.EXPIRED if status is ChallengeStatus.VALID else status


@dataclass(frozen=True, slots=True)
class Standing:
    """All names of the order's present content, in its order; `challenges` are all that were ever made for it."""

    names: tuple[NameStanding, ...]
    challenges: tuple[Challenge, ...] = ()

    @property
    def proofs(self) -> Mapping[str, Proof]:
        """The proof behind each proven name."""
        return {each.name: each.proof for each in self.names if each.proof is not None}

    @property
    def is_proven(self) -> bool:
        return all(each.proof is not None for each in self.names)

    def open(self, names: Collection[str] | None = None) -> tuple[Challenge, ...]:
        """The challenges that ask for those of `names`, or of all names, that are unproven now; each once."""
        asked = (
            each.challenge
            for each in self.names
            if each.proof is None and each.challenge is not None and (names is None or each.name in names)
        )
        return tuple({each.challenge_id: each for each in asked}.values())

    @property
    def unasked(self) -> tuple[Wanted, ...]:
        """What must be asked for the unproven names; not of an address that declined."""
        declined = barred(self.challenges)
        wanted = dict.fromkeys(each.wanted for each in self.names if each.proof is None)
        return tuple(
            each for each in wanted if (each.authorization_domain, each.approver_email) not in declined
        )


def wanted_of(order: Order) -> Sequence[Wanted]:
    """The challenges that the order's present content needs while nothing is proven."""
    return wanted_challenges(order.content.methods)


def standing(
    order: Order, challenges: Iterable[Challenge], proofs: Iterable[Proof], moment: datetime
) -> Standing:
    """How the order's names stand; `proofs` are those on file for its subscriber, `moment` when they are judged."""
    made, on_file = tuple(challenges), tuple(proofs)
    wanted = {name: each for each in wanted_of(order) for name in each.names}
    return Standing(
        tuple(
            NameStanding(
                name, wanted[name], _asked(wanted[name], order.head.round, made), _best(on_file, name, moment)
            )
            for name in order.content.names
        ),
        made,
    )


def read_standing(challenges: ChallengeReader, order: Order, now: datetime) -> Standing:
    """How the order's names stand, read afresh; of an order that is no longer pending, how they stood at its end."""
    head = order.head
    moment = now if head.status is OrderStatus.PENDING else (head.issued_at or _ended(order, now))
    proofs = [
        proof
        for proof in proofs_on_file(challenges, order, moment)
        if head.status is OrderStatus.PENDING or proof.completed_at <= moment
    ]
    return standing(order, challenges.of_order(head.reseller_id, head.order_id), proofs, moment)


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


def _asked(wanted: Wanted, round: int, made: Sequence[Challenge]) -> Challenge | None:
    """The newest challenge of this round, or one that was declined: it stands, whatever else was amended."""
    asked = [each for each in made if wanted.asks_like(each)]
    standing = [each for each in asked if each.round == round or each.status is ChallengeStatus.DECLINED]
    return max(standing, key=lambda each: (each.round, each.created_at), default=None)


def _best(proofs: Sequence[Proof], name: str, moment: datetime) -> Proof | None:
    """Of the proofs that carry the name the one that will do so longest."""
    usable = (proof for proof in proofs if proof_usable(proof, name, moment))
    return max(usable, key=lambda proof: (usable_until(proof), proof.proof_id), default=None)


def _ended(order: Order, now: datetime) -> datetime:
    return order.head.closed.at if order.head.closed else now
