"""The calendar of reminders in memory, with the preconditions of adapters/calendar_store.py; and its surroundings."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from partner_center.adapters import keys
from partner_center.kernel.errors import ChangedMeanwhile
from partner_center.notifications.calendar import Entry, ReminderKind
from partner_center.notifications.contract_reminders import ContractReminder
from partner_center.notifications.mail import Mail
from partner_center.notifications.mail_domain import mailbox
from partner_center.notifications.mail_results import latest
from partner_center.notifications.reminders import Digest, Due, Reminder, Replan, RunUnderWay
from partner_center.notifications.suppressions import Suppression, Undelivered
from partner_center.validation.ports import Message

_PAGE = 100


def _nothing(_: str) -> None:
    pass


@dataclass
class MemoryCalendar:
    """`Calendar`, `Digests`, `Replans` and `Runs`.

    `happen` is called around each write under its name, and may raise. `read` counts what was read: rows of the
    index, and items.
    """

    rows: dict[tuple[str, str, ReminderKind], Entry] = field(default_factory=dict)
    heads: dict[tuple[str, date], tuple[Digest, datetime]] = field(default_factory=dict)
    lines: dict[tuple[str, date], dict[tuple[str, ReminderKind], Reminder]] = field(default_factory=dict)
    replans: dict[str, Replan] = field(default_factory=dict)
    last: date | None = None
    busy_until: datetime | None = None
    happen: Callable[[str], None] = _nothing
    read: int = 0
    _to_queue: set[tuple[str, date]] = field(default_factory=set)
    _shards: dict[str, dict[tuple[str, str, ReminderKind], datetime]] = field(default_factory=dict)

    # ---- entries

    def entries(self, reseller_id: str, order_id: str) -> Mapping[ReminderKind, Entry]:
        self.read += 1
        found = ((kind, self.rows.get((reseller_id, order_id, kind))) for kind in ReminderKind)
        return {kind: entry for kind, entry in found if entry is not None}

    def write(self, entry: Entry, before: Entry | None) -> None:
        self.happen("before write")
        self._move(entry, before)
        self.happen("after write")

    def put_off(self, reseller_id: str, order_id: str, kind: ReminderKind, moment: datetime) -> None:
        self.happen("before put_off")
        before = self.rows.get((reseller_id, order_id, kind))
        if before is not None and before.is_due(moment):
            self._move(replace(before, remind_at=moment), before)

    def _move(self, entry: Entry, before: Entry | None) -> None:
        key = (entry.reseller_id, entry.order_id, entry.kind)
        if self.rows.get(key) != before:
            raise ChangedMeanwhile("The calendar changed meanwhile.")
        self.rows[key] = entry
        shard = self._shards.setdefault(keys.remind_shard(entry.order_id), {})
        shard.pop(key, None)
        if entry.remind_at is not None:
            shard[key] = entry.remind_at

    def due(self, shard: int, moment: datetime) -> Iterator[Due]:
        name = f"REMIND#{shard}"
        dated = self._shards.get(name, {})
        rows = sorted((at, key) for key, at in dated.items() if at <= moment)
        digests = [
            key
            for key in self._to_queue
            if self.heads[key][1] <= moment and keys.remind_shard(key[0]) == name
        ]
        replans = [
            each.reseller_id
            for each in self.replans.values()
            if each.asked_at <= moment and keys.remind_shard(each.reseller_id) == name
        ]
        self.read += len(rows) + len(digests) + len(replans)
        for start in range(0, len(rows), _PAGE) or [0]:
            page = [key for _, key in rows[start : start + _PAGE]]
            yield Due(page, digests if start == 0 else [], replans if start == 0 else [])

    # ---- digests

    def open(self, reseller_id: str, day: date, moment: datetime) -> Digest:
        self.happen("before open")
        key = (reseller_id, day)
        if key not in self.heads:
            self.heads[key] = (Digest(reseller_id, day), moment)
            self._to_queue.add(key)
        return self.heads[key][0]

    def claim(self, entry: Entry, before: Entry, reminder: Reminder) -> None:
        self.happen("before claim")
        lines = self.lines.setdefault((reminder.reseller_id, reminder.day), {})
        key = (reminder.order_id, reminder.kind)
        digest = self.heads.get((reminder.reseller_id, reminder.day))
        if key in lines or digest is None or not digest[0].takes_more:
            raise ChangedMeanwhile("The calendar changed meanwhile.")
        self._move(entry, before)
        lines[key] = reminder
        self.happen("after claim")

    def digest(self, reseller_id: str, day: date) -> Digest | None:
        self.read += 1
        found = self.heads.get((reseller_id, day))
        return found[0] if found else None

    def reminders(self, reseller_id: str, day: date) -> Iterator[Reminder]:
        found = [each for _, each in sorted(self.lines.get((reseller_id, day), {}).items())]
        self.read += len(found)
        yield from found

    def reminder(self, reseller_id: str, day: date, order_id: str, kind: ReminderKind) -> Reminder | None:
        return self.lines.get((reseller_id, day), {}).get((order_id, kind))

    def queued(self, digest: Digest, moment: datetime) -> None:
        self.happen("before queued")
        self._mark(replace(digest, queued=True))
        self._to_queue.discard((digest.reseller_id, digest.day))
        self.happen("after queued")

    def close(self, digest: Digest, moment: datetime) -> None:
        self._mark(replace(digest, closed=True))

    def sent(self, digest: Digest, moment: datetime) -> None:
        self._mark(replace(digest, sent=True))

    def record(self, digest: Digest, mailbox: str, result: str) -> None:
        present, moment = self.heads[digest.reseller_id, digest.day]
        known = replace(present, results=latest(present.results, mailbox, result))
        self.heads[digest.reseller_id, digest.day] = (known, moment)

    def _mark(self, digest: Digest) -> None:
        """A mark that another has set stays."""
        key = (digest.reseller_id, digest.day)
        present, moment = self.heads[key]
        marked = replace(
            digest,
            queued=digest.queued or present.queued,
            sent=digest.sent or present.sent,
            closed=digest.closed or present.closed,
            results=present.results,
        )
        self.heads[key] = (marked, moment)

    # ---- other days

    def ask_replan(self, reseller_id: str, moment: datetime) -> None:
        """As PATCH /v1/account leaves it."""
        self.replans[reseller_id] = Replan(reseller_id, moment)

    def replan(self, reseller_id: str) -> Replan | None:
        return self.replans.get(reseller_id)

    def replanned(self, replan: Replan, after: str | None) -> None:
        self.happen("before replanned")
        present = self.replans.get(replan.reseller_id)
        if present is None or present.asked_at != replan.asked_at:
            raise ChangedMeanwhile("The calendar changed meanwhile.")
        if after is None:
            del self.replans[replan.reseller_id]
        else:
            self.replans[replan.reseller_id] = replace(present, after=after)

    # ---- runs

    def begin(self, moment: datetime, until: datetime) -> date | None:
        if self.busy_until is not None and self.busy_until > moment:
            raise RunUnderWay("Another run of the reminders is under way.")
        self.busy_until = until
        return self.last

    def end(self, day: date | None, moment: datetime) -> None:
        self.happen("before end")
        self.busy_until = None
        self.last = day or self.last


@dataclass
class MemoryReminderQueue:
    """`ReminderQueue`: keeps what was sent, in order; `happen` is called around each message."""

    waiting: list[Reminder | ContractReminder | tuple[str, date]] = field(default_factory=list)
    happen: Callable[[str], None] = _nothing

    def remind(self, reminders: Sequence[Reminder]) -> None:
        self.happen("before remind")
        self.waiting += reminders
        self.happen("after remind")

    def digest(self, reseller_id: str, day: date) -> None:
        self.happen("before digest")
        self.waiting.append((reseller_id, day))
        self.happen("after digest")

    def contracts(self, reminders: Sequence[ContractReminder]) -> None:
        self.happen("before contracts")
        self.waiting += reminders
        self.happen("after contracts")


@dataclass
class MemorySuppressions:
    """`Suppressions`."""

    rows: dict[tuple[str, str], Suppression] = field(default_factory=dict)

    def suppression(self, reseller_id: str, address: str) -> Suppression | None:
        return self.rows.get((reseller_id, mailbox(address)))

    def suppress(self, suppression: Suppression) -> None:
        key = (suppression.reseller_id, mailbox(suppression.address))
        present = self.rows.get(key)
        if present is None or present.why is not Undelivered.COMPLAINED:
            self.rows[key] = suppression


@dataclass
class MemorySentMails:
    """`SentMails`: which went out, and the messages on orders."""

    rows: set[tuple[str, str, str]] = field(default_factory=set)
    messages: dict[tuple[str, str], dict[str, Message]] = field(default_factory=dict)
    happen: Callable[[str], None] = _nothing

    def was_sent(self, reseller_id: str, order_id: str, mail_id: str) -> bool:
        return (reseller_id, order_id, mail_id) in self.rows

    def record(self, reseller_id: str, order_id: str, mail_id: str, at_epoch: int) -> None:
        self.happen("before record")
        self.rows.add((reseller_id, order_id, mail_id))

    def tell(self, reseller_id: str, order_id: str, message: Message) -> None:
        self.messages.setdefault((reseller_id, order_id), {})[message.message_id] = message


@dataclass
class MemoryMailer:
    """`Mailer`: keeps what was sent, with the moment; `trouble` is raised instead, once each."""

    now: Callable[[], datetime]
    mails: list[tuple[datetime, Mail]] = field(default_factory=list)
    trouble: list[Exception] = field(default_factory=list)

    def send(self, mail: Mail) -> None:
        if self.trouble:
            raise self.trouble.pop(0)
        self.mails.append((self.now(), mail))
