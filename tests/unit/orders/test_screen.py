"""The machine's first step: what the rules say of the present content, once for each content."""

from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.kernel.clock import CLOCK_IS_OFF
from partner_center.kernel.errors import ChangedMeanwhile
from partner_center.orders.flags import Flag
from partner_center.orders.order import A_MINUTE, LONGEST_PENDING, PATIENCE, OrderStatus, Review
from partner_center.orders.review import Screening, Verdict
from partner_center.orders.screen import Outcome
from partner_center.validation.challenges import Decision
from tests.fakes.determined import MICROSECOND, NOW
from tests.fakes.posted import a_body, a_call, a_csr, a_principal
from tests.fakes.samples import ORDER, THEM, US, a_contract, a_second, a_staff
from tests.fakes.world import World

FLAGGED, INNOCENT = "paypal.example.com", "www.example.com"
ALL_OF_IT = int(PATIENCE.total_seconds())


@pytest.fixture
def world():
    world = World()
    world.stores.grant(a_contract(20))
    return world


def screen(world, order_id=ORDER, attempt=1, reseller_id=US):
    return world.screen_order(reseller_id, order_id, attempt, "execution-1")


def decide(world, order_id, verdict=Verdict.APPROVE):
    task = world.task(order_id)
    return world.decide_review(a_staff(), a_call(path="/decide"), task, verdict, "Looked it up.", None)


def flags(world, order_id=ORDER):
    """What is on file, newest first: revision and rule and subject of each flag."""
    return [
        (each.revision, [(flag.rule, flag.subject) for flag in each.flags])
        for each in world.stores.screenings.of_order(US, order_id)
    ]


# ---- each state of the review

STATES = {
    "due, innocent": (INNOCENT, Review.DUE, Outcome.CLEAR, Review.CLEAR),
    "due, flagged": (FLAGGED, Review.DUE, Outcome.FLAGGED, Review.WAITING),
    "clear": (INNOCENT, Review.CLEAR, Outcome.CLEAR, Review.CLEAR),
    "clear, whatever the rules say by now": (FLAGGED, Review.CLEAR, Outcome.CLEAR, Review.CLEAR),
    "waiting": (FLAGGED, Review.WAITING, Outcome.FLAGGED, Review.WAITING),
    "waiting, whatever the rules say by now": (INNOCENT, Review.WAITING, Outcome.FLAGGED, Review.WAITING),
    "released": (FLAGGED, Review.RELEASED, Outcome.CLEAR, Review.RELEASED),
}


@pytest.mark.parametrize(("name", "before", "outcome", "after"), STATES.values(), ids=STATES.keys())
def test_each_state_of_the_review_leads_where_it_should(world, name, before, outcome, after):
    world.put(name, review=before)
    assert screen(world) == (outcome, ALL_OF_IT)
    assert world.head().review is after


@pytest.mark.parametrize(("name", "before", "outcome", "_"), STATES.values(), ids=STATES.keys())
def test_done_before_it_changes_nothing(world, name, before, outcome, _):
    world.put(name, review=before)
    screen(world)
    world.clock.advance(days=1)
    rows = repr(world.tables)
    assert screen(world) == (outcome, ALL_OF_IT - 86_400)
    assert repr(world.tables) == rows


def test_every_state_has_its_line():
    assert {before for _, before, _, _ in STATES.values()} == set(Review)


# ---- what is written


@pytest.mark.parametrize("name", [INNOCENT, FLAGGED])
def test_the_head_says_since_when_and_nothing_else_moves(world, name):
    before = world.put(name, review=Review.DUE, review_since=None)
    world.clock.advance(hours=1)
    screen(world)
    after = world.head()
    assert (after.review_since, after.version) == (world.clock.moment, 2)
    same = {
        "review": Review.DUE,
        "review_since": None,
        "review_reason": None,
        "updated_at": NOW,
        "version": 1,
    }
    assert replace(after, **same) == before


def test_the_screening_is_kept_with_every_flag(world):
    world.put(FLAGGED, "x.gmx.de", INNOCENT, review=Review.DUE)
    screen(world)
    (screening,) = world.stores.screenings.of_order(US, ORDER)
    assert (screening.revision, screening.at, screening.decision) == (1, NOW, None)
    assert flags(world) == [(1, [("webmail_domain", "x.gmx.de"), ("lookalike_name", FLAGGED)])]
    assert world.head().review_reason == " ".join(flag.reason for flag in screening.flags)


def test_an_innocent_order_is_recorded_too(world):
    world.put(INNOCENT, review=Review.DUE)
    screen(world)
    assert flags(world) == [(1, [])]
    assert world.head().review_reason is None


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        (INNOCENT, {"revision": 1, "review": "clear", "flags": None}),
        (FLAGGED, {"revision": 1, "review": "waiting", "flags": f"lookalike_name:{FLAGGED}"}),
    ],
)
def test_the_audit_says_what_was_found_and_no_event_is_told(world, name, facts):
    world.put(name, review=Review.DUE)
    screen(world)
    record = list(world.tables.audit.values())[-1]
    assert (record.action, record.actor, dict(record.facts)) == ("order.screened", "system", facts)
    assert world.stores.events(US, ORDER) == ["order.placed"]


def test_a_hundred_flags_make_no_long_head(world):
    world.put(*(f"paypal{number}.example.com" for number in range(100)), review=Review.DUE)
    screen(world)
    reason = world.head().review_reason
    assert len(reason) <= 300
    assert reason.endswith("...")
    assert reason.startswith("paypal0.example.com")
    assert len(world.stores.screenings.of_order(US, ORDER)[0].flags) == 100
    assert len(list(world.tables.audit.values())[-1].facts["flags"]) <= 2000


# ---- what a reviewer released stays released


@pytest.fixture
def released(world):
    """An order for a flagged name that a reviewer released."""
    order_id = world.posted(a_body(FLAGGED)).head.order_id
    decide(world, order_id)
    return order_id


def amended(world, order_id, patch):
    world.amend(patch, order_id)
    return screen(world, order_id)[0]


AGAIN = {
    "a telephone number": ({"contacts": {"technical": {"phone": "+31 10 123 4567"}}}, Outcome.CLEAR),
    "another key": ({"csr": a_csr(FLAGGED, key=2)}, Outcome.CLEAR),
    "an innocent name more": ({"additional_domains": [INNOCENT]}, Outcome.CLEAR),
    "a flagged name more": ({"additional_domains": ["paypa1.example.com"]}, Outcome.FLAGGED),
    "another flagged name instead": ({"csr": a_csr("ebay.example.com")}, Outcome.FLAGGED),
    "an innocent name instead": ({"csr": a_csr(INNOCENT)}, Outcome.CLEAR),
    "the name below itself": ({"additional_domains": [f"www.{FLAGGED}"]}, Outcome.FLAGGED),
}


@pytest.mark.parametrize(("patch", "outcome"), AGAIN.values(), ids=AGAIN.keys())
def test_after_an_amendment_only_what_is_flagged_anew_is_reviewed(world, released, patch, outcome):
    assert amended(world, released, patch) is outcome


def test_with_nothing_flagged_any_more_it_is_clear_and_else_released(world, released):
    amended(world, released, {"additional_domains": [INNOCENT]})
    assert world.head(released).review is Review.RELEASED
    amended(world, released, {"csr": a_csr(INNOCENT), "additional_domains": []})
    assert world.head(released).review is Review.CLEAR
    amended(world, released, {"csr": a_csr(FLAGGED)})
    assert world.head(released).review is Review.RELEASED


def test_the_reason_is_about_what_nobody_released(world, released):
    amended(world, released, {"additional_domains": ["ebay.example.com"]})
    assert "ebay" in world.head(released).review_reason
    assert "paypal" not in world.head(released).review_reason
    assert [subject for _, subject in flags(world, released)[0][1]] == [FLAGGED, "ebay.example.com"]


def test_a_release_holds_through_screenings_that_nobody_decided(world, released):
    for number in range(2, 5):
        assert amended(world, released, {"additional_domains": [f"{number}.example.com"]}) is Outcome.CLEAR
    assert [revision for revision, _ in flags(world, released)] == [4, 3, 2, 1]


def test_what_was_flagged_and_never_released_is_flagged_again(world):
    order_id = world.posted(a_body(FLAGGED)).head.order_id
    assert amended(world, order_id, {"additional_domains": [INNOCENT]}) is Outcome.FLAGGED


def test_a_release_on_one_order_is_none_on_another(world, released):
    assert released
    assert world.posted(a_body(FLAGGED, customer_id="c-1")).head.review is Review.WAITING


def test_a_rejection_releases_nothing(world):
    """No order goes on after one; were one to, its flags would stand."""
    order_id = world.posted(a_body(FLAGGED)).head.order_id
    decide(world, order_id, Verdict.REJECT)
    head = world.head(order_id)
    pending = replace(head, status=OrderStatus.PENDING, closed=None, revision=2, review=Review.DUE)
    world.tables.heads[US, order_id] = pending
    world.stores.orders.write_content(pending, world.stores.orders.content(US, order_id, 1))
    assert screen(world, order_id)[0] is Outcome.FLAGGED


# ---- orders that are over, executions that are old


@pytest.mark.parametrize(
    "changes",
    [
        *({"status": status} for status in OrderStatus if status is not OrderStatus.PENDING),
        {"attempt": 2},
    ],
    ids=str,
)
@pytest.mark.parametrize("review", Review)
def test_an_order_that_is_over_or_anothers_is_left_alone(world, changes, review):
    world.put(FLAGGED, review=review, **changes)
    rows = repr(world.tables)
    assert screen(world) == (Outcome.OVER, 1)
    assert repr(world.tables) == rows


@pytest.mark.parametrize(("order_id", "reseller_id"), [("ord_none", US), (ORDER, THEM)])
def test_an_unknown_or_foreign_order_is_over(world, order_id, reseller_id):
    world.put(FLAGGED, review=Review.DUE)
    assert screen(world, order_id, reseller_id=reseller_id) == (Outcome.OVER, 1)


# ---- meanwhile


def cancel(world):
    world.cancel_order(a_principal(), a_call(), ORDER, None)


MEANWHILE = {
    "cancelled": cancel,
    "screened by another run": screen,
    "noted": lambda world: world.amend({"note": "x"}),
}


@pytest.mark.parametrize("name", [INNOCENT, FLAGGED])
@pytest.mark.parametrize("happening", MEANWHILE.values(), ids=MEANWHILE.keys())
def test_an_order_that_moves_in_between_is_to_be_screened_again(world, name, happening):
    world.put(name, review=Review.DUE)
    world.tables.before["record"].append(lambda: happening(world))
    with pytest.raises(ChangedMeanwhile):
        screen(world)
    assert len(flags(world)) == (happening is screen)
    outcome, _ = screen(world)
    assert outcome is {cancel: Outcome.OVER}.get(
        happening, Outcome.CLEAR if name == INNOCENT else Outcome.FLAGGED
    )


def test_one_revision_has_one_screening(world):
    world.put(FLAGGED, review=Review.DUE)
    screen(world)
    due = replace(world.head(), review=Review.DUE)
    world.tables.heads[US, ORDER] = due
    with pytest.raises(ChangedMeanwhile):
        screen(world)
    assert world.stores.screenings.of_order(US, ORDER) == [
        Screening(1, NOW, (Flag("lookalike_name", FLAGGED, world.head().review_reason),))
    ]


# ---- how long it may wait


@pytest.mark.parametrize(
    ("after", "seconds"),
    [
        (timedelta(), ALL_OF_IT),
        (MICROSECOND, ALL_OF_IT),
        (a_second, ALL_OF_IT - 1),
        (PATIENCE - MICROSECOND, 1),
        # up by this clock, and perhaps not by that of who closes it
        (PATIENCE, A_MINUTE),
        (LONGEST_PENDING, A_MINUTE),
    ],
    ids=str,
)
def test_it_may_wait_for_what_is_left_of_the_orders_time(world, after, seconds):
    world.put(FLAGGED, review=Review.DUE)
    world.clock.moment += after
    assert screen(world)[1] == seconds


def test_an_order_whose_time_is_up_by_one_clock_and_not_by_another_goes_round_once_a_minute(world):
    """The screening's clock is ten minutes ahead, and that of who closes the order ten minutes behind."""
    world.put(INNOCENT)
    moment, rounds = NOW + PATIENCE - CLOCK_IS_OFF, 0
    while world.head().status is OrderStatus.PENDING:
        world.clock.moment = moment + CLOCK_IS_OFF
        _, seconds = screen(world)
        moment += timedelta(seconds=seconds)  # the wait runs out
        world.clock.moment = moment - CLOCK_IS_OFF
        world.close_overdue(US, ORDER, "execution-1")
        rounds += 1
    assert rounds <= 21


def test_a_mail_gives_it_more_time(world):
    world.put(INNOCENT)
    world.clock.advance(days=10)
    world.open_validation(world.order(ORDER))
    assert screen(world) == (Outcome.CLEAR, ALL_OF_IT)
    world.approve(0, Decision.DECLINE)
    world.clock.advance(days=1)
    assert screen(world) == (Outcome.CLEAR, ALL_OF_IT - 86_400)


def test_nothing_gives_it_more_than_ninety_days(world):
    world.put(FLAGGED, review=Review.DUE)
    world.clock.advance(days=89)
    world.amend({"contacts": {"technical": {"phone": "+31 10 123 4567"}}})
    assert screen(world) == (Outcome.FLAGGED, 86_400)
