"""The sparse index of orders that are to be looked at, and the reconciler's repairs: `OpenOrders`, on DynamoDB."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from partner_center.adapters import keys
from partner_center.adapters.dynamodb import Condition, Database, Index, Item, Update
from partner_center.adapters.order_actions import head_update, ledger_line, units_back
from partner_center.adapters.order_items import to_micros
from partner_center.adapters.records import audit_put, event_put
from partner_center.adapters.tables import TableNames
from partner_center.kernel.errors import ChangedMeanwhile
from partner_center.kernel.events import AuditRecord, Event
from partner_center.orders.order import OrderHead
from partner_center.orders.reconcile_order import Restart, Unclaim, UnitsRelease


class OpenOrderStore:
    """Heads by `open_shard` and `check_at`, which every change of a head sets anew."""

    def __init__(self, database: Database, tables: TableNames) -> None:
        self._database = database
        self._tables = tables

    def due(self, shard: int, moment: datetime, at_most: int) -> Sequence[tuple[str, str]]:
        index = Index("open", "open_shard", f"OPEN#{shard}", "check_at", to_micros(moment))
        items, _ = self._database.query_index(self._tables.business, index, limit=at_most)
        return [keys.ids_of_order(item["pk"]) for item in items]

    def look_later(self, head: OrderHead, moment: datetime, *, gets_on: bool) -> None:
        place: Item = {"open_shard": keys.open_shard(head.order_id), "check_at": to_micros(moment)}
        self._write(head, place, ["restarts"] if gets_on else [])

    def put_off(self, reseller_id: str, order_id: str, moment: datetime) -> None:
        key = keys.order_head(reseller_id, order_id)
        listed: Condition = ("open_shard", "present")
        later = {"check_at": to_micros(moment)}
        self._database.write(Update(self._tables.business, key, _changed, conditions=[listed], set=later))

    def leave(self, head: OrderHead) -> None:
        self._write(head, {}, ["open_shard", "check_at"])

    def _write(self, head: OrderHead, place: Item, remove: Sequence[str]) -> None:
        """No change of the order: its version stays."""
        key = keys.order_head(head.reseller_id, head.order_id)
        self._database.write(
            Update(
                self._tables.business,
                key,
                _changed,
                conditions=[("version", "=", head.version)],
                set=place,
                remove=remove,
            )
        )

    def restart(self, change: Restart) -> None:
        table = self._tables.business
        self._database.transact(
            [
                head_update(table, change.head, change.expected_version),
                event_put(table, change.event),
                audit_put(self._tables.audit, change.audit),
            ]
        )

    def unclaim(self, change: Unclaim, look_at: datetime) -> None:
        head = head_update(self._tables.business, change.head, change.expected_version)
        later = replace(head, set={**head.set, "check_at": to_micros(look_at)})
        self._database.transact([later, audit_put(self._tables.audit, change.audit)])

    def release(self, change: UnitsRelease) -> None:
        head, table, units = change.head, self._tables.business, change.entry.units
        self._database.transact(
            [
                head_update(table, head, change.expected_version),
                *units_back(table, head, units),
                ledger_line(table, head, change.entry),
                audit_put(self._tables.audit, change.audit),
            ]
        )

    def tell_orphan(self, event: Event, audit: AuditRecord) -> bool:
        put = event_put(self._tables.business, event, refused=lambda _: _ToldBefore())
        try:
            self._database.transact([put, audit_put(self._tables.audit, audit)])
        except _ToldBefore:
            return False
        return True

    def note(self, audit: AuditRecord) -> None:
        self._database.write(audit_put(self._tables.audit, audit))


class _ToldBefore(Exception):
    """The event of this orphan is there."""


def _changed(_: Item | None) -> Exception:
    return ChangedMeanwhile("The order changed meanwhile; read it again.")
