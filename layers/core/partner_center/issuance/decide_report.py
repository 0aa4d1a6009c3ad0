"""Staff decide about a problem report; what they revoke is revoked before the report ends, and after it is noted
there that it is being revoked.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from partner_center.accounts.staff import Staff
from partner_center.issuance.problem_reports import (
    Finding,
    ProblemReport,
    ProblemReports,
    ReportChange,
    ReportDecision,
    as_decided,
    begun,
    decided,
    given_up,
)
from partner_center.issuance.record import CertificateRecord, OrderFollows, Reason
from partner_center.issuance.report_request import DecisionReading
from partner_center.issuance.revocation import is_at_risk, keeps_order
from partner_center.issuance.revoke import Revoker, Wish
from partner_center.kernel.clock import rfc3339
from partner_center.kernel.errors import ChangedMeanwhile, ContentRefused, NotFound, Problem, TryAgain
from partner_center.kernel.events import Chronicle
from partner_center.orders.call_guards import (
    CallGuard,
    CallGuards,
    CallSeenBefore,
    guard_of,
    repeated,
)
from partner_center.orders.idempotency import Call


@dataclass(frozen=True, slots=True)
class DecideReport:
    """The use case. The same decision once more, by the same person, changes nothing."""

    reports: ProblemReports
    guards: CallGuards
    revoker: Revoker

    def __call__(self, staff: Staff, call: Call, report_id: str, decision: DecisionReading) -> ProblemReport:
        """The report after it, or as it was after the decision that this Idempotency-Key was used for before.

        Raises NotFound, StateConflict for one that has ended, IdempotencyKeyReused, TryAgain, and ContentRefused for
        serials that are unknown or have ended unrevoked: nobody is told of a revocation that no CRL will show.
        A run that ends half-way has revoked some certificates; the report stays open and says so, and the same
        revocation once more, by whomever, revokes the rest. Until then no other decision ends the report.
        """
        report = self._found(report_id)
        answered = repeated(self.guards, staff.actor, call)
        if answered is not None:
            return self._as_answered(report_id, answered)
        moment = self.revoker.clock.now()
        reason = decision.reason if decision.finding is Finding.REVOKE else None
        made = ReportDecision(
            moment, staff.actor, decision.finding, decision.grounds, decision.serials, reason
        )
        if report.decisions and _same(report.decisions[-1], made):
            return report
        chronicle = Chronicle(self.revoker.ids, moment, staff.actor, call.request_id)
        if decision.finding is Finding.REVOKE:
            report, made = self._begun(report, made, chronicle)
            revoked = self._revoke(made, staff, call.request_id, moment)
            if not revoked:  # all of them have ended since it began: the report is to be decided otherwise
                self._write(given_up(report, chronicle))
                self._require_revocable(made.serials, moment)
            made = replace(made, serials=revoked)
            report = replace(report, begun=made)  # what had ended unrevoked is no part of it any more
        change = decided(report, made, chronicle)
        guard = guard_of(call, staff.actor, moment, number=len(change.report.decisions))
        try:
            self._write(replace(change, guard=guard))
        except CallSeenBefore as seen:
            return self._as_answered(report_id, call.same(seen.guard))
        return change.report

    def _begun(
        self, report: ProblemReport, made: ReportDecision, chronicle: Chronicle
    ) -> tuple[ProblemReport, ReportDecision]:
        """The report whose revocation has begun, and that decision: now, or when it was made first."""
        change = begun(report, made, chronicle)
        if report.begun is not None:
            return report, report.begun
        self._require_revocable(made.serials, chronicle.moment)
        self._write(change)
        return change.report, made

    def _write(self, change: ReportChange) -> None:
        try:
            self.reports.write(change)
        except ChangedMeanwhile as error:
            raise TryAgain("Somebody else decides about this report; look at it again.") from error

    def _found(self, report_id: str) -> ProblemReport:
        report = self.reports.find(report_id)
        if report is None:
            raise NotFound("There is no such report.")
        return report

    def _as_answered(self, report_id: str, guard: CallGuard) -> ProblemReport:
        return as_decided(self._found(report_id), int(guard.facts["number"]))

    def _revoke(
        self, decision: ReportDecision, staff: Staff, request_id: str, moment: datetime
    ) -> tuple[str, ...]:
        """The serials that are revoked now; one that has ended unrevoked since this began is left out."""
        reason = decision.reason or Reason.UNSPECIFIED
        follows = OrderFollows.NEVER if keeps_order(reason) else OrderFollows.WHEN_LAST
        wish, revoked = Wish(reason, staff.actor, request_id, follows), list[str]()
        for serial in decision.serials:
            record = self.revoker.certificates.by_serial(serial)
            if record is None:
                raise TryAgain("A certificate cannot be read at the moment; decide again.")
            if _why_not(record, moment) is not None:
                continue
            done = self.revoker.certificate(record, wish)
            revoked.append(serial)
            if follows is OrderFollows.WHEN_LAST:
                self.revoker.order_if_last(done, wish, moment)
        return tuple(revoked)

    def _require_revocable(self, serials: tuple[str, ...], moment: datetime) -> None:
        """All of them, before the first is revoked."""
        problems = [
            Problem(*why, f"/serials/{position}")
            for position, serial in enumerate(serials)
            if (why := _why_not(self.revoker.certificates.by_serial(serial), moment)) is not None
        ]
        if problems:
            raise ContentRefused(problems)


def _why_not(record: CertificateRecord | None, moment: datetime) -> tuple[str, str] | None:
    """Code and detail of why a serial is not revoked."""
    if record is None:
        return "unknown_serial", "No certificate of ours has this serial number."
    if record.revoked_at is None and not is_at_risk(record, moment):
        return "certificate_expired", f"The certificate has ended at {rfc3339(record.not_after)}."
    return None


def _same(before: ReportDecision, now: ReportDecision) -> bool:
    return replace(before, at=now.at) == now
