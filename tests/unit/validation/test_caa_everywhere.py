"""CAA as every perspective sees it: each name asked for itself, the primary's verdict, the others' agreement."""

from datetime import UTC, datetime, timedelta

import pytest

from partner_center.validation.caa import CaaReason
from partner_center.validation.caa_everywhere import CaaRequest, check_caa_everywhere
from partner_center.validation.dns import Dnssec, FailureKind
from partner_center.validation.looks import CaaLook
from partner_center.validation.perspectives import Unseen, UnseenReason
from tests.fakes.determined import FixedClock
from tests.fakes.perspectives import PRIMARY, REMOTES, MemoryPerspectives, SeenThrough
from tests.unit.validation.caa_world import (
    ACCOUNT,
    CHECKED_AT,
    OTHER,
    OURS,
    US,
    ScriptedResolver,
    answer,
    caa,
    failure,
)

NAME = "www.example.com"
FRANKFURT, MUMBAI, *_ = REMOTES


def sees(**by_name):
    return SeenThrough(ScriptedResolver(**by_name))


def ours(name=NAME, *more, **changes):
    return answer(name, caa(US), *more, **changes)


def theirs(name=NAME):
    return answer(name, caa(OTHER))


def check(perspectives, *names, method="3.2.2.4.7", account=ACCOUNT, clock=None):
    requests = [CaaRequest(name, (method,), account) for name in names or (NAME,)]
    return check_caa_everywhere(requests, perspectives.everywhere(), OURS, clock or FixedClock(CHECKED_AT))


def check_one(perspectives, name=NAME, **more):
    (result,) = check(perspectives, name, **more)
    return result


# ---- each name for itself


def test_each_name_is_asked_with_a_look_of_its_own():
    """CAA was once checked for one name, as often as there were names (2020)."""
    perspectives = MemoryPerspectives(
        sees(a_example_com=ours("a.example.com"), b_example_com=theirs("b.example.com"))
    )
    results = check(perspectives, "a.example.com", "b.example.com", "c.example.com")
    assert perspectives.asked == [
        (CaaLook("a.example.com"), CaaLook("b.example.com"), CaaLook("c.example.com"))
    ]
    assert [(each.name, each.allowed) for each in results] == [
        ("a.example.com", True),
        ("b.example.com", False),
        ("c.example.com", True),
    ]
    assert [each.verdict.reason for each in results] == [
        CaaReason.AUTHORIZED,
        CaaReason.ISSUER_NOT_LISTED,
        CaaReason.NO_RECORDS,
    ]


def test_nothing_stops_at_the_first_refusal_and_nothing_is_left_out():
    names = [f"n{number}.example.com" for number in range(101)]
    perspectives = MemoryPerspectives(
        sees(n0_example_com=theirs("n0.example.com"), n100_example_com=theirs("n100.example.com"))
    )
    results = check(perspectives, *names)
    assert [each.name for each in results] == names
    assert [each.name for each in results if not each.allowed] == ["n0.example.com", "n100.example.com"]
    assert [len(question) for question in perspectives.asked] == [100, 1]


def test_a_name_given_twice_is_looked_up_twice():
    perspectives = MemoryPerspectives(sees())
    check(perspectives, NAME, f"*.{NAME}")
    assert perspectives.asked == [(CaaLook(NAME), CaaLook(NAME))]


def test_without_a_name_nobody_is_asked():
    perspectives = MemoryPerspectives(sees())
    assert check_caa_everywhere([], perspectives.everywhere(), OURS, FixedClock()) == ()
    assert perspectives.asked == []


def test_a_wildcard_is_judged_by_issuewild_and_its_base_by_issue():
    set_ = answer("example.com", caa(US), caa("issuewild other-ca.org"))
    results = check(MemoryPerspectives(sees(example_com=set_)), "example.com", "*.example.com")
    assert [(each.name, each.allowed) for each in results] == [
        ("example.com", True),
        ("*.example.com", False),
    ]


def test_a_prohibition_of_a_parent_counts_for_the_names_below():
    result = check_one(MemoryPerspectives(sees(example_com=theirs("example.com"))), "a.b.example.com")
    assert (result.allowed, result.verdict.found_at) == (False, "example.com")


BOUND = {
    "our account": (f"{US}; accounturi={ACCOUNT}", "3.2.2.4.7", ACCOUNT, None),
    "another account": (f"{US}; accounturi={ACCOUNT}2", "3.2.2.4.7", ACCOUNT, "caa_account_not_listed"),
    "an account, and none is known": (
        f"{US}; accounturi={ACCOUNT}",
        "3.2.2.4.7",
        None,
        "caa_account_not_listed",
    ),
    "the method relied on": (f"{US}; validationmethods=ca-tbr-7", "3.2.2.4.7", ACCOUNT, None),
    "one of the methods": (f"{US}; validationmethods=ca-tbr-4,ca-tbr-7", "3.2.2.4.7", ACCOUNT, None),
    "another method": (f"{US}; validationmethods=ca-tbr-4", "3.2.2.4.7", ACCOUNT, "caa_method_not_listed"),
    "e-mail to a contact": (
        f"{US}; validationmethods=ca-tbr-4",
        "3.2.2.4.14",
        ACCOUNT,
        "caa_method_not_listed",
    ),
}


@pytest.mark.parametrize(("record", "method", "account", "refusal"), BOUND.values(), ids=BOUND)
def test_account_and_method_are_those_of_the_proof_relied_on(record, method, account, refusal):
    perspectives = MemoryPerspectives(sees(www_example_com=answer(NAME, caa(record))))
    result = check_one(perspectives, method=method, account=account)
    assert (result.allowed, result.verdict.reason) == (refusal is None, refusal or "caa_authorized")


MAIL, RECORD, CONTACT, FILE = "3.2.2.4.4", "3.2.2.4.7", "3.2.2.4.14", "3.2.2.4.18"
EVERY = (RECORD, FILE, MAIL, CONTACT)
RELIED_ON = {
    "the preferred proof, where all are permitted": ([caa(US)], [MAIL, RECORD], MAIL, True, ()),
    "the only one that is permitted": (
        [caa(f"{US}; validationmethods=ca-tbr-7")],
        [MAIL, FILE, RECORD],
        RECORD,
        True,
        (),
    ),
    "the first of those that are": (
        [caa(f"{US}; validationmethods=ca-tbr-18,ca-tbr-7")],
        [MAIL, FILE, RECORD],
        FILE,
        True,
        (),
    ),
    "none is, another would be": (
        [caa(f"{US}; validationmethods=ca-tbr-7")],
        [MAIL, FILE],
        MAIL,
        False,
        (RECORD,),
    ),
    "none is, several would be": (
        [caa(f"{US}; validationmethods=ca-tbr-7"), caa(f"{US}; validationmethods=ca-tbr-14")],
        [MAIL],
        MAIL,
        False,
        (RECORD, CONTACT),
    ),
    "none is, and none would be: forbidden": ([caa("issue ;")], [MAIL], MAIL, False, ()),
    "none is, and none would be: another CA": ([caa(OTHER)], [MAIL], MAIL, False, ()),
    "none is, and none would be: another account": (
        [caa(f"{US}; accounturi=acct:other@ca.example-ca.net")],
        [MAIL],
        MAIL,
        False,
        (),
    ),
    "none is, and none would be: a method of others": (
        [caa(f"{US}; validationmethods=dns-01")],
        [MAIL],
        MAIL,
        False,
        (),
    ),
    "another account for the one, another method for the other": (
        [
            caa(f"{US}; accounturi=acct:other@ca.example-ca.net; validationmethods=ca-tbr-7"),
            caa(f"{US}; accounturi={ACCOUNT}; validationmethods=ca-tbr-18"),
        ],
        [RECORD],
        RECORD,
        False,
        (FILE,),
    ),
}


@pytest.mark.parametrize(
    ("records", "proven", "section", "allowed", "permitted"), RELIED_ON.values(), ids=RELIED_ON
)
def test_a_name_relies_on_the_first_proof_that_the_records_permit(
    records, proven, section, allowed, permitted
):
    perspectives = MemoryPerspectives(sees(www_example_com=answer(NAME, *records)))
    request = CaaRequest(NAME, tuple(proven), ACCOUNT, EVERY)
    (result,) = check_caa_everywhere([request], perspectives.everywhere(), OURS, FixedClock(CHECKED_AT))
    assert (result.section, result.allowed, result.permitted) == (section, allowed, permitted)
    assert perspectives.asked == [(CaaLook(NAME),)]


@pytest.mark.parametrize(
    ("seeing", "section", "allowed"),
    [([MUMBAI], RECORD, True), ([MUMBAI, FRANKFURT], MAIL, False), ([PRIMARY], MAIL, False)],
    ids=["one remote", "two remotes", "the primary"],
)
def test_enough_perspectives_must_permit_the_very_proof_that_is_relied_on(seeing, section, allowed):
    bound = sees(www_example_com=answer(NAME, caa(f"{US}; validationmethods=ca-tbr-7")))
    perspectives = MemoryPerspectives(bound, others=dict.fromkeys(seeing, NO))
    request = CaaRequest(NAME, (MAIL, RECORD), ACCOUNT, EVERY)
    (result,) = check_caa_everywhere([request], perspectives.everywhere(), OURS, FixedClock(CHECKED_AT))
    assert (result.section, result.allowed, result.permitted) == (section, allowed, ())


# ---- agreement


def seen_by(*regions, world):
    return {"others": dict.fromkeys(regions, world)}


def troubled(*regions):
    return {"trouble": dict.fromkeys(regions, "out_of_time")}


def too_large(*regions):
    return {"unseen": dict.fromkeys(regions, Unseen(UnseenReason.TOO_LARGE))}


NO, FAILS = sees(www_example_com=theirs()), sees(www_example_com=failure(NAME, unsigned=False))
AGREEMENT = {
    "all see it permitted": ({}, True, "6/6", "corroborated"),
    "one remote sees it forbidden": (seen_by(MUMBAI, world=NO), True, "5/6", "corroborated"),
    "two remotes do": (seen_by(MUMBAI, FRANKFURT, world=NO), False, "4/6", "too_many_disagree"),
    "the primary does": (seen_by(PRIMARY, world=NO), False, "5/6", "primary_refused"),
    "one remote's look-up fails": (seen_by(MUMBAI, world=FAILS), True, "5/6", "corroborated"),
    "two remotes' look-ups fail": (
        seen_by(MUMBAI, FRANKFURT, world=FAILS),
        False,
        "4/6",
        "too_many_disagree",
    ),
    "the primary's look-up fails": (seen_by(PRIMARY, world=FAILS), False, "5/6", "primary_not_answered"),
    "one remote is in trouble": (troubled(MUMBAI), True, "5/6", "corroborated"),
    "two remotes are": (troubled(MUMBAI, FRANKFURT), False, "4/6", "too_many_disagree"),
    "the primary is": (troubled(PRIMARY), False, "5/6", "primary_not_answered"),
    "all are": (troubled(PRIMARY, *REMOTES), False, "0/6", "primary_not_answered"),
    "one remote saw nothing": (
        {"unseen": {MUMBAI: Unseen(UnseenReason.FAULT)}},
        True,
        "5/6",
        "corroborated",
    ),
    "one remote got too large an answer": (too_large(MUMBAI), True, "5/6", "corroborated"),
    "two remotes did": (too_large(MUMBAI, FRANKFURT), False, "4/6", "too_many_disagree"),
    "the primary did": (too_large(PRIMARY), False, "5/6", "primary_refused"),
    "the primary saw nothing": (
        {"unseen": {PRIMARY: Unseen(UnseenReason.FAULT)}},
        False,
        "5/6",
        "primary_not_answered",
    ),
}


@pytest.mark.parametrize(("others", "allowed", "quorum", "reason"), AGREEMENT.values(), ids=AGREEMENT)
def test_the_primary_permits_and_enough_others_see_the_same(others, allowed, quorum, reason):
    result = check_one(MemoryPerspectives(sees(www_example_com=ours()), **others))
    assert (result.allowed, result.corroboration.quorum, result.corroboration.reason) == (
        allowed,
        quorum,
        reason,
    )
    assert (result.valid_until is not None) is allowed


def test_a_hijack_of_the_primary_cannot_hide_a_prohibition():
    """An attacker who answers the primary alone sees to it that there is no CAA."""
    result = check_one(MemoryPerspectives(NO, others={PRIMARY: sees()}))
    assert (result.verdict.allowed, result.allowed) == (True, False)


def test_another_set_that_permits_as_well_is_agreement():
    """During a change of the zone some see the old set and some the new one."""
    others = dict.fromkeys(REMOTES, sees(www_example_com=ours(NAME, caa(OTHER))))
    result = check_one(MemoryPerspectives(sees(), others=others))
    assert (result.allowed, result.corroboration.quorum) == (True, "6/6")


@pytest.mark.parametrize(
    "world",
    [
        sees(www_example_com=failure(NAME, kind=FailureKind.BOGUS)),
        sees(www_example_com=answer(NAME, dnssec=Dnssec.BOGUS)),
        sees(www_example_com=failure(NAME, kind=FailureKind.UNREACHABLE)),
        sees(www_example_com=failure(NAME, attempts=1)),
        FAILS,
    ],
    ids=["bogus", "bogus answer", "our own resolver", "not retried", "signed zone"],
)
def test_a_failure_that_may_not_be_pardoned_refuses(world):
    result = check_one(MemoryPerspectives(world))
    assert (result.allowed, result.corroboration.completed) == (False, False)


UNANSWERED = {
    "the primary is in trouble": (troubled(PRIMARY), True),
    "everybody got too large an answer": (too_large(PRIMARY, *REMOTES), False),
    "the primary got too large an answer": (too_large(PRIMARY), False),
    "two remotes got too large an answer": (too_large(MUMBAI, FRANKFURT), False),
    "one remote did, another is in trouble": (too_large(MUMBAI) | troubled(FRANKFURT), True),
}


@pytest.mark.parametrize(("others", "unanswered"), UNANSWERED.values(), ids=UNANSWERED)
def test_an_answer_that_is_too_large_is_not_looked_up_again_as_an_outage(others, unanswered):
    result = check_one(MemoryPerspectives(sees(www_example_com=ours()), **others))
    assert (result.allowed, result.is_unanswered) == (False, unanswered)


def test_a_dead_unsigned_zone_is_no_prohibition():
    assert check_one(MemoryPerspectives(sees(www_example_com=failure(NAME)))).allowed


# ---- how long it serves


@pytest.mark.parametrize(
    ("ttl", "hours"), [(300, 8), (8 * 3600, 8), (8 * 3600 + 1, 8 + 1 / 3600), (86_400, 24)]
)
def test_it_serves_eight_hours_or_as_long_as_the_record_if_that_is_longer(ttl, hours):
    result = check_one(MemoryPerspectives(sees(www_example_com=ours(ttl=ttl))))
    assert result.valid_until == CHECKED_AT + timedelta(hours=hours)


def test_its_time_runs_from_before_the_first_look_up():
    clock = FixedClock(CHECKED_AT)
    perspectives = MemoryPerspectives(sees(), before=lambda: clock.advance(seconds=40))
    result = check_one(perspectives, clock=clock)
    assert (result.checked_at, result.valid_until) == (CHECKED_AT, CHECKED_AT + timedelta(hours=8))


# ---- what is told and kept


TOLD = {
    "permitted": ({}, None, "permit ca.example-ca.net to issue"),
    "forbidden": ({"world": NO}, None, "name other CAs only"),
    "failed": ({"world": FAILS}, None, "failed (servfail)"),
    "too few agree": (
        seen_by(MUMBAI, FRANKFURT, world=NO),
        None,
        "too few other network perspectives agree (4/6; not ap-south-1, eu-central-1)",
    ),
    "the primary did not look": (
        troubled(PRIMARY),
        None,
        "the primary network perspective could not look CAA up",
    ),
    "the answer is too large": (
        too_large(PRIMARY, *REMOTES),
        None,
        f"the answer for CAA of {NAME} is too large",
    ),
    "there is none": ({"regions": ()}, None, "no network perspective is set up"),
    "there is no primary": ({"regions": tuple(REMOTES)}, None, "no network perspective is set up"),
    "too few are set up": (
        {"regions": (PRIMARY, *REMOTES[1:])},
        datetime(2026, 12, 15, tzinfo=UTC),
        "only 4 remote network perspectives are set up, and 5 are needed; the operator must deploy more",
    ),
}


@pytest.mark.parametrize(("others", "moment", "detail"), TOLD.values(), ids=TOLD)
def test_the_reseller_reads_what_stands_in_the_way(others, moment, detail):
    perspectives = MemoryPerspectives(**{"world": sees(www_example_com=ours())} | others)
    result = check_one(perspectives, clock=FixedClock(moment or CHECKED_AT))
    assert detail in result.detail
