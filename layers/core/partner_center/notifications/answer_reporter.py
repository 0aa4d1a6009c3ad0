"""Whoever reported a problem is told that the report came, and each thing that was found."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from partner_center.issuance.problem_reports import ProblemReport, ReportDecision
from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import TryAgain
from partner_center.kernel.events import Event
from partner_center.notifications.domain_mailer import message_id
from partner_center.notifications.mail import Mail, MailRefused
from partner_center.notifications.ports import Mailer
from partner_center.notifications.report_answers import (
    ReportFacts,
    report_answered_mail,
    report_received_mail,
)

CONFIRMATIONS_A_DAY = 10
"""To one address; anybody can give another's, so that without a bound we would fill strangers' mailboxes."""
CONFIRMATIONS_OF_ALL = 300
"""A day, to all addresses together: anybody can make them up, and what bounces counts against all our mail. All of
these would be the twentieth part, for which SES looks into an account, of six thousand mails a day.
"""
_ALL = ""
"""The address under which those of all are counted."""
_UNDELIVERABLE = frozenset({"address_invalid", "message_rejected"})


class Reports(Protocol):
    """Reads reports, and remembers which of their mails went out."""

    def find(self, report_id: str) -> ProblemReport | None: ...

    def was_mailed(self, report_id: str, mail_id: str) -> bool: ...

    def note_mail(self, report_id: str, mail_id: str, moment: datetime) -> None: ...

    def confirmations(self, address: str, moment: datetime) -> int:
        """How many reports were counted for that address, or under another word, on that day (UTC)."""
        ...

    def count_confirmation(self, address: str, moment: datetime) -> None: ...


@dataclass(frozen=True, slots=True)
class AnswerReporter:
    """The use case: at least once, and a repetition bears the same Message-ID.

    Only what is found is told of each report; that it came is told of the first ones of a day.
    """

    reports: Reports
    mailer: Mailer
    clock: Clock
    sender: str

    def __call__(self, event: Event) -> None:
        """Raises TryAgain. An address that takes no mail is left alone: the report goes on all the same."""
        report_id = str(event.data["report_id"])
        if self.reports.was_mailed(report_id, event.event_id):
            return
        report = self.reports.find(report_id)
        if report is None:
            raise TryAgain("The report cannot be read at the moment.")
        is_confirmation, address = event.type == "problem.reported", report.reporter_email
        if is_confirmation and self._has_told_enough(address):
            return
        try:
            self.mailer.send(self._mail(report, event))
        except MailRefused as refused:
            if refused.reason not in _UNDELIVERABLE:
                raise
        if is_confirmation:
            for counted in (address, _ALL):
                self.reports.count_confirmation(counted, self.clock.now())
        self.reports.note_mail(report_id, event.event_id, self.clock.now())

    def _has_told_enough(self, address: str) -> bool:
        told, moment = self.reports.confirmations, self.clock.now()
        return told(address, moment) >= CONFIRMATIONS_A_DAY or told(_ALL, moment) >= CONFIRMATIONS_OF_ALL

    def _mail(self, report: ProblemReport, event: Event) -> Mail:
        mail_id = message_id(event.event_id, self.sender)
        if event.type == "problem.reported":
            return report_received_mail(_facts(report), self.sender, mail_id)
        decision = report.decisions[int(event.data["number"] or 0) - 1]
        return report_answered_mail(_facts(report, decision), self.sender, mail_id)


def _facts(report: ProblemReport, decision: ReportDecision | None = None) -> ReportFacts:
    return ReportFacts(
        report_id=report.report_id,
        reporter_email=report.reporter_email,
        received_at=report.received_at,
        preliminary_due_at=report.preliminary_due_at,
        finding=decision.finding if decision else None,
        grounds=decision.grounds if decision else None,
        serials=decision.serials if decision else (),
    )
