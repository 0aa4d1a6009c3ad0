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

    It holds only while the challenge is pending, unexpired, and its order open at the same revision.
    """

    challenge: Challenge
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
    """Reads challenges of an order, and the one behind a link."""

    def of_order(self, reseller_id: str, order_id: str) -> Sequence[Challenge]: ...

    def by_token(self, token_sha256: str) -> Challenge | None: ...


class Challenges(ChallengeReader, Protocol):
    """Keeps challenges. Every write is conditional; repeating one changes nothing."""

    def create(self, challenge: Challenge) -> bool:
        """False when it exists already."""
        ...

    def mark_sent(self, challenge: Challenge, sent_at: datetime, expires_at: datetime) -> None: ...

    def rule(self, ruling: Ruling) -> None:
        """Raises ApprovalClosed when the challenge or its order is no longer open."""
        ...

    def proof(self, reseller_id: str, subscriber: str, challenge: Challenge) -> Proof | None:
        """The evidence behind a valid challenge."""
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
