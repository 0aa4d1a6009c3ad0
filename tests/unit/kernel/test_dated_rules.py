"""Each dated rule at the last second before its date and at the first second of it."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from partner_center.kernel.dated_rules import TIMETABLE, NoRulesYet, rules_on

SECOND = timedelta(seconds=1)


def midnight(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("date", "rule", "before", "after"),
    [
        ("2026-06-15", "remote_perspectives", 3, 4),
        ("2026-12-15", "remote_perspectives", 4, 5),
        ("2027-03-15", "certificate_days", 200, 100),
        ("2027-03-15", "domain_reuse_days", 200, 100),
        ("2027-03-15", "telephone_methods_allowed", True, False),
        ("2027-03-15", "caa_parameters_mandatory", False, True),
        ("2028-03-15", "email_methods_allowed", True, False),
        ("2029-03-15", "certificate_days", 100, 47),
        ("2029-03-15", "domain_reuse_days", 100, 10),
    ],
    ids=str,
)
def test_a_rule_changes_with_the_first_second_of_its_date(date, rule, before, after):
    assert getattr(rules_on(midnight(date) - SECOND), rule) == before
    assert getattr(rules_on(midnight(date)), rule) == after


@pytest.mark.parametrize(
    ("date", "changed"),
    [
        ("2026-06-15", {"remote_perspectives"}),
        ("2026-12-15", {"remote_perspectives"}),
        (
            "2027-03-15",
            {
                "certificate_days",
                "domain_reuse_days",
                "telephone_methods_allowed",
                "caa_parameters_mandatory",
            },
        ),
        ("2028-03-15", {"email_methods_allowed"}),
        ("2029-03-15", {"certificate_days", "domain_reuse_days"}),
    ],
    ids=lambda value: str(value) if isinstance(value, str) else "",
)
def test_nothing_else_changes_on_that_date(date, changed):
    before, after = rules_on(midnight(date) - SECOND), rules_on(midnight(date))
    assert {name for name in before.__slots__ if getattr(before, name) != getattr(after, name)} == changed


@pytest.mark.parametrize("moment", [moment for moment, _ in TIMETABLE], ids=str)
def test_organization_data_is_reused_for_398_days_throughout(moment):
    assert rules_on(moment).organization_reuse == timedelta(days=398)


def test_the_table_is_sorted_by_date():
    dates = [date for date, _ in TIMETABLE]
    assert dates == sorted(set(dates))


def test_the_last_row_holds_for_ever():
    assert rules_on(datetime(2199, 1, 1, tzinfo=UTC)) == TIMETABLE[-1][1]


def test_before_the_first_row_there_are_no_rules():
    with pytest.raises(NoRulesYet):
        rules_on(TIMETABLE[0][0] - SECOND)
    assert rules_on(TIMETABLE[0][0]).certificate_days == 200


def test_dates_are_utc_whatever_the_zone_of_the_question():
    auckland = timezone(timedelta(hours=13))
    still_the_14th_in_utc = datetime(2027, 3, 15, 12, 59, 59, tzinfo=auckland)
    assert rules_on(still_the_14th_in_utc).certificate_days == 200
    assert rules_on(still_the_14th_in_utc + SECOND).certificate_days == 100


def test_a_time_without_zone_is_refused():
    with pytest.raises(ValueError, match="zone"):
        rules_on(datetime(2027, 1, 1))  # noqa: DTZ001 - the very thing that is refused
