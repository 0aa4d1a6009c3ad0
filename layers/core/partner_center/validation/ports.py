"""What domain validation needs of the world."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from partner_center.kernel.events import AuditRecord, Event
from partner_center.orders.order import Order
from partner_center.validation.caa_refusal import CaaRefusals
from partner_center.validation.challenges import Attempt, Challenge, ChallengeStatus, Proof


@dataclass(frozen=True, slots=True)
class Observation:
    """What one perspective saw in an attempt: `seen` are record values or the requests of a probe, printable."""

    site: str
    vote: str
    detail: str
    seen: tuple[str, ...]
    dnssec: str | None


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """One check in full, for the records (BR 5.4.1): who saw what, and whether enough of them agreed."""

    attempt_id: str
    reseller_id: str
    order_id: str
    challenge_id: str
    attempt: Attempt
    quorum: str | None
    reason: str
    observations: tuple[Observation, ...]


@dataclass(frozen=True, slots=True)
class Ruling:
    """An approver's answer, or a check that passed, and all that it changes, written in one transaction.

    It holds only while the challenge is pending, unexpired, and its order open at `revision`, the one whose content
    the approver was shown. A no holds only while the order is not being signed, and is a change of the order's head:
    whoever read the order before cannot claim it.
    """

    challenge: Challenge
    revision: int
    status: ChallengeStatus
    decided_at: datetime
    proof: Proof | None
    event: Event
    audit: AuditRecord
    attempt: Attempt
    message: "Message | None" = None
    record: "AttemptRecord | None" = None


@dataclass(frozen=True, slots=True)
class Message:
    """A message on the order, for the reseller to read (M4)."""

    message_id: str
    at: datetime
    text: str


class ChallengeReader(Protocol):
    """Reads challenges of an order, the one behind a link, and the proofs on file."""

    def of_order(self, reseller_id: str, order_id: str) -> Sequence[Challenge]: ...

    def by_token(self, token_sha256: str) -> Challenge | None: ...

    def proofs(self, reseller_id: str, subscriber: str, zone: str, since: datetime) -> Sequence[Proof]:
        """The subscriber's proofs for domains in `zone`, a registrable domain, completed at `since` or later."""
        ...

    def caa_refusals(self, reseller_id: str, order_id: str, preflight_id: str) -> CaaRefusals | None:
        """What CAA refused for its method at that preflight of the order; None if there is none of this id."""
        ...


class Challenges(ChallengeReader, Protocol):
    """Keeps challenges. Every write is conditional; repeating one changes nothing."""

    def create(self, challenge: Challenge) -> bool:
        """False when it exists already."""
        ...

    def claim_mail(self, challenge: Challenge, moment: datetime) -> bool:
        """Whether another mail may go out: of those who ask within MAIL_INTERVAL the first alone."""
        ...

    def unclaim_mail(self, challenge: Challenge, moment: datetime) -> None:
        """The mail that was claimed at `moment` did not go out."""
        ...

    def mark_sent(self, challenge: Challenge, sent_at: datetime) -> None:
        """The first mail; its record is never changed."""
        ...

    def mark_resent(self, challenge: Challenge, resent_at: datetime) -> None:
        """A later mail of the same value, and how its recipient was corroborated; of two at once the later stays."""
        ...

    def end(self, challenge: Challenge, moment: datetime) -> bool:
        """The value serves no more from `moment` on. One that is pending no more stays as it is: False."""
        ...

    def begin_check(
        self, challenge: Challenge, moment: datetime, due_at: datetime | None
    ) -> Challenge | None:
        """Claims the next check of a pending challenge; None when another run has, or it is pending no more.

        The check is counted, and the one after it due at `due_at`; without that it is one that somebody asked for,
        and what is due by itself stays as it is.
        """
        ...

    def uncount(self, challenge: Challenge) -> None:
        """The check that `begin_check` counted taught nothing, and that was our own trouble."""
        ...

    def note(self, challenge: Challenge, record: AttemptRecord) -> None:
        """An attempt that proved nothing; `challenge` is as `begin_check` gave it."""
        ...

    def fail(self, challenge: Challenge, record: AttemptRecord) -> None:
        """An attempt after which the challenge can never be met. One that is pending no more stays as it is."""
        ...

    def rest(self, challenge: Challenge) -> None:
        """The challenge, which was found due at its `due_at`, is not due by itself any more.

        One that is due at another time by now stays as it is: a check of it was begun, or it was asked for again.
        """
        ...

    def resume(self, challenge: Challenge, due_at: datetime) -> None:
        """A pending challenge that rests is due again, since it is asked for again."""
        ...

    def due(self, shard: int, moment: datetime, limit: int) -> Sequence[tuple[str, str]]:
        """Reseller and order ids of challenges in `shard` that are due at `moment`, longest due first."""
        ...

    def rule(self, ruling: Ruling) -> None:
        """Raises ApprovalClosed when the challenge is taken, ChangedMeanwhile when its order moved."""
        ...


class Vault(Protocol):
    """Keeps secrets of approval links readable for a resend, bound to their challenge."""

    def seal(self, secret: str, challenge_id: str) -> bytes: ...

    def open(self, sealed: bytes, challenge_id: str) -> str: ...


@dataclass(frozen=True, slots=True)
class ApprovalRequest:
    """What the approval mail says."""

    challenge: Challenge
    token: str


class DomainMail(Protocol):
    """Sends the mails about the domains of an order; the same mail always has the same Message-ID."""

    def ask(self, request: ApprovalRequest) -> None:
        """To the approver. Raises TryAgain, MailRefused."""
        ...

    def instruct(self, order: Order, challenges: Sequence[Challenge]) -> None:
        """To the technical contact: what must be published for each challenge. Raises TryAgain, MailRefused."""
        ...
