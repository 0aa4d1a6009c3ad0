"""Checking what the owners of domains have published: every perspective looks, the quorum decides, all is recorded.

Whoever starts a check, a person or the schedule, hands over ids only; nothing but what the perspectives saw can make
a proof.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from partner_center.kernel.clock import CLOCKS_DIFFER, Clock
from partner_center.kernel.errors import ChangedMeanwhile
from partner_center.kernel.events import Chronicle
from partner_center.kernel.ids import Ids
from partner_center.kernel.patience import AFTER_TROUBLE, PASSES
from partner_center.orders.content import Method
from partner_center.orders.order import Order, OrderHead, OrderStatus
from partner_center.orders.ports import OrderReader, load
from partner_center.orders.ways_out import without_the_names
from partner_center.validation.approve import ApprovalClosed
from partner_center.validation.challenges import (
    Attempt,
    Challenge,
    ChallengeStatus,
    Proof,
    br_section_of,
    next_check,
)
from partner_center.validation.control_methods import can_be_shown, looks_for
from partner_center.validation.corroborate import AllPerspectives, Seen
from partner_center.validation.findings import Findings, Question, corroborated, finding_of, outcome
from partner_center.validation.ports import AttemptRecord, Challenges, Observation, Ruling
from partner_center.validation.publishing import Publishing
from partner_center.validation.quorum import Corroboration, QuorumReason, Vote
from partner_center.validation.standing import Standing, is_asked, read_as_asked

TOO_LATE = "All was in place, but the order changed or the value ended while we looked."
NOWHERE = "Control of {} can be shown nowhere by the present public suffix list, so nothing was looked at. {}"


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
        self,
        reseller_id: str,
        order_id: str,
        correlation_id: str,
        names: Collection[str] | None = None,
        seconds: float | None = None,
    ) -> None:
        """Check what is published for `names`, or for all names, of an order. Raises TryAgain.

        `seconds`: how long somebody who asked waits for it; a perspective that takes longer is one that did not
        answer. Without them it is a check that is due by itself: what is due next is put off, and an order that
        cannot be judged is put off before it raises what kept it from that, so that others get their turn.

        What is proven, expired, declined, or belongs to an order that is over is left alone. For a product that this
        version does not know nothing is looked at; it stays due until a version that does.
        """
        began = self.clock.now()
        try:
            self._check(reseller_id, order_id, correlation_id, names, seconds)
        except PASSES:
            if seconds is None:
                with suppress(*PASSES):
                    self._again_soon(reseller_id, order_id, began)
            raise
        except Exception:
            if seconds is None:
                self._put_off(reseller_id, order_id)
            raise

    def _again_soon(self, reseller_id: str, order_id: str, began: datetime) -> None:
        """What an outage kept from its end is not due at its next time alone, which may be half a day away."""
        moment = self.clock.now()
        for challenge in self.challenges.of_order(reseller_id, order_id):
            was_begun = challenge.checked_at is not None and challenge.checked_at >= began
            if was_begun and challenge.due_at is not None and challenge.due_at > moment + AFTER_TROUBLE:
                self.challenges.begin_check(challenge, moment, moment + AFTER_TROUBLE)

    def _put_off(self, reseller_id: str, order_id: str) -> None:
        moment = self.clock.now()
        for challenge in self.challenges.of_order(reseller_id, order_id):
            if challenge.due_at is not None and challenge.due_at <= moment:
                self.challenges.begin_check(challenge, moment, moment + AFTER_TROUBLE)

    def _check(
        self,
        reseller_id: str,
        order_id: str,
        correlation_id: str,
        names: Collection[str] | None,
        seconds: float | None,
    ) -> None:
        order = load(self.orders, reseller_id, order_id)
        if order is None:
            return
        moment = self.clock.now()
        found = self._asked(order, moment)
        open_ids = {each.challenge_id for each in found.open() if self._is_open(order, each, moment)}
        self._rest(order, [each for each in found.challenges if each.challenge_id not in open_ids], moment)
        asked = [each for each in found.open(names) if each.challenge_id in open_ids]
        claimed = [begun for each in asked for begun in self._claimed(each, moment, seconds is None)]
        if claimed and self.publishing.issuer_domains(order):
            shown = [each for each in claimed if can_be_shown(each.method, each.authorization_domain)]
            for challenge in claimed:
                if challenge not in shown:
                    self.challenges.note(challenge, self._nowhere(order.head, challenge, moment))
            questions = list(self._questions(order, shown))
            looks = [look for each in questions for look in each.looks]
            seen = self.everywhere.look(looks, seconds) if looks else Seen({})
            for question in questions:
                self._conclude(order, question, seen, moment, correlation_id)
                if seconds is None and self._was_our_trouble(question, seen, moment):
                    self.challenges.uncount(question.challenge)

    def _asked(self, order: Order, moment: datetime) -> Standing:
        """As whoever asks sees it, though his clock be ahead of ours: what he asks is looked for."""
        return read_as_asked(self.challenges, order, moment + CLOCKS_DIFFER)

    def _is_open(self, order: Order, challenge: Challenge, moment: datetime) -> bool:
        """Whether a look can still prove something."""
        return (
            order.head.status is OrderStatus.PENDING
            and challenge.method != Method.EMAIL
            and challenge.status_at(moment) is ChallengeStatus.PENDING
        )

    def _rest(self, order: Order, challenges: Sequence[Challenge], moment: datetime) -> None:
        """What nobody asks for any more is not due any more, unless the order asks for it again by now.

        Whoever asks again leaves alone what is due: so it rests first, and then the order is read once more.
        """
        due = [each for each in challenges if each.due_at is not None]
        for challenge in due:
            self.challenges.rest(challenge)
        present = load(self.orders, order.head.reseller_id, order.head.order_id) if due else None
        if present is None or present.head.version == order.head.version:
            return
        for challenge in self._asked(present, moment).open():
            if self._is_open(present, challenge, moment) and challenge.due_at is None:
                self.challenges.resume(challenge, moment)

    def _claimed(self, challenge: Challenge, moment: datetime, by_itself: bool) -> list[Challenge]:
        due_at = next_check(challenge.counted, moment) if by_itself else None
        claimed = self.challenges.begin_check(challenge, moment, due_at)
        return [claimed] if claimed else []

    def _was_our_trouble(self, question: Question, seen: Seen, moment: datetime) -> bool:
        """Whether nothing was learnt, and a perspective was missing that should have looked."""
        corroboration = corroborated(question, seen, moment)
        if corroboration is None or corroboration.reason is QuorumReason.TOO_FEW_REMOTES:
            return True
        place = (question.first, len(question.looks))
        return not corroboration.completed and any(seen.trouble(site, *place) for site in seen.views)

    def _questions(self, order: Order, challenges: Sequence[Challenge]) -> Iterator[Question]:
        first = 0
        for challenge in challenges:
            looks = looks_for(challenge.method, challenge.authorization_domain)
            yield Question(challenge, self.publishing.expected(order, challenge), looks, first)
            first += len(looks)

    def _conclude(
        self, order: Order, question: Question, seen: Seen, moment: datetime, correlation_id: str
    ) -> None:
        findings = {site: finding_of(question, seen, site, moment) for site in seen.views}
        corroboration = corroborated(question, seen, moment)
        record = self._record(question.challenge, findings, corroboration, moment)
        if corroboration is None or not corroboration.passed:
            self.challenges.note(question.challenge, record)
        elif not self._prove(order, question.challenge, findings, corroboration, record, correlation_id):
            late = replace(record.attempt, result=ChallengeStatus.PENDING, detail=TOO_LATE)
            self.challenges.note(question.challenge, replace(record, attempt=late))

    def _prove(
        self,
        order: Order,
        challenge: Challenge,
        findings: Findings,
        corroboration: Corroboration,
        record: AttemptRecord,
        correlation_id: str,
    ) -> bool:
        """Whether it could be written: an order that was amended while we looked may still ask for the same."""
        try:
            self.challenges.rule(
                self._ruling(order, challenge, findings, corroboration, record, correlation_id)
            )
        except ApprovalClosed:
            return False
        except ChangedMeanwhile:
            amended = load(self.orders, challenge.reseller_id, challenge.order_id)
            if amended is None or amended.head.revision == order.head.revision:
                return False
            if not is_asked(challenge, amended):
                return False
            return self._prove(amended, challenge, findings, corroboration, record, correlation_id)
        return True

    def _nowhere(self, head: OrderHead, challenge: Challenge, moment: datetime) -> AttemptRecord:
        detail = NOWHERE.format(challenge.authorization_domain, without_the_names(head))
        return AttemptRecord(
            attempt_id=self.ids.new("att", moment),
            reseller_id=challenge.reseller_id,
            order_id=challenge.order_id,
            challenge_id=challenge.challenge_id,
            attempt=Attempt(moment, ChallengeStatus.FAILED, detail),
            quorum=None,
            reason="no_authorization_domain",
            observations=(),
        )

    def _record(
        self,
        challenge: Challenge,
        findings: Findings,
        corroboration: Corroboration | None,
        moment: datetime,
    ) -> AttemptRecord:
        votes = dict(corroboration.votes) if corroboration else {}
        observations = tuple(
            Observation(
                site.id,
                votes.get(site, Vote.NOT_ANSWERED).value,
                finding.detail,
                finding.seen,
                finding.dnssec,
            )
            for site, finding in findings.items()
        )
        result, detail = outcome(findings, corroboration)
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
        findings: Findings,
        corroboration: Corroboration,
        record: AttemptRecord,
        correlation_id: str,
    ) -> Ruling:
        moment = self.clock.now()
        primary = next(finding for site, finding in findings.items() if site.primary)
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
            below=all(each.below for each in findings.values() if each.passed),
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
