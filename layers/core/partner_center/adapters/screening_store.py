"""Screenings in the order's partition, and the queue of those that wait for a reviewer: `Screenings`, on DynamoDB."""

from collections.abc import Sequence
from typing import Any

from partner_center.adapters import keys
from partner_center.adapters.dynamodb import Database, Item, Put, Update
from partner_center.adapters.order_actions import closing_actions, guard_put, head_update
from partner_center.adapters.order_items import from_micros, to_micros
from partner_center.adapters.queues import waiting_in
from partner_center.adapters.records import audit_put, event_put
from partner_center.adapters.tables import TableNames
from partner_center.kernel.errors import ChangedMeanwhile
from partner_center.kernel.events import AuditRecord
from partner_center.kernel.stored import read_as
from partner_center.orders.flags import Flag
from partner_center.orders.order import OrderHead
from partner_center.orders.page import Page
from partner_center.orders.ports import Closing, Release
from partner_center.orders.review import Decision, Screening, Verdict


class ScreeningStore:
    """A flagged head is in the index `queues` while it waits, by attributes of its own: see order_store."""

    def __init__(self, database: Database, tables: TableNames) -> None:
        self._database = database
        self._tables = tables

    def of_order(self, reseller_id: str, order_id: str) -> Sequence[Screening]:
        first = keys.screening(reseller_id, order_id, 0)
        prefix = first.sk.partition("#")[0] + "#"
        items = self._database.all_of(self._tables.business, first.pk, prefix)
        return [_from_item(item) for item in reversed(items)]

    def waiting(self, page: Page) -> tuple[Sequence[tuple[str, str]], str | None]:
        return waiting_in(self._database, self._tables.business, keys.REVIEW_QUEUE, page)

    def record(
        self, head: OrderHead, expected_version: int, screening: Screening, audit: AuditRecord
    ) -> None:
        key = keys.screening(head.reseller_id, head.order_id, screening.revision)
        self._database.transact(
            [
                head_update(self._tables.business, head, expected_version),
                Put(self._tables.business, key, _to_item(screening), _screened_already),
                audit_put(self._tables.audit, audit),
            ]
        )

    def release(self, release: Release, screening: Screening) -> None:
        head, table = release.head, self._tables.business
        self._database.transact(
            [
                *([guard_put(table, release.guard, release.audit.at)] if release.guard else []),
                head_update(table, head, release.expected_version),
                _decided(table, head, screening),
                event_put(table, release.event),
                audit_put(self._tables.audit, release.audit),
            ]
        )

    def reject(self, change: Closing, screening: Screening) -> None:
        closing = closing_actions(self._tables, change)
        self._database.transact([*closing, _decided(self._tables.business, change.head, screening)])


def _decided(table: str, head: OrderHead, screening: Screening) -> Update:
    key = keys.screening(head.reseller_id, head.order_id, screening.revision)
    decision = _decision_to_item(screening.decision)
    return Update(
        table, key, _screened_already, conditions=[("decision", "absent")], set={"decision": decision}
    )


def _screened_already(_: Item | None) -> Exception:
    return ChangedMeanwhile("This revision was screened or decided already.")


def _to_item(screening: Screening) -> Item:
    flags = [{"rule": flag.rule, "subject": flag.subject, "reason": flag.reason} for flag in screening.flags]
    return {"at": to_micros(screening.at), "flags": flags, "decision": _decision_to_item(screening.decision)}


def _from_item(item: Item) -> Screening:
    decision: dict[str, Any] | None = item.get("decision")
    return Screening(
        revision=int(item["sk"].partition("#")[2]),
        at=from_micros(item["at"]),
        flags=tuple(read_as(Flag, flag) for flag in item["flags"]),
        decision=Decision(
            from_micros(decision["at"]),
            decision["by"],
            Verdict(decision["verdict"]),
            decision["evidence"],
            decision.get("note"),
        )
        if decision
        else None,
    )


def _decision_to_item(decision: Decision | None) -> Item | None:
    if decision is None:
        return None
    item: Item = {
        "at": to_micros(decision.at),
        "by": decision.by,
        "verdict": decision.verdict.value,
        "evidence": decision.evidence,
    }
    return item | ({"note": decision.note} if decision.note else {})
