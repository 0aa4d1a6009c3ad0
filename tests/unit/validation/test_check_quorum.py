"""Who must have seen it: a check is a proof only when the primary and enough of the remote perspectives agree."""

from datetime import UTC, datetime

import pytest

from partner_center.validation.challenges import ChallengeStatus
from partner_center.validation.dns import Dnssec, FailureKind, RecordType
from partner_center.validation.perspectives import Unseen, UnseenReason
from tests.fakes.perspectives import PRIMARY, REMOTES, SeenWorld
from tests.unit.validation.publisher import PUBLISHED, Publisher

LABEL = "_partner-center.example.com"
TIMES_OUT = SeenWorld({(LABEL, RecordType.TXT): FailureKind.TIMEOUT})
WHY = "{} could not look: {}. The check is made again."
WINTER_2026 = datetime(2026, 12, 15, tzinfo=UTC)
FRANKFURT, MUMBAI, OREGON, SAO_PAULO, TOKYO = REMOTES


def hijacked(desk, *regions):
    """The network leads `regions` to an attacker who publishes the value; the owner publishes nothing."""
    published = desk.publish(where=SeenWorld())
    desk.elsewhere(*regions, world=published)


def published_but_for(desk, *regions, world=None):
    desk.publish()
    desk.elsewhere(*regions, world=world)


def in_trouble(desk, *regions):
    desk.publish()
    desk.perspectives.trouble = dict.fromkeys(regions, "out_of_time")


def unseen(desk, *regions):
    desk.publish()
    desk.perspectives.unseen = dict.fromkeys(regions, Unseen(UnseenReason.FAULT))


def too_large(desk, *regions):
    desk.publish()
    desk.perspectives.unseen = dict.fromkeys(regions, Unseen(UnseenReason.TOO_LARGE))


VALID, FAILED, PENDING = ChallengeStatus.VALID, ChallengeStatus.FAILED, ChallengeStatus.PENDING
OUTCOMES = {
    # ---- the owner published nothing; an attacker diverts a part of the network
    "one remote is hijacked": (hijacked, [TOKYO], FAILED, "1/6", "primary_refused"),
    "the primary alone is hijacked": (hijacked, [PRIMARY], FAILED, "1/6", "too_many_disagree"),
    "the primary and one remote are hijacked": (
        hijacked,
        [PRIMARY, TOKYO],
        FAILED,
        "2/6",
        "too_many_disagree",
    ),
    "all but two are hijacked": (hijacked, [PRIMARY, *REMOTES[:3]], FAILED, "4/6", "too_many_disagree"),
    "every remote is hijacked": (hijacked, REMOTES, FAILED, "5/6", "primary_refused"),
    # ---- the owner published it; not everybody sees it
    "everybody sees it": (published_but_for, [], VALID, "6/6", "corroborated"),
    "one remote does not": (published_but_for, [TOKYO], VALID, "5/6", "corroborated"),
    "two remotes do not": (published_but_for, [TOKYO, MUMBAI], FAILED, "4/6", "too_many_disagree"),
    "the primary does not": (published_but_for, [PRIMARY], FAILED, "5/6", "primary_refused"),
    # ---- some cannot look at all
    "one remote is in trouble": (in_trouble, [TOKYO], VALID, "5/6", "corroborated"),
    "two remotes are in trouble": (in_trouble, [TOKYO, MUMBAI], PENDING, "4/6", "too_many_disagree"),
    "the primary is in trouble": (in_trouble, [PRIMARY], PENDING, "5/6", "primary_not_answered"),
    "all are in trouble": (in_trouble, [PRIMARY, *REMOTES], PENDING, "0/6", "primary_not_answered"),
    "one remote saw nothing of it": (unseen, [SAO_PAULO], VALID, "5/6", "corroborated"),
    "two remotes saw nothing of it": (unseen, [SAO_PAULO, OREGON], PENDING, "4/6", "too_many_disagree"),
    "the primary saw nothing of it": (unseen, [PRIMARY], PENDING, "5/6", "primary_not_answered"),
    # ---- the zone answers with more than can be told
    "one remote got too much": (too_large, [TOKYO], VALID, "5/6", "corroborated"),
    "two remotes got too much": (too_large, [TOKYO, MUMBAI], FAILED, "4/6", "too_many_disagree"),
    "the primary got too much": (too_large, [PRIMARY], FAILED, "5/6", "primary_refused"),
}


@pytest.mark.parametrize("method", PUBLISHED)
@pytest.mark.parametrize(
    ("setting", "regions", "result", "quorum", "reason"), OUTCOMES.values(), ids=OUTCOMES
)
def test_enough_perspectives_see_it_or_it_proves_nothing(method, setting, regions, result, quorum, reason):
    desk = Publisher(method=method)
    setting(desk, *regions)
    desk.check()
    (record,) = desk.records
    assert (record.attempt.result, record.quorum, record.reason) == (result, quorum, reason)
    assert len(desk.proofs) == (result is VALID)
    assert desk.challenge.status is (VALID if result is VALID else PENDING)


def test_silence_of_one_and_a_no_of_another_are_two_that_disagree():
    desk = Publisher()
    published_but_for(desk, TOKYO)
    desk.perspectives.trouble = {MUMBAI: "unreachable"}
    desk.check()
    assert (desk.proofs, desk.attempt.result) == ([], PENDING)
    votes = dict(desk.attempt.votes)
    assert (votes["ap-northeast-1"], votes["ap-south-1"], votes["eu-west-1"]) == (
        "refused",
        "not_answered",
        "passed",
    )


@pytest.mark.parametrize("world", [SeenWorld(dnssec=Dnssec.BOGUS), TIMES_OUT], ids=["bogus", "time-out"])
def test_where_two_remotes_learnt_nothing_nothing_is_said_against_the_domain(world):
    desk = Publisher()
    published_but_for(desk, TOKYO, OREGON, world=world)
    desk.check()
    assert (desk.proofs, desk.attempt.result) == ([], PENDING)
    assert dict(desk.attempt.votes)["ap-northeast-1"] == "not_answered"


SILENCE = ("learnt anything", "It is looked for again by itself; see that your servers answer everybody.")
"""Servers that nobody asked are not blamed for what perspectives of ours did not see."""


@pytest.mark.parametrize(
    ("setting", "what", "advice"),
    [
        (published_but_for, "agree", "Wait until the change has reached all your servers."),
        (in_trouble, *SILENCE),
        (unseen, *SILENCE),
    ],
)
def test_the_reseller_reads_who_does_not_see_it_and_what_to_do(setting, what, advice):
    desk = Publisher()
    setting(desk, TOKYO, OREGON)
    desk.check()
    assert desk.attempt.detail == (
        f"Seen from eu-west-1 all is in place, but too few others {what} (4/6); not from ap-northeast-1, us-west-2. "
        f"{advice}"
    )


def test_why_a_perspective_did_not_look_is_on_record():
    desk = Publisher()
    in_trouble(desk, TOKYO)
    desk.perspectives.unseen = {OREGON: Unseen(UnseenReason.TOO_LARGE)}
    desk.check()
    details = {each.site: each.detail for each in desk.records[0].observations}
    assert details["ap-northeast-1"] == WHY.format("ap-northeast-1", "out_of_time")
    place = "TXT _partner-center.example.com"
    assert (
        details["us-west-2"]
        == f"The answer for {place} is too large. Publish less there; the check is made again."
    )
    assert details["ap-south-1"] == "Control of example.com is shown at _partner-center.example.com."


def test_the_reseller_is_told_when_the_primary_could_not_look():
    desk = Publisher()
    in_trouble(desk, PRIMARY)
    desk.check()
    assert desk.attempt.detail == WHY.format("eu-west-1", "out_of_time")


def test_with_fewer_remotes_than_the_rules_ask_for_nothing_is_proven_and_the_operator_is_named():
    """Four remote perspectives suffice until 2026-12-15, and five from then on."""
    desk = Publisher()
    desk.publish()
    desk.perspectives.regions = (PRIMARY, *REMOTES[1:])
    desk.clock.moment = WINTER_2026
    desk.check()
    assert (desk.proofs, desk.attempt.result) == ([], PENDING)
    assert desk.attempt.detail == (
        "Seen from eu-west-1 all is in place, but only 4 of the 5 remote perspectives that are needed are set up; "
        "the operator must deploy more."
    )


@pytest.mark.parametrize("regions", [(), tuple(REMOTES)], ids=["none", "no primary"])
def test_without_a_primary_nothing_is_proven(regions):
    desk = Publisher()
    desk.publish()
    desk.perspectives.regions = regions
    desk.check()
    assert (desk.proofs, desk.attempt.result) == ([], PENDING)
    assert "No network perspective is set up" in desk.attempt.detail


def test_a_retry_starts_from_zero():
    """What three saw first and three others later is seen by too few each time."""
    desk = Publisher()
    desk.publish()
    for blind in (REMOTES[:3], REMOTES[2:]):
        desk.perspectives.others = dict.fromkeys(blind, SeenWorld())
        desk.check()
    assert (desk.proofs, [record.quorum for record in desk.records]) == ([], ["3/6", "3/6"])
