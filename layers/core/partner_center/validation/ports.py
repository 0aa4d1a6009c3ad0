"""What domain validation needs of the world."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from partner_center.kernel.events import AuditRecord, Event
from partner_center.validation.challenges import Challenge, ChallengeStatus, Proof


@dataclass(frozen=True, slots=True)
class Ruling:
    """An approver's answer and all that it changes, written in one transaction.

    It holds only while the challenge is pending, unexpired, and its order open at `revision`, the one whose content
    the approver was shown.
    """

    challenge: Challenge
    revision: int
    status: ChallengeStatus
    decided_at: datetime
    proof: Proof | None
    event: Event
    audit: AuditRecord
    message: "Message | None" = None


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


class Challenges(ChallengeReader, Protocol):
    """Keeps challenges. Every write is conditional; repeating one changes nothing."""

    def create(self, challenge: Challenge) -> bool:
        """False when it exists already."""
        ...

    def mark_sent(self, challenge: Challenge, sent_at: datetime, expires_at: datetime) -> None: ...

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


class ApproverMail(Protocol):
    """Sends the approval mail; the same challenge is always the same Message-ID."""

    def ask(self, request: ApprovalRequest) -> None: ...
