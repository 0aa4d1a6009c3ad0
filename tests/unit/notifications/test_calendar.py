"""When somebody is reminded, by table: lives of every length, days of UTC, what is made up for, what is left out."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from partner_center.accounts.resellers import ReminderPreferences
from partner_center.issuance.record import CertificateStatus, Reason
from partner_center.issuance.validity import plan_validity
from partner_center.kernel.dated_rules import TIMETABLE, rules_on
from partner_center.notifications.calendar import (
    Ending,
    ReminderKind,
    endings_of,
    next_reminder,
    reminder_at,
    reminder_days,
    reminder_due,
)
from partner_center.orders.content import Lifecycle
from partner_center.orders.order import OrderStatus
from tests.fakes.determined import MICROSECOND, NOW
from tests.fakes.samples import a_challenge, a_content, a_day, a_head, a_proof, a_record, a_second, an_order

USUAL = ReminderPreferences()
LONG = (90, 60, 30, 14, 7, 3, 1, 0, -7)


def ending(days, kind=ReminderKind.CERTIFICATE_ENDS, **more):
    return Ending(kind, NOW, NOW + days * a_day - a_second, **more)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# ---- on which days

LIVES = [
    (365, LONG),
    (199, LONG),
    (120, LONG),
    (119, (45, 30, 14, 7, 3, 1, 0, -7)),
    (99, (45, 30, 14, 7, 3, 1, 0, -7)),
    (60, (45, 30, 14, 7, 3, 1, 0, -7)),
    (59, (21, 14, 7, 3, 1, 0, -7)),
    (46, (21, 14, 7, 3, 1, 0, -7)),
    (30, (21, 14, 7, 3, 1, 0, -7)),
    (29, (7, 3, 1, 0, -7)),
    (10, (7, 3, 1, 0, -7)),
    (9, (1, 0, -1)),
    (1, (1, 0, -1)),
]


@pytest.mark.parametrize(("life", "days"), LIVES)
def test_the_days_follow_the_life(life, days):
    assert reminder_days(ending(life), USUAL) == days


@pytest.mark.parametrize("date", [date for date, _ in TIMETABLE], ids=lambda date: f"{date:%Y-%m-%d}")
@pytest.mark.parametrize("side", [-a_second, timedelta(0)], ids=["last second before", "first second"])
def test_at_every_date_of_the_rules_the_days_are_those_of_the_certificate_made_that_day(date, side):
    moment = max(date + side, TIMETABLE[0][0])
    begins, ends = plan_validity(moment, moment + 398 * a_day, rules_on(moment))
    days = reminder_days(Ending(ReminderKind.CERTIFICATE_ENDS, begins, ends), USUAL)
    assert days[0] == {200: 90, 100: 45, 47: 21}[rules_on(moment).certificate_days]


def test_what_is_done_by_itself_is_reminded_of_once_it_should_have_happened():
    assert reminder_days(ending(199, lead_days=30), USUAL) == (14, 7, 3, 1, 0, -7)
    assert reminder_days(ending(46, lead_days=1), USUAL) == (0, -7)


def test_proofs_have_days_of_their_own():
    assert reminder_days(ending(140, ReminderKind.PROOFS_END), USUAL) == (14, 3)


OWN = [
    ((60, 10), 199, (60, 10, -7)),
    ((10, 60, 10), 199, (60, 10, -7)),
    ((90, 60, 5), 46, (5, -7)),
    ((0,), 199, (0, -7)),
    ((), 199, (-7,)),
]


@pytest.mark.parametrize(("chosen", "life", "days"), OWN)
def test_a_resellers_own_days_replace_the_usual_ones(chosen, life, days):
    assert reminder_days(ending(life), ReminderPreferences(days=chosen)) == days


@pytest.mark.parametrize("days", [(-1,), (91,), (30, 1000)])
def test_days_that_nobody_can_mean_are_refused(days):
    with pytest.raises(ValueError, match="0 to 90"):
        ReminderPreferences(days=days)


LINKS = [
    (None, "PO-1", None),
    ("https://panel.example.com/o/{order_id}", None, "https://panel.example.com/o/ord_1"),
    (
        "https://panel.example.com/{partner_order_id}?x",
        "PO/1 ☂",
        "https://panel.example.com/PO%2F1%20%E2%98%82?x",
    ),
    ("https://panel.example.com/{partner_order_id}", None, None),
]


@pytest.mark.parametrize(("link", "number", "expected"), LINKS)
def test_a_link_leads_to_the_resellers_own_site(link, number, expected):
    assert ReminderPreferences(link=link).link_to("ord_1", number) == expected


@pytest.mark.parametrize("link", ["http://panel.example.com", "javascript:alert(1)", "", "//x"])
def test_no_other_link_is_taken(link):
    with pytest.raises(ValueError, match="https://"):
        ReminderPreferences(link=link)


# ---- at which moment

MOMENTS = [
    ("2027-06-10T09:59:59", 30, "2027-05-11"),
    ("2027-06-10T00:00:00", 0, "2027-06-10"),
    ("2027-06-10T23:59:59", 0, "2027-06-10"),
    ("2027-06-10T23:59:59", -7, "2027-06-17"),
    ("2028-03-30T12:00:00", 30, "2028-02-29"),
    ("2028-02-29T12:00:00", 60, "2027-12-31"),
    ("2028-02-29T12:00:00", -7, "2028-03-07"),
    ("2027-01-01T00:00:00", 1, "2026-12-31"),
]


@pytest.mark.parametrize(("ends", "days", "day"), MOMENTS)
def test_a_reminder_is_due_at_the_midnight_of_its_day(ends, days, day):
    assert reminder_at(at(ends), days) == at(day)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Pacific/Kiritimati"])
@pytest.mark.parametrize("ends", ["2027-03-28T01:00:00", "2027-10-31T00:59:59", "2027-11-07T06:00:00"])
def test_a_change_of_the_clocks_moves_no_reminder(zone, ends):
    local = at(ends).astimezone(ZoneInfo(zone))
    for days in LONG:
        moment = reminder_at(local, days)
        assert moment == reminder_at(at(ends), days)
        assert moment.date() == at(ends).date() - timedelta(days=days)


# ---- which is next, which is due


def test_the_reminders_of_a_life_come_one_after_the_other():
    life, moment, seen = ending(199), NOW, []
    while (moment := next_reminder(life, LONG, moment)) is not None:
        seen.append((life.ends.date() - moment.date()).days)
    assert tuple(seen) == LONG


DUE = [
    ("before the first", -91, ()),
    ("the first", -90, (90,)),
    ("between two", -61, (90,)),
    ("a month without a run", -30, (90, 60, 30)),
    ("the day itself", 0, LONG[:8]),
    ("years later", 3000, LONG),
]


@pytest.mark.parametrize(("offset", "due"), [pytest.param(*each[1:], id=each[0]) for each in DUE])
def test_what_fell_due_is_found_however_late_somebody_looks(offset, due):
    life = ending(199)
    moment = reminder_at(life.ends, 0) + offset * a_day
    assert reminder_due(life, LONG, NOW, moment) == due
    assert reminder_due(life, LONG, NOW, moment - MICROSECOND) == due[: len(due) - (offset in {-90, -30, 0})]


def test_what_was_dealt_with_is_not_due_again():
    life = ending(199)
    done = reminder_at(life.ends, 30)
    assert reminder_due(life, LONG, done, done + 25 * a_day) == (14, 7)
    assert reminder_due(life, LONG, done + 25 * a_day, done + 25 * a_day) == ()


# ---- what an order is reminded of


def issued(lifecycle=None, **changes):
    usual = {"status": OrderStatus.ISSUED, "issued_at": NOW, "term_to": NOW + 365 * a_day - a_second}
    return an_order(a_head(**usual | changes), a_content(lifecycle=lifecycle))


def a_dns_proof(checked_at):
    return a_proof(a_challenge(method="dns_txt"), method="dns_txt", checked_at=checked_at)


LASTING = [a_dns_proof(NOW + 150 * a_day)]
SAME = Lifecycle(auto_reissue=True, key="same")


def test_a_certificate_that_ends_before_the_term_and_the_term_are_two_endings():
    found = endings_of(issued(), [a_record()], LASTING)
    assert found == {
        ReminderKind.TERM_ENDS: Ending(ReminderKind.TERM_ENDS, NOW, NOW + 365 * a_day - a_second),
        ReminderKind.CERTIFICATE_ENDS: Ending(
            ReminderKind.CERTIFICATE_ENDS, NOW, NOW + 199 * a_day - a_second, "0a1b"
        ),
    }


def test_the_last_certificate_of_a_term_is_not_reminded_of_beside_it():
    last = a_record(not_after=NOW + 365 * a_day - a_second)
    assert set(endings_of(issued(), [last], LASTING)) == {ReminderKind.TERM_ENDS}
    assert endings_of(issued(), [last], LASTING, renewed=True) == {}
    assert endings_of(issued(), [a_record()], LASTING, renewed=True) == {}


@pytest.mark.parametrize("status", [each for each in OrderStatus if each is not OrderStatus.ISSUED])
def test_only_what_was_issued_and_stands_is_reminded_of(status):
    assert endings_of(issued(status=status), [a_record()], []) == {}


def test_without_a_live_certificate_the_term_is_left():
    assert set(endings_of(issued(), [], [])) == {ReminderKind.TERM_ENDS}


@pytest.mark.parametrize(
    ("lifecycle", "proofs", "lead"),
    [
        (None, LASTING, None),
        (SAME, LASTING, 30),
        (SAME, [], None),
        (Lifecycle(auto_reissue=True), LASTING, None),
    ],
    ids=["by hand", "by itself", "needs proof", "needs a CSR"],
)
def test_who_can_leave_it_to_the_system_is_reminded_late(lifecycle, proofs, lead):
    assert (
        endings_of(issued(lifecycle), [a_record()], proofs)[ReminderKind.CERTIFICATE_ENDS].lead_days == lead
    )


def test_a_key_for_whose_compromise_a_certificate_was_revoked_is_not_left_to_the_system():
    gone = a_record(serial_hex="0a2b", status=CertificateStatus.REVOKED, reason=Reason.KEY_COMPROMISE)
    found = endings_of(issued(SAME), [a_record(spki_sha256="ab" * 32), gone], LASTING)
    assert found[ReminderKind.CERTIFICATE_ENDS].lead_days is None


PROOFS = [
    ("made for the first certificate, cut to 100 days in March", NOW, "2027-03-15T00:00:00"),
    ("a month old by then", NOW + 30 * a_day, "2027-04-02T10:00:00"),
    ("last until it is time", NOW + 150 * a_day, None),
]


@pytest.mark.parametrize(("checked_at", "until"), [pytest.param(*each[1:], id=each[0]) for each in PROOFS])
def test_proofs_that_end_before_the_reissue_are_an_ending_of_their_own(checked_at, until):
    found = endings_of(issued(), [a_record()], [a_dns_proof(checked_at)]).get(ReminderKind.PROOFS_END)
    assert (found.ends if found else None) == (at(until) if until else None)


def test_proofs_of_ten_days_are_not_worth_a_mail():
    begins = at("2029-04-01")
    order = issued(issued_at=begins, term_to=begins + 365 * a_day)
    record = a_record(not_before=begins, not_after=begins + 46 * a_day - a_second)
    assert ReminderKind.PROOFS_END not in endings_of(order, [record], [a_dns_proof(begins)])
