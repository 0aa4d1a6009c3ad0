"""Multi-perspective corroboration by the dated table (BR 3.2.2.9)."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_center.kernel.dated_rules import NoRulesYet, rules_on
from partner_center.validation.quorum import (
    LEAST_DISTANCE_KM,
    SITES,
    PerspectiveSite,
    QuorumReason,
    Registry,
    Vote,
    check_perspectives,
    disagreements_allowed,
    distance_km,
    quorum,
    vote_of,
)
from tests.fakes.determined import MICROSECOND, NOW

PRIMARY, *REMOTES = SITES
SUMMER_2026 = datetime(2026, 6, 15, tzinfo=UTC)
WINTER_2026 = datetime(2026, 12, 15, tzinfo=UTC)
PASSED, REFUSED, SILENT = Vote.PASSED, Vote.REFUSED, Vote.NOT_ANSWERED
SPARE = (
    PerspectiveSite("cape-town", "af-south-1", Registry.AFRINIC, -33.92, 18.42),
    PerspectiveSite("sydney", "ap-southeast-2", Registry.APNIC, -33.87, 151.21),
)

PROPERTY = settings(max_examples=100, deadline=None, derandomize=True, database=None)


def ask(*remotes, primary=PASSED, moment=NOW, sites=(*REMOTES, *SPARE)):
    """The outcome when the first remote sites vote so."""
    return quorum(moment, {PRIMARY: primary} | dict(zip(sites, remotes, strict=False)))


CASES = {
    "all agree": ((PASSED,) * 5, PASSED, QuorumReason.CORROBORATED),
    "one remote hijacked": ((REFUSED, *(PASSED,) * 4), PASSED, QuorumReason.CORROBORATED),
    "one remote silent": ((SILENT, *(PASSED,) * 4), PASSED, QuorumReason.CORROBORATED),
    "two remotes hijacked": ((REFUSED, REFUSED, *(PASSED,) * 3), PASSED, QuorumReason.TOO_MANY_DISAGREE),
    "one hijacked, one silent": ((REFUSED, SILENT, *(PASSED,) * 3), PASSED, QuorumReason.TOO_MANY_DISAGREE),
    "two silent": ((SILENT, SILENT, *(PASSED,) * 3), PASSED, QuorumReason.TOO_MANY_DISAGREE),
    "all remotes refuse": ((REFUSED,) * 5, PASSED, QuorumReason.TOO_MANY_DISAGREE),
    "the primary hijacked": ((PASSED,) * 5, REFUSED, QuorumReason.PRIMARY_REFUSED),
    "the primary silent": ((PASSED,) * 5, SILENT, QuorumReason.PRIMARY_NOT_ANSWERED),
    "four of four": ((PASSED,) * 4, PASSED, QuorumReason.CORROBORATED),
    "three of four": ((REFUSED, *(PASSED,) * 3), PASSED, QuorumReason.CORROBORATED),
    "two of four": ((REFUSED, REFUSED, PASSED, PASSED), PASSED, QuorumReason.TOO_MANY_DISAGREE),
    "three asked, four needed": ((PASSED,) * 3, PASSED, QuorumReason.TOO_FEW_REMOTES),
    "no remote asked": ((), PASSED, QuorumReason.TOO_FEW_REMOTES),
    "four of six": ((REFUSED, REFUSED, *(PASSED,) * 4), PASSED, QuorumReason.CORROBORATED),
    "three of six": ((REFUSED,) * 3 + (PASSED,) * 3, PASSED, QuorumReason.TOO_MANY_DISAGREE),
    "five of seven": ((SILENT, REFUSED, *(PASSED,) * 5), PASSED, QuorumReason.CORROBORATED),
    "four of seven": ((REFUSED,) * 3 + (PASSED,) * 4, PASSED, QuorumReason.TOO_MANY_DISAGREE),
}


@pytest.mark.parametrize(("remotes", "primary", "reason"), CASES.values(), ids=CASES.keys())
def test_the_primary_passes_and_few_enough_remotes_disagree(remotes, primary, reason):
    outcome = ask(*remotes, primary=primary)
    assert outcome.reason is reason
    assert outcome.passed is (reason is QuorumReason.CORROBORATED)


DATES = {
    "before 2026-06-15, three": (SUMMER_2026 - MICROSECOND, 3, True),
    "before 2026-06-15, two": (SUMMER_2026 - MICROSECOND, 2, False),
    "from 2026-06-15, three": (SUMMER_2026, 3, False),
    "from 2026-06-15, four": (SUMMER_2026, 4, True),
    "before 2026-12-15, four": (WINTER_2026 - MICROSECOND, 4, True),
    "before 2026-12-15, three": (WINTER_2026 - MICROSECOND, 3, False),
    "from 2026-12-15, four": (WINTER_2026, 4, False),
    "from 2026-12-15, five": (WINTER_2026, 5, True),
    "from 2029-03-15, five": (datetime(2029, 3, 15, tzinfo=UTC), 5, True),
}


@pytest.mark.parametrize(("moment", "remotes", "passes"), DATES.values(), ids=DATES.keys())
def test_fewer_remotes_than_the_day_needs_never_pass(moment, remotes, passes):
    outcome = ask(*(PASSED,) * remotes, moment=moment)
    assert outcome.passed is passes
    assert (outcome.reason is QuorumReason.TOO_FEW_REMOTES) is not passes
    assert outcome.remotes_needed == rules_on(moment).remote_perspectives


def test_there_is_no_quorum_before_the_rules():
    with pytest.raises(NoRulesYet):
        ask(*(PASSED,) * 5, moment=datetime(2025, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(("remotes", "allowed"), [(0, 0), (1, 0), (2, 1), (5, 1), (6, 2), (7, 2), (20, 2)])
def test_how_many_may_disagree(remotes, allowed):
    assert disagreements_allowed(remotes) == allowed


@PROPERTY
@given(st.lists(st.sampled_from(list(Vote)), min_size=7, max_size=7), st.sampled_from(list(Vote)))
def test_no_outcome_passes_without_the_primary_and_the_table(remotes, primary):
    for count in range(8):
        outcome = ask(*remotes[:count], primary=primary)
        disagree = sum(vote is not PASSED for vote in remotes[:count])
        assert outcome.passed is (primary is PASSED and count >= 4 and disagree <= (1 if count <= 5 else 2))


@PROPERTY
@given(st.permutations(REMOTES), st.lists(st.sampled_from(list(Vote)), min_size=5, max_size=5))
def test_a_yes_more_never_takes_a_pass_away(sites, votes):
    outcome = quorum(NOW, {PRIMARY: PASSED} | dict(zip(sites, votes, strict=True)))
    for site in sites:
        better = quorum(NOW, {PRIMARY: PASSED} | dict(zip(sites, votes, strict=True)) | {site: PASSED})
        assert better.passed or not outcome.passed


# ---- registry regions


def test_agreeing_remotes_span_two_registry_regions():
    apnic = [replace(site, registry=Registry.APNIC) for site in REMOTES]
    assert ask(*(PASSED,) * 5, sites=apnic).reason is QuorumReason.ONE_REGISTRY_REGION
    one_else = [replace(apnic[0], registry=Registry.ARIN), *apnic[1:]]
    assert ask(*(PASSED,) * 5, sites=one_else).passed
    assert ask(REFUSED, *(PASSED,) * 4, sites=one_else).reason is QuorumReason.ONE_REGISTRY_REGION


def test_the_primarys_region_does_not_count():
    elsewhere = [replace(site, registry=Registry.APNIC) for site in REMOTES]
    assert PRIMARY.registry is not Registry.APNIC
    assert not ask(*(PASSED,) * 5, sites=elsewhere).passed


# ---- a retry, and what is told


def test_a_retry_starts_from_zero():
    first = ask(PASSED, PASSED, SILENT, SILENT, PASSED)
    second = ask(SILENT, SILENT, PASSED, PASSED, PASSED)
    assert not first.passed
    assert not second.passed


COMPLETED = {
    "a pass": ((PASSED,) * 5, PASSED, True),
    "the primary's no": ((SILENT,) * 5, REFUSED, True),
    "two noes": ((REFUSED, REFUSED, *(PASSED,) * 3), PASSED, True),
    "a no and a silence": ((REFUSED, SILENT, *(PASSED,) * 3), PASSED, False),
    "two silences": ((SILENT, SILENT, *(PASSED,) * 3), PASSED, False),
    "a silent primary": ((PASSED,) * 5, SILENT, False),
    "too few asked": ((PASSED,) * 3, PASSED, False),
}


@pytest.mark.parametrize(("remotes", "primary", "completed"), COMPLETED.values(), ids=COMPLETED.keys())
def test_our_own_trouble_is_not_the_worlds_no(remotes, primary, completed):
    assert ask(*remotes, primary=primary).completed is completed


@pytest.mark.parametrize(
    ("passed", "completed", "vote"),
    [(True, True, PASSED), (False, True, REFUSED), (False, False, SILENT), (True, False, SILENT)],
)
def test_a_verdict_is_a_vote(passed, completed, vote):
    assert vote_of(passed, completed) is vote


def test_the_evidence_tells_who_saw_what_with_the_primary_first():
    outcome = ask(REFUSED, *(PASSED,) * 4)
    evidence = outcome.as_evidence()
    assert evidence["quorum"] == "5/6"
    first, *remotes = evidence["perspectives"]
    assert first == {"id": "eu-west-1", "region": "eu-west-1", "registry": "ripe", "result": "passed"}
    assert remotes[2] == {
        "id": "eu-central-1",
        "region": "eu-central-1",
        "registry": "ripe",
        "result": "refused",
    }
    assert len(evidence["perspectives"]) == 6
    assert ask(*(PASSED,) * 5).quorum == "6/6"
    assert ask(SILENT, *(PASSED,) * 4).as_evidence()["perspectives"][3]["result"] == "not_answered"


# ---- the sites


def test_the_sites_are_one_primary_and_five_remotes_in_four_registry_regions():
    assert [site.primary for site in SITES] == [True] + [False] * 5
    assert len({site.registry for site in REMOTES}) == 4
    assert len({site.region for site in SITES}) == len({site.id for site in SITES}) == 6


@pytest.mark.parametrize("moment", [NOW, WINTER_2026, datetime(2029, 3, 15, tzinfo=UTC)])
def test_the_sites_satisfy_the_rules_of_every_day_to_come(moment):
    check_perspectives(SITES, moment)


@pytest.mark.parametrize(("one", "other"), list(combinations(SITES, 2)), ids=lambda site: site.id)
def test_every_pair_of_sites_is_500_km_apart(one, other):
    assert distance_km(one, other) >= LEAST_DISTANCE_KM
    assert distance_km(one, other) == distance_km(other, one)


def at(latitude, longitude, name="x"):
    return PerspectiveSite(name, "x", Registry.RIPE, latitude, longitude)


@pytest.mark.parametrize(
    ("one", "other", "km"),
    [
        (at(0, 0), at(0, 0), 0),
        (at(0, 0), at(0, 1), 111.2),
        (at(0, 179.5), at(0, -179.5), 111.2),
        (at(90, 0), at(-90, 0), 20015.1),
        (at(50.0359, -5.4253), at(58.3838, -3.0412), 940.9),
    ],
    ids=[
        "the same place",
        "a degree",
        "across the date line",
        "pole to pole",
        "Land's End to John o' Groats",
    ],
)
def test_distance(one, other, km):
    assert distance_km(one, other) == pytest.approx(km, abs=1)


@pytest.mark.parametrize(
    ("latitude", "longitude"), [(90.1, 0), (0, -181), (float("nan"), 0), (0, float("inf"))]
)
def test_a_site_is_somewhere_on_earth(latitude, longitude):
    with pytest.raises(ValueError, match="nowhere"):
        at(latitude, longitude)


def without(*ids):
    return [site for site in SITES if site.id not in ids]


near = PerspectiveSite("london", "eu-west-2", Registry.RIPE, 51.51, -0.13)  # 460 km from Dublin
BROKEN = {
    "no primary": (without("eu-west-1"), "primary"),
    "two primaries": ([*SITES[1:], PRIMARY, replace(SPARE[0], primary=True)], "primary"),
    "one named twice": ([*SITES, replace(REMOTES[0], latitude=0.0)], "named twice"),
    "the same place under another name": ([*SITES, replace(REMOTES[0], id="elsewhere")], "too near"),
    "too near the primary": ([*SITES, near], "too near"),
    "too few": (without("ap-northeast-1"), "5 are needed"),
    "one region too crowded": (
        [*without("eu-central-1", "us-west-2"), *SPARE[1:], replace(SPARE[0], registry=Registry.APNIC)],
        "one registry region",
    ),
}


@pytest.mark.parametrize(("sites", "why"), BROKEN.values(), ids=BROKEN.keys())
def test_a_table_that_breaks_the_rules_is_refused(sites, why):
    with pytest.raises(ValueError, match=why):
        check_perspectives(sites, WINTER_2026)


@pytest.mark.parametrize("case", ["no primary", "two primaries", "one named twice", "too near the primary"])
def test_votes_of_sites_that_are_not_distinct_are_not_counted(case):
    sites, why = BROKEN[case]
    with pytest.raises(ValueError, match=why):
        quorum(NOW, dict.fromkeys(sites, PASSED))
