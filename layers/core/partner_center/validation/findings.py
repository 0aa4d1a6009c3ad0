"""What the looks at a challenge amount to: what each site found, whether that is corroborated, and what is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from partner_center.orders.content import Method
from partner_center.validation.challenges import Challenge, ChallengeStatus
from partner_center.validation.control_verdict import Expected
from partner_center.validation.corroborate import Seen
from partner_center.validation.file_check import check_file
from partner_center.validation.looks import CaaLook, FileLook, Look, PageSeen, RecordsLook, Sighting
from partner_center.validation.quorum import Corroboration, PerspectiveSite, QuorumReason, Vote, vote_of
from partner_center.validation.record_check import judge_records

NO_PERSPECTIVE = "No network perspective is set up, so nothing can be checked; the operator must deploy them."


@dataclass(frozen=True, slots=True)
class Finding:
    """What one site's sightings amount to, whichever the method; `below` as in a Proof."""

    passed: bool
    completed: bool
    detail: str
    seen: tuple[str, ...]
    dnssec: str | None = None
    found_at: str | None = None
    below: bool = False


Findings = Mapping[PerspectiveSite, Finding]


@dataclass(frozen=True, slots=True)
class Question:
    """A challenge, what is expected of its looks, and where they stand among all that were asked."""

    challenge: Challenge
    expected: Expected
    looks: tuple[Look, ...]
    first: int


def corroborated(question: Question, seen: Seen, moment: datetime) -> Corroboration | None:
    """Whether enough sites agree; None when nobody can look."""
    place = (question.first, len(question.looks))
    return seen.corroborated(moment, *place, lambda sightings: _vote(_judged(question, sightings, moment)))


def finding_of(question: Question, seen: Seen, site: PerspectiveSite, moment: datetime) -> Finding:
    """What the site found, or why it found nothing."""
    place = (question.first, len(question.looks))
    sightings = seen.at(site, *place)
    if sightings is not None:
        return _judged(question, sightings, moment)
    too_large = seen.too_large(site, *place)
    if too_large is not None:
        return Finding(False, True, _too_large(question.looks[too_large]), ())
    why = seen.trouble(site, *place)
    return Finding(False, False, f"{site.id} could not look: {why}. The check is made again.", ())


def _too_large(look: Look) -> str:
    match look:
        case RecordsLook():
            where = f"{look.type} {look.name}"
        case CaaLook():
            where = f"CAA {look.name}"
        case FileLook():
            where = look.url
    return f"The answer for {where} is too large. Publish less there; the check is made again."


def _judged(question: Question, sightings: Sequence[Sighting], moment: datetime) -> Finding:
    challenge = question.challenge
    if challenge.method == Method.HTTP_FILE:
        return _page_finding(question.looks[0], sightings[0], challenge.value)
    verdict = judge_records(challenge.method, sightings, question.expected, moment)
    return Finding(
        verdict.passed,
        verdict.completed,
        verdict.detail,
        verdict.seen,
        verdict.dnssec.value if verdict.dnssec else None,
        verdict.found_at,
        verdict.below,
    )


def _page_finding(look: Look, sighting: Sighting, value: str) -> Finding:
    if not isinstance(look, FileLook) or not isinstance(sighting, PageSeen):
        raise ValueError("a file is looked for as a page")
    if not sighting.hops:
        return Finding(False, False, f"No request was made: {sighting.trouble}. The check is made again.", ())
    check = check_file(look, sighting, value)
    hops = tuple(f"{hop.url} {hop.address or '-'} {hop.status or '-'}" for hop in sighting.hops)
    dnssec = sighting.dnssec.value if sighting.dnssec else None
    found_at = look.url if check.passed else None
    return Finding(check.passed, check.completed, check.detail, hops, dnssec, found_at)


def _vote(finding: Finding) -> Vote:
    return vote_of(finding.passed, finding.completed)


def outcome(findings: Findings, corroboration: Corroboration | None) -> tuple[ChallengeStatus, str]:
    """What the reseller reads: the primary's sentence, or who saw something else than the primary."""
    if corroboration is None:
        return ChallengeStatus.PENDING, NO_PERSPECTIVE
    (from_where, primary), *_ = ((site.id, each) for site, each in findings.items() if site.primary)
    if corroboration.passed:
        return ChallengeStatus.VALID, primary.detail
    status = ChallengeStatus.FAILED if corroboration.completed else ChallengeStatus.PENDING
    if not primary.passed:
        return status, primary.detail
    others = ", ".join(site.id for site, each in findings.items() if not (site.primary or each.passed))
    if corroboration.reason is QuorumReason.TOO_FEW_REMOTES:
        return status, (
            f"Seen from {from_where} all is in place, but only {len(findings) - 1} of the "
            f"{corroboration.remotes_needed} remote perspectives that are needed are set up; the operator must "
            "deploy more."
        )
    if not corroboration.completed:
        return status, (
            f"Seen from {from_where} all is in place, but too few others learnt anything ({corroboration.quorum}); "
            f"not from {others}. It is looked for again by itself; see that your servers answer everybody."
        )
    return status, (
        f"Seen from {from_where} all is in place, but too few others agree ({corroboration.quorum}); not from "
        f"{others}. Wait until the change has reached all your servers."
    )
