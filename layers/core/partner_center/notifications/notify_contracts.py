"""Contracts that run out of units or time: found when they do, claimed, and queued for whoever mails reminders.

Orders take units without a word to anybody, so contracts are looked at all day long; what is found is mailed then,
and stands in the reseller's next digest as well. A run that dies leaves what it claimed where a later one finds it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from partner_center.accounts.resellers import Resellers
from partner_center.billing.contracts import Contract
from partner_center.billing.notices import NOTICE_SHARDS, due_notices, next_look
from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import ChangedMeanwhile, TryAgain
from partner_center.kernel.events import Chronicle
from partner_center.kernel.ids import Ids
from partner_center.kernel.patience import AFTER_TROUBLE
from partner_center.kernel.turns import in_turn
from partner_center.notifications.contract_reminders import ContractReminder, ContractReminders, ToTell
from partner_center.notifications.reminders import Digests, ReminderQueue

CLAIM = timedelta(minutes=15)
"""How long a run has to queue what it claimed; after that another one does, and the mail is still sent once."""

DIGEST_CLOSES = time(5, tzinfo=UTC)
"""What is found later stands in tomorrow's digest: the daily run, an hour later, must find today's complete."""


@dataclass(frozen=True, slots=True)
class NotifyContracts:
    """The use case behind the schedule: each contract or notice that is due by itself."""

    notices: ContractReminders
    digests: Digests
    queue: ReminderQueue
    resellers: Resellers
    clock: Clock
    ids: Ids

    def due(self) -> Iterator[ToTell]:
        """Everything that is due; a run that was missed loses nothing. Raises TryAgain."""
        moment = self.clock.now()
        for shard in in_turn(range(NOTICE_SHARDS), moment):
            due = self.notices.due(shard, moment)
            found = [ToTell(*ids) for ids in (*due.contracts, *due.claimed)]
            yield from in_turn(found, moment, shard)

    def put_off(self, due: ToTell) -> None:
        """One that cannot be read stands in nobody's way for a while. Raises TryAgain."""
        self.notices.put_off(due, self.clock.now() + AFTER_TROUBLE)

    def __call__(self, due: ToTell, correlation_id: str) -> int:
        """How many mails were queued. Raises TryAgain."""
        if due.notice_id is not None:
            return self._finish(due.reseller_id, due.contract_id, due.notice_id)
        chronicle = Chronicle(self.ids, self.clock.now(), "system", correlation_id)
        try:
            return self._look_at(due.reseller_id, due.contract_id, chronicle)
        except ChangedMeanwhile:
            return 0  # another run was faster, or units moved; the next one looks again

    def _look_at(self, reseller_id: str, contract_id: str, chronicle: Chronicle) -> int:
        contract = self.notices.find(reseller_id, contract_id)
        if contract is None:
            return 0
        due = due_notices(contract, chronicle.moment)
        if not due:
            look = next_look(contract, chronicle.moment)
            if look is None or look > chronicle.moment:
                self.notices.look_later(contract, chronicle.moment)
            return 0
        if self.resellers.reseller(reseller_id) is None:
            raise TryAgain("The reseller of a contract cannot be read at the moment.")
        day = self._day(reseller_id, chronicle.moment)
        reminders = [
            ContractReminder(reseller_id, contract_id, each.kind, each.notice_id, contract.valid_to, day)
            for each in due
        ]
        self._claim(contract, frozenset().union(*(each.covers for each in due)), reminders, chronicle)
        return self._queue(reminders)

    def _claim(
        self,
        contract: Contract,
        noticed: frozenset[str],
        reminders: list[ContractReminder],
        chronicle: Chronicle,
    ) -> None:
        audit = chronicle.audit(
            "contract.noticed",
            contract.reseller_id,
            "",
            contract_id=contract.contract_id,
            notices=" ".join(each.notice_id for each in reminders),
        )
        self.notices.claim(contract, noticed, reminders, chronicle.moment + CLAIM, audit)

    def _finish(self, reseller_id: str, contract_id: str, notice_id: str) -> int:
        """What an earlier run claimed and, as far as is known, did not queue."""
        reminder = self.notices.reminder(reseller_id, contract_id, notice_id)
        return self._queue([reminder]) if reminder is not None else 0

    def _queue(self, reminders: list[ContractReminder]) -> int:
        self.queue.contracts(reminders)
        for each in reminders:
            self.notices.queued(each)
        return len(reminders)

    def _day(self, reseller_id: str, moment: datetime) -> date:
        """Of the digest that is not on its way yet."""
        utc = moment.astimezone(UTC)
        tomorrow = utc.date() + timedelta(days=1)
        if utc.timetz() < DIGEST_CLOSES and self.digests.open(reseller_id, utc.date(), moment).takes_more:
            return utc.date()
        return self.digests.open(reseller_id, tomorrow, datetime.combine(tomorrow, time(), UTC)).day
