"""Decisions about problem reports, wired."""

from functools import cache

from partner_center.entry.wiring.call_guards import call_guards
from partner_center.entry.wiring.problem_reports import problem_reports
from partner_center.entry.wiring.revoking import revoker
from partner_center.issuance.decide_report import DecideReport


@cache
def decide_report() -> DecideReport:
    return DecideReport(problem_reports(), call_guards(), revoker())
