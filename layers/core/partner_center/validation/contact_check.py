"""A published contact is asked only when enough of the network sees it published (BR 3.2.2.4.13, .14; 3.2.2.9)."""

from dataclasses import dataclass, replace

from partner_center.kernel.clock import Clock
from partner_center.kernel.ids import Ids
from partner_center.validation.approvers import ApproverSource
from partner_center.validation.challenges import Attempt, Challenge, ChallengeStatus
from partner_center.validation.contacts import Approver, contact_vote
from partner_center.validation.corroborate import AllPerspectives
from partner_center.validation.ports import AttemptRecord, Challenges, Observation


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
        the reseller reads and may repeat by a resend.
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
            return replace(challenge, evidence=found.as_evidence())
        votes = found.votes if found else ()
        places = found.quorum if found else "none is set up"
        detail = (
            f"{approver.address} was not seen as a published contact of {approver.authorization_domain} from enough "
            f"places ({places}). Publish it, then ask for the mail again; or choose another address."
        )
        record = AttemptRecord(
            attempt_id=self.ids.new("att", moment),
            reseller_id=challenge.reseller_id,
            order_id=challenge.order_id,
            challenge_id=challenge.challenge_id,
            attempt=Attempt(
                moment,
                ChallengeStatus.FAILED,
                detail,
                tuple((site.id, vote.value) for site, vote in votes),
            ),
            quorum=found.quorum if found else None,
            reason=found.reason.value if found else "no_perspective",
            observations=tuple(Observation(site.id, vote.value, "", (), None) for site, vote in votes),
        )
        self.challenges.fail(challenge, record)
        return None
