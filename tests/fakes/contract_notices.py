"""Notices of contracts in memory, with the preconditions of adapters/contract_notice_store.py."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from hashlib import sha256

from partner_center.billing.contracts import Contract
from partner_center.billing.notices import NOTICE_SHARDS, next_look
from partner_center.kernel.errors import ChangedMeanwhile
from partner_center.kernel.events import AuditRecord
from partner_center.notifications.contract_reminders import ContractReminder, DueNotices, ToTell
from partner_center.notifications.mail_results import latest
from tests.fakes.calendar_store import MemoryCalendar
from tests.fakes.tables import Tables

NoticeKey = tuple[str, str, str]


@dataclass
class MemoryContractNotices:
    """`ContractReminders`. Contracts themselves say when to look at them."""

    tables: Tables
    calendar: MemoryCalendar
    rows: dict[NoticeKey, ContractReminder] = field(default_factory=dict)
    to_queue: dict[NoticeKey, datetime] = field(default_factory=dict)
    off: dict[ToTell, datetime] = field(default_factory=dict)

    def due(self, shard: int, moment: datetime) -> DueNotices:
        contracts = [
            key
            for key, each in self.tables.contracts.items()
            if _in_shard(each.contract_id, shard)
            and (look := next_look(each, each.valid_from)) is not None
            and max(look, self.off.get(ToTell(*key), look)) <= moment
        ]
        claimed = [key for key, at in self.to_queue.items() if _in_shard(key[1], shard) and at <= moment]
        return DueNotices(contracts, claimed)

    def put_off(self, due: ToTell, moment: datetime) -> None:
        if due.notice_id is None:
            self.off[due] = moment
        elif (key := (due.reseller_id, due.contract_id, due.notice_id)) in self.to_queue:
            self.to_queue[key] = moment

    def find(self, reseller_id: str, contract_id: str) -> Contract | None:
        return self.tables.contracts.get((reseller_id, contract_id))

    def claim(
        self,
        contract: Contract,
        noticed: frozenset[str],
        reminders: Sequence[ContractReminder],
        until: datetime,
        audit: AuditRecord,
    ) -> None:
        with self.tables.writing("claim"):
            self._require_as_read(contract)
            digests = [self.calendar.digest(each.reseller_id, each.day) for each in reminders]
            if any(each is None or not each.takes_more for each in digests) or any(
                _key(each) in self.rows for each in reminders
            ):
                raise ChangedMeanwhile("The contract or its notice changed meanwhile; read it again.")
            key = (contract.reseller_id, contract.contract_id)
            self.tables.contracts[key] = replace(
                self.tables.contracts[key], noticed=contract.noticed | noticed
            )
            for each in reminders:
                self.rows[_key(each)], self.to_queue[_key(each)] = each, until
            self.tables.accompany(None, audit)

    def look_later(self, contract: Contract, moment: datetime) -> None:
        self._require_as_read(contract)

    def reminder(self, reseller_id: str, contract_id: str, notice_id: str) -> ContractReminder | None:
        return self.rows.get((reseller_id, contract_id, notice_id))

    def of_digest(self, reseller_id: str, day: date) -> Sequence[ContractReminder]:
        ours = [each for each in self.rows.values() if (each.reseller_id, each.day) == (reseller_id, day)]
        return sorted((replace(each, results={}) for each in ours), key=_key)

    def queued(self, reminder: ContractReminder) -> None:
        with self.tables.writing("queued"):
            self.to_queue.pop(_key(reminder), None)

    def record(self, reminder: ContractReminder, mailbox: str, result: str) -> None:
        with self.tables.writing("record"):
            present = self.rows[_key(reminder)]
            self.rows[_key(reminder)] = replace(present, results=latest(present.results, mailbox, result))

    def _require_as_read(self, contract: Contract) -> None:
        present = self.tables.contracts[contract.reseller_id, contract.contract_id]
        if (present.noticed, present.valid_to) != (contract.noticed, contract.valid_to):
            raise ChangedMeanwhile("The contract or its notice changed meanwhile; read it again.")


def _key(reminder: ContractReminder) -> NoticeKey:
    return reminder.reseller_id, reminder.contract_id, reminder.notice_id


def _in_shard(contract_id: str, shard: int) -> bool:
    return int(sha256(contract_id.encode()).hexdigest(), 16) % NOTICE_SHARDS == shard
