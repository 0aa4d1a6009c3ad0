"""Problem reports in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from partner_center.issuance.problem_reports import ProblemReport, ReportChange
from partner_center.kernel.errors import ChangedMeanwhile
from partner_center.orders.page import Page
from tests.fakes.call_guards import MemoryCallGuards
from tests.fakes.order_store import paged
from tests.fakes.tables import Tables


@dataclass
class MemoryReports:
    """`ProblemReports`, and which mails went out."""

    tables: Tables = field(default_factory=Tables)
    kept: dict[str, ProblemReport] = field(default_factory=dict)
    mailed: dict[tuple[str, str], datetime] = field(default_factory=dict)
    confirmed: dict[tuple[str, str], int] = field(default_factory=dict)

    def find(self, report_id: str) -> ProblemReport | None:
        return self.kept.get(report_id)

    def write(self, change: ReportChange) -> None:
        with self.tables.writing("report"):
            guards = MemoryCallGuards(self.tables)
            guards.require_unbound(change.guard)
            present = self.kept.get(change.report.report_id)
            if (present.version if present else None) != change.expected_version:
                raise ChangedMeanwhile("The report changed meanwhile; read it again.")
            self.tables.require_new(change.event, change.audit)
            guards.bind(change.guard)
            self.kept[change.report.report_id] = change.report
            self.tables.accompany(change.event, change.audit)

    def waiting(self, page: Page) -> tuple[Sequence[str], str | None]:
        rows = sorted((f"{each.due_at:%Y%m%d%H%M%S}#{each.report_id}", each) for each in self._open())
        found, cursor = paged(rows, "", page)
        return [each.report_id for _, each in found], cursor

    def first_due(self) -> datetime | None:
        return min((each.due_at for each in self._open()), default=None)

    def was_mailed(self, report_id: str, mail_id: str) -> bool:
        return (report_id, mail_id) in self.mailed

    def note_mail(self, report_id: str, mail_id: str, moment: datetime) -> None:
        self.mailed[report_id, mail_id] = moment

    def confirmations(self, address: str, moment: datetime) -> int:
        return self.confirmed.get((address.lower(), f"{moment:%Y-%m-%d}"), 0)

    def count_confirmation(self, address: str, moment: datetime) -> None:
        counted = (address.lower(), f"{moment:%Y-%m-%d}")
        self.confirmed[counted] = self.confirmed.get(counted, 0) + 1

    def _open(self) -> list[ProblemReport]:
        return [each for each in self.kept.values() if each.is_open]
