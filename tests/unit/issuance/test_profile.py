from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from partner_center.issuance.profile import (
    CertificatePlan,
    ExtendedIdentity,
    OrganizationSubject,
    fitting_common_name,
)
from partner_center.issuance.validity import BACKDATING, TermOver, plan_validity, within_the_limit
from partner_center.kernel.dated_rules import rules_on
from partner_center.kernel.level import Level
from tests.unit.issuance.world import ENTITY, NOW, ORGANIZATION, names, spki

SECOND = timedelta(seconds=1)
FAR = datetime(2099, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "days"),
    [
        ("2026-11-23T10:00:00+00:00", 199),
        ("2027-03-14T23:59:59+00:00", 199),
        ("2027-03-15T00:00:00+00:00", 99),
        ("2029-03-14T23:59:59+00:00", 99),
        ("2029-03-15T00:00:00+00:00", 46),
    ],
)
def test_a_certificate_lives_one_day_under_the_limit_with_both_ends_counted(now, days):
    moment = datetime.fromisoformat(now)
    not_before, not_after = plan_validity(moment, FAR, rules_on(moment))
    assert not_after - not_before == timedelta(seconds=days * 86_400 - 1)


def test_the_beginning_lies_at_most_an_hour_back():
    not_before, _ = plan_validity(NOW, FAR, rules_on(NOW))
    assert not_before == NOW - BACKDATING
    assert timedelta(0) < BACKDATING < timedelta(hours=1)


def test_validity_is_told_in_whole_seconds_of_utc():
    moment = NOW.replace(microsecond=999_999).astimezone(timezone(timedelta(hours=5, minutes=30)))
    end = NOW + timedelta(days=20, microseconds=700_000)
    not_before, not_after = plan_validity(moment, end, rules_on(moment))
    assert (not_before, not_after) == (NOW - BACKDATING, NOW + timedelta(days=20))
    assert not_before.utcoffset() == not_after.utcoffset() == timedelta(0)


@pytest.mark.parametrize("left", [timedelta(days=198), timedelta(days=1), SECOND], ids=str)
def test_a_certificate_never_outlives_the_orders_term(left):
    _, not_after = plan_validity(NOW, NOW + left, rules_on(NOW))
    assert not_after == NOW + left


@pytest.mark.parametrize("left", [timedelta(0), -SECOND, timedelta(days=-400)], ids=str)
def test_when_nothing_is_left_of_the_term_nothing_is_planned(left):
    with pytest.raises(TermOver):
        plan_validity(NOW, NOW + left, rules_on(NOW))


def test_one_second_more_than_the_limit_is_too_long():
    longest = NOW + timedelta(days=200) - SECOND
    assert within_the_limit(NOW, longest, rules_on(NOW))
    assert not within_the_limit(NOW, longest + SECOND, rules_on(NOW))


@pytest.mark.parametrize(("length", "fits"), [(64, True), (65, False), (253, False)], ids=["64", "65", "253"])
def test_a_common_name_of_more_than_64_characters_is_left_out(length, fits):
    name = ("a." * 200)[: length - 4] + ".com"
    assert fitting_common_name(name) == (name if fits else None)


def test_no_common_name_stays_none():
    assert fitting_common_name(None) is None


@pytest.fixture
def plan(issuing_ca):
    return CertificatePlan(
        level=Level.DV,
        names=names(2),
        common_name="www.example.com",
        subject=None,
        spki_der=spki(),
        serial=1 << 158,
        not_before=NOW,
        not_after=NOW + timedelta(days=10),
        issuer=issuing_ca,
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"names": ()}, "names"),
        ({"names": ("www.example.com", "www.example.com")}, "once"),
        ({"common_name": "other.example.com"}, "one of the names"),
        ({"names": ("a" * 61 + ".com",), "common_name": "a" * 61 + ".com"}, "64"),
        ({"subject": ORGANIZATION}, "OV and EV"),
        ({"level": Level.OV}, "OV and EV"),
        ({"level": Level.EV, "subject": ORGANIZATION}, "EV"),
        ({"level": Level.OV, "subject": ENTITY}, "EV"),
        ({"not_before": NOW.replace(tzinfo=None)}, "zone"),
        ({"not_after": NOW + timedelta(days=1, microseconds=1)}, "whole seconds"),
        ({"not_after": NOW}, "ends after"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_plan_that_contradicts_itself_cannot_be_made(plan, changes, reason):
    with pytest.raises(ValueError, match=reason):
        replace(plan, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"country": "nl"},
        {"country": "NLD"},
        {"country": "ÄÖ"},
        {"organization": ""},
        {"organization": "  "},
        {"organization": " Voorbeeld"},
        {"organization": "a" * 65},
        {"organization": "Voor\x00beeld"},
        {"organization": "Voor\nbeeld"},
        {"organization": "Voor\u202ebeeld"},
        {"state": None, "locality": None},
        {"state": "a" * 129},
        {"locality": ""},
    ],
    ids=str,
)
def test_a_subject_that_no_certificate_may_hold_cannot_be_made(changes):
    with pytest.raises(ValueError, match=r".+"):
        replace(ORGANIZATION, **changes)


@pytest.mark.parametrize(
    "changes",
    [{"state": None}, {"locality": None}, {"organization": "Œuvre Überlandwerk 株式会社"}],
    ids=str,
)
def test_state_or_locality_suffices_and_names_may_be_in_any_script(changes):
    assert isinstance(replace(ORGANIZATION, **changes), OrganizationSubject)


@pytest.mark.parametrize(
    "changes",
    [
        {"registration_number": ""},
        {"registration_number": "1" * 65},
        {"jurisdiction_country": "Netherlands"},
        {"business_category": "\t"},
    ],
    ids=str,
)
def test_an_extended_identity_is_complete(changes):
    good = ExtendedIdentity("Private Organization", "NL", "24123456")
    with pytest.raises(ValueError, match=r".+"):
        replace(good, **changes)
