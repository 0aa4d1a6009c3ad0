"""What a card answers after nobody wants its answer any more: the order goes on as if it had not been asked.

The gateway refuses to cancel what a bank is just deciding about. By the time that the payment is looked up, the bank
has decided.
"""

from contextlib import contextmanager, suppress

import pytest

from partner_center.billing.payments import PaymentRefused, PaymentStatus
from partner_center.billing.settle import Settled
from partner_center.kernel.errors import TryAgain
from partner_center.kernel.money import Money
from tests.fakes.payments import LASTS
from tests.fakes.samples import ORDER, US, a_day
from tests.unit.billing.money_world import PRICE, MoneyWorld

DEARER = Money.of("248.00")
NO = "insufficient_funds"


class Died(Exception):
    """The process ends here, for good."""


@pytest.fixture
def world():
    world = MoneyWorld()
    world.order_by_card()
    return world


@pytest.fixture
def issued(world):
    world.authorise()
    world.issue()
    return world


def refuse_once(world, *calls):
    """Each once, for what a bank is deciding about; the calls that were not made yet."""
    left = list(calls)

    def before(call):
        if call in left:
            left.remove(call)
            raise PaymentRefused("payment_intent_unexpected_state", "It is being processed.")

    world.gateway.before = before
    return left


def asked_and_not_heard(world, answer):
    if answer == "no":
        world.gateway.declines["pm_card_1"] = NO
    world.gateway.lost_after.append("authorise")
    with suppress(TryAgain):
        world.authorise()


def asked_anew(issued, answer="yes"):
    """The promise ran out, the card was asked once more, and nobody heard its answer."""
    if answer == "no":
        issued.gateway.declines["pm_card_1"] = NO
    issued.clock.moment += LASTS + a_day
    issued.gateway.lost_after.append("authorise")
    assert issued.settle() is Settled.LATER


def dies_after_the_next_write(world):
    """The run that writes next gets no further; those after it do."""
    writing = world.tables.writing

    @contextmanager
    def dying(what):
        world.tables.writing = writing
        with writing(what):
            yield
        raise Died

    world.tables.writing = dying


def assert_nobody_was_asked_for_another_card(world):
    assert world.tables.messages.get((US, ORDER), {}) == {}
    assert "order.payment_declined" not in world.stores.events(US, ORDER)


def charge(world):
    return list(world.stores.charges.of_order(US, ORDER))[-1]


# ---- of an order that is over


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_of_a_cancelled_order_it_asks_nobody_for_a_card_and_leaves_nothing_reserved(world, answer):
    asked_and_not_heard(world, answer)
    world.cancel()
    refused = refuse_once(world, "cancel")
    assert world.settle() is Settled.DONE
    assert (refused, world.head().payment) == ([], PaymentStatus.RELEASED)
    assert_nobody_was_asked_for_another_card(world)
    world.assert_money_is_at_rest()


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_of_a_revoked_order_it_takes_nothing_and_asks_for_no_other_card(issued, answer):
    asked_anew(issued, answer)
    issued.revoke()
    refused = refuse_once(issued, "cancel")
    assert issued.settle() is Settled.DONE
    assert (refused, issued.head().payment) == ([], PaymentStatus.RELEASED)
    assert issued.gateway.taken(ORDER) == []
    assert issued.payment_queue_ids() == set()
    assert_nobody_was_asked_for_another_card(issued)
    issued.assert_money_is_at_rest()


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_a_cancelled_order_goes_on_by_itself_when_a_run_dies_after_it_was_recorded(world, answer):
    asked_and_not_heard(world, answer)
    world.cancel()
    refuse_once(world, "cancel")
    dies_after_the_next_write(world)
    with pytest.raises(Died):
        world.settle()
    assert world.payment_queue_ids() == set()
    assert world.settle_what_is_due() == 1
    world.assert_money_is_at_rest()


# ---- of an order that waits for another card or amount


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_the_card_that_staff_put_on_the_order_pays_and_the_one_before_does_not(issued, answer):
    asked_anew(issued, answer)
    issued.update_payment("card_2")
    refused = refuse_once(issued, "cancel")
    issued.settle()
    assert refused == []
    assert charge(issued).card_id == "card_2"
    assert issued.gateway.taken(ORDER) == [PRICE]
    assert_nobody_was_asked_for_another_card(issued)
    issued.assert_money_is_at_rest()


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_an_order_that_was_amended_asks_its_card_for_what_it_costs_now(world, answer):
    asked_and_not_heard(world, answer)
    world.gateway.declines.clear()
    world.reprice(world.head(), DEARER)
    refused = refuse_once(world, "cancel")
    assert world.authorise() == "authorised"
    assert (refused, world.gateway.held(ORDER)) == ([], [DEARER])
    assert_nobody_was_asked_for_another_card(world)


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_an_order_that_became_free_waits_for_no_card(world, answer):
    asked_and_not_heard(world, answer)
    world.reprice(world.head(), Money.of("0"))
    refused = refuse_once(world, "cancel")
    assert world.authorise() == "authorised"
    assert (refused, world.gateway.held(ORDER)) == ([], [])
    assert world.payment_queue_ids() == set()
    assert_nobody_was_asked_for_another_card(world)


def test_an_answer_that_is_still_wanted_is_told_however_late(issued):
    asked_anew(issued, "no")
    issued.clock.advance(hours=1)
    assert issued.settle_what_is_due() == 1
    assert issued.head().payment is PaymentStatus.DECLINED
    assert "order.payment_declined" in issued.stores.events(US, ORDER)
    assert issued.payment_queue_ids() == {ORDER}
