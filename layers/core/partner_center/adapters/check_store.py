"""Runs of the daily check and what it objects to: `CheckRuns` and `ObjectionFile`, on DynamoDB.

They stand in the business table, which is not where certificates are: whoever checks them shall not be able to write
them. An objection is in the index `queues` while it waits.
"""

import re
from collections.abc import Sequence
from typing import Any

from partner_center.adapters import keys
from partner_center.adapters.call_guards import call_guard_put
from partner_center.adapters.cursors import decode_cursor, encode_cursor
from partner_center.adapters.dynamodb import Database, Index, Item, Put, Update
from partner_center.adapters.order_items import from_micros, to_micros
from partner_center.adapters.records import audit_put
from partner_center.adapters.tables import TableNames
from partner_center.issuance.objection import CheckRun, Ground, Objection
from partner_center.issuance.objection_queue import ObjectionOnFile, Settlement, already_settled
from partner_center.kernel.errors import Malformed, TryAgain
from partner_center.kernel.events import AuditRecord
from partner_center.orders.call_guards import CallGuard
from partner_center.orders.page import Page

_INDEX = "queues"
_CURSOR = re.compile(r"([0-9]{1,18})#([0-9a-f]{1,40})#([a-z_]{1,30})")


class CheckStore:
    """Raises TryAgain when the tables do not answer."""

    def __init__(self, database: Database, tables: TableNames) -> None:
        self._database = database
        self._tables = tables

    def last(self) -> CheckRun | None:
        first = keys.check_run("")
        items, _ = self._database.query(self._tables.business, first.pk, first.sk, limit=1, newest_first=True)
        return _run(items[0]) if items else None

    def finish(self, run: CheckRun) -> None:
        self._database.write(
            Put(self._tables.business, keys.check_run(run.run_id), _run_item(run), _drawn_twice)
        )

    def object(self, objection: Objection, audit: AuditRecord) -> bool:
        key = keys.objection(objection.serial_hex, objection.ground)
        try:
            self._database.transact(
                [
                    Put(self._tables.business, key, _objection_item(objection), _StandsAlready),
                    audit_put(self._tables.audit, audit),
                ]
            )
        except _StandsAlready:
            return False
        return True

    def find(self, serial_hex: str, ground: Ground) -> ObjectionOnFile | None:
        item = self._database.get(self._tables.business, keys.objection(serial_hex, ground))
        return _on_file(item) if item else None

    def waiting(self, page: Page) -> tuple[Sequence[ObjectionOnFile], str | None]:
        index = Index(_INDEX, "queue", keys.CERTIFICATE_QUEUE, "queued_at")
        after = _start(page.cursor) if page.cursor else None
        items, last = self._database.query_index(self._tables.business, index, limit=page.limit, after=after)
        read = (self._database.get(self._tables.business, keys.Key(each["pk"], each["sk"])) for each in items)
        return [_on_file(item) for item in read if item], _cursor(last) if last else None

    def settle(
        self,
        objection: Objection,
        settlement: Settlement,
        audit: AuditRecord,
        guard: CallGuard | None = None,
    ) -> None:
        self._database.transact(
            [
                *([call_guard_put(self._tables.business, guard)] if guard else []),
                Update(
                    self._tables.business,
                    keys.objection(objection.serial_hex, objection.ground),
                    lambda _: already_settled(),
                    conditions=[("settlement", "absent")],
                    set={"settlement": _settlement_item(settlement)},
                    remove=["queue", "queued_at"],
                ),
                audit_put(self._tables.audit, audit),
            ]
        )


class _StandsAlready(Exception):
    """The serial has an objection on that ground."""


def _drawn_twice(_: Item | None) -> Exception:
    return TryAgain("An identifier was drawn twice; nothing was written.")


def _cursor(last: Item) -> str:
    serial_hex, ground = keys.serial_and_ground(last["pk"], last["sk"])
    return encode_cursor(f"{last['queued_at']}#{serial_hex}#{ground}")


def _start(cursor: str) -> Item:
    """Where the index goes on. Raises Malformed for a cursor that is none of this list."""
    parts = _CURSOR.fullmatch(decode_cursor(cursor, ""))
    if parts is None:
        raise Malformed("This cursor belongs to another list.")
    key = keys.objection(parts[2], parts[3])
    return {"queue": keys.CERTIFICATE_QUEUE, "queued_at": int(parts[1]), "pk": key.pk, "sk": key.sk}


def _objection_item(objection: Objection) -> Item:
    found_at = to_micros(objection.found_at)
    return {
        "serial_hex": objection.serial_hex,
        "ground": objection.ground.value,
        "detail": objection.detail,
        "reseller_id": objection.reseller_id,
        "order_id": objection.order_id,
        "found_at": found_at,
        "run_id": objection.run_id,
        "queue": keys.CERTIFICATE_QUEUE,
        "queued_at": found_at,
    }


def _on_file(item: Item) -> ObjectionOnFile:
    settlement: dict[str, Any] | None = item.get("settlement")
    return ObjectionOnFile(
        Objection(
            serial_hex=item["serial_hex"],
            ground=Ground(item["ground"]),
            detail=item["detail"],
            reseller_id=item["reseller_id"],
            order_id=item["order_id"],
            found_at=from_micros(item["found_at"]),
            run_id=item["run_id"],
        ),
        Settlement(
            from_micros(settlement["at"]), settlement["by"], settlement["evidence"], settlement.get("note")
        )
        if settlement
        else None,
    )


def _settlement_item(settlement: Settlement) -> Item:
    item: Item = {
        "at": to_micros(settlement.at),
        "by": settlement.by,
        "evidence": settlement.evidence,
    }
    return item | ({"note": settlement.note} if settlement.note else {})


def _run_item(run: CheckRun) -> Item:
    return {
        "begun_at": to_micros(run.begun_at),
        "ended_at": to_micros(run.ended_at),
        "after": to_micros(run.after),
        "until": to_micros(run.until),
        "is_complete": run.is_complete,
        "checked": run.checked,
        "objections": run.objections,
    }


def _run(item: Item) -> CheckRun:
    return CheckRun(
        run_id=item["sk"].partition("#")[2],
        begun_at=from_micros(item["begun_at"]),
        ended_at=from_micros(item["ended_at"]),
        after=from_micros(item["after"]),
        until=from_micros(item["until"]),
        is_complete=item["is_complete"],
        checked=item["checked"],
        objections=item["objections"],
    )
