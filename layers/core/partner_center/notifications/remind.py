"""The daily run: everything that is due is claimed, then its mails are queued, one digest for each reseller.

A run claims before it queues, and what was claimed stands in a digest until its mails are queued: whoever dies in
between loses nothing. What is found due is all that fell due since, however long nobody looked. There is one good run
a day, so that a day has one digest; another one on the same day only finishes what a run left behind. Digests of
earlier days come first, whatever becomes of the claims: today's waits until these are made, by this run or another.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import islice
from typing import Protocol

from partner_center.accounts.resellers import ReminderPreferences, Resellers
from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import ChangedMeanwhile, PartnerCenterError, TryAgain
from partner_center.kernel.patience import AFTER_TROUBLE
from partner_center.kernel.turns import in_turn
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
    Due,
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
"""So many that must be tried again, one after the other, are an outage, not so many broken orders."""

_BROKEN = (PartnerCenterError, ValueError, TypeError, LookupError, AttributeError)
"""What reading something broken ends in. A call that AWS refuses is about the run, and ends it."""

_NAMES = 20
_MESSAGES = 10


@dataclass
class Report:
    """What a run did. `failed` counts what it could not handle: that was told, and another run comes to it."""

    claimed: int = 0
    moved: int = 0
    queued: int = 0
    digests: int = 0
    failed: int = 0
    under_way: bool = False


class Tell(Protocol):
    """Says what could not be handled, at once, in case that the run dies; `where` names it."""

    def __call__(self, error: Exception, where: Mapping[str, str]) -> None: ...


class _BrokenOff(TryAgain):
    """The run ends here: its time is over, or a service is out."""


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

    def __call__(self, until: datetime, tell: Tell) -> Report:
        """Raises TryAgain when the time is over at `until` or a service is out; the next run goes on from there."""
        report, moment = Report(), self.clock.now()
        try:
            last = self.runs.begin(moment, moment + LONGEST_RUN)
        except RunUnderWay:
            report.under_way = True
            return report
        good: date | None = None
        try:
            run = _Run(self, moment, until, report, tell)
            run.look()
            run.queue_what_is_left()
            if last is None or last < run.day:
                run.claim_all()
            run.queue_all()
            run.require_no_outage()
            good = run.day
        finally:
            self.runs.end(good, self.clock.now())
        return report


class _Run:
    """One run: what it found due, the digests that it opened, and the resellers that it met."""

    def __init__(
        self, case: RemindRenewals, moment: datetime, until: datetime, report: Report, tell: Tell
    ) -> None:
        self._case, self._until, self._report, self._tell = case, until, report, tell
        self._moment, self.day = moment, moment.astimezone(UTC).date()
        self._due: list[Due] = []
        self._preferences: dict[str, ReminderPreferences] = {}
        self._days: dict[str, date] = {}
        self._to_queue: dict[tuple[str, date], None] = {}
        self._in_a_row = 0
        self._outage: TryAgain | None = None

    def look(self) -> None:
        for shard in in_turn(range(SHARDS), self._moment):
            for page in self._case.calendar.due(shard, self._moment):
                self._require_time()
                self._due.append(page)
                self._to_queue |= dict.fromkeys(page.digests)

    def queue_what_is_left(self) -> None:
        """Digests of earlier days, to which nothing is added any more: a run may have died after its claims."""
        self._queue_digests([each for each in self._to_queue if each[1] < self.day])

    def claim_all(self) -> None:
        for page in in_turn(self._due, self._moment):
            for reseller_id in page.replans:
                self._by_itself(partial(self._replan, reseller_id), {"reseller_id": reseller_id})
            for reseller_id, order_id, kind in in_turn(page.entries, self._moment, of=1):
                self._require_time()
                self._judge(reseller_id, order_id, kind)

    def queue_all(self) -> None:
        self._queue_digests(list(self._to_queue))

    def require_no_outage(self) -> None:
        """Raises TryAgain when something must be tried again that only another run of this day comes to."""
        if self._outage is not None:
            raise self._outage

    def _queue_digests(self, digests: Iterable[tuple[str, date]]) -> None:
        for reseller_id, day in in_turn([*digests], self._moment):
            where = {"reseller_id": reseller_id, "digest": day.isoformat()}
            self._by_itself(partial(self._queue, reseller_id, day), where)

    def _replan(self, reseller_id: str) -> None:
        """What is due by the reseller's new days is reminded of at once: its shard may have been read already."""
        chosen = partial(self._chosen, reseller_id)
        for order_id, kind in self._case.replan(reseller_id, chosen, self._moment, self._require_time):
            self._judge(reseller_id, order_id, kind)

    def _require_time(self) -> None:
        if self._case.clock.now() >= self._until:
            raise _BrokenOff("The run's time is over; another one goes on.")

    def _by_itself(self, act: Callable[[], None], where: Mapping[str, str]) -> None:
        """What fails keeps nobody else waiting: it stays due, and the next run comes to it."""
        try:
            act()
        except _BrokenOff:
            raise
        except _BROKEN as error:
            if isinstance(error, TryAgain):
                self._outage = error
            self._failed(error, where)
        else:
            self._in_a_row = 0

    def _judge(self, reseller_id: str, order_id: str, kind: ReminderKind) -> None:
        """One entry by itself: what is broken about one order keeps nobody else from being reminded.

        It is put off, behind what is due today. One that was put off before is no sign of an outage.
        """
        entry: Entry | None = None
        try:
            entry = self._case.calendar.entries(reseller_id, order_id).get(kind)
            if entry is not None and entry.is_due(self._moment):  # or another run was faster than the index
                self._remind(entry)
        except _BROKEN as error:
            self._put_off(reseller_id, order_id, kind)
            is_known = entry is not None and entry.was_put_off
            self._failed(error, {"order_id": order_id}, is_known=is_known)
        else:
            self._in_a_row = 0

    def _put_off(self, reseller_id: str, order_id: str, kind: ReminderKind) -> None:
        try:
            self._case.calendar.put_off(reseller_id, order_id, kind, self._moment + AFTER_TROUBLE)
        except PartnerCenterError as error:
            self._tell(error, {"order_id": order_id})

    def _failed(self, error: Exception, where: Mapping[str, str], *, is_known: bool = False) -> None:
        """Raises _BrokenOff for an outage: what each order suffers from must not be put off for all of them."""
        self._report.failed += 1
        self._tell(error, where)
        if not isinstance(error, TryAgain):
            self._in_a_row = 0
        elif not is_known:
            self._in_a_row += 1
        if self._in_a_row >= _IN_A_ROW:
            raise _BrokenOff("Nothing can be read at the moment; another run goes on.") from error

    def _remind(self, entry: Entry) -> None:
        reseller_id, order_id, kind = entry.reseller_id, entry.order_id, entry.kind
        prospect = self._case.prospects(reseller_id, order_id)
        ending = prospect.endings.get(kind) if prospect else None
        if prospect is None or ending is None or (ending.ends, ending.serial) != (entry.ends, entry.serial):
            self._case.keep.follow(reseller_id, order_id)  # its event did not come, or not yet
            self._report.moved += 1
            return
        days = reminder_days(ending, self._preferences_of(reseller_id))
        due = reminder_due(ending, days, entry.done_until, self._moment)
        after = next_reminder(ending, days, self._moment)
        moved = replace(entry, done_until=self._moment, remind_at=after, stands=True)
        try:
            self._move(prospect, ending, (entry, moved), due)
        except ChangedMeanwhile:
            # Another run was faster; or the digest was closed since: what follows goes into tomorrow's.
            self._days.pop(reseller_id, None)

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
        bare = ending.kind is ReminderKind.TERM_ENDS and prospect.is_bare_at(self._moment)
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
            bare=bare,
        )

    def _day_of(self, reseller_id: str) -> date:
        """Into which digest a reminder goes: today's, or tomorrow's when today's is on its way already."""
        if reseller_id not in self._days:
            digest = self._case.digests.open(reseller_id, self.day, self._moment)
            if not digest.takes_more:
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
        return self._preferences.get(reseller_id) or self._chosen(reseller_id)

    def _chosen(self, reseller_id: str) -> ReminderPreferences:
        """As it is now."""
        reseller = self._case.resellers.reseller(reseller_id)
        self._preferences[reseller_id] = reseller.reminders if reseller else ReminderPreferences()
        return self._preferences[reseller_id]


def _batches(reminders: Iterator[Reminder]) -> Iterator[list[Reminder]]:
    while batch := list(islice(reminders, _MESSAGES)):
        yield batch
