"""Hundreds of orders meet on one contract: as many are placed as there are units, and the ledger adds up.

The races are those of bench/contracts.py, one of each; transactions conflict as often as not.
"""

from datetime import timedelta

import pytest

from bench.contracts import IMPATIENT, Ticking, a_race
from partner_center.adapters import keys
from partner_center.adapters.dynamodb import Database
from tests.fakes.determined import MICROSECOND, NOW
from tests.fakes.samples import US, a_second

STANDING = timedelta()


@pytest.fixture
def race(dynamodb, tables):
    """Makes a race; it must add up in the end."""
    races = []

    def race(units, valid_to=None):
        races.append(a_race(Database(dynamodb, IMPATIENT), tables, units, NOW, valid_to))
        return races[-1]

    yield race
    for each in races:
        each.adds_up()


def some(count):
    return [f"key-{number}" for number in range(count)]


def placed(outcomes):
    return [each.order_id for each in outcomes if each.order_id is not None]


def test_fifty_units_are_fifty_orders_of_four_hundred(race):
    fifty = race(50)
    outcomes = fifty.run(some(400), Ticking(NOW, STANDING))
    assert len(set(placed(outcomes))) == len(placed(outcomes)) == 50
    assert {each.codes for each in outcomes if each.order_id is None} == {("insufficient_units",)}
    contract = fifty.adds_up()
    assert (contract.units_left, contract.units_held) == (0, 50)


@pytest.mark.usefixtures("contention")
def test_whoever_meets_others_too_often_is_told_to_try_again_and_gets_a_unit_then(race):
    """An order is told so at least once in four: that none of 100 is has a chance of less than 1 in 10^12."""
    outcomes = race(100).run(some(100), Ticking(NOW, STANDING))
    assert len(placed(outcomes)) == 100
    assert any(each.tried_again for each in outcomes)


@pytest.mark.parametrize(
    ("valid_to", "expected"),
    [(NOW + MICROSECOND, 20), (NOW, 0)],
    ids=["its last moment", "its end"],
)
def test_in_the_last_moment_all_units_are_sold_and_then_none(race, valid_to, expected):
    outcomes = race(20, valid_to).run(some(60), Ticking(NOW, STANDING))
    assert len(placed(outcomes)) == expected
    refusals = {code for each in outcomes for code in each.codes}
    assert refusals == ({"insufficient_units"} if expected else {"contract_expired"})


def test_what_was_placed_while_the_contract_ended_was_placed_before(race):
    """Each look at the clock brings the end nearer: who comes late is refused."""
    end = NOW + a_second
    ending = race(1000, end)
    outcomes = ending.run(some(150), Ticking(NOW, a_second / 80))
    ids = placed(outcomes)
    assert 0 < len(ids) < 150
    assert all(ending.orders.head(US, order_id).placed_at < end for order_id in ids)
    assert {code for each in outcomes for code in each.codes} == {"contract_expired"}
    assert ending.adds_up().units_held == len(ids)


def test_one_idempotency_key_is_one_order_one_hold_and_one_unit(race):
    one = race(50)
    outcomes = one.run(["the-same"] * 50, Ticking(NOW, STANDING))
    assert len(set(placed(outcomes))) == 1
    assert len(placed(outcomes)) == 50
    contract = one.adds_up()
    assert (contract.units_left, contract.units_held) == (49, 1)
    lines, _ = one.contracts.entries(US, contract.contract_id, None, 100)
    assert [line.kind for line in lines] == ["grant", "hold"]
    order_id = placed(outcomes)[0]
    partition = keys.order_partition(US, order_id)
    assert len(one.database.all_of(one.tables.business, partition, "HEAD")) == 1
    assert len(one.database.all_of(one.tables.business, partition, "EVENT#")) == 1
