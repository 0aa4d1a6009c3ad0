"""Asking all perspectives the same: who stands where, what each saw of one question, and what it comes to."""

from datetime import UTC, datetime

import pytest

from partner_center.validation.corroborate import AllPerspectives
from partner_center.validation.dns import RecordType
from partner_center.validation.looks import RecordsLook, RecordsSeen
from partner_center.validation.perspectives import LOOKS_AT_MOST, PerspectiveView, Unseen, UnseenReason
from partner_center.validation.quorum import SITES, QuorumReason, Vote, in_order
from tests.fakes.determined import NOW
from tests.fakes.perspectives import PRIMARY, REMOTES, MemoryPerspectives, SeenWorld

HERE, *OTHERS = SITES
FAULT = Unseen(UnseenReason.FAULT)
TOO_LARGE = Unseen(UnseenReason.TOO_LARGE)
WINTER_2026 = datetime(2026, 12, 15, tzinfo=UTC)


def looks(count, first=0):
    return [RecordsLook(f"n{number}.example.com", RecordType.TXT) for number in range(first, first + count)]


def names_of(sightings):
    return [each.answer.name for each in sightings]


def passes(_):
    return Vote.PASSED


def test_each_is_known_by_its_region_and_asked_once():
    perspectives = MemoryPerspectives()
    seen = perspectives.everywhere().look(looks(3))
    assert list(seen.views) == in_order(SITES)
    assert perspectives.asked == [tuple(looks(3))]
    for site in SITES:
        assert names_of(seen.at(site, 0, 3)) == ["n0.example.com", "n1.example.com", "n2.example.com"]


def test_a_question_is_a_part_of_what_was_seen():
    seen = MemoryPerspectives().everywhere().look(looks(5))
    assert names_of(seen.at(HERE, 2, 2)) == ["n2.example.com", "n3.example.com"]
    assert seen.at(HERE, 4, 2) is None  # it does not reach so far
    assert seen.trouble(HERE, 2, 2) is None


@pytest.mark.parametrize(
    ("count", "questions"), [(1, [1]), (100, [100]), (101, [100, 1]), (250, [100, 100, 50]), (0, [])]
)
def test_many_looks_are_several_questions_and_one_answer(count, questions):
    perspectives = MemoryPerspectives()
    seen = perspectives.everywhere().look(looks(count))
    assert [len(question) for question in perspectives.asked] == questions
    assert max(questions, default=0) <= LOOKS_AT_MOST
    for site, view in seen.views.items():
        assert names_of(view.sightings) == [look.name for look in looks(count)], site


def test_without_a_look_nobody_is_asked():
    seen = MemoryPerspectives().everywhere().look([])
    assert seen.views == {}
    assert seen.corroborated(NOW, 0, 0, passes) is None


@pytest.mark.parametrize("part", [0, 1, 2])
def test_who_failed_in_one_part_has_answered_nothing(part):
    perspectives = MemoryPerspectives()

    def troubled_part():
        there = len(perspectives.asked) == part
        perspectives.trouble = {PRIMARY: f"broken in part {part}"} if there else {}

    perspectives.before = troubled_part
    seen = perspectives.everywhere().look(looks(250))
    assert seen.views[HERE] == PerspectiveView(PRIMARY, trouble=f"broken in part {part}")
    assert [seen.at(HERE, first, 1) for first in (0, 100, 249)] == [None] * 3
    assert seen.trouble(HERE, 0, 1) == f"broken in part {part}"
    assert len(seen.at(OTHERS[0], 0, 250)) == 250


def test_a_look_that_was_not_seen_concerns_its_own_question_only():
    class Patchy(SeenWorld):
        def see(self, look):
            return FAULT if look.name == "n1.example.com" else super().see(look)

    seen = MemoryPerspectives(others={PRIMARY: Patchy()}).everywhere().look(looks(4))
    assert seen.at(HERE, 0, 2) is None
    assert seen.trouble(HERE, 0, 2) == "fault"
    assert names_of(seen.at(HERE, 2, 2)) == ["n2.example.com", "n3.example.com"]


@pytest.mark.parametrize(
    ("unseen", "vote", "place"),
    [(FAULT, Vote.NOT_ANSWERED, None), (TOO_LARGE, Vote.REFUSED, 1)],
    ids=["our fault", "too large"],
)
def test_an_answer_that_is_too_large_is_the_worlds_no_and_only_that(unseen, vote, place):
    """A zone once made every look into it an outage of ours, by a record of 40 KB."""

    class Patchy(SeenWorld):
        def see(self, look):
            return unseen if look.name == "n1.example.com" else super().see(look)

    seen = MemoryPerspectives(others={PRIMARY: Patchy()}).everywhere().look(looks(4))
    assert seen.too_large(HERE, 0, 3) == place
    assert seen.too_large(HERE, 2, 2) is None
    assert dict(seen.corroborated(NOW, 0, 3, passes).votes)[HERE] is vote
    assert seen.corroborated(NOW, 2, 2, passes).passed


def test_a_perspective_whose_place_is_not_known_does_not_count():
    """Its distance from the others cannot be told."""
    perspectives = MemoryPerspectives(regions=(PRIMARY, *REMOTES, "mars-north-1"))
    seen = AllPerspectives(perspectives, SITES).look(looks(1))
    assert list(seen.views) == in_order(SITES)
    assert seen.corroborated(NOW, 0, 1, passes).quorum == "6/6"


def test_the_primary_is_the_site_that_says_so():
    assert MemoryPerspectives().everywhere().primary is HERE
    assert AllPerspectives(MemoryPerspectives(), OTHERS).primary is None
    assert AllPerspectives(MemoryPerspectives(), ()).primary is None


@pytest.mark.parametrize("regions", [(), tuple(REMOTES)], ids=["none", "remotes alone"])
def test_without_a_primary_nothing_is_corroborated(regions):
    seen = MemoryPerspectives(regions=regions).everywhere().look(looks(1))
    assert seen.corroborated(NOW, 0, 1, passes) is None


def test_every_site_is_judged_by_its_own_sightings_and_silence_is_none():
    perspectives = MemoryPerspectives(
        trouble={REMOTES[0]: "out_of_time"},
        unseen={REMOTES[1]: FAULT},
        others={REMOTES[2]: SeenWorld({("n0.example.com", RecordType.TXT): (b"x",)})},
    )
    judged = []

    def judge(sightings):
        judged.append(sightings)
        (sighting,) = sightings
        assert isinstance(sighting, RecordsSeen)
        return Vote.REFUSED if sighting.answer.records else Vote.PASSED

    corroboration = perspectives.everywhere().look(looks(1)).corroborated(NOW, 0, 1, judge)
    votes = {site.region: vote for site, vote in corroboration.votes}
    assert votes == {
        PRIMARY: Vote.PASSED,
        REMOTES[0]: Vote.NOT_ANSWERED,
        REMOTES[1]: Vote.NOT_ANSWERED,
        REMOTES[2]: Vote.REFUSED,
        REMOTES[3]: Vote.PASSED,
        REMOTES[4]: Vote.PASSED,
    }
    assert len(judged) == 4
    assert (corroboration.reason, corroboration.completed) == (QuorumReason.TOO_MANY_DISAGREE, False)


@pytest.mark.parametrize(
    ("regions", "moment", "reason"),
    [
        (REMOTES, NOW, QuorumReason.CORROBORATED),
        (REMOTES[1:], NOW, QuorumReason.CORROBORATED),
        (REMOTES[2:], NOW, QuorumReason.TOO_FEW_REMOTES),
        (REMOTES[1:], WINTER_2026, QuorumReason.TOO_FEW_REMOTES),
        (REMOTES, WINTER_2026, QuorumReason.CORROBORATED),
    ],
)
def test_the_rules_of_the_day_say_how_many_must_have_looked(regions, moment, reason):
    seen = MemoryPerspectives(regions=(PRIMARY, *regions)).everywhere().look(looks(1))
    assert seen.corroborated(moment, 0, 1, passes).reason is reason


def test_perspectives_are_told_of_in_one_order_in_whichever_they_are_asked():
    perspectives = MemoryPerspectives(regions=(REMOTES[2], PRIMARY, *REMOTES[3:], *REMOTES[:2]))
    seen = perspectives.everywhere().look(looks(1))
    votes = seen.corroborated(NOW, 0, 1, passes).votes
    assert list(seen.views) == [site for site, _ in votes] == in_order(SITES)
    assert [site.id for site in in_order(SITES)][:3] == ["eu-west-1", "ap-northeast-1", "ap-south-1"]


@pytest.mark.parametrize(
    ("count", "seconds", "allowed"), [(1, 18.0, [18.0]), (250, 18.0, [6.0] * 3), (150, None, [None] * 2)]
)
def test_the_parts_of_a_question_share_the_time_that_somebody_waits(count, seconds, allowed):
    perspectives = MemoryPerspectives()
    perspectives.everywhere().look(looks(count), seconds)
    assert perspectives.allowed == allowed
