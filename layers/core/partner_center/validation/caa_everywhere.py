"""CAA as every perspective sees it: the primary's verdict, corroborated by the others (BR 3.2.2.8, 3.2.2.9).

Each name is asked with looks of its own, fresh at every signing: one name's look-up once served for all (2020). What
was seen is judged for each proof that a certificate could rely on, since a record may bind us to some methods only
(RFC 8657, section 4).
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from partner_center.kernel.clock import Clock
from partner_center.validation.caa import CaaReason, CaaVerdict, caa_verdict
from partner_center.validation.corroborate import AllPerspectives
from partner_center.validation.looks import CaaLook, CaaSeen, Sighting
from partner_center.validation.quorum import Corroboration, QuorumReason, Vote, vote_of


@dataclass(frozen=True, slots=True)
class CaaRequest:
    """One name of a certificate, and the account of the subscriber to whom its proofs belong.

    `proven` are the sections of the BR that its proofs rest on, the preferred one first; there is one at least.
    `provable` are those by which it could be proven, whether it is or not.
    """

    name: str
    proven: tuple[str, ...]
    account_uri: str | None = None
    provable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CaaResult:
    """What all perspectives together say of one name; `checked_at` is before the first look-up.

    `section` is that of the proof to rely on: the first that is permitted, or the preferred one when none is, and
    `permitted` are then the provable sections that would be. `verdict` is the primary's, None when it could not look
    at all. `is_too_large`: it looked, and what it met is more than it can tell, which may hide a prohibition.
    """

    request: CaaRequest
    section: str
    verdict: CaaVerdict | None
    corroboration: Corroboration | None
    checked_at: datetime
    issuer_domains: tuple[str, ...]
    permitted: tuple[str, ...] = ()
    is_too_large: bool = False

    @property
    def name(self) -> str:
        return self.request.name

    @property
    def allowed(self) -> bool:
        """Whether the primary permits it, and enough others do."""
        return self.corroboration is not None and self.corroboration.passed

    @property
    def is_unanswered(self) -> bool:
        """Whether nobody refused it: too few perspectives learnt anything, which may be otherwise in a while."""
        found = self.corroboration
        return found is not None and not found.completed and found.reason is not QuorumReason.TOO_FEW_REMOTES

    @property
    def valid_until(self) -> datetime | None:
        """The last moment at which this may support a signature; None for a refusal."""
        return self.checked_at + self.verdict.fresh_for if self.verdict and self.allowed else None

    @property
    def detail(self) -> str:
        if self.corroboration is None:
            return (
                "no network perspective is set up, so CAA cannot be looked up; the operator must deploy them"
            )
        if self.is_too_large:
            base = self.name.removeprefix("*.")
            return (
                f"the answer for CAA of {base} is too large, so that it cannot be told whether it permits the issue; "
                "publish fewer or shorter CAA records, then ask for another check"
            )
        if self.verdict is None:
            return "the primary network perspective could not look CAA up; ask for another check"
        if self.corroboration.reason is QuorumReason.TOO_FEW_REMOTES:
            return (
                f"only {len(self.corroboration.votes) - 1} remote network perspectives are set up, and "
                f"{self.corroboration.remotes_needed} are needed; the operator must deploy more"
            )
        if self.verdict.allowed and not self.allowed:
            what, advice = "agree", "make all name servers give the same answer"
            if self.is_unanswered:
                what = "learnt anything"
                advice = "it is looked up again by itself; see that your name servers answer everybody"
            return (
                f"the CAA look-up from here permits the issue, but too few other network perspectives {what} "
                f"({self.corroboration.quorum}; not {', '.join(self.corroboration.against)}); {advice}"
            )
        return self.verdict.detail


def check_caa_everywhere(
    requests: Sequence[CaaRequest],
    everywhere: AllPerspectives,
    issuer_domains: Collection[str],
    clock: Clock,
) -> tuple[CaaResult, ...]:
    """The result for every name, in order; nothing stops at the first refusal."""
    if not requests:
        return ()
    checked_at = clock.now()
    seen = everywhere.look([CaaLook(request.name.removeprefix("*.")) for request in requests])
    primary = everywhere.primary
    results = []
    for place, request in enumerate(requests):

        def judged(section: str, request: CaaRequest = request, place: int = place) -> CaaResult:
            """What the sightings of this name say of a proof of that section."""

            def verdict_on(sightings: Sequence[Sighting]) -> CaaVerdict:
                return _verdict(request, section, sightings, issuer_domains)

            looked = primary if primary in seen.views else None
            here = seen.at(looked, place, 1) if looked else None
            return CaaResult(
                request,
                section,
                verdict_on(here) if here else None,
                seen.corroborated(checked_at, place, 1, lambda sightings: _vote(verdict_on(sightings))),
                checked_at,
                tuple(issuer_domains),
                is_too_large=looked is not None and seen.too_large(looked, place, 1) is not None,
            )

        results.append(_best(request, judged))
    return tuple(results)


def _best(request: CaaRequest, judged: Callable[[str], CaaResult]) -> CaaResult:
    """The first permission for a proof; else what is said of the preferred one, and what would be permitted."""
    found = [judged(section) for section in request.proven]
    for result in found:
        if result.allowed:
            return result
    permitted = tuple(section for section in request.provable if judged(section).allowed)
    return replace(found[0], permitted=permitted)


def _verdict(
    request: CaaRequest, section: str, sightings: Sequence[Sighting], issuer_domains: Collection[str]
) -> CaaVerdict:
    (sighting,) = sightings
    if not isinstance(sighting, CaaSeen):
        raise ValueError("CAA is looked for by climbing")
    return caa_verdict(sighting.caa_set, request.name, issuer_domains, section, request.account_uri)


def _vote(verdict: CaaVerdict) -> Vote:
    return vote_of(verdict.allowed, verdict.reason is not CaaReason.LOOKUP_FAILED)
