"""Problem reports: anybody tells us, day and night, that a certificate must not go on (BR 4.9.3, 4.9.5).

A preliminary report is due within 24 hours of the report, the revocation, if it is called for, within 24 hours or
five days, by what is the matter. A report stands in the queue until it ends in a revocation or is dismissed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from partner_center.accounts.quota import network_of
from partner_center.issuance.record import Reason
from partner_center.issuance.revocation import PRELIMINARY_REPORT, Cause, deadline
from partner_center.kernel.clock import Clock, rfc3339
from partner_center.kernel.errors import StateConflict
from partner_center.kernel.events import NOBODY, AuditRecord, Chronicle, Event
from partner_center.kernel.ids import Ids
from partner_center.orders.call_guards import CallGuard, CallSeenBefore, guard_of
from partner_center.orders.idempotency import Call
from partner_center.orders.page import Page, gathered

QUEUE = "problem-reports"
REPORTED_CAUSES = tuple(each for each in Cause if each is not Cause.SUBSCRIBERS_REQUEST)


class ReportStatus(StrEnum):
    """How far a report is. `noted`: the preliminary report is out, the decision is not."""

    RECEIVED = "received"
    NOTED = "noted"
    REVOKED = "revoked"
    DISMISSED = "dismissed"


class Finding(StrEnum):
    """What staff may say to a report."""

    NOTE = "note"
    REVOKE = "revoke"
    DISMISS = "dismiss"


_MOST_NOTES = 10
_AT_ONCE = 4
"""Reports. Each has up to 800 KB where all of its letters are escaped, nearly all in the notes."""
_STATUS_AFTER = {
    Finding.NOTE: ReportStatus.NOTED,
    Finding.REVOKE: ReportStatus.REVOKED,
    Finding.DISMISS: ReportStatus.DISMISSED,
}


@dataclass(frozen=True, slots=True)
class ReportDecision:
    """Who found what, on which grounds; the grounds go to the reporter, and `serials` were revoked for `reason`.

    `reason` is None when nothing was revoked, and of a row that was written before it was kept.
    """

    at: datetime
    by: str
    finding: Finding
    grounds: str
    serials: tuple[str, ...] = ()
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class ProblemReport:
    """One report, as it came, and what was found so far. `version` counts its changes.

    `begun` is a revocation that was decided and may be half done: nothing else ends the report.
    """

    report_id: str
    received_at: datetime
    reporter_email: str
    cause: Cause
    serials: tuple[str, ...]
    names: tuple[str, ...]
    text: str
    status: ReportStatus = ReportStatus.RECEIVED
    decisions: tuple[ReportDecision, ...] = ()
    begun: ReportDecision | None = None
    version: int = 1

    @property
    def is_open(self) -> bool:
        return self.status in {ReportStatus.RECEIVED, ReportStatus.NOTED}

    @property
    def preliminary_due_at(self) -> datetime:
        return self.received_at + PRELIMINARY_REPORT

    @property
    def revocation_due_at(self) -> datetime:
        return deadline(self.cause, self.received_at)

    @property
    def due_at(self) -> datetime:
        """When somebody must have done the next thing."""
        if self.status is ReportStatus.RECEIVED:
            return min(self.preliminary_due_at, self.revocation_due_at)
        return self.revocation_due_at


@dataclass(frozen=True, slots=True)
class ReportChange:
    """What one transaction writes about a report; `expected_version` is None for a new one.

    `event` is None while a revocation has only begun.
    """

    report: ProblemReport
    expected_version: int | None
    event: Event | None
    audit: AuditRecord
    guard: CallGuard | None = None


class ProblemReports(Protocol):
    """Keeps reports, each change in one transaction with its event and audit record."""

    def find(self, report_id: str) -> ProblemReport | None: ...

    def write(self, change: ReportChange) -> None:
        """Raises CallSeenBefore, and ChangedMeanwhile when the report is not at `expected_version`."""
        ...

    def waiting(self, page: Page) -> tuple[Sequence[str], str | None]:
        """Ids of the open reports, the one that is due first ahead; a moment late at times."""
        ...


@dataclass(frozen=True, slots=True)
class ReportProblem:
    """Anybody's report is taken, whatever it is about; the same one again by the same Idempotency-Key is that one."""

    reports: ProblemReports
    clock: Clock
    ids: Ids

    def __call__(self, told: ProblemReport, address: str, call: Call) -> ProblemReport:
        """The report as it was kept; `told` says what is reported, its id and time are set here.

        The key is that of the network which the report comes from (docs/adr/0021). Raises IdempotencyKeyReused,
        TryAgain.
        """
        moment = self.clock.now()
        report = replace(told, report_id=self.ids.new("rep", moment), received_at=moment)
        chronicle = Chronicle(self.ids, moment, f"public:{address}", call.request_id)
        change = ReportChange(
            report,
            None,
            chronicle.event_of_report("problem.reported", report.report_id, category=report.cause),
            chronicle.audit(
                "problem.reported", NOBODY, "", report_id=report.report_id, category=report.cause
            ),
            guard_of(call, network_of(address), moment, report_id=report.report_id),
        )
        try:
            self.reports.write(change)
        except CallSeenBefore as seen:
            first = call.same(seen.guard)
            return replace(told, report_id=str(first.facts["report_id"]), received_at=first.at)
        return report


def begun(report: ProblemReport, decision: ReportDecision, chronicle: Chronicle) -> ReportChange:
    """The report once its revocation begins. It is written before the first certificate goes, so that of two who
    decide at once one has revoked nothing when he is refused. Raises StateConflict as `decided` does.
    """
    _require_decidable(report, decision)
    changed = replace(report, begun=decision, version=report.version + 1)
    return ReportChange(
        changed, report.version, None, _audit("problem.revoking", report, decision, chronicle)
    )


def given_up(report: ProblemReport, chronicle: Chronicle) -> ReportChange:
    """The report without the revocation that had begun: nothing of it was revoked, and nothing can be any more."""
    changed = replace(report, begun=None, version=report.version + 1)
    audit = chronicle.audit("problem.revoking_given_up", NOBODY, "", report_id=report.report_id)
    return ReportChange(changed, report.version, None, audit)


def decided(report: ProblemReport, decision: ReportDecision, chronicle: Chronicle) -> ReportChange:
    """The report after a decision.

    Raises StateConflict for one that has ended, was noted too often, or whose other revocation has begun.
    """
    _require_decidable(report, decision)
    changed = replace(
        report,
        status=_STATUS_AFTER[decision.finding],
        decisions=(*report.decisions, decision),
        begun=report.begun if decision.finding is Finding.NOTE else None,
        version=report.version + 1,
    )
    return ReportChange(
        changed,
        report.version,
        chronicle.event_of_report(
            "problem.decided",
            report.report_id,
            decision=decision.finding,
            number=len(changed.decisions),
        ),
        _audit("problem.decided", report, decision, chronicle),
    )


def _require_decidable(report: ProblemReport, decision: ReportDecision) -> None:
    if not report.is_open:
        raise StateConflict("already_decided", f"The report is {report.status}.")
    if decision.finding is Finding.NOTE:
        if len(report.decisions) >= _MOST_NOTES:
            raise StateConflict("too_many_notes", "The report was noted often enough: revoke, or dismiss it.")
    elif report.begun is not None and not _is_same_revocation(report.begun, decision):
        detail = (
            f"{report.begun.by} has begun to revoke for this report, as its `revoking` says: the same serials with "
            "the same reason once more end that. Nothing else ends the report any more."
        )
        raise StateConflict("already_decided", detail)


def _is_same_revocation(before: ReportDecision, now: ReportDecision) -> bool:
    """Whether both revoke the same for the same reason, whoever decided it on which grounds."""
    same = {(each.finding, frozenset(each.serials), each.reason) for each in (before, now)}
    return len(same) == 1


def _audit(kind: str, report: ProblemReport, decision: ReportDecision, chronicle: Chronicle) -> AuditRecord:
    return chronicle.audit(
        kind,
        NOBODY,
        "",
        report_id=report.report_id,
        decision=decision.finding,
        grounds=decision.grounds,
        serials=" ".join(decision.serials) or None,
        reason=decision.reason,
    )


def as_decided(report: ProblemReport, number: int) -> ProblemReport:
    """The report as the decision of that number, the first of them 1, has left it, whatever followed."""
    decisions = report.decisions[:number]
    status = _STATUS_AFTER[decisions[-1].finding]
    changes = number + (decisions[-1].finding is Finding.REVOKE)
    return replace(report, status=status, decisions=decisions, begun=None, version=1 + changes)


@dataclass(frozen=True, slots=True)
class ReportQueue:
    """What staff see: the open reports, the most urgent first. Each is read once more, since the index may lag."""

    reports: ProblemReports

    def __call__(self, page: Page) -> dict[str, Any]:
        """A page of the queue; one of very long reports has fewer items than it might."""
        return gathered(page, self.reports.waiting, self._open, _AT_ONCE)

    def _open(self, report_id: str) -> list[dict[str, Any]]:
        report = self.reports.find(report_id)
        return [report_as_json(report)] if report is not None and report.is_open else []


def report_as_json(report: ProblemReport) -> dict[str, Any]:
    """A report as staff read it."""
    return {
        "report_id": report.report_id,
        "queue": QUEUE,
        "status": report.status,
        "received_at": rfc3339(report.received_at),
        "preliminary_due_at": rfc3339(report.preliminary_due_at),
        "revocation_due_at": rfc3339(report.revocation_due_at),
        "reporter_email": report.reporter_email,
        "category": report.cause,
        "serials": list(report.serials),
        "names": list(report.names),
        "text": report.text,
        "decisions": [_decision_as_json(each) for each in report.decisions],
        "revoking": _decision_as_json(report.begun) if report.begun and report.is_open else None,
    }


def _decision_as_json(decision: ReportDecision) -> Mapping[str, Any]:
    return {
        "at": rfc3339(decision.at),
        "by": decision.by,
        "decision": decision.finding,
        "grounds": decision.grounds,
        "serials": list(decision.serials),
        "reason": decision.reason,
    }
