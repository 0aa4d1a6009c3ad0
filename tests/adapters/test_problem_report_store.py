"""Problem reports in tables: each change whole, the queue by what is due first, pages that stay in their list."""

from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.adapters.cursors import encode_cursor
from partner_center.adapters.problem_report_store import ProblemReportStore
from partner_center.issuance.problem_reports import (
    Finding,
    ProblemReport,
    ReportChange,
    ReportDecision,
    ReportStatus,
    decided,
)
from partner_center.issuance.revocation import Cause
from partner_center.kernel.errors import ChangedMeanwhile, Malformed
from partner_center.kernel.events import NOBODY, Chronicle
from partner_center.orders.page import Page
from tests.fakes.determined import NOW, CountingIds

IDS = CountingIds()
CHRONICLE = Chronicle(IDS, NOW, "staff:vera", "request-1")
ALL = Page(50, None)


@pytest.fixture
def reports(stores):
    return ProblemReportStore(stores.database, stores.tables)


@pytest.fixture
def take(reports):
    def take(report_id, hours=0, cause=Cause.MISUSE, **more):
        received = NOW + timedelta(hours=hours)
        report = ProblemReport(
            report_id, received, "a@example.net", cause, ("0a1b",), ("www.example.com",), "☂ Look.", **more
        )
        event = CHRONICLE.event_of_report("problem.reported", report_id, category=cause)
        audit = CHRONICLE.audit("problem.reported", NOBODY, "", report_id=report_id)
        reports.write(ReportChange(report, None, event, audit))
        return report

    return take


def found(finding, serials=()):
    return ReportDecision(NOW, "staff:vera", finding, "Looked at.", serials)


def test_a_report_comes_back_as_it_was_written(reports, take):
    report = take("rep_1")
    assert reports.find("rep_1") == report
    assert reports.find("rep_2") is None
    change = decided(report, found(Finding.REVOKE, ("0a1b",)), CHRONICLE)
    reports.write(change)
    assert reports.find("rep_1") == change.report


def test_a_report_is_written_with_its_event_and_audit_record_or_not_at_all(reports, take, stores):
    report = take("rep_1")
    change = decided(report, found(Finding.NOTE), CHRONICLE)
    with pytest.raises(ChangedMeanwhile):
        reports.write(replace(change, expected_version=7))
    with pytest.raises(ChangedMeanwhile):
        reports.write(replace(change, expected_version=None))
    assert reports.find("rep_1") == report
    assert [row["type"] for row in stores.rows(stores.tables.business, "REPORT#rep_1", "EVENT#")] == [
        "problem.reported"
    ]
    assert [row["action"] for row in stores.rows(stores.tables.audit, "R#-#2026-11")] == ["problem.reported"]


def test_what_is_due_first_stands_ahead_and_what_ended_nowhere(reports, take):
    noted, fresh, urgent = take("rep_1"), take("rep_2", hours=2), take("rep_3", hours=1)
    reports.write(decided(noted, found(Finding.NOTE), CHRONICLE))
    assert list(reports.waiting(ALL)[0]) == ["rep_3", "rep_2", "rep_1"]
    assert reports.first_due() == urgent.due_at
    reports.write(decided(urgent, found(Finding.DISMISS), CHRONICLE))
    assert list(reports.waiting(ALL)[0]) == ["rep_2", "rep_1"]
    assert reports.first_due() == fresh.due_at
    for report_id in ("rep_1", "rep_2"):
        reports.write(decided(reports.find(report_id), found(Finding.REVOKE), CHRONICLE))
    assert (list(reports.waiting(ALL)[0]), reports.first_due()) == ([], None)
    assert reports.find("rep_1").status is ReportStatus.REVOKED


def test_pages_hold_every_report_once(reports, take):
    for number in range(5):
        take(f"rep_{number}", hours=number)
    seen, cursor = [], None
    while True:
        some, cursor = reports.waiting(Page(2, cursor))
        seen += some
        if cursor is None:
            break
    assert seen == [f"rep_{number}" for number in range(5)]


@pytest.mark.parametrize(
    "cursor",
    ["x", "☂", encode_cursor("12#R#res_1#O#ord_1"), encode_cursor("x#REPORT#rep_1"), encode_cursor("12")],
)
def test_a_cursor_of_another_list_is_refused(reports, cursor):
    with pytest.raises(Malformed):
        reports.waiting(Page(2, cursor))


def test_a_mail_is_remembered_by_its_event(reports):
    assert not reports.was_mailed("rep_1", "evt_1")
    reports.note_mail("rep_1", "evt_1", NOW)
    assert reports.was_mailed("rep_1", "evt_1")
    assert not reports.was_mailed("rep_1", "evt_2")


def test_confirmations_are_counted_by_address_and_day(reports):
    address = "counted@example.net"
    assert reports.confirmations(address, NOW) == 0
    for spelling in (address, "Counted@Example.net"):
        reports.count_confirmation(spelling, NOW)
    assert reports.confirmations(address, NOW) == 2
    assert reports.confirmations(address, NOW + timedelta(days=1)) == 0
    assert reports.confirmations("other@example.net", NOW) == 0
