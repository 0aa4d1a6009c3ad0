"""After its end an order's money follows, by itself, and is looked after until it is at rest (M50, M58, M59)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.billing.charges import FIRST_PAUSE, LONGEST_SERIES
from partner_center.billing.payment_queue import trouble
from partner_center.billing.payments import ChargeStatus, IntentStatus, PaymentRefused, PaymentStatus
from partner_center.billing.settle import A_SHARD, Settled
from partner_center.kernel.errors import TryAgain
from partner_center.kernel.money import Money
from partner_center.orders.order import OrderStatus
from tests.fakes.samples import ORDER, US, a_day
from tests.unit.billing.money_world import PRICE, MoneyWorld

WEEK = timedelta(days=7)


@pytest.fixture
def world():
    world = MoneyWorld()
    world.order_by_card()
    world.authorise()
    return world


@pytest.fixture
def issued(world):
    world.issue()
    return world


def charge(world, number=-1):
    return list(world.stores.charges.of_order(US, ORDER))[number]


def refuse(*calls, reason="charge_disputed"):
    def before(call):
        if call in calls:
            raise PaymentRefused(reason, "No.")

    return before


# ---- taken


def test_what_was_issued_is_paid_once(issued):
    assert issued.gateway.taken(ORDER) == []
    for _ in range(3):
        assert issued.settle() is Settled.DONE
    assert issued.gateway.taken(ORDER) == [PRICE]
    assert issued.head().payment is PaymentStatus.CAPTURED
    assert charge(issued).captured_at == issued.clock.moment
    assert issued.kinds() == ["hold", "authorise", "use", "capture"]
    assert issued.stores.events(US, ORDER)[-2:] == ["order.issued", "order.paid"]
    issued.assert_money_is_at_rest()


def test_nothing_is_taken_before_the_issue(world):
    assert world.settle() is Settled.DONE
    world.claim()
    assert world.settle() is Settled.DONE
    assert world.gateway.taken(ORDER) == []


@pytest.mark.parametrize("ids", [(US, "ord_none"), ("res_2", ORDER)])
def test_an_unknown_order_is_nothing_to_settle(world, ids):
    assert world.settle_payment(*ids, "queue-1") is Settled.DONE


def test_what_units_paid_is_nothing_to_settle(issued):
    issued.tables.heads[US, ORDER] = replace(issued.head(), payment_kind="bulk")
    assert issued.settle() is Settled.DONE
    assert "capture" not in issued.gateway.calls


def test_what_ran_out_before_it_was_taken_is_asked_for_anew(issued):
    issued.clock.moment += WEEK
    assert issued.settle() is Settled.DONE
    assert issued.gateway.taken(ORDER) == [PRICE]
    assert issued.head().payment_attempt == 2
    assert issued.kinds() == ["hold", "authorise", "use", "void", "authorise", "capture"]
    issued.assert_money_is_at_rest()


def test_what_ran_out_and_is_declined_now_is_owed_and_for_staff(issued):
    issued.clock.moment += WEEK
    issued.gateway.declines["pm_card_1"] = "insufficient_funds"
    assert issued.settle() is Settled.DONE
    assert issued.head().payment is PaymentStatus.DECLINED
    assert issued.payment_queue_ids() == {ORDER}
    issued.assert_nobody_pays_twice_or_for_nothing()
    issued.update_payment("card_2")
    assert issued.settle() is Settled.DONE
    assert issued.gateway.taken(ORDER) == [PRICE]
    issued.assert_money_is_at_rest()


# ---- let go


@pytest.mark.parametrize("end", ["cancelled", "timed out"])
def test_what_was_not_issued_is_never_paid(world, end):
    if end == "cancelled":
        world.cancel()
    else:
        world.clock.moment += 90 * a_day
        world.close_overdue(US, ORDER, "execution-1")
    assert world.settle() is Settled.DONE
    assert world.gateway.held(ORDER) == world.gateway.taken(ORDER) == []
    assert world.head().payment is PaymentStatus.RELEASED
    assert world.kinds() == ["hold", "authorise", "release", "void"]
    assert world.stores.events(US, ORDER)[-1] == "order.payment_released"
    world.assert_money_is_at_rest()


def test_an_order_that_asked_no_card_has_nothing_to_let_go():
    world = MoneyWorld()
    world.order_by_card()
    world.cancel()
    assert world.head().payment is PaymentStatus.RELEASED
    assert list(world.due_settlements()) == []
    assert world.settle() is Settled.DONE
    assert world.gateway.calls == []


def test_what_was_taken_by_hand_of_a_cancelled_order_is_given_back(world):
    """Only somebody at the gateway's own console can have taken it."""
    world.gateway.capture(charge(world).intent_id, next(iter(world.gateway.payments.values())).purpose)
    world.cancel()
    assert world.settle() is Settled.DONE
    assert world.gateway.given_back(ORDER) == [PRICE]
    assert world.head().payment is PaymentStatus.REFUNDED
    world.assert_money_is_at_rest()


# ---- given back


def test_a_revocation_within_30_days_gives_the_price_back_once(issued):
    issued.settle()
    issued.clock.advance(days=29)
    issued.revoke()
    assert issued.head().payment is PaymentStatus.REFUND_PENDING
    for _ in range(3):
        assert issued.settle() is Settled.DONE
    assert issued.gateway.given_back(ORDER) == [PRICE]
    assert issued.head().payment is PaymentStatus.REFUNDED
    assert charge(issued).refunded_at == issued.clock.moment
    assert issued.kinds()[-2:] == ["refund", "repay"]
    assert issued.stores.events(US, ORDER)[-1] == "order.refunded"
    issued.assert_money_is_at_rest()


def test_a_revocation_after_30_days_gives_nothing_back(issued):
    issued.settle()
    issued.clock.advance(days=30)
    issued.revoke()
    assert issued.settle() is Settled.DONE
    assert issued.gateway.given_back(ORDER) == []
    issued.assert_money_is_at_rest()


def test_what_is_revoked_before_it_was_taken_is_let_go(issued):
    issued.revoke()
    assert issued.settle() is Settled.DONE
    assert issued.gateway.taken(ORDER) == issued.gateway.held(ORDER) == []
    assert issued.head().payment is PaymentStatus.RELEASED
    issued.assert_money_is_at_rest()


def test_a_refund_that_is_on_its_way_is_looked_after(issued):
    issued.settle()
    issued.revoke()
    issued.gateway.slow_refunds = True
    assert issued.settle() is Settled.LATER
    assert (issued.head().payment, charge(issued).status) == (
        PaymentStatus.REFUND_PENDING,
        ChargeStatus.REFUND_PENDING,
    )
    issued.clock.moment = issued.head().settle_at
    assert issued.settle() is Settled.LATER
    issued.gateway.arrive()
    assert issued.settle() is Settled.DONE
    assert issued.gateway.given_back(ORDER) == [PRICE]
    issued.assert_money_is_at_rest()


def test_a_refund_that_never_arrives_is_for_staff(issued):
    issued.settle()
    issued.revoke()
    issued.gateway.slow_refunds = True
    while issued.head().settle_at is not None:
        issued.clock.moment = issued.head().settle_at
        issued.settle()
    assert issued.payment_queue_ids() == {ORDER}
    issued.gateway.arrive()
    assert issued.settle() is Settled.DONE
    assert issued.head().payment is PaymentStatus.REFUNDED
    assert issued.payment_queue_ids() == set()


def test_a_failed_refund_is_tried_again_under_another_number(issued):
    issued.settle()
    issued.revoke()
    issued.gateway.failing_refunds = ["expired_or_canceled_card", "unknown"]
    for _ in range(2):
        assert issued.settle() is Settled.LATER
        issued.clock.moment = issued.head().settle_at
    assert charge(issued).failed_refunds == 2
    assert issued.settle() is Settled.DONE
    assert issued.gateway.given_back(ORDER) == [PRICE]
    issued.assert_money_is_at_rest()


def test_a_refund_that_failed_is_not_tried_again_for_each_message_about_it(issued):
    issued.settle()
    issued.revoke()
    issued.gateway.failing_refunds = ["unknown"] * 100
    for _ in range(5):
        assert issued.settle() is Settled.LATER
    assert charge(issued).failed_refunds == 1
    assert issued.head().settle_at == issued.clock.moment + timedelta(minutes=1)
    issued.clock.advance(minutes=1)
    issued.settle()
    assert charge(issued).failed_refunds == 2


def test_a_refund_that_fails_for_days_is_for_staff_who_may_have_it_tried_again(issued):
    issued.settle()
    issued.revoke()
    issued.gateway.failing_refunds = ["unknown"] * 100
    while issued.head().settle_at is not None:
        issued.clock.moment = issued.head().settle_at
        issued.settle()
    assert issued.head().payment is PaymentStatus.REFUND_FAILED
    assert issued.payment_queue_ids() == {ORDER}
    assert issued.stores.events(US, ORDER)[-1] == "order.settlement_failed"
    assert issued.settle() is Settled.DONE  # nothing by itself
    issued.gateway.failing_refunds = []
    issued.try_again()
    assert issued.settle() is Settled.DONE
    assert issued.gateway.given_back(ORDER) == [PRICE]
    issued.assert_money_is_at_rest()


def test_what_somebody_refunded_at_the_gateway_is_known_when_it_is_asked_for(issued):
    issued.settle()
    (purpose,) = {each.purpose for each in issued.gateway.payments.values()}
    issued.gateway.refund(charge(issued).intent_id, purpose, 99)
    issued.revoke()
    assert issued.settle() is Settled.DONE
    assert issued.head().payment is PaymentStatus.REFUNDED
    assert issued.gateway.given_back(ORDER) == [PRICE]
    issued.assert_money_is_at_rest()


# ---- trouble


@pytest.mark.parametrize("end", ["issued", "cancelled", "revoked"])
def test_while_the_gateway_is_out_the_order_stays_due_at_growing_intervals(world, end):
    bring_to(world, end)
    world.gateway.out = "The gateway is out."
    pauses = []
    while (due := world.head().settle_at) is not None:
        world.clock.moment = due
        before = world.clock.moment
        world.settle()
        if world.head().settle_at:
            pauses.append(world.head().settle_at - before)
    assert pauses == sorted(pauses)
    assert pauses[0] == FIRST_PAUSE
    assert world.payment_queue_ids() == {ORDER}
    world.assert_nobody_pays_twice_or_for_nothing()
    world.gateway.out = None
    world.try_again()
    assert world.settle() is Settled.DONE
    world.assert_money_is_at_rest()


def test_an_outage_that_is_waited_for_does_not_cost_the_promise():
    """Of a Visa card, by a promise that the last look relied upon; asked anew, the card would have nothing left."""
    world = MoneyWorld()
    world.gateway.lasts = timedelta(days=4, hours=18)
    world.order_by_card()
    world.authorise()
    world.clock.advance(days=2)
    world.authorise()
    world.issue()
    world.gateway.declines["pm_card_1"] = "insufficient_funds"
    world.gateway.out = "The gateway is out."
    for _ in range(70):
        world.settle_what_is_due()
        world.clock.advance(hours=1)
    world.gateway.out = None
    world.clock.advance(hours=6)
    world.settle_what_is_due()
    assert world.gateway.taken(ORDER) == [PRICE]
    world.assert_money_is_at_rest()


def refused_outright(world):
    world.gateway.before = refuse("capture")


def out_for_days(world):
    world.gateway.out = "The gateway is out."
    while world.head().settle_at is not None and not next_try_is_the_last(world):
        world.clock.moment = world.head().settle_at
        world.settle()
    world.clock.moment = world.head().settle_at


def pending_for_days(world):
    world.settle()
    world.revoke()
    world.gateway.slow_refunds = True
    while not next_try_is_the_last(world):
        world.clock.moment = world.head().settle_at
        world.settle()
    world.clock.moment = world.head().settle_at


def next_try_is_the_last(world):
    head = world.head()
    return head.settle_at - head.payment_since >= LONGEST_SERIES


@pytest.mark.parametrize("trouble", [refused_outright, out_for_days, pending_for_days])
def test_staff_are_called_before_the_order_says_that_they_were(issued, trouble):
    """A run that dies between the two leaves an order that rings again, and none that waits unheard of."""
    trouble(issued)
    assert issued.alarms == []

    def dies():
        raise TryAgain("The run ends here.")

    issued.tables.before["payment"] = [dies] * 2
    with pytest.raises(TryAgain):
        issued.settle()
    issued.tables.before["payment"] = []
    assert set(issued.alarms) == {ORDER}
    assert issued.payment_queue_ids() == set()
    issued.alarms.clear()
    assert issued.settle() is Settled.GIVEN_UP
    assert (issued.alarms, issued.payment_queue_ids()) == ([ORDER], {ORDER})
    assert issued.settle() is Settled.DONE
    assert issued.alarms == [ORDER], "once it waits for staff they know"


@pytest.mark.parametrize("end", ["issued", "cancelled"])
@pytest.mark.parametrize("refused", [False, True])
def test_an_event_that_comes_late_takes_nothing_from_staff_and_tells_them_nothing_twice(world, end, refused):
    bring_to(world, end)
    world.gateway.out = "The gateway is out."
    while (due := world.head().settle_at) is not None:
        world.clock.moment = due
        world.settle()
    before, told = world.head(), world.stores.events(US, ORDER)
    world.clock.advance(days=1)
    if refused:
        world.gateway.out = None
        world.gateway.before = refuse("capture" if end == "issued" else "cancel")
    assert world.settle() is Settled.DONE
    assert (world.head(), world.stores.events(US, ORDER)) == (before, told)
    assert world.payment_queue_ids() == {ORDER}
    world.gateway.out, world.gateway.before = None, lambda _: None
    assert world.settle() is Settled.DONE, "once it can be moved it is"
    world.assert_money_is_at_rest()


def bring_to(world, end):
    if end == "cancelled":
        world.cancel()
        return
    world.issue()
    if end == "revoked":
        world.settle()
        world.revoke()


@pytest.mark.parametrize(
    ("end", "call"), [("issued", "capture"), ("cancelled", "cancel"), ("revoked", "refund")]
)
def test_an_outright_refusal_is_for_staff_at_once(world, end, call):
    bring_to(world, end)
    world.gateway.before = refuse(call)
    assert world.settle() is Settled.GIVEN_UP
    assert world.payment_queue_ids() == {ORDER}
    record = list(world.tables.audit.values())[-1]
    assert (record.action, record.facts["reason"]) == ("payment.given_up", "charge_disputed")
    world.gateway.before = lambda _: None
    world.try_again()
    assert world.settle() is Settled.DONE
    world.assert_money_is_at_rest()


def test_what_was_taken_by_hand_and_cannot_be_given_back_is_told_as_what_it_is(world):
    """An authorisation would run out by itself; this does not."""
    next(iter(world.gateway.payments.values())).status = IntentStatus.CAPTURED
    world.reprice(world.head(), Money.of("248.00"))
    world.authorise()
    world.cancel()
    world.gateway.before = refuse("refund")
    assert world.settle() is Settled.GIVEN_UP
    assert world.head().payment is PaymentStatus.REFUND_FAILED
    assert trouble(world.head(), charge(world))[0] == "refund_failed"
    world.gateway.before = lambda _: None
    world.try_again()
    assert world.settle() is Settled.DONE
    assert world.head().payment is PaymentStatus.REFUNDED


@pytest.mark.parametrize(
    ("end", "call"), [("issued", "capture"), ("cancelled", "cancel"), ("revoked", "refund")]
)
@pytest.mark.parametrize("lost", ["lost_before", "lost_after"])
def test_a_lost_answer_is_asked_for_again_by_the_schedule(world, end, call, lost):
    bring_to(world, end)
    getattr(world.gateway, lost).append(call)
    assert world.settle() is Settled.LATER
    assert world.settle_what_is_due() == 0
    world.clock.moment = world.head().settle_at
    assert world.settle_what_is_due() == 1
    world.assert_nobody_pays_twice_or_for_nothing()
    world.assert_money_is_at_rest()
    assert world.settle_what_is_due() == 0


def test_a_refused_capture_that_took_effect_all_the_same_is_believed(issued):
    real = issued.gateway.capture

    def captured_then_refused(intent_id, purpose):
        real(intent_id, purpose)
        raise PaymentRefused("payment_intent_unexpected_state", "It was captured before.")

    issued.gateway.capture = captured_then_refused
    assert issued.settle() is Settled.DONE
    issued.assert_money_is_at_rest()


def test_an_answer_that_tells_nothing_new_is_asked_again(issued):
    issued.gateway.capture = lambda intent_id, _: issued.gateway.intent(intent_id)
    assert issued.settle() is Settled.LATER
    del issued.gateway.capture
    assert issued.settle() is Settled.DONE
    issued.assert_money_is_at_rest()


def test_when_the_tables_are_out_the_message_comes_again(issued):
    def out():
        raise TryAgain("The database did not answer.")

    issued.tables.before["payment"] = [out] * 2
    with pytest.raises(TryAgain):
        issued.settle()
    assert issued.settle() is Settled.DONE
    issued.assert_money_is_at_rest()


def test_two_settlements_at_once_take_the_price_once(issued):
    def also(call):
        if call == "capture":
            issued.gateway.after = lambda _: None
            issued.settle()

    issued.gateway.after = also
    assert issued.settle() is Settled.DONE
    assert issued.gateway.taken(ORDER) == [PRICE]
    assert issued.kinds().count("capture") == 1
    issued.assert_money_is_at_rest()


def test_a_head_that_is_due_for_nothing_leaves_the_queue(issued):
    issued.settle()
    issued.tables.heads[US, ORDER] = replace(issued.head(), settle_at=issued.clock.moment)
    assert issued.settle() is Settled.DONE
    assert issued.head().settle_at is None


# ---- the schedule


def test_the_schedule_finds_what_no_message_brought(issued):
    assert issued.settle_what_is_due() == 1
    issued.assert_money_is_at_rest()
    assert issued.settle_what_is_due() == 0


def test_a_run_takes_a_few_of_each_shard_and_the_next_goes_on():
    world = MoneyWorld()
    for number in range(8 * A_SHARD + 20):
        order_id = f"ord_{number}"
        world.order_by_card(order_id)
        world.authorise(order_id)
        world.issue(order_id)
    runs = []
    while settled := world.settle_what_is_due():
        runs.append(settled)
    assert max(runs) <= 8 * A_SHARD
    assert sum(runs) == 8 * A_SHARD + 20


def test_trouble_is_due_within_any_authorisation(issued):
    issued.gateway.out = "out"
    issued.settle()
    assert issued.head().settle_at - issued.clock.moment < LONGEST_SERIES < WEEK / 2


def test_an_expired_order_is_settled_like_an_issued_one(issued):
    issued.clock.advance(days=400)
    assert issued.head().status_at(issued.clock.moment) is OrderStatus.EXPIRED
    assert issued.settle() in {Settled.DONE}
    assert issued.head().payment is PaymentStatus.DECLINED  # the card is on file for a year and no longer


def test_a_promise_for_what_became_free_is_let_go_after_the_issue(world):
    world.reprice(world.head(), Money.of("0"))
    world.issue()
    assert world.settle_what_is_due() == 1
    assert world.gateway.held(ORDER) == world.gateway.taken(ORDER) == []
    assert world.settle_what_is_due() == 0
    world.assert_money_is_at_rest()


def test_what_costs_nothing_is_at_rest_when_it_is_issued():
    world = MoneyWorld()
    world.order_by_card(net=Money.of("0"))
    world.authorise()
    world.issue()
    assert world.settle() is Settled.DONE
    assert world.gateway.calls == []
    world.assert_money_is_at_rest()


def test_an_order_that_cannot_be_read_is_left_alone_for_an_hour(world):
    world.cancel()
    assert list(world.due_settlements()) == [(US, ORDER)]
    world.due_settlements.put_off(US, ORDER)
    assert list(world.due_settlements()) == []
    world.clock.advance(hours=1)
    assert list(world.due_settlements()) == [(US, ORDER)]
