"""What the reminders need of the world: the calendar, the digests, the queue of mails."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from partner_center.issuance.record import CertificateRecord
from partner_center.kernel.errors import PartnerCenterError
from partner_center.notifications.calendar import Entry, ReminderKind
from partner_center.notifications.contract_reminders import ContractReminder
from partner_center.notifications.mail_results import mailbox_label
from partner_center.orders.deadlines import DeadlineKind
from partner_center.orders.page import Page


class RunUnderWay(PartnerCenterError):
    """Another run of the reminders has begun and is not over."""

    code = "run_under_way"


@dataclass(frozen=True, slots=True)
class Reminder:
    """One reminder that was claimed: what ends, and what is to be done. `day` is the day of its digest.

    `days` before the day of the end (negative: after it). `names` must be proven again; the mail lists them all or
    the first few. `contact` is the address of the technical contact. `automatic`: it was to happen by
    itself, and did not yet. `price`: what a renewal costs the reseller, in words. `bare`: the order ran, and
    no certificate of it was valid, the last of them `serial`.
    """

    reseller_id: str
    order_id: str
    kind: ReminderKind
    day: date
    ends: datetime
    days: int
    action: DeadlineKind
    common_name: str
    names_total: int
    contact: str
    serial: str | None = None
    partner_order_id: str | None = None
    names: tuple[str, ...] = ()
    renewed_by: str | None = None
    automatic: bool = False
    price: str | None = None
    bare: bool = False

    @property
    def mail_id(self) -> str:
        """The same for the same reminder, however often it is sent."""
        return f"{self.kind}-{int(self.ends.timestamp())}-{self.days}"

    def mail_to(self, address: str) -> str:
        """The name of its mail to that mailbox."""
        return f"{self.mail_id}.{mailbox_label(address)}"


def still_stands(reminder: Reminder, entries: Mapping[ReminderKind, Entry]) -> bool:
    """Whether the order has the end that the reminder tells of, by its `entries` of now."""
    entry = entries.get(reminder.kind)
    if entry is None or not entry.stands:
        return False
    return entry.ends == reminder.ends and entry.serial in (None, reminder.serial)  # a term has no serial


@dataclass(frozen=True, slots=True)
class Digest:
    """All reminders of one reseller that were claimed on one day. `queued` once their mails are on their way.

    It is `closed` before its mail is written: the run that queued that may have died before it could say so.
    `results` tells, by the label of the mailbox, what became of its mail, `sent` or `came_back`: nothing where nobody
    takes mail, or where nothing was left to tell.
    """

    reseller_id: str
    day: date
    queued: bool = False
    sent: bool = False
    closed: bool = False
    results: Mapping[str, str] = field(default_factory=dict)

    @property
    def takes_more(self) -> bool:
        return not (self.queued or self.closed or self.sent)


@dataclass(frozen=True, slots=True)
class Due:
    """What the calendar says is due: an entry of an order, a digest whose mails were not queued yet, a reseller."""

    entries: Sequence[tuple[str, str, ReminderKind]]
    digests: Sequence[tuple[str, date]]
    replans: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Replan:
    """The reseller's entries are to be planned anew, since `asked_at`; those behind `after` are left."""

    reseller_id: str
    asked_at: datetime
    after: str | None = None


class Calendar(Protocol):
    """Keeps the entries of orders, found by when the next reminder is due."""

    def entries(self, reseller_id: str, order_id: str) -> Mapping[ReminderKind, Entry]: ...

    def write(self, entry: Entry, before: Entry | None) -> None:
        """Raises ChangedMeanwhile unless the entry is still as it was `before`; None: not there yet."""
        ...

    def due(self, shard: int, moment: datetime) -> Iterator[Due]:
        """What is due in a shard, longest due first, page by page. Raises TryAgain."""
        ...

    def put_off(self, reseller_id: str, order_id: str, kind: ReminderKind, moment: datetime) -> None:
        """An entry that is due is so again at `moment`, and not before; it is not even read. Raises TryAgain."""
        ...


class Digests(Protocol):
    """Keeps what was claimed until it is mailed, one digest for each reseller and day."""

    def open(self, reseller_id: str, day: date, moment: datetime) -> Digest:
        """The digest of that day, made now unless there is one."""
        ...

    def claim(self, entry: Entry, before: Entry, reminder: Reminder) -> None:
        """Moves the entry and puts the reminder into the digest, both or neither.

        Raises ChangedMeanwhile when the entry has moved, or the digest takes no more.
        """
        ...

    def digest(self, reseller_id: str, day: date) -> Digest | None: ...

    def reminders(self, reseller_id: str, day: date) -> Iterator[Reminder]: ...

    def reminder(self, reseller_id: str, day: date, order_id: str, kind: ReminderKind) -> Reminder | None: ...

    def queued(self, digest: Digest, moment: datetime) -> None: ...

    def close(self, digest: Digest, moment: datetime) -> None:
        """From now on nothing is added."""
        ...

    def sent(self, digest: Digest, moment: datetime) -> None: ...

    def record(self, digest: Digest, mailbox: str, result: str) -> None:
        """Writes what became of its mail to the mailbox of that label, beside what is known of others."""
        ...


class Replans(Protocol):
    """Keeps which resellers chose other days."""

    def replan(self, reseller_id: str) -> Replan | None: ...

    def replanned(self, replan: Replan, after: str | None) -> None:
        """Those until `after` are planned anew; None: all. Raises ChangedMeanwhile when it was asked for again."""
        ...


class OrderNames(Protocol):
    """Finds the orders of a reseller."""

    def by_common_name(
        self, reseller_id: str, prefix: str, page: Page
    ) -> tuple[Sequence[tuple[str, str]], str | None]:
        """Common names with their orders, and where the next page begins; an order may be there twice."""
        ...


class Runs(Protocol):
    """Remembers the last good run, and lets one run at a time begin."""

    def begin(self, moment: datetime, until: datetime) -> date | None:
        """The day of the last good run, None before the first. Raises RunUnderWay while another has until later."""
        ...

    def end(self, day: date | None, moment: datetime) -> None:
        """The run is over; it was good if it has a `day`."""
        ...


class ReminderQueue(Protocol):
    """Where mails wait for their turn."""

    def remind(self, reminders: Sequence[Reminder]) -> None:
        """Raises TryAgain."""
        ...

    def digest(self, reseller_id: str, day: date) -> None:
        """Raises TryAgain."""
        ...

    def contracts(self, reminders: Sequence[ContractReminder]) -> None:
        """Raises TryAgain."""
        ...


class Certificates(Protocol):
    """Reads the certificates of an order, newest first."""

    def of_order(self, reseller_id: str, order_id: str) -> Sequence[CertificateRecord]: ...
