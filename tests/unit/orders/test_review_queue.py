"""The reviewers' queue: who waits longest comes first, with every flag, and nobody who does not wait."""

import json
from dataclasses import replace

import pytest

from partner_center.kernel.errors import Malformed
from partner_center.orders.content import Organization, content_to_json
from partner_center.orders.order import Review
from partner_center.orders.page import Page
from partner_center.orders.review import ReviewTask, Screening, Verdict
from partner_center.orders.screening import facts_of, flags_of
from tests.fakes.posted import a_body, a_call, a_csr, a_principal
from tests.fakes.samples import PRODUCT, THEM, US, a_contract, a_staff
from tests.fakes.world import World

FLAGGED = "paypal.example.com"


@pytest.fixture
def world():
    world = World()
    world.stores.grant(a_contract(50))
    world.stores.grant(a_contract(50, reseller_id=THEM))
    return world


def flagged(world, name=FLAGGED, by=US, **more):
    order_id = world.posted(a_body(name, **more), by=a_principal(by)).head.order_id
    world.clock.advance(minutes=1)
    return order_id


def queue(world, limit=50, cursor=None):
    return world.review_queue(Page(limit, cursor))


def waiting(world):
    return [item["order_id"] for item in queue(world)["items"]]


def decide(world, order_id, verdict, reseller_id=US):
    task = world.task(order_id, reseller_id)
    world.decide_review(a_staff(), a_call(path="/decide"), task, verdict, "Looked.", None)


# ---- one task


def test_a_task_shows_what_is_to_be_decided(world):
    world.clock.advance(days=1)  # a Tuesday
    order_id = flagged(world, note="for nobody's eyes", partner_order_id="PO-1")
    (item,) = queue(world)["items"]
    assert item == {
        "task_id": f"quality-review.{US}.{order_id}.1",
        "queue": "quality-review",
        "waiting_since": "2026-11-24T10:00:00Z",
        "due_at": "2026-11-25T10:00:00Z",
        "flags": [
            {
                "rule": "lookalike_name",
                "subject": FLAGGED,
                "reason": f"{FLAGGED} bears the well-known name paypal.",
            }
        ],
        "order_id": order_id,
        "reseller_id": US,
        "kind": "new",
        "product": PRODUCT,
        "names": [FLAGGED],
        "contacts": {"technical": a_body()["contacts"]["technical"]},
        "organization": None,
        "placed_at": "2026-11-24T10:00:00Z",
    }
    assert ReviewTask.read(item["task_id"]) == world.task(order_id)


def test_what_is_due_on_a_weekend_is_due_on_monday(world):
    world.clock.advance(days=4)  # a Friday
    flagged(world)
    (item,) = queue(world)["items"]
    assert (item["waiting_since"], item["due_at"]) == ("2026-11-27T10:00:00Z", "2026-11-30T10:00:00Z")


def test_every_flag_of_the_present_content_is_shown(world):
    order_id = flagged(world)
    world.amend({"csr": a_csr(FLAGGED, "ebay.example.com")}, order_id)
    assert waiting(world) == []
    world.ask(order_id)
    (item,) = queue(world)["items"]
    assert [flag["subject"] for flag in item["flags"]] == [FLAGGED, "ebay.example.com"]
    assert (item["names"], item["task_id"][-2:]) == ([FLAGGED, "ebay.example.com"], ".2")


def test_after_a_note_the_flags_of_the_last_screening_are_shown(world):
    order_id = flagged(world)
    world.amend({"note": "x"}, order_id)
    (item,) = queue(world)["items"]
    assert (len(item["flags"]), item["task_id"][-2:]) == (1, ".1")
    assert item["waiting_since"] == "2026-11-23T10:00:00Z"


# ---- who is in it


def test_nobody_waits_where_nothing_is_flagged(world):
    world.posted(a_body("www.example.com"))
    assert queue(world) == {"items": [], "next_cursor": None}


def test_whoever_waits_longest_comes_first_of_whichever_reseller(world):
    ids = [flagged(world), flagged(world, by=THEM), flagged(world)]
    assert waiting(world) == ids
    assert [item["reseller_id"] for item in queue(world)["items"]] == [US, THEM, US]


LEAVING = {
    "released": lambda world, order_id: decide(world, order_id, Verdict.APPROVE),
    "rejected": lambda world, order_id: decide(world, order_id, Verdict.REJECT),
    "cancelled": lambda world, order_id: world.cancel_order(a_principal(), a_call(), order_id, None),
    "amended": lambda world, order_id: world.amend({"csr": a_csr("www.example.com")}, order_id),
    "overdue": lambda world, order_id: (
        world.clock.advance(days=30),
        world.close_overdue(US, order_id, "execution-1"),
    ),
}


@pytest.mark.parametrize("leave", LEAVING.values(), ids=LEAVING.keys())
def test_whoever_waits_no_more_is_out_of_it_at_once(world, leave):
    order_id, other = flagged(world), flagged(world, by=THEM)
    leave(world, order_id)
    assert waiting(world) == [other]


@pytest.mark.parametrize("leave", LEAVING.values(), ids=LEAVING.keys())
def test_an_index_that_is_late_shows_nobody_who_waits_no_more(world, leave):
    """The order of a moment ago is still listed, whatever became of it since."""
    order_id = flagged(world)
    leave(world, order_id)
    late = replace(world.review_queue, screenings=LateIndex(world.stores.screenings, [(US, order_id)]))
    assert late(Page(50, None))["items"] == []


class LateIndex:
    """Screenings whose index still has orders that left it."""

    def __init__(self, screenings, listed):
        self.of_order = screenings.of_order
        self.listed = listed

    def waiting(self, _):
        return self.listed, None


def test_an_order_that_is_gone_is_passed_over(world):
    late = replace(world.review_queue, screenings=LateIndex(world.stores.screenings, [(US, "ord_none")]))
    assert late(Page(50, None))["items"] == []


def test_an_order_that_waits_again_is_at_the_end_of_the_queue(world):
    first, second = flagged(world), flagged(world)
    world.amend({"additional_domains": ["a.example.com"]}, first)
    world.ask(first)
    assert world.head(first).review is Review.WAITING
    assert waiting(world) == [second, first]


# ---- pages


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 200])
def test_the_queue_is_walked_page_by_page(world, limit):
    ids = [flagged(world) for _ in range(5)]
    found, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        page = queue(world, limit, cursor)
        assert len(page["items"]) <= limit
        found += [item["order_id"] for item in page["items"]]
        cursor, pages = page["next_cursor"], pages + 1
        assert pages < 10
    assert found == ids


def test_a_cursor_of_another_list_is_malformed(world):
    flagged(world)
    with pytest.raises(Malformed):
        queue(world, 1, "nonsense")


# ---- how large a page may be

LAMBDA_ANSWERS = 6 * 1024 * 1024
"""Octets at most."""


def large_orders(world, count):
    """As many names as there may be, as long as they may be, each flagged by every rule; a long organization."""
    tail = ".".join(["paypal" + "x" * 57] * 3)
    names = tuple(f"n{number:03}{'y' * 47}.{tail}.gmail.com" for number in range(100))
    assert {len(name) for name in names} == {253}
    world.put(*names, order_id="ord_000")
    order = world.order("ord_000")
    long_one = Organization(**dict.fromkeys(Organization.__dataclass_fields__, "\U0001f600" * 64))
    content = content_to_json(replace(order.content, organization=long_one))
    flags = flags_of(facts_of(order))
    assert len(flags) == 200
    for number in range(count):
        key, since = (US, f"ord_{number:03}"), world.clock.now()
        waiting_one = {"order_id": key[1], "review": Review.WAITING, "review_since": since}
        world.tables.heads[key] = replace(order.head, **waiting_one)
        world.tables.contents[(*key, 1)] = content
        world.tables.screenings[(*key, 1)] = Screening(1, since, flags)
        world.clock.advance(seconds=1)
    return [f"ord_{number:03}" for number in range(count)]


def test_a_page_of_the_largest_orders_fits_into_what_a_function_may_answer(world):
    world.stores.grant(a_contract(1000))
    ids, found, cursor = large_orders(world, 24), [], None
    while True:
        page = queue(world, 200, cursor)
        assert len(json.dumps(json.dumps(page))) < LAMBDA_ANSWERS
        found, cursor = found + [item["order_id"] for item in page["items"]], page["next_cursor"]
        if cursor is None:
            break
        assert len(page["items"]) >= 10
    assert found == ids
