"""A published contact is asked only when enough of the network sees it published (BR 3.2.2.4.13, .14; 3.2.2.9)."""

from dataclasses import dataclass, replace
from datetime import datetime

from partner_center.kernel.clock import Clock
from partner_center.kernel.ids import Ids
from partner_center.validation.approvers import ApproverSource
from partner_center.validation.challenges import Attempt, Challenge, ChallengeStatus
from partner_center.validation.contacts import Approver, contact_vote
from partner_center.validation.corroborate import AllPerspectives, Seen
from partner_center.validation.looks import RecordsSeen
from partner_center.validation.ports import AttemptRecord, Challenges, Observation
from partner_center.validation.quorum import Corroboration, PerspectiveSite
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

        A constructed address needs no corroboration. When it is not to be had, that is an attempt that failed, which
        the reseller reads and may repeat by a resend. Every look is recorded.
        """
        if challenge.source == ApproverSource.CONSTRUCTED:
            return challenge
        approver = Approver(
            challenge.approver_email, ApproverSource(challenge.source), challenge.authorization_domain
        )
        moment, looks = self.clock.now(), approver.looks
        seen = self.everywhere.look(looks)
        found = seen.corroborated(moment, 0, len(looks), lambda sightings: contact_vote(approver, sightings))
        record = self._record(challenge, approver, seen, found, moment)
        if found is None or not found.passed:
            self.challenges.fail(challenge, record)
            return None
        self.challenges.note(challenge, record)
        return replace(challenge, evidence=found.as_evidence())

    def _record(
        self,
        challenge: Challenge,
        approver: Approver,
        seen: Seen,
        found: Corroboration | None,
        moment: datetime,
    ) -> AttemptRecord:
        votes = tuple((site, vote.value) for site, vote in found.votes) if found else ()
        passed = found is not None and found.passed
        status = ChallengeStatus.PENDING if passed else ChallengeStatus.FAILED
        attempt = Attempt(
            moment, status, _sentence(approver, found), tuple((site.id, vote) for site, vote in votes)
        )
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
        detail=f"{site.id} could not look: {why}." if why else "",
        seen=tuple(text for each in sightings for text in texts_of(each)),
        dnssec=next((each.answer.dnssec.value for each in sightings if each.answer), None),
    )


def _sentence(approver: Approver, found: Corroboration | None) -> str:
    contact = f"{approver.address} was {{}} as a published contact of {approver.authorization_domain}"
    if found is not None and found.passed:
        return contact.format("seen") + f" from enough places ({found.quorum}); it is asked by mail."
    return contact.format("not seen") + (
        f" from enough places ({found.quorum if found else 'none is set up'}). Publish it, then ask for the mail "
        "again; or choose another address."
    )
