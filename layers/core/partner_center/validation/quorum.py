"""Multi-perspective corroboration: where the network is looked at from, and when enough of it agrees (BR 3.2.2.9)."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import combinations
from math import asin, cos, radians, sin, sqrt
from typing import Any

from partner_center.kernel.dated_rules import rules_on

LEAST_DISTANCE_KM = 500
"""Perspectives nearer to each other than this are one and the same to the rules."""

REGISTRIES_AT_LEAST = 2
"""How many registry regions the agreeing remote perspectives lie in."""

_EARTH_RADIUS_KM = 6371.0088


class Registry(StrEnum):
    """The regional internet registry in whose service region a perspective lies."""

    AFRINIC = "afrinic"
    APNIC = "apnic"
    ARIN = "arin"
    LACNIC = "lacnic"
    RIPE = "ripe"


@dataclass(frozen=True, slots=True)
class PerspectiveSite:
    """A network perspective together with its resolver, which shares its machine and so its place.

    `region` is the AWS region. The coordinates, in degrees, are those of its metropolitan area: an error of
    some tens of kilometres is nothing beside the distances here.
    """

    id: str
    region: str
    registry: Registry
    latitude: float
    longitude: float
    primary: bool = False

    def __post_init__(self) -> None:
        if not (-90 <= self.latitude <= 90 and -180 <= self.longitude <= 180):
            raise ValueError(f"{self.id} is nowhere on earth")


SITES = (
    PerspectiveSite("eu-west-1", "eu-west-1", Registry.RIPE, 53.35, -6.26, primary=True),
    PerspectiveSite("eu-central-1", "eu-central-1", Registry.RIPE, 50.11, 8.68),
    PerspectiveSite("ap-south-1", "ap-south-1", Registry.APNIC, 19.08, 72.88),
    PerspectiveSite("us-west-2", "us-west-2", Registry.ARIN, 45.84, -119.70),
    PerspectiveSite("sa-east-1", "sa-east-1", Registry.LACNIC, -23.55, -46.63),
    PerspectiveSite("ap-northeast-1", "ap-northeast-1", Registry.APNIC, 35.68, 139.69),
)
"""One primary and the five remotes that are needed from 2026-12-15; none of the regions must be opted into."""


class Vote(StrEnum):
    """What a perspective says to the question that all were asked."""

    PASSED = "passed"
    REFUSED = "refused"
    NOT_ANSWERED = "not_answered"
    """It counts as disagreement: silence corroborates nothing."""


def vote_of(passed: bool, completed: bool) -> Vote:
    """The vote that a verdict amounts to."""
    if not completed:
        return Vote.NOT_ANSWERED
    return Vote.PASSED if passed else Vote.REFUSED


class QuorumReason(StrEnum):
    """Why a result is corroborated, or why not."""

    CORROBORATED = "corroborated"
    PRIMARY_REFUSED = "primary_refused"
    PRIMARY_NOT_ANSWERED = "primary_not_answered"
    TOO_FEW_REMOTES = "too_few_remotes"
    TOO_MANY_DISAGREE = "too_many_disagree"
    ONE_REGISTRY_REGION = "one_registry_region"


@dataclass(frozen=True, slots=True)
class Corroboration:
    """The outcome of one attempt. `remotes_needed` and `disagreements_allowed` are the rules it was held to."""

    reason: QuorumReason
    votes: tuple[tuple[PerspectiveSite, Vote], ...]
    remotes_needed: int
    disagreements_allowed: int

    @property
    def passed(self) -> bool:
        return self.reason is QuorumReason.CORROBORATED

    @property
    def completed(self) -> bool:
        """Whether the world said yes or no; otherwise too few perspectives learnt anything."""
        if self.passed or self.reason is QuorumReason.PRIMARY_REFUSED:
            return True
        refused = [site for site, vote in self.votes if vote is Vote.REFUSED and not site.primary]
        return len(refused) > self.disagreements_allowed

    @property
    def quorum(self) -> str:
        """How many perspectives, the primary among them, agree out of how many: "5/6"."""
        return f"{sum(vote is Vote.PASSED for _, vote in self.votes)}/{len(self.votes)}"

    @property
    def against(self) -> dict[str, str]:
        """The sites that do not agree, each with what it said."""
        return {site.id: vote.value for site, vote in self.votes if vote is not Vote.PASSED}

    def as_evidence(self) -> dict[str, Any]:
        """The part of a proof's evidence and of an attempt that tells who saw what, the primary first."""
        return {
            "quorum": self.quorum,
            "perspectives": [
                {"id": site.id, "region": site.region, "registry": site.registry.value, "result": vote.value}
                for site, vote in self.votes
            ],
        }


def quorum(moment: datetime, votes: Mapping[PerspectiveSite, Vote]) -> Corroboration:
    """Whether the votes of one attempt corroborate each other by the rules of `moment`.

    Exactly one of the sites is the primary, which must pass. A retry is another attempt: it brings votes of
    all its own, and none is carried over. Raises ValueError for sites that are not distinct, NoRulesYet for
    a day before the timetable.
    """
    _require_distinct(votes)
    needed = rules_on(moment).remote_perspectives
    ordered = tuple((site, votes[site]) for site in in_order(votes))
    remotes = ordered[1:]
    allowed = disagreements_allowed(len(remotes))
    return Corroboration(_reason(ordered[0][1], remotes, needed, allowed), ordered, needed, allowed)


def in_order(sites: Iterable[PerspectiveSite]) -> list[PerspectiveSite]:
    """The one order in which perspectives are told of: the primary first, then by id."""
    return sorted(sites, key=lambda each: (not each.primary, each.id))


def disagreements_allowed(remotes: int) -> int:
    """How many of so many remote perspectives need not agree (BR 3.2.2.9, "Quorum Requirements")."""
    if remotes < 2:
        return 0
    return 1 if remotes <= 5 else 2


def _reason(
    primary: Vote, remotes: Collection[tuple[PerspectiveSite, Vote]], needed: int, allowed: int
) -> QuorumReason:
    agreeing = [site for site, vote in remotes if vote is Vote.PASSED]
    if primary is Vote.REFUSED:
        return QuorumReason.PRIMARY_REFUSED
    if primary is not Vote.PASSED:
        return QuorumReason.PRIMARY_NOT_ANSWERED
    if len(remotes) < needed:
        return QuorumReason.TOO_FEW_REMOTES
    if len(remotes) - len(agreeing) > allowed:
        return QuorumReason.TOO_MANY_DISAGREE
    if len({site.registry for site in agreeing}) < REGISTRIES_AT_LEAST:
        return QuorumReason.ONE_REGISTRY_REGION
    return QuorumReason.CORROBORATED


def check_perspectives(sites: Collection[PerspectiveSite], moment: datetime) -> None:
    """Raises ValueError unless `sites` can corroborate at `moment`, whichever remotes may disagree.

    They are distinct, as many as needed, and those that agree lie in two registry regions even when every
    disagreement allowed falls into the others.
    """
    _require_distinct(sites)
    remotes = [site for site in sites if not site.primary]
    needed = rules_on(moment).remote_perspectives
    if len(remotes) < needed:
        raise ValueError(f"{len(remotes)} remote perspectives, and {needed} are needed")
    agreeing = len(remotes) - disagreements_allowed(len(remotes))
    crowded = max(sum(site.registry is registry for site in remotes) for registry in Registry)
    if crowded >= agreeing:
        raise ValueError(f"{crowded} of {len(remotes)} remote perspectives lie in one registry region")


def _require_distinct(sites: Iterable[PerspectiveSite]) -> None:
    listed = list(sites)
    if sum(site.primary for site in listed) != 1:
        raise ValueError("exactly one perspective is the primary")
    for one, other in combinations(listed, 2):
        if one.id == other.id:
            raise ValueError(f"{one.id} is named twice")
        apart = distance_km(one, other)
        if apart < LEAST_DISTANCE_KM:
            raise ValueError(f"{one.id} and {other.id} are {apart:.0f} km apart, too near to be two")


def distance_km(one: PerspectiveSite, other: PerspectiveSite) -> float:
    """Along the surface of the earth, by the haversine formula."""
    latitude, longitude = radians(one.latitude), radians(one.longitude)
    other_latitude, other_longitude = radians(other.latitude), radians(other.longitude)
    across = sin((other_latitude - latitude) / 2) ** 2
    along = sin((other_longitude - longitude) / 2) ** 2
    haversine = across + cos(latitude) * cos(other_latitude) * along
    return 2 * _EARTH_RADIUS_KM * asin(sqrt(min(1.0, haversine)))
