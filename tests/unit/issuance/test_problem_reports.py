"""Problem reports: clocks, decisions, and what anybody may say."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.accounts.staff import Staff, StaffRole
from partner_center.issuance.decide_report import DecideReport
from partner_center.issuance.problem_reports import (
    REPORTED_CAUSES,
    Finding,
    ProblemReport,
    ReportProblem,
    ReportQueue,
    ReportStatus,
    report_as_json,
)
from partner_center.issuance.record import Reason
from partner_center.issuance.report_request import DecisionReading, read_decision, read_report
from partner_center.issuance.revocation import Cause
from partner_center.kernel.errors import (
    ContentRefused,
    IdempotencyKeyReused,
    NotFound,
    StateConflict,
    TryAgain,
)
from partner_center.kernel.events import NOBODY
from partner_center.orders.order import OrderStatus
from partner_center.orders.page import Page
from tests.fakes.determined import NOW
from tests.fakes.posted import a_call, a_private_key, key_material
from tests.fakes.problem_reports import MemoryReports
from tests.fakes.samples import a_record
from tests.unit.issuance.revoking import Office

WILLIAM = Staff("william", "key_8", frozenset({StaffRole.VALIDATION}))
VERA = Staff("vera", "key_9", frozenset({StaffRole.VALIDATION}))
BODY = {
    "reporter_email": "security@example.net",
    "category": "misuse",
    "serials": ["0A:1B"],
    "names": ["WWW.Example.com"],
    "text": " It serves a copy\nof our page. ",
}


class Desk(Office):
    """An issued order, and reports about it."""

    def __init__(self, *records):
        super().__init__(*records)
        self.reports = MemoryReports(self.tables)
        self.take = ReportProblem(self.reports, self.clock, self.ids)
        self.decide = DecideReport(self.reports, self.stores.call_guards, self.revoker)

    def report(self, address="192.0.2.7", key=None, **more):
        body = BODY | more
        return self.take(read_report(body).report, address, a_call(body, key, "/v1/problem-reports"))

    def found(
        self, report, finding, serials=(), reason=Reason.UNSPECIFIED, grounds="Looked at.", by=VERA, key=None
    ):
        decision = DecisionReading(finding, grounds, tuple(serials), reason, ())
        body = {"decision": finding, "grounds": grounds, "serials": [*serials], "reason": reason}
        call = a_call(body, key, f"/v1/staff/problem-reports/{report.report_id}/decide")
        return self.decide(by, call, report.report_id, decision)


def test_a_report_is_kept_as_it_came_with_its_clocks():
    desk = Desk()
    report = desk.report()
    assert desk.reports.find(report.report_id) == report
    assert (report.received_at, report.status) == (NOW, ReportStatus.RECEIVED)
    assert (report.serials, report.names) == (("a1b",), ("www.example.com",))
    assert report.text == "It serves a copy\nof our page."
    assert desk.happened("problem.reported") == [{"report_id": report.report_id, "category": "misuse"}]
    audit = list(desk.tables.audit.values())[-1]
    assert (audit.reseller_id, audit.actor, audit.action) == (NOBODY, "public:192.0.2.7", "problem.reported")


@pytest.mark.parametrize("cause", REPORTED_CAUSES)
def test_the_preliminary_report_is_due_in_24_hours_and_the_revocation_by_its_cause(cause):
    report = Desk().report(category=cause.value)
    assert report.due_at == report.preliminary_due_at == NOW + timedelta(hours=24)
    noted = replace(report, status=ReportStatus.NOTED)
    assert noted.due_at == report.revocation_due_at
    hours = (
        24
        if cause.value in {"unauthorised_request", "key_compromise", "weak_key", "unreliable_validation"}
        else 120
    )
    assert noted.due_at == NOW + timedelta(hours=hours)


def test_a_noted_report_stays_in_the_queue_and_an_ended_one_does_not():
    desk = Desk()
    first, second, third = desk.report(), desk.report(), desk.report(category="weak_key")
    desk.found(first, Finding.NOTE)
    desk.found(second, Finding.DISMISS)
    items = ReportQueue(desk.reports)(Page(50, None))["items"]
    assert [(each["report_id"], each["status"]) for each in items] == [
        (third.report_id, "received"),
        (first.report_id, "noted"),
    ]


LAMBDA_ANSWERS = 6 * 1024 * 1024
"""Octets at most."""
LONGEST = {
    "reporter_email": f"{'a' * 64}@{'.'.join(['x' * 61] * 3)}.net",
    "names": [f"{number:02}" + "\U0001f600" * 251 for number in range(50)],
    "serials": [f"1{number:039x}" for number in range(50)],
    "text": "\U0001f600" * 4000,
}
"""As much as anybody may say, without a key, in letters that take the most room."""


@pytest.mark.parametrize(
    ("count", "notes", "pages"), [(36, 0, 3), (24, 10, 6)], ids=["as they came", "noted as often as may be"]
)
def test_a_page_of_the_longest_reports_fits_into_what_a_function_may_answer(count, notes, pages):
    desk, found, cursor = Desk(), [], None
    for _ in range(count):
        report = desk.report(**LONGEST)
        for number in range(notes):
            desk.found(report, Finding.NOTE, grounds=f"{number}" + "\U0001f600" * 3999)
    for _ in range(pages):
        page = ReportQueue(desk.reports)(Page(200, cursor))
        assert len(json.dumps(json.dumps(page))) < LAMBDA_ANSWERS
        found, cursor = found + [each["report_id"] for each in page["items"]], page["next_cursor"]
    assert cursor is None
    assert sorted(found) == sorted(desk.reports.kept)


@pytest.mark.parametrize("limit", [1, 3, 4, 5, 50])
def test_short_reports_fill_a_page_to_its_limit_in_the_order_of_the_queue(limit):
    desk, found, cursor = Desk(), [], None
    ids = [desk.report().report_id for _ in range(11)]
    while True:
        page = ReportQueue(desk.reports)(Page(limit, cursor))
        found, cursor = found + [each["report_id"] for each in page["items"]], page["next_cursor"]
        if cursor is None:
            break
        assert len(page["items"]) == limit
    assert found == ids


def test_staff_revoke_with_their_own_reason_and_the_order_follows():
    desk = Desk()
    done = desk.found(desk.report(), Finding.REVOKE, ["0a1b"], Reason.PRIVILEGE_WITHDRAWN)
    assert done.status is ReportStatus.REVOKED
    assert desk.told() == {"0a1b": Reason.PRIVILEGE_WITHDRAWN}
    assert (desk.head().status, desk.head().revoked.by) == (OrderStatus.REVOKED, "staff:vera")


def test_a_superseded_certificate_leaves_its_order_open():
    desk = Desk()
    desk.found(desk.report(), Finding.REVOKE, ["0a1b"], Reason.SUPERSEDED)
    assert desk.head().status is OrderStatus.ISSUED


def test_an_unknown_serial_stops_everything():
    desk = Desk()
    with pytest.raises(ContentRefused) as refused:
        desk.found(desk.report(), Finding.REVOKE, ["0a1b", "ffff"])
    assert [each.field for each in refused.value.problems] == ["/serials/1"]
    assert desk.told() == {}


def test_what_has_ended_is_not_told_to_be_revoked():
    """No CRL would show it, and its reporter would be told of a revocation that nobody made."""
    desk = Desk(a_record(not_after=NOW - timedelta(seconds=1)), a_record(serial_hex="0a2b", generation=2))
    report = desk.report()
    with pytest.raises(ContentRefused) as refused:
        desk.found(report, Finding.REVOKE, ["0a2b", "0a1b"], Reason.KEY_COMPROMISE)
    assert [(each.code, each.field) for each in refused.value.problems] == [
        ("certificate_expired", "/serials/1")
    ]
    assert desk.told() == {}
    assert desk.reports.find(report.report_id).is_open


def test_what_was_revoked_before_it_ended_may_be_named():
    desk = Desk()
    desk.found(desk.report(), Finding.REVOKE, ["0a1b"])
    desk.clock.advance(days=400)
    assert desk.found(desk.report(), Finding.REVOKE, ["0a1b"]).status is ReportStatus.REVOKED


def test_a_run_that_dies_leaves_the_report_open_and_is_repeated():
    desk = Desk(a_record(), a_record(serial_hex="0a2b", generation=2))
    report = desk.report()

    def die():
        raise TryAgain("The process ended here.")

    desk.tables.before["report"].append(die)
    with pytest.raises(TryAgain):
        desk.found(report, Finding.REVOKE, ["0a1b", "0a2b"], Reason.PRIVILEGE_WITHDRAWN)
    assert desk.reports.find(report.report_id).is_open
    desk.found(report, Finding.REVOKE, ["0a1b", "0a2b"], Reason.PRIVILEGE_WITHDRAWN)
    assert desk.reports.find(report.report_id).status is ReportStatus.REVOKED
    assert len(desk.happened("certificate.revoked")) == 2


def test_the_same_decision_again_changes_nothing_and_another_is_refused():
    desk = Desk()
    report = desk.report()
    first = desk.found(report, Finding.DISMISS)
    before = repr(desk.tables)
    assert desk.found(report, Finding.DISMISS) == first
    assert repr(desk.tables) == before
    for again in (Finding.NOTE, Finding.REVOKE, Finding.DISMISS):
        with pytest.raises(StateConflict) as refused:
            desk.found(report, again, grounds="Otherwise.", serials=["0a1b"])
        assert refused.value.code == "already_decided"
    assert desk.told() == {}


def test_the_same_with_another_reason_is_another_decision():
    desk = Desk()
    report = desk.report()
    desk.found(report, Finding.REVOKE, ["0a1b"], Reason.UNSPECIFIED)
    with pytest.raises(StateConflict) as refused:
        desk.found(report, Finding.REVOKE, ["0a1b"], Reason.KEY_COMPROMISE)
    assert refused.value.code == "already_decided"
    (decision,) = desk.reports.find(report.report_id).decisions
    assert decision.reason is Reason.UNSPECIFIED


def test_of_two_decisions_at_once_one_is_taken():
    desk = Desk()
    report = desk.report()
    desk.tables.before["report"].append(lambda: desk.found(report, Finding.DISMISS, grounds="Faster."))
    with pytest.raises(TryAgain):
        desk.found(report, Finding.NOTE)
    assert [each.grounds for each in desk.reports.find(report.report_id).decisions] == ["Faster."]


def test_who_decides_otherwise_at_the_same_time_finds_that_nothing_was_revoked_or_is_refused():
    """Either what was revoked is what the report says, or nothing was."""
    desk = Desk()
    report = desk.report()
    desk.tables.before["report"].append(lambda: desk.found(report, Finding.DISMISS, grounds="Faster."))
    for _ in range(2):
        with pytest.raises((TryAgain, StateConflict)) as refused:
            desk.found(report, Finding.REVOKE, ["0a1b"], key="key-1")
    assert refused.value.code == "already_decided"
    assert desk.told() == {}
    assert desk.happened("certificate.revoked") == []


def test_while_certificates_are_revoked_nobody_dismisses_the_report_or_revokes_others_for_it():
    desk = Desk(a_record(), a_record(serial_hex="0a2b", generation=2))
    report, refusals = desk.report(), []

    def meanwhile():
        for wish in [
            (Finding.DISMISS,),
            (Finding.REVOKE, ["0a2b"]),
            (Finding.REVOKE, ["0a1b"], Reason.SUPERSEDED),
        ]:
            with pytest.raises(StateConflict) as refused:
                desk.found(report, *wish, by=WILLIAM)
            refusals.append(refused.value)

    desk.tables.before["revoke_certificate"].append(meanwhile)
    assert desk.found(report, Finding.REVOKE, ["0a1b"]).status is ReportStatus.REVOKED
    assert [each.code for each in refusals] == 3 * ["already_decided"]
    assert f"{VERA.actor} has begun to revoke" in refusals[0].detail
    assert desk.told().keys() == {"0a1b"}


def half_done(desk, *wish, **more):
    """A report whose revocation died after its first certificate."""
    report = desk.report()

    def die():
        raise TryAgain("The process ended here.")

    desk.tables.after["revoke_certificate"].append(die)
    with pytest.raises(TryAgain):
        desk.found(report, Finding.REVOKE, *wish, **more)
    return desk.reports.find(report.report_id)


def test_a_revocation_that_is_half_done_is_told_and_ended_by_anybody_and_by_nothing_else():
    desk = Desk(a_record(), a_record(serial_hex="0a2b", generation=2))
    serials = ["0a1b", "0a2b"]
    report = half_done(desk, serials, Reason.SUPERSEDED)
    (shown,) = ReportQueue(desk.reports)(Page(50, None))["items"]
    assert (shown["status"], shown["decisions"]) == ("received", [])
    assert (shown["revoking"]["by"], shown["revoking"]["serials"]) == (VERA.actor, serials)
    with pytest.raises(StateConflict):
        desk.found(report, Finding.DISMISS)
    noted = desk.found(report, Finding.NOTE, by=WILLIAM)
    assert noted.begun == report.begun, "a note ends nothing"
    desk.clock.advance(days=400)
    ended = desk.found(report, Finding.REVOKE, serials, Reason.SUPERSEDED, "And so do I.", by=WILLIAM)
    assert (ended.status, ended.begun) == (ReportStatus.REVOKED, None)
    assert (ended.decisions[-1].by, ended.decisions[-1].grounds) == (VERA.actor, "Looked at.")
    assert ended.decisions[-1].serials == ("0a1b",), "what was revoked, and no more"
    assert report_as_json(ended)["revoking"] is None
    assert len(desk.happened("certificate.revoked")) == 1, "the other one has ended meanwhile"


def test_a_revocation_that_comes_too_late_for_all_of_its_certificates_may_be_decided_otherwise():
    desk = Desk()
    report = desk.report()

    def die():
        raise TryAgain("The process ended here.")

    desk.tables.before["revoke_certificate"].append(die)
    with pytest.raises(TryAgain):
        desk.found(report, Finding.REVOKE, ["0a1b"])
    desk.clock.advance(days=400)
    with pytest.raises(ContentRefused) as refused:
        desk.found(report, Finding.REVOKE, ["0a1b"])
    assert [each.code for each in refused.value.problems] == ["certificate_expired"]
    assert desk.reports.find(report.report_id).begun is None
    assert desk.found(report, Finding.DISMISS).status is ReportStatus.DISMISSED


def test_the_serials_of_a_revocation_that_has_begun_may_be_listed_in_any_order():
    desk = Desk(a_record(), a_record(serial_hex="0a2b", generation=2))
    report = half_done(desk, ["0a1b", "0a2b"])
    assert desk.found(report, Finding.REVOKE, ["0a2b", "0a1b"]).status is ReportStatus.REVOKED


# ---- a report's Idempotency-Key: whoever sent it says no name, so it is one of a network


@pytest.mark.parametrize(
    ("first", "second"),
    [("192.0.2.7", "192.0.2.7"), ("2001:db8::1", "2001:db8::2"), ("192.0.2.7", "::ffff:192.0.2.7")],
    ids=["an address", "another of its /64", "the same in another form"],
)
def test_a_report_whose_answer_was_lost_is_one_report_one_mail_and_one_clock(first, second):
    desk = Desk()
    report = desk.report(first, key="key-1")
    before = repr(desk.tables)
    desk.clock.advance(hours=1)
    assert desk.report(second, key="key-1") == report
    assert repr(desk.tables) == before
    assert (len(desk.reports.kept), len(desk.happened("problem.reported"))) == (1, 1)


def test_it_is_answered_as_at_first_though_staff_have_decided():
    desk = Desk()
    report = desk.report(key="key-1")
    desk.found(report, Finding.DISMISS)
    again = desk.report(key="key-1")
    assert (again.report_id, again.received_at) == (report.report_id, report.received_at)


@pytest.mark.parametrize(
    "again", [{"text": "Otherwise."}, {"reporter_email": "other@example.net"}], ids=["text", "reporter"]
)
def test_another_report_with_the_same_key_is_refused(again):
    desk = Desk()
    desk.report(key="key-1")
    before = repr(desk.tables)
    with pytest.raises(IdempotencyKeyReused):
        desk.report(key="key-1", **again)
    assert repr(desk.tables) == before


@pytest.mark.parametrize(
    "other",
    [{}, {"key": "key-2"}, {"key": "key-1", "address": "198.51.100.7"}],
    ids=["no key", "another key", "another network"],
)
def test_without_the_key_and_from_elsewhere_it_is_another_report(other):
    desk = Desk()
    first, second = desk.report(key="key-1"), desk.report(**other)
    assert first.report_id != second.report_id
    assert len(desk.reports.kept) == 2


# ---- a decision's Idempotency-Key

SAM = replace(VERA, person="sam")


def notes(desk, report):
    return [(each.by, each.grounds) for each in desk.reports.find(report.report_id).decisions]


def test_a_note_whose_answer_was_lost_is_not_kept_twice_though_another_followed():
    desk = Desk()
    report = desk.report()
    first = desk.found(report, Finding.NOTE, grounds="A.", key="key-1")
    desk.found(report, Finding.NOTE, grounds="B.", by=SAM)
    before = repr(desk.tables)
    assert desk.found(report, Finding.NOTE, grounds="A.", key="key-1") == first
    assert repr(desk.tables) == before
    assert notes(desk, report) == [("staff:vera", "A."), ("staff:sam", "B.")]


@pytest.mark.parametrize("last", [Finding.REVOKE, Finding.DISMISS])
def test_an_answer_is_given_again_as_it_was_once_the_report_has_ended(last):
    desk = Desk()
    report = desk.report()
    first = desk.found(report, Finding.NOTE, key="key-1")
    second = desk.found(report, last, ["0a1b"], grounds="It is.", key="key-2")
    assert desk.found(report, Finding.NOTE, key="key-1") == first
    assert desk.found(report, last, ["0a1b"], grounds="It is.", key="key-2") == second
    assert len(desk.happened("problem.decided")) == 2


def test_the_same_key_with_another_decision_is_refused():
    desk = Desk()
    report = desk.report()
    desk.found(report, Finding.NOTE, key="key-1")
    before = repr(desk.tables)
    for again in ({"grounds": "Otherwise."}, {"serials": ["0a1b"]}):
        with pytest.raises(IdempotencyKeyReused):
            desk.found(report, Finding.NOTE, **again, key="key-1")
    assert repr(desk.tables) == before


def test_two_of_the_staff_may_choose_the_same_key():
    desk = Desk()
    report = desk.report()
    desk.found(report, Finding.NOTE, grounds="A.", key="key-1")
    desk.found(report, Finding.NOTE, grounds="B.", by=SAM, key="key-1")
    assert notes(desk, report) == [("staff:vera", "A."), ("staff:sam", "B.")]


@pytest.mark.parametrize(("grounds", "refused"), [("A.", False), ("B.", True)], ids=["same", "another"])
def test_of_two_decisions_with_one_key_at_once_one_is_taken(grounds, refused):
    desk = Desk()
    report = desk.report()
    first = []
    desk.tables.before["report"].append(
        lambda: first.append(desk.found(report, Finding.NOTE, grounds="A.", key="key-1"))
    )
    if refused:
        with pytest.raises(IdempotencyKeyReused):
            desk.found(report, Finding.NOTE, grounds=grounds, key="key-1")
    else:
        assert [desk.found(report, Finding.NOTE, grounds=grounds, key="key-1")] == first
    assert notes(desk, report) == [("staff:vera", "A.")]


def test_a_revocation_that_died_half_way_is_ended_by_the_same_key():
    desk = Desk(a_record(), a_record(serial_hex="0a2b", generation=2))
    report, wish = desk.report(), (Finding.REVOKE, ["0a1b", "0a2b"], Reason.PRIVILEGE_WITHDRAWN)

    def die():
        raise TryAgain("The process ended here.")

    desk.tables.after["revoke_certificate"].append(die)
    with pytest.raises(TryAgain):
        desk.found(report, *wish, key="key-1")
    assert desk.tables.call_guards == {}
    assert desk.found(report, *wish, key="key-1").status is ReportStatus.REVOKED
    assert desk.told().keys() == {"0a1b", "0a2b"}


def test_a_report_is_noted_ten_times_at_most():
    desk = Desk()
    report = desk.report()
    for number in range(10):
        desk.found(report, Finding.NOTE, grounds=f"Number {number}.")
    with pytest.raises(StateConflict) as refused:
        desk.found(report, Finding.NOTE, grounds="Once more.")
    assert refused.value.code == "too_many_notes"
    assert desk.found(report, Finding.DISMISS).status is ReportStatus.DISMISSED


def test_an_unknown_report_is_not_found():
    with pytest.raises(NotFound):
        Desk().found(ProblemReport("rep_x", NOW, "a@example.net", Cause.MISUSE, (), (), "x"), Finding.NOTE)


# ---- what a report says


BAD = {
    "nothing": (
        {},
        {
            ("missing_field", "/reporter_email"),
            ("missing_field", "/category"),
            ("missing_field", "/serials"),
            ("missing_field", "/text"),
        },
    ),
    "an address with a name": (
        BODY | {"reporter_email": "A <a@example.net>"},
        {("invalid_field", "/reporter_email")},
    ),
    "an address beyond ASCII": (
        BODY | {"reporter_email": "ä@example.net"},
        {("invalid_field", "/reporter_email")},
    ),
    "an endless address": (
        BODY | {"reporter_email": "a" * 300 + "@example.net"},
        {("invalid_field", "/reporter_email")},
    ),
    "a number": (BODY | {"reporter_email": 7}, {("invalid_field", "/reporter_email")}),
    "no list": (BODY | {"serials": "0a1b"}, {("invalid_field", "/serials")}),
    "an empty list": (BODY | {"names": []}, {("invalid_field", "/names")}),
    "no serial among them": (
        BODY | {"serials": ["0a1b", "xyz", 7]},
        {("invalid_field", "/serials/1"), ("invalid_field", "/serials/2")},
    ),
    "a name with blanks": (BODY | {"names": ["a b"]}, {("invalid_field", "/names/0")}),
    "an endless name": (BODY | {"names": ["a" * 254]}, {("invalid_field", "/names/0")}),
    "too many": (BODY | {"names": ["a"] * 51}, {("invalid_field", "/names")}),
    "a category that is a list": (BODY | {"category": ["misuse"]}, {("invalid_field", "/category")}),
    "unknown": (BODY | {"x": 1}, {("unknown_field", "/x")}),
}


@pytest.mark.parametrize(("body", "problems"), BAD.values(), ids=BAD.keys())
def test_every_problem_of_a_report_is_told(body, problems):
    reading = read_report(body)
    assert reading.report is None
    assert {(each.code, each.field) for each in reading.problems} == problems


def test_a_private_key_in_a_report_is_refused_reported_and_not_repeated():
    reading = read_report(BODY | {"text": f"I found it: {a_private_key()}"})
    assert [(each.code, each.field) for each in reading.problems] == [("private_key_not_accepted", "/text")]
    assert len(reading.exposed) == 1
    assert not [piece for piece in key_material() if piece in repr(reading)]


SERIALS = {"0A:1B": "a1b", "0x0a1b": "a1b", " 0a 1b ": "a1b", "00FF": "ff", "1" * 40: "1" * 40}


@pytest.mark.parametrize(("shown", "serial"), SERIALS.items())
def test_serials_are_read_as_tools_print_them(shown, serial):
    assert read_report(BODY | {"serials": [shown]}).report.serials == (serial,)


DECISIONS = {
    "nothing": ({}, {("missing_field", "/decision"), ("missing_field", "/grounds")}),
    "an unknown one": ({"decision": "ignore", "grounds": "x"}, {("invalid_field", "/decision")}),
    "a revocation without its parts": (
        {"decision": "revoke", "grounds": "x"},
        {("missing_field", "/serials"), ("missing_field", "/reason")},
    ),
    "an unknown reason": (
        {"decision": "revoke", "grounds": "x", "serials": ["0a"], "reason": "cACompromise"},
        {("invalid_field", "/reason")},
    ),
    "serials that are not revoked": (
        {"decision": "dismiss", "grounds": "x", "serials": ["0a"], "reason": "superseded"},
        {("invalid_field", "/serials"), ("invalid_field", "/reason")},
    ),
    "no grounds": ({"decision": "dismiss", "grounds": " "}, {("invalid_field", "/grounds")}),
    "a key for grounds": (
        {"decision": "dismiss", "grounds": a_private_key()},
        {("private_key_not_accepted", "/grounds")},
    ),
}


@pytest.mark.parametrize(("body", "problems"), DECISIONS.values(), ids=DECISIONS.keys())
def test_every_problem_of_a_decision_is_told(body, problems):
    assert {(each.code, each.field) for each in read_decision(body).problems} == problems


def test_a_whole_decision_is_read():
    body = {"decision": "revoke", "grounds": "It is.", "serials": ["0A:1B"], "reason": "privilegeWithdrawn"}
    reading = read_decision(body)
    assert reading == DecisionReading(Finding.REVOKE, "It is.", ("a1b",), Reason.PRIVILEGE_WITHDRAWN, ())
