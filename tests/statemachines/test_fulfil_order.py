"""fulfil_order, executed for real: every way through it."""

import time

import pytest

from local.clock import CLOCK
from tests.statemachines.scripted import (
    DAY,
    THIRTY_DAYS,
    Execution,
    Fails,
    ScriptedCloud,
    decline,
    flag,
    pass_time,
    pay,
)

pytestmark = pytest.mark.cloud


def test_the_straight_story_takes_nine_states(cloud: ScriptedCloud) -> None:
    execution = Execution(cloud)
    execution.answer(execution.waits_in("AwaitDomains"))
    assert execution.end()["status"] == "SUCCEEDED"
    assert execution.story() == [
        "ScreenOrder",
        "IsItFlagged",
        "AwaitDomains",
        "AreDomainsProven",
        "RunPreflight",
        "MayItBeIssued",
        "SignCertificate",
        "CompleteOrder",
        "Issued",
    ]
    assert cloud.calls[3][1]["facts"] == {"preflight_id": "pre_1"}


def test_tasks_are_given_ids_only(cloud: ScriptedCloud) -> None:
    execution = Execution(cloud)
    execution.answer(execution.waits_in("AwaitDomains"))
    execution.end()
    for name, event in cloud.calls:
        expected = {"reseller_id", "order_id", "generation", "attempt", "execution"}
        if name.startswith("Await"):
            expected |= {"token"}
        if name in {"RunPreflight", "SignCertificate"}:
            expected |= {"facts"}
        assert set(event) == expected, name


def test_an_approval_that_never_comes_ends_the_order_after_30_days(cloud: ScriptedCloud) -> None:
    execution = Execution(cloud)
    execution.waits_in("AwaitDomains")
    CLOCK.advance(THIRTY_DAYS - 30)
    time.sleep(0.05)
    assert execution.described()["status"] == "RUNNING"
    pass_time(31, lambda: cloud.count("CloseOverdue") == 1)
    assert execution.end()["status"] == "SUCCEEDED"
    assert execution.story()[2:] == ["AwaitDomains", "CloseOverdue", "IsItOver", "Over"]


def test_an_order_with_time_left_waits_again_for_just_that_long(cloud: ScriptedCloud) -> None:
    """What is left is told by the screening, through which every way back to the wait leads."""
    cloud.scripts["CloseOverdue"] = [{"over": False, "seconds": 5 * DAY}, {"over": True, "seconds": 1}]
    cloud.scripts["ScreenOrder"].append({"outcome": "clear", "seconds": 5 * DAY})
    execution = Execution(cloud)
    execution.waits_in("AwaitDomains")
    pass_time(THIRTY_DAYS + 1, lambda: cloud.count("CloseOverdue") == 1)
    execution.waits_in("AwaitDomains", 2)
    CLOCK.advance(5 * DAY - 60)
    time.sleep(0.05)
    assert execution.described()["status"] == "RUNNING"
    pass_time(61, lambda: cloud.count("CloseOverdue") == 2)
    assert execution.end()["status"] == "SUCCEEDED"
    assert execution.story()[-3:] == ["CloseOverdue", "IsItOver", "Over"]


def test_a_dead_token_does_not_disturb_the_wait_that_replaced_it(cloud: ScriptedCloud) -> None:
    cloud.scripts["CloseOverdue"] = [{"over": False, "seconds": DAY}]
    execution = Execution(cloud)
    dead = execution.waits_in("AwaitDomains")
    pass_time(THIRTY_DAYS + 1, lambda: cloud.count("CloseOverdue") == 1)
    alive = execution.waits_in("AwaitDomains", 2)
    client = cloud.client("stepfunctions")
    with pytest.raises((client.exceptions.TaskTimedOut, client.exceptions.TaskDoesNotExist)):
        execution.answer(dead)
    execution.answer(alive)
    assert execution.end()["status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("outcome", "then"),
    [
        ("prove_again", "AwaitDomains"),
        ("screen_again", "ScreenOrder"),
        ("pay_again", "AuthorisePayment"),
        ("held_back", "AwaitRelease"),
        ("over", "Over"),
        ("a word of a later version", "Over"),
    ],
)
def test_the_preflights_word_decides_where_the_order_goes(
    cloud: ScriptedCloud, outcome: str, then: str
) -> None:
    cloud.scripts["RunPreflight"].insert(0, {"outcome": outcome, "preflight_id": "pre_0", "seconds": 1000})
    execution = Execution(cloud)
    execution.answer(execution.waits_in("AwaitDomains"))
    if then not in {"Over", "AuthorisePayment"}:
        wait = "AwaitRelease" if then == "AwaitRelease" else "AwaitDomains"
        execution.answer(execution.waits_in(wait, 2 if wait == "AwaitDomains" else 1))
    assert execution.end()["status"] == "SUCCEEDED"
    assert execution.story()[6] == then
    assert execution.story()[-1] == ("Over" if then == "Over" else "Issued")


@pytest.mark.parametrize(
    ("woken", "then"),
    [
        ("amended", "ScreenOrder"),
        ("over", "Over"),
        ("proven", "RunPreflight"),
        ("to_be_paid", "AuthorisePayment"),
        ("a later word", "RunPreflight"),
    ],
)
def test_what_the_wait_for_domains_is_told_decides_where_the_order_goes(
    cloud: ScriptedCloud, woken: str, then: str
) -> None:
    execution = Execution(cloud)
    execution.answer(execution.waits_in("AwaitDomains"), woken)
    if then == "ScreenOrder":
        execution.answer(execution.waits_in("AwaitDomains", 2))
    assert execution.end()["status"] == "SUCCEEDED"
    assert execution.story()[4] == then


@pytest.mark.parametrize(
    ("woken", "then"), [("amended", "ScreenOrder"), ("over", "Over"), ("released", "RunPreflight")]
)
def test_what_a_held_back_order_is_told_decides_where_it_goes(
    cloud: ScriptedCloud, woken: str, then: str
) -> None:
    held = {"outcome": "held_back", "preflight_id": "pre_0", "seconds": 30 * DAY}
    cloud.scripts["RunPreflight"].insert(0, held)
    execution = Execution(cloud)
    execution.answer(execution.waits_in("AwaitDomains"))
    execution.answer(execution.waits_in("AwaitRelease"), woken)
    if then == "ScreenOrder":
        execution.answer(execution.waits_in("AwaitDomains", 2))
    assert execution.end()["status"] == "SUCCEEDED"
    assert execution.story()[8] == then


def test_an_order_by_card_takes_two_states_more(cloud: ScriptedCloud) -> None:
    execution = pay(cloud)
    assert execution.end()["status"] == "SUCCEEDED"
    assert execution.story()[3:7] == [
        "AreDomainsProven",
        "AuthorisePayment",
        "IsPaymentAuthorised",
        "RunPreflight",
    ]
    assert len(execution.story()) == 11


@pytest.mark.parametrize(
    ("outcome", "then"),
    [
        ("authorised", "RunPreflight"),
        ("declined", "AwaitPayment"),
        ("screen_again", "ScreenOrder"),
        ("over", "Over"),
        ("a word of a later version", "Over"),
    ],
)
def test_what_the_card_says_decides_where_the_order_goes(
    cloud: ScriptedCloud, outcome: str, then: str
) -> None:
    cloud.scripts["AuthorisePayment"].insert(0, {"outcome": outcome, "seconds": 1000})
    execution = pay(cloud)
    if then == "AwaitPayment":
        execution.answer(execution.waits_in("AwaitPayment"), "payment_updated")
    if then == "ScreenOrder":
        execution.answer(execution.waits_in("AwaitDomains", 2), "to_be_paid")
    assert execution.end()["status"] == "SUCCEEDED"
    assert execution.story()[6] == then
    assert execution.story()[-1] == ("Over" if then == "Over" else "Issued")


@pytest.mark.parametrize(
    ("woken", "then"),
    [
        ("payment_updated", "AuthorisePayment"),
        ("amended", "ScreenOrder"),
        ("over", "Over"),
        ("a later word", "AuthorisePayment"),
    ],
)
def test_what_an_order_without_payment_is_told_decides_where_it_goes(
    cloud: ScriptedCloud, woken: str, then: str
) -> None:
    decline(cloud)
    execution = pay(cloud)
    execution.answer(execution.waits_in("AwaitPayment"), woken)
    if then == "ScreenOrder":
        execution.answer(execution.waits_in("AwaitDomains", 2), "to_be_paid")
    assert execution.end()["status"] == "SUCCEEDED"
    assert execution.story()[6:9] == ["AwaitPayment", "WhatOfThePayment", then]


def test_a_card_may_be_declined_more_than_once(cloud: ScriptedCloud) -> None:
    decline(cloud, times=3)
    execution = pay(cloud)
    for nth in (1, 2, 3):
        execution.answer(execution.waits_in("AwaitPayment", nth), "payment_updated")
    assert execution.end()["status"] == "SUCCEEDED"
    assert (cloud.count("AuthorisePayment"), cloud.count("SignCertificate")) == (4, 1)


def test_an_order_whose_payment_nobody_updates_is_closed_when_its_time_is_up(cloud: ScriptedCloud) -> None:
    decline(cloud, DAY)
    execution = pay(cloud)
    execution.waits_in("AwaitPayment")
    pass_time(DAY + 1, lambda: cloud.count("CloseOverdue") == 1)
    assert execution.end()["status"] == "SUCCEEDED"
    assert execution.story()[-4:] == ["AwaitPayment", "CloseOverdue", "IsItOver", "Over"]


@pytest.mark.parametrize(
    ("woken", "then"), [("released", "ScreenOrder"), ("amended", "ScreenOrder"), ("over", "Over")]
)
def test_a_flagged_order_asks_nobody_before_a_reviewer_has_decided(
    cloud: ScriptedCloud, woken: str, then: str
) -> None:
    flag(cloud)
    execution = Execution(cloud)
    token = execution.waits_in("AwaitReview")
    assert cloud.count("AwaitDomains") == 0
    execution.answer(token, woken)
    if then == "ScreenOrder":
        execution.answer(execution.waits_in("AwaitDomains"))
    assert execution.end()["status"] == "SUCCEEDED"
    assert execution.story()[:5] == ["ScreenOrder", "IsItFlagged", "AwaitReview", "WhatWasReviewed", then]


def test_a_flagged_order_that_nobody_reviews_is_closed_when_its_time_is_up(cloud: ScriptedCloud) -> None:
    flag(cloud, DAY)
    execution = Execution(cloud)
    execution.waits_in("AwaitReview")
    pass_time(DAY + 1, lambda: cloud.count("CloseOverdue") == 1)
    assert execution.end()["status"] == "SUCCEEDED"
    assert execution.story()[-4:] == ["AwaitReview", "CloseOverdue", "IsItOver", "Over"]


def test_an_order_that_is_over_is_not_screened_further(cloud: ScriptedCloud) -> None:
    cloud.scripts["ScreenOrder"] = [{"outcome": "over", "seconds": 1}]
    execution = Execution(cloud)
    assert execution.end()["status"] == "SUCCEEDED"
    assert execution.story() == ["ScreenOrder", "IsItFlagged", "Over"]


def test_a_held_back_order_whose_time_runs_out_is_closed(cloud: ScriptedCloud) -> None:
    cloud.scripts["RunPreflight"] = [{"outcome": "held_back", "preflight_id": "pre_0", "seconds": DAY}]
    execution = Execution(cloud)
    execution.answer(execution.waits_in("AwaitDomains"))
    execution.waits_in("AwaitRelease")
    pass_time(DAY + 1, lambda: cloud.count("CloseOverdue") == 1)
    assert execution.end()["status"] == "SUCCEEDED"
    assert execution.story()[-4:] == ["AwaitRelease", "CloseOverdue", "IsItOver", "Over"]


@pytest.mark.parametrize("error", ["CaaTooOld", "KeyBlocked", "LintRefused"])
def test_what_became_known_before_signing_is_judged_by_another_preflight(
    cloud: ScriptedCloud, error: str
) -> None:
    cloud.scripts["SignCertificate"].insert(0, Fails(error))
    execution = Execution(cloud)
    execution.answer(execution.waits_in("AwaitDomains"))
    assert execution.end()["status"] == "SUCCEEDED"
    told = [event["facts"]["refused"] for name, event in cloud.calls if name == "RunPreflight"]
    assert [bool(each) for each in told] == [False, error == "LintRefused"]
