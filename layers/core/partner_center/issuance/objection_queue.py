"""What the daily check holds against certificates, as a queue of the staff: a person settles each, and it stays."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from partner_center.accounts.staff import Staff
from partner_center.issuance.objection import Ground, Objection
from partner_center.kernel.clock import Clock, rfc3339
from partner_center.kernel.errors import NotFound, StateConflict, TryAgain
from partner_center.kernel.events import AuditRecord, Chronicle
from partner_center.kernel.ids import Ids
from partner_center.orders.call_guards import (
    CallGuard,
    CallGuards,
    CallSeenBefore,
    guard_of,
    repeated,
)
from partner_center.orders.idempotency import Call
from partner_center.orders.page import Page

QUEUE = "certificates"
_SERIAL = re.compile(r"[0-9a-f]{1,40}")


@dataclass(frozen=True, slots=True)
class Settlement:
    """Who settled an objection, when, on which evidence, in which words."""

    at: datetime
    by: str
    evidence: str
    note: str | None


@dataclass(frozen=True, slots=True)
class ObjectionOnFile:
    """An objection, and how it was settled; None while it waits."""

    objection: Objection
    settlement: Settlement | None = None


class ObjectionFile(Protocol):
    """Reads and settles objections."""

    def find(self, serial_hex: str, ground: Ground) -> ObjectionOnFile | None: ...

    def waiting(self, page: Page) -> tuple[Sequence[ObjectionOnFile], str | None]:
        """Those that wait, longest waiting first, and the cursor of the next page. Raises Malformed."""
        ...

    def settle(
        self,
        objection: Objection,
        settlement: Settlement,
        audit: AuditRecord,
        guard: CallGuard | None = None,
    ) -> None:
        """Raises CallSeenBefore, and StateConflict when it was settled meanwhile."""
        ...


@dataclass(frozen=True, slots=True)
class ObjectionQueue:
    """The use case of looking at the queue. The index behind it may be a moment late."""

    file: ObjectionFile

    def __call__(self, page: Page) -> dict[str, Any]:
        waiting, cursor = self.file.waiting(page)
        items = [objection_as_json(each.objection) for each in waiting if each.settlement is None]
        return {"items": items, "next_cursor": cursor}


@dataclass(frozen=True, slots=True)
class SettleObjection:
    """A member of staff says what an objection came to; what has to be revoked is revoked apart from this."""

    file: ObjectionFile
    guards: CallGuards
    clock: Clock
    ids: Ids

    def __call__(
        self, staff: Staff, call: Call, objection_id: str, evidence: str, note: str | None
    ) -> tuple[Objection, Settlement]:
        """Both as they are then; the same words of the same person once more change nothing.

        Raises NotFound, StateConflict, IdempotencyKeyReused, TryAgain.
        """
        found = self._found(objection_id)
        if repeated(self.guards, staff.actor, call) is not None:
            return self._settled(objection_id)
        if found.settlement is not None:
            if _words(found.settlement) == (staff.actor, evidence, note):
                return found.objection, found.settlement
            raise already_settled()
        objection, moment = found.objection, self.clock.now()
        settlement = Settlement(moment, staff.actor, evidence, note)
        audit = Chronicle(self.ids, moment, staff.actor, call.request_id).audit(
            "certificate.objection_settled",
            objection.reseller_id,
            objection.order_id,
            serial=objection.serial_hex,
            ground=objection.ground,
            words=f"{evidence} / {note}" if note else evidence,
        )
        try:
            self.file.settle(objection, settlement, audit, guard_of(call, staff.actor, moment))
        except CallSeenBefore as seen:
            call.same(seen.guard)
            return self._settled(objection_id)
        return objection, settlement

    def _found(self, objection_id: str) -> ObjectionOnFile:
        found = self.file.find(*read_objection_id(objection_id))
        if found is None:
            raise NotFound("There is no such objection.")
        return found

    def _settled(self, objection_id: str) -> tuple[Objection, Settlement]:
        """As the request whose key is bound settled it: no other settlement follows that."""
        found = self._found(objection_id)
        if found.settlement is None:
            raise TryAgain("The objection is being settled.")
        return found.objection, found.settlement


def _words(settlement: Settlement) -> tuple[str, str, str | None]:
    return settlement.by, settlement.evidence, settlement.note


def already_settled() -> StateConflict:
    return StateConflict("already_settled", "Somebody has settled this objection.")


def objection_id(objection: Objection) -> str:
    return f"{objection.serial_hex}.{objection.ground}"


def read_objection_id(text: str) -> tuple[str, Ground]:
    """Serial and ground. Raises NotFound for what is no such id."""
    serial_hex, _, ground = text.partition(".")
    if not _SERIAL.fullmatch(serial_hex) or ground not in list(Ground):
        raise NotFound("There is no such objection.")
    return serial_hex, Ground(ground)


def objection_as_json(objection: Objection) -> dict[str, Any]:
    """One task of the queue."""
    return {
        "objection_id": objection_id(objection),
        "queue": QUEUE,
        "serial": objection.serial_hex,
        "ground": objection.ground,
        "detail": objection.detail,
        "reseller_id": objection.reseller_id,
        "order_id": objection.order_id or None,
        "found_at": rfc3339(objection.found_at),
        "due_at": rfc3339(objection.due_at),
        "run_id": objection.run_id,
    }


def settlement_as_json(objection: Objection, settlement: Settlement) -> dict[str, Any]:
    """An objection that was settled, and how; who of the staff it was stands in the audit record alone."""
    return {
        "objection_id": objection_id(objection),
        "serial": objection.serial_hex,
        "order_id": objection.order_id or None,
        "settled_at": rfc3339(settlement.at),
        "evidence": settlement.evidence,
        "note": settlement.note,
    }
