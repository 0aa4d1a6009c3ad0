"""Staff decide about a problem report; what they revoke is revoked before the report ends."""

from dataclasses import dataclass
from datetime import datetime

from partner_center.accounts.staff import Staff
from partner_center.issuance.problem_reports import (
    Finding,
    ProblemReport,
    ProblemReports,
    ReportDecision,
    decided,
)
from partner_center.issuance.record import CertificateRecord, OrderFollows
from partner_center.issuance.report_request import DecisionReading
from partner_center.issuance.revocation import keeps_order
from partner_center.issuance.revoke import Revoker, Wish
from partner_center.kernel.errors import ChangedMeanwhile, ContentRefused, NotFound, Problem, TryAgain
from partner_center.kernel.events import Chronicle


@dataclass(frozen=True, slots=True)
class DecideReport:
    """The use case. The same decision once more, by the same person, changes nothing."""

    reports: ProblemReports
    revoker: Revoker

    def __call__(
        self, staff: Staff, report_id: str, decision: DecisionReading, request_id: str
    ) -> ProblemReport:
        """The report after it.

        Raises NotFound, StateConflict for one that has ended, ContentRefused for unknown serials, TryAgain. A run
        that ends half-way has revoked some certificates; the report stays open, and a repetition revokes the rest.
        """
        report = self.reports.find(report_id)
        if report is None:
            raise NotFound("There is no such report.")
        moment = self.revoker.clock.now()
        made = ReportDecision(moment, staff.actor, decision.finding, decision.grounds, decision.serials)
        if report.decisions and _same(report.decisions[-1], made):
            return report
        chronicle = Chronicle(self.revoker.ids, moment, staff.actor, request_id)
        change = decided(report, made, chronicle)
        if decision.finding is Finding.REVOKE:
            self._revoke(decision, staff, request_id, moment)
        try:
            self.reports.write(change)
        except ChangedMeanwhile as error:
            raise TryAgain("Somebody else decides about this report; look at it again.") from error
        return change.report

    def _revoke(self, decision: DecisionReading, staff: Staff, request_id: str, moment: datetime) -> None:
        follows = OrderFollows.NEVER if keeps_order(decision.reason) else OrderFollows.WHEN_LAST
        wish = Wish(decision.reason, staff.actor, request_id, follows)
        for record in self._records(decision.serials):
            done = self.revoker.certificate(record, wish)
            if follows is OrderFollows.WHEN_LAST:
                self.revoker.order_if_last(done, wish, moment)

    def _records(self, serials: tuple[str, ...]) -> list[CertificateRecord]:
        """All of them, before the first is revoked."""
        found = [self.revoker.certificates.by_serial(serial) for serial in serials]
        problems = [
            Problem(
                "unknown_serial", "No certificate of ours has this serial number.", f"/serials/{position}"
            )
            for position, record in enumerate(found)
            if record is None
        ]
        if problems:
            raise ContentRefused(problems)
        return [record for record in found if record is not None]


def _same(before: ReportDecision, now: ReportDecision) -> bool:
    said = [(each.by, each.finding, each.grounds, each.serials) for each in (before, now)]
    return said[0] == said[1]
