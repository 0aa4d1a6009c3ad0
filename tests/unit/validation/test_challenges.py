"""What must be proven, what counts as proven, and for how long: by the rules of each day."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from partner_center.orders.content import ChosenMethod, Method
from partner_center.validation.challenges import (
    ChallengeStatus,
    barred,
    br_section_of,
    challenge_id,
    days_to_serve,
    last_mail_at,
    next_check,
    proof_usable,
    usable_until,
    wanted_challenges,
)
from tests.fakes.determined import MICROSECOND, NOW
from tests.fakes.samples import a_challenge, a_day, a_proof, a_second

ADMIN = "admin@example.com"
SPRING_2027 = datetime(2027, 3, 15, tzinfo=UTC)
SPRING_2028 = datetime(2028, 3, 15, tzinfo=UTC)
SPRING_2029 = datetime(2029, 3, 15, tzinfo=UTC)


# ---- what is wanted


def by_email(*names, approver=ADMIN):
    return dict.fromkeys(names, ChosenMethod(method=Method.EMAIL, approver_email=approver))


def by(method, *names):
    return dict.fromkeys(names, ChosenMethod(method=Method(method)))


def test_one_mail_covers_all_names_of_one_address():
    (one,) = wanted_challenges(by_email("example.com", "*.example.com", "a.b.example.com"))
    assert one.names == ("example.com", "*.example.com", "a.b.example.com")
    assert (one.authorization_domain, one.approver_email) == ("example.com", ADMIN)


def test_each_address_has_a_challenge_and_so_a_value_of_its_own():
    methods = by_email("a.example.com") | by_email("b.example.com", approver="webmaster@example.com")
    assert [each.names for each in wanted_challenges(methods)] == [("a.example.com",), ("b.example.com",)]


def test_the_authorization_domain_is_the_approvers_and_no_wider():
    (one,) = wanted_challenges(by_email("a.b.example.com", approver="admin@b.example.com"))
    assert one.authorization_domain == "b.example.com"


def test_a_published_contact_speaks_for_the_domain_that_names_it_and_not_for_its_mailbox():
    """An approver's TXT contact once validated the approver's own mail domain (2025)."""
    chosen = ChosenMethod(
        method=Method.EMAIL, approver_email="ops@provider.net", source="txt", domain="example.com"
    )
    (one,) = wanted_challenges({"www.example.com": chosen})
    assert (one.authorization_domain, one.source) == ("example.com", "txt")


WANTED = wanted_challenges(by_email("example.com"))[0]


@pytest.mark.parametrize(
    "other",
    [
        challenge_id("ord_2", 1, WANTED, 0),
        challenge_id("ord_1", 2, WANTED, 0),
        challenge_id("ord_1", 1, WANTED, 1),
        challenge_id("ord_1", 1, replace(WANTED, approver_email="webmaster@example.com"), 0),
        challenge_id("ord_1", 1, replace(WANTED, method="dns_txt"), 0),
        challenge_id("ord_1", 1, replace(WANTED, authorization_domain="example.org"), 0),
    ],
    ids=["order", "round", "number", "approver", "method", "domain"],
)
def test_a_challenge_is_known_by_what_it_asks_and_how_often(other):
    assert challenge_id("ord_1", 1, WANTED, 0) != other
    assert challenge_id("ord_1", 1, WANTED, 0) == challenge_id("ord_1", 1, WANTED, 0)


@pytest.mark.parametrize("method", ["dns_txt", "dns_cname", "dns_persist"])
def test_a_name_its_wildcard_and_what_is_below_share_one_dns_challenge(method):
    (one,) = wanted_challenges(by(method, "www.example.com", "example.com", "*.example.com"))
    assert (one.authorization_domain, len(one.names)) == ("example.com", 3)


def test_nothing_is_asked_above_what_was_ordered():
    (one,) = wanted_challenges(by("dns_txt", "www.example.com"))
    assert one.authorization_domain == "www.example.com"


def test_a_file_is_looked_for_at_each_name():
    found = wanted_challenges(by("http_file", "example.com", "www.example.com"))
    assert [each.authorization_domain for each in found] == ["example.com", "www.example.com"]


def test_names_of_different_methods_share_nothing():
    found = wanted_challenges(by("dns_txt", "example.com") | by("dns_cname", "www.example.com"))
    assert [(each.method, each.authorization_domain) for each in found] == [
        ("dns_txt", "example.com"),
        ("dns_cname", "www.example.com"),
    ]


@pytest.mark.parametrize(
    ("checks", "minutes"), [(0, 1), (1, 2), (5, 32), (9, 512), (10, 720), (11, 720), (10_000, 720)]
)
def test_checks_are_made_ever_less_often_and_every_12_hours_at_last(checks, minutes):
    assert next_check(checks, NOW) == NOW + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("method", "source", "section"),
    [
        ("email", "constructed", "3.2.2.4.4"),
        ("email", "caa", "3.2.2.4.13"),
        ("email", "txt", "3.2.2.4.14"),
        ("dns_txt", "constructed", "3.2.2.4.7"),
        ("dns_cname", "constructed", "3.2.2.4.7"),
        ("http_file", "constructed", "3.2.2.4.18"),
        ("dns_persist", "constructed", "3.2.2.4.22"),
    ],
)
def test_a_proof_names_the_section_it_rests_on(method, source, section):
    assert br_section_of(method, source) == section


# ---- status


@pytest.mark.parametrize(
    ("status", "moment", "seen"),
    [
        (ChallengeStatus.PENDING, NOW + 30 * a_day - MICROSECOND, ChallengeStatus.PENDING),
        (ChallengeStatus.PENDING, NOW + 30 * a_day, ChallengeStatus.EXPIRED),
        (ChallengeStatus.VALID, NOW + 300 * a_day, ChallengeStatus.VALID),
        (ChallengeStatus.DECLINED, NOW + 300 * a_day, ChallengeStatus.DECLINED),
    ],
    ids=["last microsecond", "30 days", "valid stays", "declined stays"],
)
def test_a_value_lives_30_days(status, moment, seen):
    assert a_challenge(status=status).status_at(moment) is seen


def test_who_declined_is_barred_whatever_the_domain_and_the_spelling():
    declined = a_challenge(status=ChallengeStatus.DECLINED)
    found = barred([declined, a_challenge(approver_email="webmaster@example.com")])
    assert found == {"admin@example.com"}
    elsewhere = replace(declined, authorization_domain="example.org", approver_email="Ops@Provider.net")
    assert barred([elsewhere]) == {"ops@provider.net"}


@pytest.mark.parametrize(
    ("sent", "last"),
    [([], None), ([None], None), ([NOW, None, NOW + a_day, NOW], NOW + a_day)],
    ids=["none", "not sent", "latest"],
)
def test_the_last_mail_is_the_latest_of_all(sent, last):
    assert last_mail_at(a_challenge(sent_at=moment) for moment in sent) == last


# ---- what a proof carries

SCOPE = {
    "its domain": ("example.com", "example.com", True),
    "below it": ("example.com", "a.b.example.com", True),
    "its wildcard": ("example.com", "*.example.com", True),
    "a wildcard below": ("example.com", "*.a.example.com", True),
    "the parent": ("a.example.com", "example.com", False),
    "the parent's wildcard": ("a.example.com", "*.example.com", False),
    "a sister": ("a.example.com", "b.example.com", False),
    "another that ends alike": ("example.com", "notexample.com", False),
    "another that begins alike": ("example.com", "example.com.evil.org", False),
    "another": ("example.com", "example.org", False),
}


@pytest.mark.parametrize(("domain", "name", "usable"), SCOPE.values(), ids=SCOPE.keys())
def test_a_proof_reaches_down_and_never_up(domain, name, usable):
    proof = a_proof(a_challenge(authorization_domain=domain))
    assert proof_usable(proof, name, NOW) is usable


AGE = {
    "200 days in 2026 rules": (SPRING_2027 - 250 * a_day, SPRING_2027 - 50 * a_day, True),
    "200 days and a moment": (SPRING_2027 - 250 * a_day, SPRING_2027 - 50 * a_day + MICROSECOND, False),
    "150 days, the last second of the old rules": (
        SPRING_2027 - 150 * a_day,
        SPRING_2027 - a_second,
        True,
    ),
    "150 days, the first second of the new rules": (SPRING_2027 - 150 * a_day, SPRING_2027, False),
    "100 days in 2027 rules": (SPRING_2027, SPRING_2027 + 100 * a_day, True),
    "100 days and a moment": (SPRING_2027, SPRING_2027 + 100 * a_day + MICROSECOND, False),
    "a day old, the last second of e-mail": (SPRING_2028 - a_day, SPRING_2028 - a_second, True),
    "a day old, e-mail has ended": (SPRING_2028 - a_day, SPRING_2028, False),
    "made after e-mail ended": (SPRING_2028, SPRING_2028, False),
}


@pytest.mark.parametrize(("checked", "moment", "usable"), AGE.values(), ids=AGE.keys())
def test_a_proof_is_judged_by_the_rules_of_the_day_it_is_used(checked, moment, usable):
    assert proof_usable(a_proof(a_challenge(), checked_at=checked), "www.example.com", moment) is usable


def test_a_file_carries_its_name_alone():
    proof = a_proof(a_challenge(authorization_domain="example.com"), method="http_file")
    names = ("example.com", "*.example.com", "www.example.com")
    assert [proof_usable(proof, name, NOW) for name in names] == [True, False, False]


@pytest.mark.parametrize("below", [True, False])
def test_a_persistent_record_carries_what_is_below_only_if_it_says_so(below):
    proof = a_proof(a_challenge(authorization_domain="example.com"), method="dns_persist", below=below)
    assert [proof_usable(proof, name, NOW) for name in ("example.com", "*.example.com")] == [True, below]


@pytest.mark.parametrize(("days", "usable"), [(10, True), (10.01, False)])
def test_a_validation_by_persistent_record_lasts_ten_days(days, usable):
    proof = a_proof(a_challenge(), method="dns_persist", checked_at=NOW - days * a_day)
    assert proof_usable(proof, "example.com", NOW) is usable
    assert usable_until(proof) == proof.checked_at + 10 * a_day


@pytest.mark.parametrize("method", ["dns_txt", "http_file"])
def test_a_proof_by_another_method_outlives_e_mail(method):
    proof = a_proof(a_challenge(), method=method, checked_at=SPRING_2028 - a_day)
    assert proof_usable(proof, "example.com", SPRING_2028)


UNTIL = {
    "no change of rules in its time": (NOW - 150 * a_day, "email", NOW + 50 * a_day),
    "cut short by the rules of 2027": (NOW, "email", SPRING_2027),
    "100 days left by the rules of 2027": (
        SPRING_2027 - 90 * a_day,
        "email",
        SPRING_2027 + 10 * a_day,
    ),
    "cut short by the end of e-mail": (SPRING_2028 - a_day, "email", SPRING_2028),
    "not cut short by the end of e-mail": (SPRING_2028 - a_day, "dns_txt", SPRING_2028 + 99 * a_day),
    "cut short by the rules of 2029": (SPRING_2029 - 50 * a_day, "dns_txt", SPRING_2029),
    "10 days by the rules of 2029": (SPRING_2029, "dns_txt", SPRING_2029 + 10 * a_day),
}


@pytest.mark.parametrize(("checked", "method", "end"), UNTIL.values(), ids=UNTIL.keys())
def test_a_proof_tells_the_day_on_which_it_ends(checked, method, end):
    proof = a_proof(a_challenge(), checked_at=checked, method=method)
    assert usable_until(proof) == end
    assert proof_usable(proof, "example.com", end - a_second)
    assert not proof_usable(proof, "example.com", end + MICROSECOND)


def test_the_age_runs_from_the_mail_and_not_from_the_approval():
    proof = a_proof(a_challenge(), checked_at=NOW - 30 * a_day, completed_at=NOW)
    assert not proof_usable(proof, "example.com", NOW + timedelta(days=170, seconds=1))


@pytest.mark.parametrize(
    ("created", "days"),
    [
        (NOW, 112),
        (datetime(2026, 8, 1, tzinfo=UTC), 200),
        (datetime(2027, 3, 15, tzinfo=UTC), 100),
        (datetime(2028, 3, 14, 12, tzinfo=UTC), 1),
    ],
    ids=["until the rule changes", "before", "after", "until the method ends"],
)
def test_a_mail_tells_for_how_many_days_an_approval_counts_at_most(created, days):
    challenge = replace(a_challenge("www.example.com"), created_at=created)
    assert days_to_serve(challenge) == days
    assert days_to_serve(replace(challenge, sent_at=created + timedelta(days=20))) == days
