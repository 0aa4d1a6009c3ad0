"""A refund that had arrived and comes back days later, from a card that was closed: owed again, and before staff."""

from contextlib import contextmanager
from dataclasses import replace

import pytest

from partner_center.billing.payments import ChargeStatus, PaymentRefused, PaymentStatus
from partner_center.billing.settle import Settled
from partner_center.kernel.errors import TryAgain
from tests.fakes.samples import ORDER, US
from tests.unit.billing.money_world import PRICE, MoneyWorld


def charge(world):
    return list(world.stores.charges.of_order(US, ORDER))[-1]


@pytest.fixture
def issued():
    world = MoneyWorld()
    world.order_by_card()
    world.authorise()
    world.issue()
    return world


@pytest.fixture
def refunded(issued):
    issued.settle()
    issued.revoke()
    issued.settle()
    issued.clock.advance(days=5)
    return issued


def test_a_refund_that_comes_back_after_it_had_arrived_stands_before_staff(refunded):
    refunded.gateway.return_refunds()
    assert refunded.settle() is Settled.GIVEN_UP
    head = refunded.head()
    assert (head.payment, head.payment_since, head.settle_at) == (
        PaymentStatus.REFUND_FAILED,
        refunded.clock.moment,
        None,
    )
    assert refunded.payment_queue_ids() == {ORDER}
    assert refunded.alarms == [ORDER]
    assert (charge(refunded).status, charge(refunded).refunded_at, charge(refunded).failed_refunds) == (
        ChargeStatus.CAPTURED,
        None,
        1,
    )
    assert refunded.kinds()[-2:] == ["repay", "repay_failed"]
    assert refunded.sums()["paid"] == PRICE.amount
    assert refunded.stores.events(US, ORDER)[-1] == "order.settlement_failed"
    assert list(refunded.tables.audit.values())[-1].action == "payment.refund_returned"
    refunded.assert_nobody_pays_twice_or_for_nothing()


def test_what_came_back_is_told_once_and_given_back_again_only_by_staff(refunded):
    refunded.gateway.return_refunds()
    for outcome in (Settled.GIVEN_UP, Settled.DONE, Settled.DONE):
        assert refunded.settle() is outcome
    refunded.clock.advance(days=9)
    assert refunded.settle_what_is_due() == 0
    refunded.try_again()
    assert refunded.settle() is Settled.DONE
    assert refunded.head().payment is PaymentStatus.REFUNDED
    assert refunded.gateway.given_back(ORDER) == [PRICE]
    assert refunded.kinds()[-3:] == ["repay", "repay_failed", "repay"]
    refunded.assert_money_is_at_rest()


def test_a_refund_that_stays_is_looked_at_and_nothing_is_written(refunded):
    before, lines = refunded.head(), refunded.kinds()
    assert refunded.settle() is Settled.DONE
    assert refunded.gateway.calls[-1] == "refund_of"
    assert (refunded.head(), refunded.kinds(), refunded.alarms) == (before, lines, [])


def test_a_refund_whose_record_was_not_answered_is_due_for_nothing(issued):
    """What has it looked at again is news of it, and not the schedule."""
    issued.settle()
    issued.revoke()
    writing = issued.tables.writing

    @contextmanager
    def answer_is_lost(what):
        issued.tables.writing = writing
        with writing(what):
            yield
        raise TryAgain("The database did not answer.")

    issued.tables.writing = answer_is_lost
    assert issued.settle() is Settled.DONE
    assert issued.settle_what_is_due() == 0
    issued.assert_money_is_at_rest()


@pytest.mark.parametrize("returned", [False, True])
def test_a_refund_that_was_made_by_hand_is_known_by_its_payment(issued, returned):
    """An attempt of ours that failed before has a refund of its own, which says nothing of this one."""
    issued.settle()
    issued.revoke()
    issued.gateway.failing_refunds = ["unknown"]
    issued.settle()
    (purpose,) = {each.purpose for each in issued.gateway.payments.values()}
    issued.gateway.refund(charge(issued).intent_id, purpose, 99)
    issued.clock.moment = issued.head().settle_at
    assert issued.settle() is Settled.DONE
    assert (issued.head().payment, charge(issued).refund_id) == (PaymentStatus.REFUNDED, None)
    if returned:
        issued.gateway.return_refunds()
    assert issued.settle() is (Settled.GIVEN_UP if returned else Settled.DONE)
    assert issued.payment_queue_ids() == ({ORDER} if returned else set())


@pytest.mark.parametrize("error", [TryAgain("out"), PaymentRefused("resource_missing", "No.")], ids=str)
def test_what_cannot_be_looked_at_is_told_again(refunded, error):
    before = refunded.head()

    def no(call):
        raise error

    refunded.gateway.before = no
    with pytest.raises(type(error)):
        refunded.settle()
    assert refunded.head() == before
    refunded.gateway.before = lambda _: None
    refunded.gateway.return_refunds()
    assert refunded.settle() is Settled.GIVEN_UP


def test_of_an_order_that_changes_meanwhile_the_return_is_told_again(refunded):
    refunded.gateway.return_refunds()

    def changes():
        refunded.tables.heads[US, ORDER] = replace(refunded.head(), version=refunded.head().version + 1)

    refunded.tables.before["payment"].append(changes)
    with pytest.raises(TryAgain):
        refunded.settle()
    assert refunded.settle() is Settled.GIVEN_UP
    assert refunded.kinds().count("repay_failed") == 1
