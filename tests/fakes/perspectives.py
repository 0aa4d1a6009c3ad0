"""Perspectives that see a world of the test's making, some of them another one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from partner_center.validation.caa import relevant_caa_set
from partner_center.validation.corroborate import AllPerspectives
from partner_center.validation.dns import (
    Answer,
    Dnssec,
    Failure,
    FailureKind,
    LookupFailed,
    Rcode,
    Record,
    RecordType,
    Resolver,
)
from partner_center.validation.looks import (
    CaaLook,
    CaaSeen,
    FileLook,
    Hop,
    Look,
    PageSeen,
    PageTrouble,
    RecordsLook,
    RecordsSeen,
    Sighting,
)
from partner_center.validation.perspectives import PerspectiveView, Unseen
from partner_center.validation.quorum import SITES

REGIONS = tuple(site.region for site in SITES)
PRIMARY, *REMOTES = REGIONS


@dataclass
class SeenWorld:
    """`Resolver` and `PageFetcher` of one perspective; what is not there does not exist."""

    records: dict[tuple[str, RecordType], tuple[Record, ...] | FailureKind] = field(default_factory=dict)
    pages: dict[str, PageSeen] = field(default_factory=dict)
    dnssec: Dnssec = Dnssec.INSECURE

    def lookup(self, name: str, record_type: RecordType) -> Answer:
        found = self.records.get((name, record_type), ())
        if isinstance(found, FailureKind):
            raise LookupFailed(Failure(name, record_type, found))
        rcode = Rcode.NOERROR if found else Rcode.NXDOMAIN
        return Answer(name, record_type, found, 60, self.dnssec, rcode)

    def see(self, look: Look) -> Sighting:
        match look:
            case RecordsLook():
                try:
                    return RecordsSeen(answer=self.lookup(look.name, look.type))
                except LookupFailed as failed:
                    return RecordsSeen(failure=failed.failure)
            case CaaLook():
                return CaaSeen(relevant_caa_set(look.name, self))
            case FileLook():
                asked = (Hop(look.url, None, None),)
                return self.pages.get(look.host, PageSeen(asked, trouble=PageTrouble.NO_ADDRESS))


@dataclass
class SeenThrough:
    """A perspective with a resolver of the test's, and without a web."""

    resolver: Resolver

    def see(self, look: Look) -> Sighting:
        if not isinstance(look, CaaLook):
            raise ValueError(f"this perspective looks CAA up, not {look}")
        return CaaSeen(relevant_caa_set(look.name, self.resolver))


class Sees(Protocol):
    """Answers looks as one perspective does."""

    def see(self, look: Look) -> Sighting: ...


@dataclass
class MemoryPerspectives:
    """`Perspectives`: all see `world`, but for those in `others`; those in `trouble` answer nothing.

    `before` runs before each question; `asked` keeps the questions, `allowed` how long each might take.
    """

    world: Sees = field(default_factory=SeenWorld)
    others: dict[str, Sees] = field(default_factory=dict)
    trouble: dict[str, str] = field(default_factory=dict)
    unseen: dict[str, Unseen] = field(default_factory=dict)
    regions: tuple[str, ...] = REGIONS
    before: Callable[[], None] = lambda: None
    asked: list[tuple[Look, ...]] = field(default_factory=list)
    allowed: list[float | None] = field(default_factory=list)

    def ask(self, looks: Sequence[Look], seconds: float | None = None) -> Sequence[PerspectiveView]:
        self.before()
        self.asked.append(tuple(looks))
        self.allowed.append(seconds)
        return [self._view(region, looks) for region in self.regions]

    def _view(self, region: str, looks: Sequence[Look]) -> PerspectiveView:
        if region in self.trouble:
            return PerspectiveView(region, trouble=self.trouble[region])
        seen = self.others.get(region, self.world)
        return PerspectiveView(region, tuple(self.unseen.get(region) or seen.see(look) for look in looks))

    def everywhere(self) -> AllPerspectives:
        return AllPerspectives(self, [site for site in SITES if site.region in self.regions])
