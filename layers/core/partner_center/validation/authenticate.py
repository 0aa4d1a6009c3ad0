"""Opening an order's domain validation: make each challenge's value, ask its approver, tell what to publish, once."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256

from partner_center.kernel.clock import WHILE_ASKED, Clock
from partner_center.kernel.errors import TooSoon, TryAgain
from partner_center.kernel.ids import Ids
from partner_center.notifications.mail import MailRefused
from partner_center.orders.content import Method
from partner_center.orders.order import Order, OrderHead
from partner_center.validation.approvers import ApproverSource
from partner_center.validation.challenges import (
    MAIL_INTERVAL,
    VALUE_BITS,
    VALUE_LIFETIME,
    Attempt,
    Challenge,
    ChallengeStatus,
    Wanted,
    challenge_id,
)
from partner_center.validation.contact_check import CheckContact
from partner_center.validation.control_methods import control_value
from partner_center.validation.ports import ApprovalRequest, AttemptRecord, Challenges, DomainMail, Vault
from partner_center.validation.standing import read_lasting

LEAST_LEFT = timedelta(hours=1)
"""A value that ends sooner is not mailed again: nobody could be expected to answer in time."""

_A_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class OpenValidation:
    """The use case. Running it again sends nothing twice, but for a crash between mail and record."""

    challenges: Challenges
    vault: Vault
    mail: DomainMail
    check_contact: CheckContact
    clock: Clock
    ids: Ids

    def __call__(self, order: Order, again: Collection[str] = ()) -> None:
        """Bring the challenges of all unproven names into being and mail those that were not mailed yet.

        The names in `again` are mailed once more (M28): a value that still lives with the same recipient and content,
        one that has expired or failed, or has less than an hour left, with a new one. Raises TryAgain when the mail,
        the database or the perspectives are out; what was done stays done, and whoever can be asked is asked. An
        address whose mail is refused for good fails its challenge.
        Raises TooSoon when the mail about one of `again` was just sent again.
        """
        moment = self.clock.now()
        found = read_lasting(self.challenges, order, moment, WHILE_ASKED)
        asked = [
            _Asked(self._present(order, each, found.challenges, again, moment), _is_named(each, again))
            for each in found.unasked_at(moment)
        ]
        by_mail = [each for each in asked if each.challenge.method == Method.EMAIL]
        for each in by_mail:
            if each.challenge.source == ApproverSource.CONSTRUCTED:
                self._ask_approver(each)
        self._tell_what_to_publish(order, [each for each in asked if each.challenge.method != Method.EMAIL])
        self._ask_contacts([each for each in by_mail if each.challenge.source != ApproverSource.CONSTRUCTED])

    def _present(
        self,
        order: Order,
        wanted: Wanted,
        made: Sequence[Challenge],
        again: Collection[str],
        moment: datetime,
    ) -> Challenge:
        """The challenge that asks for `wanted` now, made if there is none or its value is to be another."""
        asked = [each for each in made if each.round == order.head.round and wanted.asks_like(each)]
        newest = max(asked, key=lambda each: each.created_at, default=None)
        if newest is None:
            return self._create(order.head, wanted, 0, None)
        over = newest.status_at(moment + LEAST_LEFT) in {ChallengeStatus.EXPIRED, ChallengeStatus.FAILED}
        is_pending = newest.status_at(moment) is ChallengeStatus.PENDING
        if newest.status is not ChallengeStatus.VALID and not (over and _is_named(wanted, again)):
            if newest.rests_at(moment):
                self.challenges.resume(newest, moment)
            return newest
        # First: a crash in between leaves one link that has ended, never two that live.
        if is_pending and not self.challenges.end(newest, moment):
            return self._as_it_is(newest)  # answered since: whoever declined is not asked again
        return self._create(order.head, wanted, len(asked), newest)

    def _create(self, head: OrderHead, wanted: Wanted, number: int, newest: Challenge | None) -> Challenge:
        """Another challenge than `newest`, and later than it, though the clock of who made that may be ahead."""
        moment, made_id = self.clock.now(), challenge_id(head.order_id, head.round, wanted, number)
        challenge = Challenge(
            reseller_id=head.reseller_id,
            order_id=head.order_id,
            challenge_id=made_id,
            round=head.round,
            method=wanted.method,
            authorization_domain=wanted.authorization_domain,
            names=wanted.names,
            approver_email=wanted.approver_email,
            source=wanted.source,
            status=ChallengeStatus.PENDING,
            created_at=max(moment, newest.created_at + _A_MICROSECOND) if newest else moment,
            expires_at=moment + VALUE_LIFETIME,
        )
        challenge = self._with_value(challenge, moment)
        if self.challenges.create(challenge):
            return challenge
        # Another run of this step was faster; its value is the one that counts.
        return self._as_it_is(challenge)

    def _as_it_is(self, challenge: Challenge) -> Challenge:
        present = self.challenges.of_order(challenge.reseller_id, challenge.order_id)
        return next(each for each in present if each.challenge_id == challenge.challenge_id)

    def _with_value(self, challenge: Challenge, moment: datetime) -> Challenge:
        """A link's secret is kept as a digest and sealed; a published value is in the open once it serves."""
        secret = self.ids.secret(VALUE_BITS)
        if challenge.method == Method.EMAIL:
            sealed = self.vault.seal(secret, challenge.challenge_id)
            return replace(challenge, token_sha256=token_digest(secret), encrypted_token=sealed)
        value = "" if challenge.method == Method.DNS_PERSIST else control_value(secret)
        return replace(challenge, value=value, due_at=moment)

    def _ask_contacts(self, asked: Sequence["_Asked"]) -> None:
        """One contact that cannot be looked for at this moment does not hold up the others."""
        trouble: TryAgain | None = None
        for each in asked:
            try:
                self._ask_approver(each)
            except TryAgain as error:
                trouble = error
        if trouble is not None:
            raise trouble

    def _ask_approver(self, asked: "_Asked") -> None:
        challenge, moment = asked.challenge, self.clock.now()
        if challenge.status_at(moment) is not ChallengeStatus.PENDING or not asked.is_mailed_now:
            return
        with self._alone([asked], moment):
            self._mail_approver(challenge, moment)

    def _mail_approver(self, challenge: Challenge, moment: datetime) -> None:
        repeated = challenge.sent_at is not None
        corroborated = self.check_contact(challenge)
        if corroborated is None:
            return  # the address is not to be had from enough places; the reseller reads why
        opened = self.vault.open(challenge.encrypted_token, challenge.challenge_id)
        try:
            self.mail.ask(ApprovalRequest(challenge, opened))
        except MailRefused as refused:
            detail = f"The mail to {challenge.approver_email} is refused ({refused.reason}); choose another address."
            self.challenges.fail(corroborated, self._refusal(challenge, detail, ChallengeStatus.FAILED))
            return  # repeating it would not help; the reseller reads why
        if repeated:
            self.challenges.mark_resent(corroborated, moment)
        else:
            self.challenges.mark_sent(corroborated, moment)

    def _tell_what_to_publish(self, order: Order, asked: Sequence["_Asked"]) -> None:
        """One mail for all records and files of the order, when there is one that was not told yet."""
        moment = self.clock.now()
        live = [each for each in asked if each.challenge.status_at(moment) is ChallengeStatus.PENDING]
        untold = [each for each in live if each.is_mailed_now]
        if not untold:
            return
        with self._alone(untold, moment):
            try:
                self.mail.instruct(order, [each.challenge for each in live])
            except MailRefused as refused:
                contact = order.content.contacts.technical.email
                detail = f"The mail to {contact} is refused ({refused.reason}); what to publish stands here."
                for challenge in (each.challenge for each in untold):
                    self.challenges.note(challenge, self._refusal(challenge, detail, ChallengeStatus.PENDING))
                return
            for challenge in (each.challenge for each in untold):
                if challenge.sent_at is None:
                    self.challenges.mark_sent(challenge, moment)
                else:
                    self.challenges.mark_resent(challenge, moment)

    def _refusal(self, challenge: Challenge, detail: str, result: ChallengeStatus) -> AttemptRecord:
        moment = self.clock.now()
        return AttemptRecord(
            attempt_id=self.ids.new("att", moment),
            reseller_id=challenge.reseller_id,
            order_id=challenge.order_id,
            challenge_id=challenge.challenge_id,
            attempt=Attempt(moment, result, detail, ()),
            quorum=None,
            reason="mail_refused",
            observations=(),
        )

    @contextmanager
    def _alone(self, asked: Sequence["_Asked"], moment: datetime) -> Iterator[None]:
        """Of many who ask for the same mail again, at once, one sends it. Raises TooSoon."""
        claimed: list[Challenge] = []
        try:
            for challenge in (each.challenge for each in asked if each.again):
                if not self.challenges.claim_mail(challenge, moment):
                    raise TooSoon(
                        "The last mail is less than 30 seconds old; ask again a little later.",
                        int(MAIL_INTERVAL.total_seconds()),
                    )
                claimed.append(challenge)
            yield
        except Exception:
            for challenge in claimed:
                self.challenges.unclaim_mail(challenge, moment)
            raise


@dataclass(frozen=True, slots=True)
class _Asked:
    """A challenge that asks now, and whether another mail about it was asked for."""

    challenge: Challenge
    again: bool

    @property
    def is_mailed_now(self) -> bool:
        return self.again or self.challenge.sent_at is None


def _is_named(wanted: Wanted, names: Collection[str]) -> bool:
    return not set(names).isdisjoint(wanted.names)


def token_digest(token: str) -> str:
    """How the value of a link is looked up: tables never hold it in the clear."""
    return sha256(token.encode()).hexdigest()
