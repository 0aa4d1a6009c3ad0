"""Problem reports, wired."""

from functools import cache

from partner_center.adapters.problem_report_store import ProblemReportStore
from partner_center.entry.wiring.base import clock, database, ids, settings
from partner_center.issuance.problem_reports import ReportProblem, ReportQueue


@cache
def problem_reports() -> ProblemReportStore:
    return ProblemReportStore(database(), settings().tables)


@cache
def report_problem() -> ReportProblem:
    return ReportProblem(problem_reports(), clock(), ids())


@cache
def report_queue() -> ReportQueue:
    return ReportQueue(problem_reports())
