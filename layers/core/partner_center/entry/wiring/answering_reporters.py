"""The mails to reporters, wired."""

from functools import cache

from partner_center.entry.wiring.base import clock, settings
from partner_center.entry.wiring.mail import mailer
from partner_center.entry.wiring.problem_reports import problem_reports
from partner_center.notifications.answer_reporter import AnswerReporter


@cache
def answer_reporter() -> AnswerReporter:
    return AnswerReporter(problem_reports(), mailer(), clock(), settings().mail_sender)
