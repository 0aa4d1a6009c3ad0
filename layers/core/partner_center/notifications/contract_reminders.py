"""What telling of contracts needs of the world: which run out, what was claimed, what became of its mails."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple, Protocol

from partner_center.billing.contracts import Contract
from partner_center.billing.notices import NoticeKind
from partner_center.kernel.events import AuditRecord


@dataclass(frozen=True, slots=True)
class ContractReminder:
    """One notice that was claimed: its reseller is told of it once. `day` is that of the digest it stands in.

    `ends` is the contract's end as it was claimed. `results` tells, by the label of the mailbox, what became of its
    mail: `sent`, `came_back`, or why it will never go out.
    """

    reseller_id: str
    contract_id: str
    kind: NoticeKind
    notice_id: str
    ends: datetime
    day: date
    results: Mapping[str, str] = field(default_factory=dict)

    @property
    def mail_id(self) -> str:
        """The same for the same notice, however often it is sent."""
        return f"notice-{self.notice_id}-{self.contract_id}"


@dataclass(frozen=True, slots=True)
class DueNotices:
    """What a shard says is due: contracts to look at, and what was claimed and may not be in the queue yet."""

    contracts: Sequence[tuple[str, str]]
    claimed: Sequence[tuple[str, str, str]]


class ToTell(NamedTuple):
    """What is due: a contract to look at, or with a `notice_id` one that was claimed."""

    reseller_id: str
    contract_id: str
    notice_id: str | None = None


class ContractReminders(Protocol):
    """Keeps which contracts are to be looked at, and what their holders are told."""

    def due(self, shard: int, moment: datetime) -> DueNotices:
        """The list may be a moment late."""
        ...

    def put_off(self, due: ToTell, moment: datetime) -> None:
        """It is not listed as due before `moment`; it is not even read. Raises TryAgain."""
        ...

    def find(self, reseller_id: str, contract_id: str) -> Contract | None: ...

    def claim(
        self,
        contract: Contract,
        noticed: frozenset[str],
        reminders: Sequence[ContractReminder],
        until: datetime,
        audit: AuditRecord,
    ) -> None:
        """Adds `noticed`, and the reminders to the digests of their days, all or nothing; `until` then they are due.

        Raises ChangedMeanwhile when the contract is not as it was read, or a digest is on its way.
        """
        ...

    def look_later(self, contract: Contract, moment: datetime) -> None:
        """Writes when to look next, of one of which nothing is to be told now. Raises ChangedMeanwhile."""
        ...

    def reminder(self, reseller_id: str, contract_id: str, notice_id: str) -> ContractReminder | None: ...

    def of_digest(self, reseller_id: str, day: date) -> Sequence[ContractReminder]:
        """Those that stand in a digest, without their results."""
        ...

    def queued(self, reminder: ContractReminder) -> None:
        """Its mail is on its way."""
        ...

    def record(self, reminder: ContractReminder, mailbox: str, result: str) -> None:
        """Writes what became of its mail to the mailbox of that label, beside what is known of others."""
        ...
