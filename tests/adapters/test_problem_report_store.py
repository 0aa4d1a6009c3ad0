"""Problem reports in tables: each change whole, the queue by what is due first, pages that stay in their list."""

from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.adapters import keys
from partner_center.adapters.cursors import encode_cursor
from partner_center.adapters.order_actions import GUARD_LIFETIME
from partner_center.adapters.problem_report_store import ProblemReportStore
from partner_center.issuance.problem_reports import (
    Finding,
    ProblemReport,
    ReportChange,
    ReportDecision,
    ReportStatus,
    begun,
    decided,
)
from partner_center.issuance.record import Reason
from partner_center.issuance.revocation import Cause
from partner_center.kernel.errors import ChangedMeanwhile, Malformed
from partner_center.kernel.events import NOBODY, Chronicle
from partner_center.orders.call_guards import CallGuard, CallSeenBefore
from partner_center.orders.page import Page
from tests.fakes.contract_call_guards import GUARD
from tests.fakes.determined import NOW, CountingIds

IDS = CountingIds()
CHRONICLE = Chronicle(IDS, NOW, "staff:vera", "request-1")
ALL = Page(50, None)
REPORTED = CallGuard(
    "192.0.2.7", "POST", "/v1/problem-reports", "key-1", "body-1", NOW, {"report_id": "rep_1"}
)


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


def test_a_revocation_that_has_begun_is_kept_without_an_event(stores, reports, take):
    report = take("rep_begun")
    change = begun(report, found(Finding.REVOKE, ("0a1b",)), CHRONICLE)
    reports.write(change)
    kept = reports.find("rep_begun")
    assert kept == change.report
    assert kept.begun is not None
    with pytest.raises(ChangedMeanwhile):
        reports.write(decided(report, found(Finding.DISMISS), CHRONICLE))
    reports.write(decided(kept, kept.begun, CHRONICLE))
    assert reports.find("rep_begun").begun is None


def found(finding, serials=()):
    reason = Reason.PRIVILEGE_WITHDRAWN if serials else None
    return ReportDecision(NOW, "staff:vera", finding, "Looked at.", serials, reason)


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


def a_report(report_id, guard):
    report = ProblemReport(report_id, NOW, "a@example.net", Cause.MISUSE, ("0a1b",), (), "Look.")
    event = CHRONICLE.event_of_report("problem.reported", report_id, category=report.cause)
    audit = CHRONICLE.audit("problem.reported", NOBODY, "", report_id=report_id)
    return ReportChange(report, None, event, audit, guard)


def test_a_report_whose_key_is_bound_is_not_written_and_the_first_one_told(reports, stores):
    reports.write(a_report("rep_1", REPORTED))
    with pytest.raises(CallSeenBefore) as seen:
        reports.write(
            a_report("rep_2", replace(REPORTED, body_sha256="body-2", facts={"report_id": "rep_2"}))
        )
    assert seen.value.guard == REPORTED
    assert reports.find("rep_2") is None
    assert [row["action"] for row in stores.rows(stores.tables.audit, "R#-#2026-11")] == ["problem.reported"]


def test_the_guard_of_a_report_lies_among_the_reports_and_tells_no_address(reports, stores):
    reports.write(a_report("rep_1", REPORTED))
    row = stores.database.get(stores.tables.business, keys.report_guard("192.0.2.7", "key-1"))
    assert row["pk"].startswith("REPORT#")
    assert "192.0.2.7" not in repr(row)
    assert row["expires_at"] == int((REPORTED.at + GUARD_LIFETIME).timestamp())


def test_a_decision_whose_key_is_bound_is_refused_for_that_before_anything_else(reports, take, stores):
    report, guard = take("rep_1"), replace(GUARD, caller="staff:vera", facts={"number": 1})
    note = replace(decided(report, found(Finding.NOTE), CHRONICLE), guard=guard)
    reports.write(note)
    with pytest.raises(CallSeenBefore) as seen:
        reports.write(note)
    assert seen.value.guard == guard == stores.call_guards.find("staff:vera", "POST", guard.path, "key-1")
    assert reports.find("rep_1") == note.report


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
