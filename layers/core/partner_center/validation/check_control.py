"""Checking what the owners of domains have published: every perspective looks, the quorum decides, all is recorded.

Whoever starts a check, a person or the schedule, hands over ids only; nothing but what the perspectives saw can make
a proof.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import ChangedMeanwhile
from partner_center.kernel.events import Chronicle
from partner_center.kernel.ids import Ids
from partner_center.orders.content import Method
from partner_center.orders.order import Order, OrderStatus
from partner_center.orders.ports import OrderReader, load
from partner_center.validation.challenges import (
    Attempt,
    Challenge,
    ChallengeStatus,
    Proof,
    br_section_of,
    next_check,
)
from partner_center.validation.control_methods import looks_for
from partner_center.validation.corroborate import AllPerspectives, Seen
from partner_center.validation.file_check import check_file
from partner_center.validation.looks import FileLook, Look, PageSeen, Sighting
from partner_center.validation.ports import AttemptRecord, Challenges, Observation, Ruling
from partner_center.validation.publishing import Publishing
from partner_center.validation.quorum import Corroboration, PerspectiveSite, Vote, vote_of
from partner_center.validation.record_check import judge_records
from partner_center.validation.standing import read_standing

NO_PERSPECTIVE = "No network perspective is set up, so nothing can be checked; the operator must deploy them."


@dataclass(frozen=True, slots=True)
class Finding:
    """What one site's sightings amount to, whichever the method."""

    passed: bool
    completed: bool
    detail: str
    seen: tuple[str, ...]
    dnssec: str | None = None
    found_at: str | None = None
    below: bool = False


@dataclass(frozen=True, slots=True)
class _Question:
    """A challenge and where its looks stand among all that were asked."""

    challenge: Challenge
    looks: tuple[Look, ...]
    first: int


@dataclass(frozen=True, slots=True)
class CheckControl:
    """The use case. Two at once look once: each check is claimed before anybody is asked."""

    orders: OrderReader
    challenges: Challenges
    everywhere: AllPerspectives
    publishing: Publishing
    clock: Clock
    ids: Ids

    def __call__(
        self, reseller_id: str, order_id: str, correlation_id: str, names: Collection[str] | None = None
    ) -> None:
        """Check what is published for `names`, or for all names, of an order. Raises TryAgain.

        What is proven, expired, declined, or belongs to an order that is over is left alone.
        """
        order = load(self.orders, reseller_id, order_id)
        if order is None:
            return
        moment = self.clock.now()
        found = read_standing(self.challenges, order, moment)
        claimed = []
        for challenge in found.challenges:
            asked = any(challenge is each for each in found.open) and _is_open(order, challenge, moment)
            if not asked:
                self._rest(challenge)
            elif names is None or not set(names).isdisjoint(challenge.names):
                claimed += self._claimed(challenge, moment)
        if claimed:
            questions = list(_questions(claimed))
            seen = self.everywhere.look([look for each in questions for look in each.looks])
            for question in questions:
                self._conclude(order, question, seen, moment, correlation_id)

    def _rest(self, challenge: Challenge) -> None:
        """What nobody asks for any more is not due any more."""
        if challenge.due_at is not None:
            self.challenges.rest(challenge)

    def _claimed(self, challenge: Challenge, moment: datetime) -> list[Challenge]:
        claimed = self.challenges.begin_check(challenge, moment, next_check(challenge.checks, moment))
        return [claimed] if claimed else []

    def _conclude(
        self, order: Order, question: _Question, seen: Seen, moment: datetime, correlation_id: str
    ) -> None:
        findings = {
            site: self._finding(order, question, seen.at(site, question.first, len(question.looks)), moment)
            for site in seen.views
        }
        corroboration = seen.corroborated(
            moment,
            question.first,
            len(question.looks),
            lambda sightings: _vote(self._finding(order, question, sightings, moment)),
        )
        primary = next((finding for site, finding in findings.items() if site.primary), None)
        record = self._record(question.challenge, findings, seen, corroboration, moment)
        if corroboration is not None and corroboration.passed and primary is not None:
            ruling = self._ruling(order, question.challenge, primary, corroboration, record, correlation_id)
            try:
                self.challenges.rule(ruling)
            except ChangedMeanwhile:
                return  # the order was amended while we looked: what it needs now is asked anew
        else:
            self.challenges.note(question.challenge, record)

    def _finding(
        self, order: Order, question: _Question, sightings: Sequence[Sighting] | None, moment: datetime
    ) -> Finding:
        if sightings is None:
            return Finding(False, False, "This perspective could not look.", ())
        challenge = question.challenge
        if challenge.method == Method.HTTP_FILE:
            return _page_finding(question.looks[0], sightings[0], challenge.value)
        verdict = judge_records(
            challenge.method, sightings, self.publishing.expected(order, challenge), moment
        )
        return Finding(
            verdict.passed,
            verdict.completed,
            verdict.detail,
            verdict.seen,
            verdict.dnssec.value if verdict.dnssec else None,
            verdict.found_at,
            verdict.below,
        )

    def _record(
        self,
        challenge: Challenge,
        findings: dict[PerspectiveSite, Finding],
        seen: Seen,
        corroboration: Corroboration | None,
        moment: datetime,
    ) -> AttemptRecord:
        votes = dict(corroboration.votes) if corroboration else {}
        observations = tuple(
            Observation(
                site.id,
                votes[site].value,
                finding.detail if seen.views[site].sightings else seen.trouble(site),
                finding.seen,
                finding.dnssec,
            )
            for site, finding in findings.items()
        )
        result, detail = _outcome(findings, corroboration)
        attempt = Attempt(moment, result, detail, tuple((each.site, each.vote) for each in observations))
        return AttemptRecord(
            attempt_id=self.ids.new("att", moment),
            reseller_id=challenge.reseller_id,
            order_id=challenge.order_id,
            challenge_id=challenge.challenge_id,
            attempt=attempt,
            quorum=corroboration.quorum if corroboration else None,
            reason=corroboration.reason.value if corroboration else "no_perspective",
            observations=observations,
        )

    def _ruling(
        self,
        order: Order,
        challenge: Challenge,
        primary: Finding,
        corroboration: Corroboration,
        record: AttemptRecord,
        correlation_id: str,
    ) -> Ruling:
        moment = self.clock.now()
        chronicle = Chronicle(self.ids, moment, "system", correlation_id)
        ids = (challenge.reseller_id, challenge.order_id)
        proof = Proof(
            proof_id=self.ids.new("prf", moment),
            reseller_id=challenge.reseller_id,
            subscriber=order.head.subscriber,
            order_id=challenge.order_id,
            challenge_id=challenge.challenge_id,
            method=challenge.method,
            br_section=br_section_of(challenge.method, challenge.source),
            authorization_domain=challenge.authorization_domain,
            names=challenge.names,
            checked_at=record.attempt.at,
            completed_at=moment,
            by="system",
            below=primary.below,
            evidence={
                "attempt_id": record.attempt_id,
                "found_at": primary.found_at,
                "dnssec": primary.dnssec,
                **corroboration.as_evidence(),
            },
        )
        return Ruling(
            challenge=challenge,
            revision=order.head.revision,
            status=ChallengeStatus.VALID,
            decided_at=moment,
            proof=proof,
            event=chronicle.event(
                "domain.proven",
                *ids,
                challenge_id=challenge.challenge_id,
                attempt=order.head.attempt,
                revision=order.head.revision,
            ),
            audit=chronicle.audit(
                "domain.proven",
                *ids,
                challenge_id=challenge.challenge_id,
                authorization_domain=challenge.authorization_domain,
                method=challenge.method,
                names=" ".join(challenge.names)[:2000],
                attempt_id=record.attempt_id,
                quorum=record.quorum,
                proof_id=proof.proof_id,
            ),
            attempt=record.attempt,
            record=record,
        )


def _is_open(order: Order, challenge: Challenge, moment: datetime) -> bool:
    return (
        order.head.status is OrderStatus.PENDING
        and challenge.method != Method.EMAIL
        and challenge.status_at(moment) is ChallengeStatus.PENDING
    )


def _questions(challenges: Sequence[Challenge]) -> Iterator[_Question]:
    first = 0
    for challenge in challenges:
        looks = looks_for(challenge.method, challenge.authorization_domain)
        yield _Question(challenge, looks, first)
        first += len(looks)


def _page_finding(look: Look, sighting: Sighting, value: str) -> Finding:
    if not isinstance(look, FileLook) or not isinstance(sighting, PageSeen):
        raise ValueError("a file is looked for as a page")
    check = check_file(look, sighting, value)
    hops = tuple(f"{hop.url} {hop.address or '-'} {hop.status or '-'}" for hop in sighting.hops)
    return Finding(
        check.passed, check.completed, check.detail, hops, None, look.url if check.passed else None
    )


def _vote(finding: Finding) -> Vote:
    return vote_of(finding.passed, finding.completed)


def _outcome(
    findings: dict[PerspectiveSite, Finding], corroboration: Corroboration | None
) -> tuple[ChallengeStatus, str]:
    """What the reseller reads: the primary's sentence, and who saw something else."""
    primary = next((finding for site, finding in findings.items() if site.primary), None)
    if corroboration is None or primary is None:
        return ChallengeStatus.PENDING, NO_PERSPECTIVE
    if corroboration.passed:
        return ChallengeStatus.VALID, primary.detail
    status = ChallengeStatus.FAILED if corroboration.completed else ChallengeStatus.PENDING
    if not primary.passed:
        return status, primary.detail
    others = ", ".join(site.id for site, finding in findings.items() if not (site.primary or finding.passed))
    return status, (
        f"Seen from {next(site.id for site in findings if site.primary)} all is in place, but too few others agree "
        f"({corroboration.quorum}); not from {others}. Wait until the change has reached all your servers."
    )
