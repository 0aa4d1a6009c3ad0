"""Checks that are due by themselves: found by their time, begun by order; a run that was missed loses none."""

from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.adapters.keys import DUE_SHARDS, due_shard
from partner_center.kernel.errors import TryAgain
from partner_center.validation.due_checks import SHARDS, BeginDueChecks
from tests.fakes.determined import MICROSECOND, NOW, FixedClock
from tests.fakes.samples import THEM, US, a_challenge
from tests.fakes.stores import MemoryStores


class Begun:
    """`Checking`: keeps what was handed over; `fails_at` may not be."""

    def __init__(self):
        self.orders, self.fails_at = [], ""

    def begin(self, reseller_id, order_id):
        if order_id == self.fails_at:
            raise TryAgain("The validation did not answer.")
        self.orders.append((reseller_id, order_id))

    def check(self, reseller_id, order_id, names):
        raise AssertionError("nobody waits for a check that is due by itself")


class Desk:
    def __init__(self):
        self.stores, self.clock, self.begun = MemoryStores(), FixedClock(), Begun()
        self.run = BeginDueChecks(self.stores.challenges, self.begun, self.clock)

    def due(self, order_id, at=NOW, number=1, reseller_id=US, **changes):
        challenge = a_challenge(token=f"{order_id}-{number}", method="dns_txt", order_id=order_id)
        challenge = replace(challenge, token_sha256="", due_at=at, reseller_id=reseller_id, **changes)
        assert self.stores.challenges.create(challenge)
        return challenge


@pytest.fixture
def desk():
    return Desk()


def test_the_shards_are_those_of_the_index():
    assert SHARDS == DUE_SHARDS
    assert {due_shard(f"ord_{number}") for number in range(200)} == {f"DUE#{n}" for n in range(SHARDS)}


def test_what_is_due_is_handed_over_and_what_is_not_waits(desk):
    desk.due("ord_1", NOW)
    desk.due("ord_2", NOW + MICROSECOND)
    desk.due("ord_3", None)
    assert (desk.run(), desk.begun.orders) == (1, [(US, "ord_1")])


def test_orders_of_all_shards_are_found(desk):
    for number in range(50):
        desk.due(f"ord_{number}")
    assert desk.run() == 50
    assert sorted(desk.begun.orders) == sorted((US, f"ord_{number}") for number in range(50))


def test_an_order_with_many_names_is_handed_over_once(desk):
    for number in range(40):
        desk.due("ord_1", number=number)
    desk.due("ord_1", number=99, reseller_id=THEM)
    assert desk.run() == 2
    assert sorted(desk.begun.orders) == [(US, "ord_1"), (THEM, "ord_1")]


def test_a_run_that_was_missed_loses_nothing(desk):
    desk.due("ord_1", NOW + timedelta(minutes=1))
    desk.clock.advance(days=3)
    assert desk.run() == 1


def test_nothing_due_is_nothing_done(desk):
    assert (desk.run(), desk.begun.orders) == (0, [])


def test_of_very_many_those_that_are_due_longest_come_and_the_rest_in_the_next_run(desk):
    alike = [f"ord_{number}" for number in range(2000) if due_shard(f"ord_{number}") == "DUE#3"][:120]
    for age, order_id in enumerate(alike):
        desk.due(order_id, NOW - timedelta(seconds=age))
    assert desk.run() == 100
    assert sorted(desk.begun.orders) == sorted((US, order_id) for order_id in alike[20:])


def test_a_handing_over_that_failed_is_made_again(desk):
    """Nothing is written here: what was not handed over is still due."""
    desk.due("ord_1"), desk.due("ord_2")
    desk.begun.fails_at = "ord_2"
    with pytest.raises(TryAgain):
        desk.run()
    desk.begun.fails_at = ""
    assert desk.run() == 2
    assert set(desk.begun.orders) == {(US, "ord_1"), (US, "ord_2")}
