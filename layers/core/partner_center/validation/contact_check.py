"""A published contact is asked only when enough of the network sees it published (BR 3.2.2.4.13, .14; 3.2.2.9)."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import TryAgain
from partner_center.kernel.ids import Ids
from partner_center.validation.approvers import ApproverSource
from partner_center.validation.challenges import Attempt, Challenge, ChallengeStatus
from partner_center.validation.contacts import Approver, contact_vote
from partner_center.validation.corroborate import AllPerspectives, Seen
from partner_center.validation.looks import RecordsSeen
from partner_center.validation.ports import AttemptRecord, Challenges, Observation
from partner_center.validation.quorum import (
    Corroboration,
    PerspectiveSite,
    QuorumReason,
    Vote,
    quorum,
)
from partner_center.validation.record_check import texts_of


@dataclass(frozen=True, slots=True)
class CheckContact:
    """The use case, before every mail to a published contact."""

    challenges: Challenges
    everywhere: AllPerspectives
    clock: Clock
    ids: Ids

    def __call__(self, challenge: Challenge) -> Challenge | None:
        """The challenge, with the evidence of where its contact was seen; None when it must not be mailed.

        A constructed address needs no corroboration. When the network does not show the contact, that is an attempt
        that failed, which the reseller reads and may repeat by a resend; so is an answer that is too large. Raises
        TryAgain when only perspectives of ours that did not answer stand in the way. Every look is recorded.
        """
        if challenge.source == ApproverSource.CONSTRUCTED:
            return challenge
        approver = Approver(
            challenge.approver_email, ApproverSource(challenge.source), challenge.authorization_domain
        )
        moment, looks = self.clock.now(), approver.looks
        seen = self.everywhere.look(looks)
        found = seen.corroborated(moment, 0, len(looks), lambda sightings: contact_vote(approver, sightings))
        if found is not None and found.passed:
            record = self._record(challenge, seen, found, moment, _mailed(approver, found))
            self.challenges.note(challenge, record)
            return replace(challenge, evidence=_evidence(record, found))
        if _may_be_there(seen, found, moment):
            record = self._record(challenge, seen, found, moment, _looked_for_again(approver, found))
            self.challenges.note(challenge, record)
            raise TryAgain(record.attempt.detail, 5)
        failed = self._record(
            challenge, seen, found, moment, _not_seen(approver, seen, found), ChallengeStatus.FAILED
        )
        self.challenges.fail(challenge, failed)
        return None

    def _record(
        self,
        challenge: Challenge,
        seen: Seen,
        found: Corroboration | None,
        moment: datetime,
        detail: str,
        result: ChallengeStatus = ChallengeStatus.PENDING,
    ) -> AttemptRecord:
        votes = tuple((site, vote.value) for site, vote in found.votes) if found else ()
        attempt = Attempt(moment, result, detail, tuple((site.id, vote) for site, vote in votes))
        return AttemptRecord(
            attempt_id=self.ids.new("att", moment),
            reseller_id=challenge.reseller_id,
            order_id=challenge.order_id,
            challenge_id=challenge.challenge_id,
            attempt=attempt,
            quorum=found.quorum if found else None,
            reason=found.reason.value if found else "no_perspective",
            observations=tuple(_observation(site, vote, seen) for site, vote in votes),
        )


def _observation(site: PerspectiveSite, vote: str, seen: Seen) -> Observation:
    sightings = [each for each in seen.at(site, 0, 1) or () if isinstance(each, RecordsSeen)]
    why = seen.trouble(site, 0, 1)
    return Observation(
        site=site.id,
        vote=vote,
        detail=_why_not(site, seen, why) if why else "",
        seen=tuple(text for each in sightings for text in texts_of(each)),
        dnssec=next((each.answer.dnssec.value for each in sightings if each.answer), None),
    )


def _why_not(site: PerspectiveSite, seen: Seen, why: str) -> str:
    if seen.too_large(site, 0, 1) is not None:
        return f"The answer that {site.id} got is too large."
    return f"{site.id} could not look: {why}."


def _may_be_there(seen: Seen, found: Corroboration | None, moment: datetime) -> bool:
    """Whether it would be corroborated if every perspective in trouble saw it, or if more of them were set up."""
    if found is None:
        return True
    votes = {
        site: Vote.PASSED if vote is Vote.NOT_ANSWERED and seen.trouble(site, 0, 1) is not None else vote
        for site, vote in found.votes
    }
    at_best = quorum(moment, votes)
    return at_best.passed or at_best.reason is QuorumReason.TOO_FEW_REMOTES


def _evidence(record: AttemptRecord, found: Corroboration) -> dict[str, Any]:
    primary = next(each for each in record.observations if each.site == found.votes[0][0].id)
    return {"attempt_id": record.attempt_id, "dnssec": primary.dnssec, **found.as_evidence()}


def _mailed(approver: Approver, found: Corroboration) -> str:
    return f"{_contact(approver, 'seen')} from enough places ({found.quorum}); it is asked by mail."


def _looked_for_again(approver: Approver, found: Corroboration | None) -> str:
    return (
        f"{_contact(approver, 'not looked for')} from enough places ({found.quorum if found else 'none is set up'}): "
        "some of ours did not answer. It is looked for again, or when the mail is asked for again."
    )


def _not_seen(approver: Approver, seen: Seen, found: Corroboration | None) -> str:
    if found is not None and _is_too_large(seen, found):
        (look,) = approver.looks
        return (
            f"{_contact(approver, 'not seen')} from enough places ({found.quorum if found else 'none'}): the answer "
            f"for {look.type} {look.name} is too large. Publish fewer or shorter records there, then ask for the "
            "mail again; or choose another address."
        )
    return (
        f"{_contact(approver, 'not seen')} from enough places ({found.quorum if found else 'none'}). Publish it, "
        "then ask for the mail again; or choose another address."
    )


def _is_too_large(seen: Seen, found: Corroboration) -> bool:
    """Whether who decided against it, the primary or else some of the others, got too large an answer."""
    (primary, vote), *_ = found.votes
    decisive = (primary,) if vote is not Vote.PASSED else seen.views
    return any(seen.too_large(site, 0, 1) is not None for site in decisive)


def _contact(approver: Approver, how: str) -> str:
    return f"{approver.address} was {how} as a published contact of {approver.authorization_domain}"
