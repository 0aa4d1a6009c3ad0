"""CAA as every perspective sees it: the primary's verdict, corroborated by the others (BR 3.2.2.8, 3.2.2.9).

Each name is asked with looks of its own, fresh at every signing: one name's look-up once served for all (2020).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from partner_center.kernel.clock import Clock
from partner_center.validation.caa import CaaReason, CaaRequest, CaaVerdict, caa_verdict
from partner_center.validation.corroborate import AllPerspectives
from partner_center.validation.looks import CaaLook, CaaSeen, Sighting
from partner_center.validation.quorum import Corroboration, QuorumReason, Vote, vote_of


@dataclass(frozen=True, slots=True)
class CaaResult:
    """What all perspectives together say of one name; `checked_at` is before the first look-up.

    `verdict` is the primary's, None when it could not look at all.
    """

    name: str
    verdict: CaaVerdict | None
    corroboration: Corroboration | None
    checked_at: datetime

    @property
    def allowed(self) -> bool:
        return bool(
            self.verdict and self.verdict.allowed and self.corroboration and self.corroboration.passed
        )

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
        if self.verdict is None:
            return "the primary network perspective could not look CAA up; ask for another check"
        if self.corroboration.reason is QuorumReason.TOO_FEW_REMOTES:
            return (
                f"only {len(self.corroboration.votes) - 1} remote network perspectives are set up, and "
                f"{self.corroboration.remotes_needed} are needed; the operator must deploy more"
            )
        if self.verdict.allowed and not self.allowed:
            return (
                "the CAA look-up from here permits the issue, but too few other network perspectives agree "
                f"({self.corroboration.quorum}; not {', '.join(self.corroboration.against)}); "
                "make all name servers give the same answer"
            )
        return self.verdict.detail

    def as_evidence(self) -> dict[str, Any]:
        """What is kept of it with the preflight."""
        return {
            "name": self.name,
            "allowed": self.allowed,
            "reason": self.verdict.reason.value if self.verdict else "caa_not_seen",
            "found_at": self.verdict.found_at if self.verdict else None,
            "dnssec": self.verdict.dnssec.value if self.verdict else None,
            "quorum": self.corroboration.quorum if self.corroboration else None,
            "against": self.corroboration.against if self.corroboration else {},
            "agreement": self.corroboration.reason.value if self.corroboration else "no_perspective",
        }


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

        def judge(sightings: Sequence[Sighting], request: CaaRequest = request) -> Vote:
            return _vote(_verdict(request, sightings, issuer_domains))

        sightings = seen.at(primary, place, 1) if primary in seen.views and primary else None
        verdict = _verdict(request, sightings, issuer_domains) if sightings else None
        corroboration = seen.corroborated(checked_at, place, 1, judge)
        results.append(CaaResult(request.name, verdict, corroboration, checked_at))
    return tuple(results)


def _verdict(
    request: CaaRequest, sightings: Sequence[Sighting], issuer_domains: Collection[str]
) -> CaaVerdict:
    (sighting,) = sightings
    if not isinstance(sighting, CaaSeen):
        raise ValueError("CAA is looked for by climbing")
    return caa_verdict(sighting.caa_set, request.name, issuer_domains, request.method, request.account_uri)


def _vote(verdict: CaaVerdict) -> Vote:
    return vote_of(verdict.allowed, verdict.reason is not CaaReason.LOOKUP_FAILED)
