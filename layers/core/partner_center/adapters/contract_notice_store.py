"""Notices of contracts in DynamoDB: a row each beside its contract, and a line in its reseller's digest."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from partner_center.adapters import keys
from partner_center.adapters.calendar_store import LIFETIME, takes_more
from partner_center.adapters.contract_items import contract_from_item, contract_queue, notice_shard
from partner_center.adapters.dynamodb import Action, Condition, Database, Index, Item, Put, Update
from partner_center.adapters.mail_results import record_result
from partner_center.adapters.order_items import from_micros, to_micros
from partner_center.adapters.queues import put_off_in
from partner_center.adapters.records import audit_put
from partner_center.adapters.tables import TableNames
from partner_center.billing.contracts import Contract
from partner_center.billing.notices import NoticeKind
from partner_center.kernel.errors import ChangedMeanwhile
from partner_center.kernel.events import AuditRecord
from partner_center.notifications.contract_reminders import ContractReminder, DueNotices, ToTell

_INDEX = "queues"
_NOTICE = "NOTICE#"
_LINE = "CONTRACT#"


class ContractNoticeStore:
    """`ContractReminders` of the notifications context."""

    def __init__(self, database: Database, tables: TableNames) -> None:
        self._database = database
        self._table, self._audit = tables.business, tables.audit

    # ---- reading

    def due(self, shard: int, moment: datetime) -> DueNotices:
        index = Index(_INDEX, "queue", keys.notice_queue(shard), "queued_at", to_micros(moment))
        found, after = list[Item](), None
        while True:
            items, after = self._database.query_index(self._table, index, after=after)
            found += items
            if after is None:
                break
        claimed = [item for item in found if item["sk"].startswith(_NOTICE)]
        return DueNotices(
            [keys.ids_of_contract(item["pk"]) for item in found if not item["sk"].startswith(_NOTICE)],
            [(*keys.ids_of_contract(item["pk"]), item["sk"].removeprefix(_NOTICE)) for item in claimed],
        )

    def find(self, reseller_id: str, contract_id: str) -> Contract | None:
        item = self._database.get(self._table, keys.contract(reseller_id, contract_id))
        return contract_from_item(item) if item else None

    def reminder(self, reseller_id: str, contract_id: str, notice_id: str) -> ContractReminder | None:
        item = self._database.get(self._table, keys.contract_notice(reseller_id, contract_id, notice_id))
        return _reminder(reseller_id, contract_id, notice_id, item) if item else None

    def of_digest(self, reseller_id: str, day: date) -> Sequence[ContractReminder]:
        partition, after = keys.digest(reseller_id, day.isoformat()).pk, None
        found = list[Item]()
        while True:
            items, after = self._database.query(self._table, partition, _LINE, after=after)
            found += items
            if after is None:
                break
        return [_of_line(reseller_id, item) for item in found]

    # ---- writing

    def claim(
        self,
        contract: Contract,
        noticed: frozenset[str],
        reminders: Sequence[ContractReminder],
        until: datetime,
        audit: AuditRecord,
    ) -> None:
        actions: list[Action] = [
            self._as_read(contract, noticed=contract.noticed | noticed, moment=audit.at),
            audit_put(self._audit, audit),
        ]
        for day in {each.day for each in reminders}:
            actions.append(takes_more(self._table, contract.reseller_id, day.isoformat(), _changed))
        for each in reminders:
            actions += self._reminder_puts(each, until)
        self._database.transact(actions)

    def look_later(self, contract: Contract, moment: datetime) -> None:
        self._database.write(self._as_read(contract, noticed=contract.noticed, moment=moment))

    def put_off(self, due: ToTell, moment: datetime) -> None:
        ids = (due.reseller_id, due.contract_id)
        key = keys.contract_notice(*ids, due.notice_id) if due.notice_id else keys.contract(*ids)
        queue = keys.notice_queue(notice_shard(due.contract_id))
        put_off_in(self._database, self._table, key, queue, moment)

    def queued(self, reminder: ContractReminder) -> None:
        self._database.write(Update(self._table, _key(reminder), _changed, remove=["queue", "queued_at"]))

    def record(self, reminder: ContractReminder, mailbox: str, result: str) -> None:
        record_result(self._database, self._table, _key(reminder), mailbox, result)

    # ---- actions

    def _as_read(self, contract: Contract, *, noticed: frozenset[str], moment: datetime) -> Update:
        """That nobody told of it, or prolonged it, since it was read; units may have moved."""
        queue = contract_queue(replace(contract, noticed=noticed), moment)
        unchanged: list[Condition] = [
            ("noticed", "=", sorted(contract.noticed)),
            ("valid_to", "=", to_micros(contract.valid_to)),
        ]
        return Update(
            self._table,
            keys.contract(contract.reseller_id, contract.contract_id),
            _changed,
            conditions=unchanged,
            set={
                "noticed": sorted(noticed),
                **{name: value for name, value in queue.items() if value is not None},
            },
            remove=[name for name, value in queue.items() if value is None],
        )

    def _reminder_puts(self, reminder: ContractReminder, until: datetime) -> list[Put]:
        day = reminder.day.isoformat()
        facts: Item = {
            "kind": reminder.kind.value,
            "ends": to_micros(reminder.ends),
            "day": day,
            "expires_at": int((until + LIFETIME).timestamp()),
        }
        queue = {
            "queue": keys.notice_queue(notice_shard(reminder.contract_id)),
            "queued_at": to_micros(until),
        }
        line = keys.digest_contract(reminder.reseller_id, day, reminder.contract_id, reminder.notice_id)
        return [
            Put(self._table, _key(reminder), facts | queue, _changed),
            Put(self._table, line, facts, _changed),
        ]


def _key(reminder: ContractReminder) -> keys.Key:
    return keys.contract_notice(reminder.reseller_id, reminder.contract_id, reminder.notice_id)


def _reminder(reseller_id: str, contract_id: str, notice_id: str, item: Item) -> ContractReminder:
    return ContractReminder(
        reseller_id,
        contract_id,
        NoticeKind(item["kind"]),
        notice_id,
        from_micros(item["ends"]),
        date.fromisoformat(item["day"]),
        item.get("results", {}),
    )


def _of_line(reseller_id: str, item: Item) -> ContractReminder:
    _, contract_id, notice_id = item["sk"].split("#")
    return _reminder(reseller_id, contract_id, notice_id, item)


def _changed(_: Item | None) -> Exception:
    return ChangedMeanwhile("The contract or its notice changed meanwhile; read it again.")
