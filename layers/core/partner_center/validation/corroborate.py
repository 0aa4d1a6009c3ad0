"""Asking all network perspectives the same and counting their answers (BR 3.2.2.9)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from partner_center.validation.looks import Look, RecordsSeen, Sighting
from partner_center.validation.perspectives import (
    LOOKS_AT_MOST,
    Perspectives,
    PerspectiveView,
    Unseen,
    UnseenReason,
)
from partner_center.validation.quorum import Corroboration, PerspectiveSite, Vote, in_order, quorum

Judge = Callable[[Sequence[Sighting]], Vote]


@dataclass(frozen=True, slots=True)
class Seen:
    """What each site answered to all looks of one question; a site in trouble answered nothing."""

    views: Mapping[PerspectiveSite, PerspectiveView]

    def at(self, site: PerspectiveSite, first: int, count: int) -> Sequence[Sighting] | None:
        """The sightings of `count` looks from `first`; None unless the site saw every one of them."""
        sightings = (self.views[site].sightings or ())[first : first + count]
        seen = [each for each in sightings if not isinstance(each, Unseen)]
        return seen if len(seen) == count else None

    def trouble(self, site: PerspectiveSite, first: int, count: int) -> str | None:
        """Why the site did not see all of `count` looks from `first`; None if it did. A resolver of ours that is
        out sees nothing.
        """
        view = self.views[site]
        if view.sightings is None:
            return view.trouble
        return next(filter(None, map(_trouble, view.sightings[first : first + count])), None)

    def too_large(self, site: PerspectiveSite, first: int, count: int) -> int | None:
        """Which of `count` looks from `first` met more than the site can tell, the first of them; None if none did.

        Zones choose the size of their answers, so it is a no of theirs, and no outage of ours.
        """
        sightings = (self.views[site].sightings or ())[first : first + count]
        return next(
            (
                place
                for place, each in enumerate(sightings)
                if isinstance(each, Unseen) and each.reason is UnseenReason.TOO_LARGE
            ),
            None,
        )

    def corroborated(self, moment: datetime, first: int, count: int, judge: Judge) -> Corroboration | None:
        """The outcome over all sites; None when none is set up, or not the primary, which must agree."""
        if not any(site.primary for site in self.views):
            return None
        return quorum(moment, {site: self._vote(site, first, count, judge) for site in self.views})

    def _vote(self, site: PerspectiveSite, first: int, count: int, judge: Judge) -> Vote:
        sightings = self.at(site, first, count)
        if sightings is not None:
            return judge(sightings)
        return Vote.REFUSED if self.too_large(site, first, count) is not None else Vote.NOT_ANSWERED


@dataclass(frozen=True, slots=True)
class AllPerspectives:
    """The perspectives and the places where they stand; each is known by its region."""

    perspectives: Perspectives
    sites: Sequence[PerspectiveSite]

    @property
    def primary(self) -> PerspectiveSite | None:
        return next((site for site in self.sites if site.primary), None)

    def look(self, looks: Sequence[Look], seconds: float | None = None) -> Seen:
        """One fresh answer of every site to every look. A site that failed in one part has not answered at all.

        `seconds`: how long somebody waits for all of it; the parts share them.
        """
        by_region = {site.region: site for site in self.sites}
        whole: dict[PerspectiveSite, PerspectiveView] = {}
        parts = [looks[first : first + LOOKS_AT_MOST] for first in range(0, len(looks), LOOKS_AT_MOST)]
        for part in parts:
            for view in self.perspectives.ask(part, seconds / len(parts) if seconds is not None else None):
                site = by_region.get(view.perspective_id)
                if site is not None:
                    whole[site] = _joined(whole.get(site), view)
        return Seen({site: whole[site] for site in in_order(whole)})


def _trouble(sighting: Sighting | Unseen) -> str | None:
    if isinstance(sighting, Unseen):
        return sighting.reason.value
    failure = sighting.failure if isinstance(sighting, RecordsSeen) else None
    return (
        f"trouble with our resolver ({failure.kind})"
        if failure is not None and failure.kind.is_ours
        else None
    )


def _joined(before: PerspectiveView | None, view: PerspectiveView) -> PerspectiveView:
    if before is None or before.sightings is None:
        return before or view
    if view.sightings is None:
        return view
    return PerspectiveView(view.perspective_id, (*before.sightings, *view.sightings))
