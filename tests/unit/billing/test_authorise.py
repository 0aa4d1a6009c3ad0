"""A card is asked right before signing, once; a decline waits for people (M58, M60, M61)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.billing.authorise import Outcome, payment_answer
from partner_center.billing.payments import ChargeStatus, PaymentRefused, PaymentStatus
from partner_center.kernel.clock import CLOCK_IS_OFF
from partner_center.kernel.errors import ChangedMeanwhile, TryAgain
from partner_center.kernel.money import Money
from partner_center.orders.fulfil import Woken
from partner_center.orders.order import A_MINUTE, PATIENCE, OrderStatus, Review
from partner_center.orders.page import Page
from tests.fakes.contract_charges import a_card_head
from tests.fakes.samples import ORDER, US, a_day
from tests.unit.billing.money_world import PRICE, MoneyWorld

WEEK = timedelta(days=7)


@pytest.fixture
def world():
    world = MoneyWorld()
    world.order_by_card()
    return world


def charges(world):
    return list(world.stores.charges.of_order(US, ORDER))


def decline(world, code="insufficient_funds", card_id="card_1"):
    world.gateway.declines[f"pm_{card_id}"] = code


# ---- authorised


def test_a_good_card_promises_the_price_and_nothing_is_taken(world):
    assert world.authorise() is Outcome.AUTHORISED
    assert world.gateway.held(ORDER) == [PRICE]
    assert world.gateway.taken(ORDER) == []
    head = world.head()
    assert (head.payment, head.payment_attempt, head.settle_at) == (PaymentStatus.AUTHORISED, 1, None)
    (charge,) = charges(world)
    assert (charge.status, charge.amount, charge.card_id) == (ChargeStatus.AUTHORISED, PRICE, "card_1")
    assert charge.capture_before == world.clock.moment + WEEK
    assert world.kinds() == ["hold", "authorise"]
    assert world.stores.events(US, ORDER)[-1] == "order.payment_authorised"
    assert world.stores.audited(US, ORDER)[-2:] == ["payment.prepared", "payment.authorised"]


def test_the_intent_is_on_record_before_any_money_is_asked_for(world):
    world.gateway.before = lambda call: stop() if call == "authorise" else None
    with pytest.raises(Stopped):
        world.authorise()
    (charge,) = charges(world)
    assert (charge.status, charge.intent_id) == (ChargeStatus.PREPARED, "pi_0001")


def test_done_before_it_asks_nothing(world):
    world.authorise()
    asked = list(world.gateway.calls)
    assert world.authorise() is Outcome.AUTHORISED
    assert world.gateway.calls == asked
    assert len(charges(world)) == 1


def test_how_long_the_order_may_wait_is_told(world):
    world.clock.advance(days=29)
    outcome, seconds = world.authorise_payment(US, ORDER, 1, "execution-1")
    assert (outcome, seconds) == (Outcome.AUTHORISED, 86_400)
    world.clock.advance(days=5)
    assert world.authorise_payment(US, ORDER, 1, "execution-1")[1] == A_MINUTE


def test_a_declined_order_whose_time_is_up_by_one_clock_goes_round_once_a_minute(world):
    """Who asks the card has a clock that is ahead, who closes the order one that is behind."""
    world.gateway.declines["pm_card_1"] = "insufficient_funds"
    moment, rounds = world.head().placed_at + PATIENCE - CLOCK_IS_OFF, 0
    while world.head().status is OrderStatus.PENDING and rounds < 100:
        world.clock.moment = moment + CLOCK_IS_OFF
        outcome, seconds = world.authorise_payment(US, ORDER, 1, "execution-1")
        assert outcome is Outcome.DECLINED
        moment += timedelta(seconds=seconds)
        world.clock.moment = moment - CLOCK_IS_OFF
        world.close_overdue(US, ORDER, "execution-1")
        rounds += 1
    assert rounds <= 21


def test_what_costs_nothing_asks_no_card():
    world = MoneyWorld()
    world.order_by_card(net=Money.of("0"))
    assert world.authorise() is Outcome.AUTHORISED
    assert world.gateway.calls == []


def test_an_order_that_units_pay_asks_no_card(world):
    world.tables.heads[US, ORDER] = replace(world.head(), payment_kind="bulk")
    assert world.authorise() is Outcome.AUTHORISED
    assert world.gateway.calls == []


# ---- not any more, or not yet


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({"status": OrderStatus.CANCELLED}, Outcome.OVER),
        ({"status": OrderStatus.REJECTED}, Outcome.OVER),
        ({"attempt": 2}, Outcome.OVER),
        ({"review": Review.DUE}, Outcome.SCREEN_AGAIN),
        ({"review": Review.WAITING}, Outcome.SCREEN_AGAIN),
        ({"signing": True, "payment": PaymentStatus.AUTHORISED}, Outcome.AUTHORISED),
    ],
    ids=str,
)
def test_what_is_over_or_changed_or_signed_asks_no_card(world, change, outcome):
    world.tables.heads[US, ORDER] = replace(world.head(), **change)
    assert world.authorise() is outcome
    assert world.gateway.calls == []


def test_an_order_that_is_not_there_is_over(world):
    assert world.authorise("ord_none") is Outcome.OVER


# ---- declined


def test_a_decline_waits_and_everyone_concerned_can_see_it(world):
    decline(world)
    assert world.authorise() is Outcome.DECLINED
    head = world.head()
    assert (head.payment, head.payment_since) == (PaymentStatus.DECLINED, world.clock.moment)
    (charge,) = charges(world)
    assert (charge.status, charge.decline_code) == (ChargeStatus.DECLINED, "insufficient_funds")
    assert world.kinds() == ["hold", "decline"]
    assert world.stores.events(US, ORDER)[-1] == "order.payment_declined"
    assert world.payment_queue_ids() == {ORDER}


def test_the_message_names_the_card_by_brand_and_last_four_and_says_what_to_do(world):
    decline(world, "stolen_card")
    world.authorise()
    ((message,), _) = world.stores.orders.messages(US, ORDER, Page(10, None))
    assert message.text.startswith("The Visa card ending in 4242 was not accepted for 149.00 USD.")
    assert "Support" in message.text
    for kept in ("stolen", "pm_", "cus_", "12/", "2030"):
        assert kept not in message.text


def test_a_declined_card_is_not_asked_again_unbidden(world):
    decline(world)
    world.authorise()
    asked = list(world.gateway.calls)
    for _ in range(3):
        assert world.authorise() is Outcome.DECLINED
    assert world.gateway.calls == asked


@pytest.mark.parametrize("card_id", [None, "card_2"], ids=["the same card again", "another card"])
def test_it_goes_on_when_staff_update_that_orders_payment(world, card_id):
    decline(world)
    world.authorise()
    world.gateway.declines.clear()
    world.update_payment(card_id)
    assert payment_answer(world.head()) is Woken.PAYMENT_UPDATED
    assert world.authorise() is Outcome.AUTHORISED
    assert [each.status for each in charges(world)] == [ChargeStatus.DECLINED, ChargeStatus.AUTHORISED]
    assert [each.card_id for each in charges(world)] == ["card_1", card_id or "card_1"]
    assert len({each.intent_id for each in charges(world)}) == 2
    assert world.payment_queue_ids() == set()


def test_another_price_asks_the_declined_card_once_more(world):
    decline(world)
    world.authorise()
    world.gateway.declines.clear()
    world.tables.heads[US, ORDER] = replace(world.head(), net=Money.of("99.00"))
    assert world.authorise() is Outcome.AUTHORISED
    assert world.gateway.held(ORDER) == [Money.of("99.00")]


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        pytest.param(lambda world: world.tables.cards.clear(), "card_unknown", id="not on file"),
        pytest.param(lambda world: world.clock.advance(days=365), "card_expired", id="on file for a year"),
        pytest.param(
            lambda world: world.gateway.unknown.add("pm_card_1"), "resource_missing", id="not at the gateway"
        ),
    ],
)
def test_a_card_that_cannot_even_be_asked_is_as_good_as_declined(world, broken, code):
    broken(world)
    world.tables.heads[US, ORDER] = replace(world.head(), placed_at=world.clock.moment)
    assert world.authorise() is Outcome.DECLINED
    assert charges(world)[-1].decline_code == code
    assert world.payment_queue_ids() == {ORDER}
    assert "authorise" not in world.gateway.calls


def test_an_order_without_a_card_waits_for_one(world):
    world.tables.heads[US, ORDER] = replace(world.head(), card_id=None)
    assert world.authorise() is Outcome.DECLINED
    world.update_payment("card_2")
    assert world.authorise() is Outcome.AUTHORISED


# ---- it no longer fits


def test_after_another_price_the_old_promise_is_let_go_before_another_is_asked_for(world):
    world.authorise()
    world.tables.heads[US, ORDER] = replace(world.head(), net=Money.of("198.00"))
    assert world.authorise() is Outcome.AUTHORISED
    assert world.gateway.held(ORDER) == [Money.of("198.00")]
    assert [each.status for each in charges(world)] == [ChargeStatus.VOIDED, ChargeStatus.AUTHORISED]
    assert world.kinds() == ["hold", "authorise", "void", "authorise"]
    assert world.gateway.calls[-3:] == ["cancel", "prepare", "authorise"]


@pytest.mark.parametrize("held_for", [WEEK / 2, WEEK, 3 * WEEK], ids=str)
def test_a_promise_that_is_about_to_run_out_is_renewed(world, held_for):
    world.authorise()
    world.clock.moment += held_for
    assert world.authorise() is Outcome.AUTHORISED
    latest = charges(world)[-1]
    assert latest.capture_before == world.clock.moment + WEEK
    assert world.gateway.held(ORDER) == [PRICE]


def test_a_price_that_fell_to_nothing_lets_the_promise_go(world):
    world.authorise()
    world.tables.heads[US, ORDER] = replace(world.head(), net=Money.of("0"))
    assert world.authorise() is Outcome.AUTHORISED
    assert world.gateway.held(ORDER) == []


# ---- lost answers, deaths, races


class Stopped(Exception):
    """The run dies here."""


def stop():
    raise Stopped


@pytest.mark.parametrize("call", ["prepare", "authorise"])
@pytest.mark.parametrize("lost", ["lost_before", "lost_after"])
def test_a_lost_answer_is_asked_for_again_and_charges_once(world, call, lost):
    getattr(world.gateway, lost).append(call)
    with pytest.raises(TryAgain):
        world.authorise()
    assert world.authorise() is Outcome.AUTHORISED
    assert world.gateway.held(ORDER) == [PRICE]
    assert len(world.gateway.payments) == 1


@pytest.mark.parametrize("died", [1, 2, 3])
def test_however_many_runs_die_before_amendments_the_card_is_asked_once_for_what_is_owed(world, died):
    """Each had another amount prepared, and none of these is on record: nobody asks for them."""
    world.gateway.after = lambda call: stop() if call == "prepare" else None
    for net in ("149.00", "198.00", "248.00")[:died]:
        world.tables.heads[US, ORDER] = replace(world.head(), net=Money.of(net))
        with pytest.raises(Stopped):
            world.authorise()
    world.gateway.after = lambda _: None
    world.tables.heads[US, ORDER] = replace(world.head(), net=Money.of("99.00"))
    assert world.authorise() is Outcome.AUTHORISED
    assert world.gateway.held(ORDER) == [Money.of("99.00")]
    assert world.gateway.calls.count("authorise") == 1
    assert world.head().payment_attempt == 1


@pytest.mark.parametrize("meanwhile", ["before", "after"])
@pytest.mark.parametrize("call", ["prepare", "authorise"])
def test_of_closing_and_authorising_at_once_whoever_comes_last_lets_go(world, call, meanwhile):
    def cancel(called):
        if called == call:
            setattr(world.gateway, meanwhile, lambda _: None)
            world.cancel()
            world.settle()

    setattr(world.gateway, meanwhile, cancel)
    with pytest.raises(ChangedMeanwhile):
        world.authorise()
    assert world.authorise() is Outcome.OVER
    world.settle()
    assert world.gateway.held(ORDER) == world.gateway.taken(ORDER) == []
    world.assert_money_is_at_rest()


def test_two_runs_at_once_ask_for_one_promise(world):
    def also(called):
        if called == "authorise":
            world.gateway.after = lambda _: None
            world.authorise()

    world.gateway.after = also
    with pytest.raises(ChangedMeanwhile):
        world.authorise()
    assert world.authorise() is Outcome.AUTHORISED
    assert world.gateway.held(ORDER) == [PRICE]
    assert len(world.gateway.payments) == 1


def test_a_promise_that_somebody_cancelled_at_the_gateway_is_asked_for_anew(world):
    world.gateway.before = lambda call: cancel_at_the_gateway(world) if call == "authorise" else None
    assert world.authorise() is Outcome.AUTHORISED
    assert [each.status for each in charges(world)] == [ChargeStatus.VOIDED, ChargeStatus.AUTHORISED]


def cancel_at_the_gateway(world):
    world.gateway.before = lambda _: None
    world.gateway.cancel("pi_0001", next(iter(world.gateway.payments.values())).purpose)


def test_what_never_comes_to_rest_is_given_up_for_now(world):
    def cancel_always(call):
        if call == "authorise":
            for intent_id, payment in list(world.gateway.payments.items()):
                world.gateway.payments[intent_id].status = "cancelled"
                assert payment.purpose.order_id == ORDER

    world.gateway.before = cancel_always
    with pytest.raises(TryAgain):
        world.authorise()


def test_a_gateway_that_refuses_to_let_go_stops_the_machine_under_its_name(world):
    world.authorise()
    world.tables.heads[US, ORDER] = replace(world.head(), net=Money.of("198.00"))

    def refuse(call):
        if call == "cancel":
            raise PaymentRefused("payment_intent_unexpected_state", "No.")

    world.gateway.before = refuse
    with pytest.raises(PaymentRefused):
        world.authorise()


# ---- the wait


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"payment": PaymentStatus.DECLINED}, None),
        ({"payment": PaymentStatus.NONE}, Woken.PAYMENT_UPDATED),
        ({"payment": PaymentStatus.AUTHORISED}, Woken.PAYMENT_UPDATED),
        ({"payment": PaymentStatus.DECLINED, "review": Review.DUE}, Woken.AMENDED),
        ({"payment": PaymentStatus.DECLINED, "review": Review.WAITING}, Woken.AMENDED),
    ],
    ids=str,
)
def test_what_a_wait_for_payment_is_told(change, word):
    assert payment_answer(a_card_head(**change)) is word


def test_the_relay_wakes_the_order_whose_payment_was_updated(world):
    decline(world)
    world.authorise()
    world.await_payment(US, ORDER, 1, "token-1")
    assert world.machine.answers == {}
    world.update_payment("card_2")
    world.relay()
    assert world.machine.answers == {"token-1": Woken.PAYMENT_UPDATED}


def test_an_update_before_the_wait_is_armed_is_not_lost(world):
    decline(world)
    world.authorise()
    world.update_payment("card_2")
    world.relay()
    world.await_payment(US, ORDER, 1, "token-1")
    assert world.machine.answers == {"token-1": Woken.PAYMENT_UPDATED}


@pytest.mark.parametrize("end", ["cancel", "overdue"])
def test_an_order_that_ends_while_it_waits_is_over(world, end):
    decline(world)
    world.authorise()
    world.await_payment(US, ORDER, 1, "token-1")
    if end == "cancel":
        world.cancel()
    else:
        world.clock.moment += 90 * a_day
        world.close_overdue(US, ORDER, "execution-1")
    world.relay()
    assert world.machine.answers == {"token-1": Woken.OVER}
    assert world.head().payment is PaymentStatus.RELEASED
    assert world.payment_queue_ids() == set()


# ---- from the last proof to the card


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({}, Woken.TO_BE_PAID),
        ({"net": Money.of("0")}, Woken.PROVEN),
        ({"payment_kind": "bulk"}, Woken.PROVEN),
    ],
    ids=["a card pays", "it costs nothing", "units pay"],
)
def test_the_last_proof_sends_the_order_to_its_card_and_only_if_one_must_pay(world, change, word):
    world.tables.heads[US, ORDER] = replace(world.head(), **change)
    world.await_domains(US, ORDER, 1, "token-1")
    world.approve()
    world.relay()
    assert world.machine.answers == {"token-1": word}
