"""Whoever reported a problem is told that it came and what was found, once each, in none of the reporter's words."""

from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.issuance.problem_reports import Finding, ProblemReport, ReportDecision, ReportStatus
from partner_center.issuance.revocation import Cause
from partner_center.kernel.errors import TryAgain
from partner_center.kernel.events import Event
from partner_center.notifications.answer_reporter import (
    CONFIRMATIONS_A_DAY,
    CONFIRMATIONS_OF_ALL,
    AnswerReporter,
)
from partner_center.notifications.mail import MailRefused
from tests.fakes.determined import NOW, FixedClock
from tests.fakes.problem_reports import MemoryReports

REPORT = ProblemReport(
    "rep_1", NOW, "reporter@example.net", Cause.MISUSE, ("0a1b",), (), "Click https://evil.example <b>now</b>"
)
SENDER = "Partner Center <no-reply@example.com>"


class Office:
    def __init__(self, *decisions):
        self.sent, self.failure, self.clock = [], None, FixedClock()
        status = ReportStatus.NOTED if decisions else ReportStatus.RECEIVED
        report = replace(REPORT, decisions=decisions, status=status)
        self.reports = MemoryReports(kept={"rep_1": report})
        self.answer = AnswerReporter(self.reports, self, self.clock, SENDER)

    def send(self, mail):
        if self.failure is not None:
            raise self.failure
        self.sent.append(mail)

    def tell(self, type_="problem.reported", event_id="evt_1", **data):
        self.answer(Event(event_id, type_, NOW, "request-1", {"report_id": "rep_1"} | data))
        return self


def decision(finding, grounds="Looked at.", serials=()):
    return ReportDecision(NOW, "staff:vera", finding, grounds, serials)


def test_the_receipt_names_the_report_and_when_to_expect_an_answer():
    (mail,) = Office().tell().sent
    assert mail.to == ("reporter@example.net",)
    assert mail.subject == "We have your report rep_1"
    for words in (mail.text, mail.html):
        assert "24 November 2026, 10:00 UTC" in words


ANSWERS = {
    Finding.NOTE: "what we found first",
    Finding.REVOKE: "0a1b",
    Finding.DISMISS: "not\nrevoke",
}


@pytest.mark.parametrize("finding", Finding)
def test_each_decision_is_told_with_its_grounds(finding):
    (mail,) = Office(decision(finding, serials=("0a1b",))).tell("problem.decided", number=1).sent
    assert mail.subject == "About your report rep_1"
    for words in (mail.text, mail.html):
        assert "Looked at." in words
    assert ANSWERS[finding].replace("\n", " ") in " ".join(mail.text.split())
    assert "vera" not in mail.text


def test_of_several_decisions_the_events_own_is_told():
    office = Office(decision(Finding.NOTE, "First."), decision(Finding.DISMISS, "Second."))
    first, second = (office.tell("problem.decided", f"evt_{n}", number=n).sent[-1] for n in (1, 2))
    assert ("First." in first.text, "Second." in first.text) == (True, False)
    assert "Second." in second.text


def test_none_of_the_reporters_words_is_sent():
    mails = Office(decision(Finding.NOTE)).tell().tell("problem.decided", "evt_2", number=1).sent
    assert not any("evil" in mail.text + mail.html for mail in mails)


def test_what_staff_wrote_becomes_neither_html_nor_a_link():
    hostile = decision(Finding.NOTE, "<script>x</script> https://evil.example\r\nBcc: a@example.org")
    (mail,) = Office(hostile).tell("problem.decided", number=1).sent
    assert "<script>" not in mail.html
    assert "https://evil" not in mail.text + mail.html


def test_an_address_is_told_of_ten_reports_a_day_that_they_came_and_of_each_what_was_found():
    office = Office(decision(Finding.NOTE))
    for number in range(CONFIRMATIONS_A_DAY + 3):
        office.tell(event_id=f"evt_{number}")
    assert len(office.sent) == CONFIRMATIONS_A_DAY
    office.tell("problem.decided", "evt_decided", number=1)
    assert office.sent[-1].subject == "About your report rep_1"
    assert len(office.sent) == CONFIRMATIONS_A_DAY + 1


def test_of_three_hundred_reports_a_day_it_is_told_that_they_came_whoever_sent_them():
    """Anybody may make up as many addresses as he likes, and what bounces counts against all mail of ours."""
    office = Office(decision(Finding.NOTE))
    for number in range(CONFIRMATIONS_OF_ALL + 3):
        report = office.reports.kept["rep_1"]
        office.reports.kept["rep_1"] = replace(report, reporter_email=f"reporter{number}@example.net")
        office.tell(event_id=f"evt_{number}")
    assert len(office.sent) == CONFIRMATIONS_OF_ALL
    office.tell("problem.decided", "evt_decided", number=1)
    assert office.sent[-1].subject == "About your report rep_1"
    office.clock.advance(days=1)
    office.tell(event_id="evt_tomorrow")
    assert len(office.sent) == CONFIRMATIONS_OF_ALL + 2


def test_a_mail_that_failed_is_not_counted():
    office = Office()
    office.failure = TryAgain("SES is out.")
    for _ in range(CONFIRMATIONS_A_DAY + 1):
        with pytest.raises(TryAgain):
            office.tell()
    office.failure = None
    assert len(office.tell().sent) == 1


def test_an_event_that_comes_again_sends_nothing():
    office = Office().tell().tell()
    assert len(office.sent) == 1
    assert office.reports.mailed == {("rep_1", "evt_1"): NOW}


def test_a_repetition_after_a_crash_bears_the_same_message_id():
    office = Office().tell()
    office.reports.mailed.clear()
    first, second = office.tell().sent
    assert first.message_id == second.message_id == "<evt_1@example.com>"


@pytest.mark.parametrize("reason", ["address_invalid", "message_rejected"])
def test_an_address_that_takes_no_mail_is_left_alone(reason):
    office = Office()
    office.failure = MailRefused(reason, "no")
    assert office.tell().reports.mailed


@pytest.mark.parametrize("error", [MailRefused("sender_unverified", "no"), TryAgain("out")])
def test_what_is_our_own_trouble_comes_again(error):
    office = Office()
    office.failure = error
    with pytest.raises(type(error)):
        office.tell()
    assert not office.reports.mailed


def test_a_report_that_cannot_be_read_comes_again():
    office = Office()
    office.reports.kept.clear()
    with pytest.raises(TryAgain):
        office.tell()


def test_the_preliminary_report_is_due_after_24_hours():
    assert REPORT.preliminary_due_at - NOW == timedelta(hours=24)
