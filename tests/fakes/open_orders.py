"""The orders that are to be looked at, and the reconciler's repairs, in memory, as adapters/open_orders.py."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from partner_center.kernel.errors import ChangedMeanwhile
from partner_center.kernel.events import AuditRecord, Event
from partner_center.orders.order import OrderHead, look_at
from partner_center.orders.reconcile_order import Restart, Unclaim, UnitsRelease
from tests.fakes.order_store import MemoryOrders
from tests.fakes.tables import Tables


@dataclass
class MemoryOpenOrders:
    """`OpenOrders`; all orders are in one shard."""

    tables: Tables

    def look_at(self, reseller_id: str, order_id: str) -> datetime | None:
        head = self.tables.heads[reseller_id, order_id]
        version, moment = self.tables.looks.get((reseller_id, order_id), (0, None))
        return moment if version == head.version else look_at(head)

    def due(self, shard: int, moment: datetime, at_most: int) -> Sequence[tuple[str, str]]:
        looks = [(self.look_at(*ids), ids) for ids in self.tables.heads]
        found = sorted((at, ids) for at, ids in looks if at is not None and at <= moment)
        return [ids for _, ids in found][:at_most] if shard == 0 else []

    def look_later(self, head: OrderHead, moment: datetime, *, gets_on: bool) -> None:
        self._look(head, moment)
        if gets_on:
            self.tables.heads[head.reseller_id, head.order_id] = replace(head, restarts=None)

    def put_off(self, reseller_id: str, order_id: str, moment: datetime) -> None:
        if self.look_at(reseller_id, order_id) is None:
            raise ChangedMeanwhile("The order changed meanwhile; read it again.")
        head = self.tables.heads[reseller_id, order_id]
        self.tables.looks[reseller_id, order_id] = (head.version, moment)

    def leave(self, head: OrderHead) -> None:
        self._look(head, None)

    def restart(self, change: Restart) -> None:
        with self.tables.writing("restart"):
            orders = MemoryOrders(self.tables)
            orders.require_version(change.head, change.expected_version)
            self.tables.require_new(change.event, change.audit)
            orders.move(change.head, change.expected_version)
            self.tables.accompany(change.event, change.audit)

    def unclaim(self, change: Unclaim, look_at: datetime) -> None:
        with self.tables.writing("unclaim"):
            orders = MemoryOrders(self.tables)
            orders.require_version(change.head, change.expected_version)
            self.tables.require_new(None, change.audit)
            orders.move(change.head, change.expected_version)
            self.tables.looks[change.head.reseller_id, change.head.order_id] = (change.head.version, look_at)
            self.tables.accompany(None, change.audit)

    def release(self, change: UnitsRelease) -> None:
        with self.tables.writing("release_units"):
            orders, head, units = MemoryOrders(self.tables), change.head, change.entry.units
            orders.require_version(head, change.expected_version)
            contract = self.tables.contracts[head.reseller_id, head.contract_id]
            if contract.units_held < units:
                raise ChangedMeanwhile(f"Contract {head.contract_id} does not hold {units} units.")
            self.tables.require_new(None, change.audit, change.entry)
            orders.move(head, change.expected_version)
            self.tables.enter(contract, change.entry, {"units_held": -units, "units_left": units})
            self.tables.accompany(None, change.audit)

    def tell_orphan(self, event: Event, audit: AuditRecord) -> bool:
        if event.event_id in self.tables.events:
            return False
        self.tables.accompany(event, audit)
        return True

    def note(self, audit: AuditRecord) -> None:
        self.tables.accompany(None, audit)

    def _look(self, head: OrderHead, moment: datetime | None) -> None:
        with self.tables.writing("look"):
            MemoryOrders(self.tables).require_version(head, head.version)
            self.tables.looks[head.reseller_id, head.order_id] = (head.version, moment)
