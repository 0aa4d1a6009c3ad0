"""Runs of the daily check and its objections in memory, as adapters/check_store.py keeps them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from partner_center.issuance.objection import CheckRun, Ground, Objection
from partner_center.issuance.objection_queue import ObjectionOnFile, Settlement, already_settled
from partner_center.kernel.errors import Malformed
from partner_center.kernel.events import AuditRecord
from partner_center.orders.call_guards import CallGuard
from partner_center.orders.page import Page
from tests.fakes.call_guards import MemoryCallGuards


@dataclass
class MemoryChecks:
    """`CheckRuns` and `ObjectionFile` of the issuance context."""

    runs: list[CheckRun] = field(default_factory=list)
    on_file: dict[tuple[str, Ground], ObjectionOnFile] = field(default_factory=dict)
    audit: list[AuditRecord] = field(default_factory=list)
    guards: MemoryCallGuards = field(default_factory=MemoryCallGuards)
    before_settling: list[Callable[[], object]] = field(default_factory=list)

    def last(self) -> CheckRun | None:
        return max(self.runs, key=lambda run: run.run_id, default=None)

    def finish(self, run: CheckRun) -> None:
        self.runs.append(run)

    def object(self, objection: Objection, audit: AuditRecord) -> bool:
        key = (objection.serial_hex, objection.ground)
        if key in self.on_file:
            return False
        self.on_file[key] = ObjectionOnFile(objection)
        self.audit.append(audit)
        return True

    def find(self, serial_hex: str, ground: Ground) -> ObjectionOnFile | None:
        return self.on_file.get((serial_hex, ground))

    def waiting(self, page: Page) -> tuple[Sequence[ObjectionOnFile], str | None]:
        waiting = [each for each in self.on_file.values() if each.settlement is None]
        waiting.sort(key=lambda each: each.objection.found_at)
        if page.cursor is not None and not page.cursor.isdigit():
            raise Malformed("This cursor belongs to another list.")
        start = int(page.cursor or 0)
        end = start + page.limit
        return waiting[start:end], str(end) if end < len(waiting) else None

    def settle(
        self,
        objection: Objection,
        settlement: Settlement,
        audit: AuditRecord,
        guard: CallGuard | None = None,
    ) -> None:
        self.before_settling.pop()() if self.before_settling else None
        key = (objection.serial_hex, objection.ground)
        self.guards.require_unbound(guard)
        if self.on_file[key].settlement is not None:
            raise already_settled()
        self.guards.bind(guard)
        self.on_file[key] = replace(self.on_file[key], settlement=settlement)
        self.audit.append(audit)
