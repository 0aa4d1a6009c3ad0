"""The daily run: everything that is due is claimed, then its mails are queued, one digest for each reseller.

A run claims before it queues, and what was claimed stands in a digest until its mails are queued: whoever dies in
between loses nothing. What is found due is all that fell due since, however long nobody looked. There is one good run
a day, so that a day has one digest; another one on the same day only finishes what a run left behind.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice

from partner_center.accounts.resellers import ReminderPreferences, Resellers
from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import ChangedMeanwhile, PartnerCenterError, TryAgain
from partner_center.notifications.calendar import (
    Ending,
    Entry,
    ReminderKind,
    next_reminder,
    reminder_days,
    reminder_due,
)
from partner_center.notifications.contract_reminders import ContractReminders
from partner_center.notifications.keep_calendar import KeepCalendar, Prospect, Prospects
from partner_center.notifications.reminders import (
    Calendar,
    Digests,
    Reminder,
    ReminderQueue,
    Runs,
    RunUnderWay,
)
from partner_center.notifications.renewal_price import RenewalPrice
from partner_center.notifications.replan import ReplanReminders
from partner_center.orders.deadlines import DeadlineKind, lifecycle_of

SHARDS = 8
LONGEST_RUN = timedelta(minutes=16)
"""Longer than a function may run, so that a run which died is over by then."""

_IN_A_ROW = 10
"""So many failures one after the other are an outage, not so many broken orders."""

_NAMES = 20
_MESSAGES = 10


@dataclass
class Report:
    """What a run did. `failed` are entries that could not be judged; they stay due."""

    claimed: int = 0
    moved: int = 0
    queued: int = 0
    digests: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)
    under_way: bool = False


@dataclass(frozen=True, slots=True)
class RemindRenewals:
    """The use case. Run it as often as you like: who comes second finds nothing to do."""

    prospects: Prospects
    calendar: Calendar
    digests: Digests
    notices: ContractReminders
    runs: Runs
    queue: ReminderQueue
    resellers: Resellers
    keep: KeepCalendar
    replan: ReplanReminders
    price: RenewalPrice
    clock: Clock

    def __call__(self, until: datetime) -> Report:
        """Raises TryAgain when the time is over at `until` or a service is out; the next run goes on from there."""
        report, moment = Report(), self.clock.now()
        try:
            last = self.runs.begin(moment, moment + LONGEST_RUN)
        except RunUnderWay:
            report.under_way = True
            return report
        good: date | None = None
        try:
            run = _Run(self, moment, until, report)
            if last is None or last < run.day:
                run.claim_all()
            run.queue_all()
            good = run.day
        finally:
            self.runs.end(good, self.clock.now())
        return report


class _Run:
    """One run: the digests that it opened, and the resellers that it met."""

    def __init__(self, case: RemindRenewals, moment: datetime, until: datetime, report: Report) -> None:
        self._case, self._until, self._report = case, until, report
        self._moment, self.day = moment, moment.astimezone(UTC).date()
        self._preferences: dict[str, ReminderPreferences] = {}
        self._days: dict[str, date] = {}
        self._to_queue: dict[tuple[str, date], None] = {}
        self._in_a_row = 0

    def claim_all(self) -> None:
        for shard in range(SHARDS):
            for page in self._case.calendar.due(shard, self._moment):
                self._to_queue |= dict.fromkeys(page.digests)
                for reseller_id in page.replans:
                    self._replan(reseller_id)
                for reseller_id, order_id, kind in page.entries:
                    self._require_time()
                    self._judge(reseller_id, order_id, kind)

    def queue_all(self) -> None:
        """Also what an earlier run left: it may have died after it had claimed."""
        for shard in range(SHARDS):
            for page in self._case.calendar.due(shard, self._moment):
                self._to_queue |= dict.fromkeys(page.digests)
        for reseller_id, day in self._to_queue:
            self._queue(reseller_id, day)

    def _replan(self, reseller_id: str) -> None:
        """What is due by the reseller's new days is reminded of at once: its shard may have been read already."""
        preferences = self._preferences_of(reseller_id)
        for order_id, kind in self._case.replan(reseller_id, preferences, self._moment, self._require_time):
            self._judge(reseller_id, order_id, kind)

    def _require_time(self) -> None:
        if self._case.clock.now() >= self._until:
            raise TryAgain("The run's time is over; another one goes on.")

    def _judge(self, reseller_id: str, order_id: str, kind: ReminderKind) -> None:
        """One entry by itself: what is broken about one order keeps nobody else from being reminded."""
        try:
            self._remind(reseller_id, order_id, kind)
        except (PartnerCenterError, ValueError, TypeError, LookupError) as error:
            self._report.failed.append((order_id, repr(error)))
            self._in_a_row += 1
            if self._in_a_row >= _IN_A_ROW:
                raise TryAgain("Nothing can be read at the moment; another run goes on.") from error
        else:
            self._in_a_row = 0

    def _remind(self, reseller_id: str, order_id: str, kind: ReminderKind) -> None:
        entry = self._case.calendar.entries(reseller_id, order_id).get(kind)
        if entry is None or entry.remind_at is None or entry.remind_at > self._moment:
            return  # claimed by another run, since the index was read
        prospect = self._case.prospects(reseller_id, order_id)
        ending = prospect.endings.get(kind) if prospect else None
        if prospect is None or ending is None or (ending.ends, ending.serial) != (entry.ends, entry.serial):
            self._case.keep.follow(reseller_id, order_id)  # its event did not come, or not yet
            self._report.moved += 1
            return
        days = reminder_days(ending, self._preferences_of(reseller_id))
        due = reminder_due(ending, days, entry.done_until, self._moment)
        moved = replace(entry, done_until=self._moment, remind_at=next_reminder(ending, days, self._moment))
        try:
            self._move(prospect, ending, (entry, moved), due)
        except ChangedMeanwhile:
            return  # another run was faster

    def _move(
        self, prospect: Prospect, ending: Ending, entries: tuple[Entry, Entry], due: tuple[int, ...]
    ) -> None:
        before, after = entries
        if not due or not lifecycle_of(prospect.order.content).reminders:
            self._case.calendar.write(after, before)
            self._report.moved += 1
            return
        reminder = self._reminder(prospect, ending, due[-1])
        self._case.digests.claim(after, before, reminder)
        self._report.claimed += 1

    def _reminder(self, prospect: Prospect, ending: Ending, days: int) -> Reminder:
        head, content = prospect.order.head, prospect.order.content
        deadline = self._case.prospects.deadline(prospect)
        action, names, automatic = DeadlineKind.RENEWAL, tuple[str, ...](), False
        if ending.kind is not ReminderKind.TERM_ENDS and deadline is not None:
            action, names, automatic = deadline.kind, deadline.names, deadline.automatic
        return Reminder(
            reseller_id=head.reseller_id,
            order_id=head.order_id,
            kind=ending.kind,
            day=self._day_of(head.reseller_id),
            ends=ending.ends,
            days=days,
            action=action,
            common_name=content.common_name,
            names_total=len(names),
            contact=content.contacts.technical.email,
            serial=ending.serial or head.serial,
            partner_order_id=head.partner_order_id,
            names=names[:_NAMES],
            renewed_by=head.renewed_by,
            automatic=automatic,
            price=self._case.price(prospect.order, self._moment) if action is DeadlineKind.RENEWAL else None,
        )

    def _day_of(self, reseller_id: str) -> date:
        """Into which digest a reminder goes: today's, or tomorrow's when today's is on its way already."""
        if reseller_id not in self._days:
            digest = self._case.digests.open(reseller_id, self.day, self._moment)
            if digest.queued:
                tomorrow = self.day + timedelta(days=1)
                digest = self._case.digests.open(
                    reseller_id, tomorrow, datetime.combine(tomorrow, time(), UTC)
                )
            else:
                self._to_queue[reseller_id, self.day] = None
            self._days[reseller_id] = digest.day
        return self._days[reseller_id]

    def _queue(self, reseller_id: str, day: date) -> None:
        """Repeated, it queues the same mails again; they are sent once."""
        digest = self._case.digests.digest(reseller_id, day)
        if digest is None or digest.queued:
            return
        mute = self._preferences_of(reseller_id).mute_contacts
        found = len(self._case.notices.of_digest(reseller_id, day))  # their own mails are on their way
        for batch in _batches(self._case.digests.reminders(reseller_id, day)):
            self._require_time()
            found += len(batch)
            if not mute:
                self._case.queue.remind(batch)
                self._report.queued += len(batch)
        if found:
            self._case.queue.digest(reseller_id, day)
            self._report.digests += 1
        self._case.digests.queued(digest, self._case.clock.now())

    def _preferences_of(self, reseller_id: str) -> ReminderPreferences:
        if reseller_id not in self._preferences:
            reseller = self._case.resellers.reseller(reseller_id)
            self._preferences[reseller_id] = reseller.reminders if reseller else ReminderPreferences()
        return self._preferences[reseller_id]


def _batches(reminders: Iterator[Reminder]) -> Iterator[list[Reminder]]:
    while batch := list(islice(reminders, _MESSAGES)):
        yield batch
