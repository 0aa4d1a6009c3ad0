"""Revoked before its money was taken, and the promise cannot be let go: no refund, since nothing was taken (M50)."""

from dataclasses import replace

import pytest

from partner_center.billing.payment_queue import trouble
from partner_center.billing.payments import PaymentRefused, PaymentStatus
from partner_center.billing.settle import Settled
from partner_center.orders.payment_step import payment_step
from tests.fakes.payments import LASTS
from tests.fakes.samples import ORDER, US
from tests.unit.billing.money_world import MoneyWorld


def refuses(world):
    def before(call):
        if call == "cancel":
            raise PaymentRefused("resource_missing", "No.")

    world.gateway.before = before
    assert world.settle() is Settled.GIVEN_UP


def is_out_for_days(world):
    world.gateway.out = "The gateway is out."
    while (due := world.head().settle_at) is not None:
        world.clock.moment = due
        world.settle()


@pytest.fixture(params=[refuses, is_out_for_days])
def not_let_go(request):
    world = MoneyWorld()
    world.order_by_card()
    world.authorise()
    world.issue()
    world.revoke()
    request.param(world)
    assert world.gateway.taken(ORDER) == []
    return world


def gateway_is_well(world):
    world.gateway.out, world.gateway.before = None, lambda _: None


def latest(world):
    return list(world.stores.charges.of_order(US, ORDER))[-1]


def test_it_stands_before_staff_as_what_it_is(not_let_go):
    assert not_let_go.payment_queue_ids() == {ORDER}
    assert not_let_go.alarms == [ORDER]
    assert trouble(not_let_go.head(), latest(not_let_go))[0] == "release_failed"


def test_nobody_is_told_that_money_could_not_be_given_back_or_asked_where_it_shall_go(not_let_go):
    step = payment_step(not_let_go.head())
    assert "given back" not in step.reason
    assert "tell support" not in step.next_action


def test_staff_may_have_it_tried_again(not_let_go):
    gateway_is_well(not_let_go)
    not_let_go.try_again()
    assert not_let_go.settle() is Settled.DONE
    not_let_go.assert_money_is_at_rest()


@pytest.mark.parametrize("payment", [PaymentStatus.REFUND_PENDING, PaymentStatus.REFUND_FAILED])
def test_once_the_promise_has_run_out_it_is_at_rest(not_let_go, payment):
    """The gateway says so itself, which has the order looked at. Some are on record as a refund that failed."""
    not_let_go.tables.heads[US, ORDER] = replace(not_let_go.head(), payment=payment)
    gateway_is_well(not_let_go)
    not_let_go.clock.moment += LASTS
    assert not_let_go.settle() is Settled.DONE
    assert not_let_go.head().payment is PaymentStatus.RELEASED
    assert not_let_go.payment_queue_ids() == set()
    not_let_go.assert_money_is_at_rest()


def test_an_event_that_comes_while_it_cannot_be_let_go_leaves_it_with_staff(not_let_go):
    before = not_let_go.head()
    assert not_let_go.settle() is Settled.DONE
    assert (not_let_go.head(), not_let_go.alarms) == (before, [ORDER])
