"""What must be proven, what counts as proven, and for how long: by the rules of each day."""

from datetime import UTC, datetime, timedelta

import pytest

from partner_center.validation.challenges import (
    ChallengeStatus,
    barred,
    last_mail_at,
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
    return dict.fromkeys(names, ("email", approver))


def test_one_mail_covers_all_names_of_one_address():
    (one,) = wanted_challenges("ord_1", 1, by_email("example.com", "*.example.com", "a.b.example.com"))
    assert one.names == ("example.com", "*.example.com", "a.b.example.com")
    assert (one.authorization_domain, one.approver_email) == ("example.com", ADMIN)


def test_each_address_has_a_challenge_and_so_a_value_of_its_own():
    methods = by_email("a.example.com") | by_email("b.example.com", approver="webmaster@example.com")
    assert [each.names for each in wanted_challenges("ord_1", 1, methods)] == [
        ("a.example.com",),
        ("b.example.com",),
    ]


def test_the_authorization_domain_is_the_approvers_and_no_wider():
    (one,) = wanted_challenges("ord_1", 1, by_email("a.b.example.com", approver="admin@b.example.com"))
    assert one.authorization_domain == "b.example.com"


@pytest.mark.parametrize(
    "other",
    [
        wanted_challenges("ord_2", 1, by_email("example.com")),
        wanted_challenges("ord_1", 2, by_email("example.com")),
        wanted_challenges("ord_1", 1, by_email("example.com", approver="webmaster@example.com")),
        wanted_challenges("ord_1", 1, {"example.com": ("dns_txt", None)}),
    ],
    ids=["order", "round", "approver", "method"],
)
def test_a_challenge_is_known_by_order_round_method_and_approver(other):
    (usual,) = wanted_challenges("ord_1", 1, by_email("example.com"))
    assert usual.challenge_id != other[0].challenge_id


def test_asking_again_finds_the_same_challenge():
    assert wanted_challenges("ord_1", 1, by_email("example.com")) == wanted_challenges(
        "ord_1", 1, by_email("example.com")
    )


def test_a_name_and_its_wildcard_share_one_dns_challenge():
    methods = {"example.com": ("dns_txt", None), "*.example.com": ("dns_txt", None)}
    (one,) = wanted_challenges("ord_1", 1, methods)
    assert (one.authorization_domain, one.names) == ("example.com", ("example.com", "*.example.com"))


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


def test_who_declined_is_barred_for_that_domain():
    declined = a_challenge(status=ChallengeStatus.DECLINED)
    found = barred([declined, a_challenge(approver_email="webmaster@example.com")])
    assert found == {("example.com", "admin@example.com")}


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
