"""The calendar follows the orders: what each is to be reminded of, derived from its present state."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from partner_center.accounts.resellers import ReminderPreferences, Resellers
from partner_center.issuance.record import CertificateRecord
from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import ChangedMeanwhile, TryAgain
from partner_center.kernel.events import Event
from partner_center.notifications.calendar import (
    Ending,
    Entry,
    ReminderKind,
    endings_of,
    next_reminder,
    reminder_days,
)
from partner_center.notifications.reminders import Calendar, Certificates
from partner_center.orders.auto_reissue import PlannedReissues, reissues_itself_at
from partner_center.orders.deadlines import (
    Deadline,
    is_renewed,
    lifecycle_of,
    live_certificate,
    next_deadline,
)
from partner_center.orders.order import Order, OrderHead, OrderStatus
from partner_center.orders.ports import OrderReader, load, predecessor
from partner_center.validation.challenges import Proof
from partner_center.validation.ports import ChallengeReader
from partner_center.validation.standing import proofs_on_file

LONG_OVER = timedelta(days=60)
"""What ended so long ago needs no reminder, even if its entry is gone."""


@dataclass(frozen=True, slots=True)
class Prospect:
    """An order with what decides on its future: certificates, proofs on file, and whether it was renewed."""

    order: Order
    certificates: Sequence[CertificateRecord]
    proofs: Sequence[Proof]
    renewed: bool

    @property
    def endings(self) -> Mapping[ReminderKind, Ending]:
        return endings_of(self.order, self.certificates, self.proofs, renewed=self.renewed)

    def is_bare_at(self, moment: datetime) -> bool:
        """Whether the order runs without a valid certificate: the last one was revoked, or ended."""
        live = live_certificate(self.certificates, self.order.content.names)
        runs = self.order.head.status_at(moment) is OrderStatus.ISSUED
        return runs and (live is None or live.not_after < moment)

    @property
    def reissues_itself_at(self) -> datetime | None:
        return reissues_itself_at(self.order, self.certificates, renewed=self.renewed)


@dataclass(frozen=True, slots=True)
class Prospects:
    """Reads what decides on an order's future, afresh."""

    orders: OrderReader
    certificates: Certificates
    challenges: ChallengeReader
    clock: Clock

    def __call__(self, reseller_id: str, order_id: str) -> Prospect | None:
        """None for an order that was never issued, or is unknown."""
        order = load(self.orders, reseller_id, order_id)
        if order is None or order.head.serial is None:
            return None
        return Prospect(
            order,
            self.certificates.of_order(reseller_id, order_id),
            proofs_on_file(self.challenges, order, self.clock.now()),
            is_renewed(self.orders, order.head),
        )

    def deadline(self, prospect: Prospect) -> Deadline | None:
        """What is to be done next for the order."""
        return next_deadline(
            prospect.order,
            prospect.certificates,
            prospect.proofs,
            self.clock.now(),
            renewed=prospect.renewed,
        )


@dataclass(frozen=True, slots=True)
class KeepCalendar:
    """The use case. It reads the state and not the event, so neither order nor repetition of events matters."""

    prospects: Prospects
    calendar: Calendar
    resellers: Resellers
    planned: PlannedReissues

    def __call__(self, event: Event) -> None:
        """Raises TryAgain; the queue then delivers the event again.

        With an order go all that it renews or replaces, one after the other: each may need no reminder any more, or
        need it again (`is_renewed` looks through the same chain from its other end).
        """
        reseller_id, order_id = str(event.data["reseller_id"]), str(event.data["order_id"])
        head = self.prospects.orders.head(reseller_id, order_id)
        if head is None:
            raise TryAgain("The order cannot be read at the moment.")
        self.follow(reseller_id, order_id)
        for each in self._before(head):
            if each.status is OrderStatus.ISSUED:  # nothing begins again for one that was revoked
                self.follow(reseller_id, each.order_id)

    def _before(self, head: OrderHead) -> Iterator[OrderHead]:
        """What it renews or replaces, what that does, and so on; a lineage that leads back to itself ends there."""
        seen, before = {head.order_id}, predecessor(self.prospects.orders, head)
        while before is not None and before.order_id not in seen:
            yield before
            seen.add(before.order_id)
            before = predecessor(self.prospects.orders, before)

    def follow(self, reseller_id: str, order_id: str) -> None:
        """Brings the order's entries up to date, and when it is reissued by itself. Raises TryAgain.

        What decided is read again after anything was written: of two that look at once, whoever writes last has seen
        what the other saw, or finds nothing to write and leaves it to the one that does.
        """
        prospect = self.prospects(reseller_id, order_id)
        if prospect is None:
            return
        preferences, plans = self._preferences(reseller_id), lifecycle_of(prospect.order.content).auto_reissue
        if plans:
            self.planned.plan(reseller_id, order_id, prospect.reissues_itself_at)
        if not self._write_entries((reseller_id, order_id), prospect, preferences) and not plans:
            return
        again = self.prospects(reseller_id, order_id)
        if again is None or _decided_by(again, self._preferences(reseller_id)) != _decided_by(
            prospect, preferences
        ):
            raise TryAgain("The order changed meanwhile; look again.")

    def _preferences(self, reseller_id: str) -> ReminderPreferences:
        reseller = self.resellers.reseller(reseller_id)
        return reseller.reminders if reseller else ReminderPreferences()

    def _write_entries(
        self, ids: tuple[str, str], prospect: Prospect, preferences: ReminderPreferences
    ) -> bool:
        """Whether there was anything to write."""
        written, wanted = self.calendar.entries(*ids), prospect.endings
        recent, changed = self.prospects.clock.now() - LONG_OVER, False
        for kind in ReminderKind:
            before, ending = written.get(kind), wanted.get(kind)
            if ending is not None and ending.ends < recent:
                ending = None
            entry = _planned(ids, before, ending, preferences)
            if entry is not None and entry != before:
                self._write(entry, before)
                changed = True
        return changed

    def _write(self, entry: Entry, before: Entry | None) -> None:
        try:
            self.calendar.write(entry, before)
        except ChangedMeanwhile as error:
            raise TryAgain("The calendar changed meanwhile; look again.") from error


def _decided_by(prospect: Prospect, preferences: ReminderPreferences) -> tuple[object, ...]:
    return prospect.endings, prospect.reissues_itself_at, preferences.days


def _planned(
    ids: tuple[str, str], before: Entry | None, ending: Ending | None, preferences: ReminderPreferences
) -> Entry | None:
    """The entry as it should be: nothing is reminded of twice, and what ends no more is not reminded of."""
    if ending is None:
        return replace(before, remind_at=None, stands=False) if before is not None else None
    same = before is not None and (before.ends, before.serial) == (ending.ends, ending.serial)
    done_until = before.done_until if before is not None and same else ending.begins
    return Entry(
        *ids,
        kind=ending.kind,
        ends=ending.ends,
        begins=ending.begins,
        done_until=done_until,
        remind_at=next_reminder(ending, reminder_days(ending, preferences), done_until),
        serial=ending.serial,
    )
