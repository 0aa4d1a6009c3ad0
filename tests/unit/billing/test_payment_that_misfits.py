"""Payment and preflight judge by one rule: what neither can mend waits for staff, and goes round by itself never."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_center.billing.authorise import Outcome, payment_answer
from partner_center.billing.charges import Step, next_step, payment_verdict
from partner_center.billing.payments import ChargeStatus, IntentStatus, PaymentStatus
from partner_center.billing.settle import Settled
from partner_center.kernel.clock import CLOCKS_DIFFER
from partner_center.kernel.errors import StateConflict
from partner_center.kernel.money import Money
from partner_center.orders.fulfil import Woken
from partner_center.orders.page import Page
from partner_center.orders.payment_step import payment_step
from tests.fakes.contract_charges import a_card_head, a_charge
from tests.fakes.determined import MICROSECOND, NOW
from tests.fakes.posted import a_body
from tests.fakes.samples import ORDER, US, a_contract
from tests.fakes.world import World
from tests.unit.billing.money_world import PRICE, MoneyWorld

WEEK = timedelta(days=7)
DEARER = Money.of("248.00")


@pytest.fixture
def misfit():
    """Somebody takes the money at the gateway's console, then the order is amended to another price."""
    world = MoneyWorld()
    world.order_by_card()
    world.authorise()
    next(iter(world.gateway.payments.values())).status = IntentStatus.CAPTURED
    world.reprice(world.head(), DEARER)
    return world


def asks_for_nothing(world):
    return world.gateway.taken(ORDER) == [PRICE] and world.gateway.held(ORDER) == []


def test_what_was_taken_and_is_not_the_price_waits_for_staff(misfit):
    misfit.clock.advance(hours=1)
    assert misfit.authorise() is Outcome.DECLINED
    head = misfit.head()
    assert (head.payment, head.payment_since) == (PaymentStatus.CAPTURED, misfit.clock.moment)
    assert misfit.payment_queue_ids() == {ORDER}
    assert payment_answer(head) is None
    assert misfit.stores.events(US, ORDER)[-1] == "order.settlement_failed"
    assert list(misfit.tables.audit.values())[-1].action == "payment.misfits"
    assert misfit.alarms == [ORDER]
    assert asks_for_nothing(misfit)


def test_it_is_told_once_however_often_the_step_is_repeated(misfit):
    misfit.authorise()
    before, told, asked = misfit.head(), misfit.stores.events(US, ORDER), list(misfit.gateway.calls)
    for _ in range(3):
        assert misfit.authorise() is Outcome.DECLINED
    assert (misfit.head(), misfit.stores.events(US, ORDER), misfit.gateway.calls) == (before, told, asked)
    assert misfit.alarms == [ORDER]


def test_staff_who_have_it_tried_again_have_it_looked_at_once(misfit):
    misfit.authorise()
    misfit.await_payment(US, ORDER, 1, "token-1")
    assert misfit.machine.answers == {}
    assert payment_answer(misfit.try_again()) is Woken.PAYMENT_UPDATED
    misfit.relay()
    assert misfit.machine.answers == {"token-1": Woken.PAYMENT_UPDATED}
    assert misfit.authorise() is Outcome.DECLINED
    assert misfit.payment_queue_ids() == {ORDER}
    assert asks_for_nothing(misfit)


def test_no_other_card_pays_what_was_taken_in_part(misfit):
    misfit.authorise()
    with pytest.raises(StateConflict):
        misfit.update_payment("card_2")
    assert asks_for_nothing(misfit)


def test_amended_back_to_what_was_taken_it_goes_on_and_nothing_more_is_taken(misfit):
    misfit.authorise()
    misfit.reprice(replace(misfit.head(), payment_misfits=False), PRICE)
    assert misfit.authorise() is Outcome.AUTHORISED
    misfit.issue()
    misfit.settle()
    assert misfit.payment_queue_ids() == set()
    misfit.assert_money_is_at_rest()


def test_cancelled_all_of_it_goes_back(misfit):
    misfit.authorise()
    misfit.cancel()
    assert not misfit.head().payment_misfits
    assert misfit.settle() is Settled.DONE
    assert misfit.gateway.given_back(ORDER) == [PRICE]
    assert misfit.head().payment is PaymentStatus.REFUNDED
    misfit.assert_money_is_at_rest()


def test_what_is_told_of_it_is_what_was_taken_and_not_what_the_order_costs(misfit):
    misfit.authorise()
    misfit.cancel()
    misfit.gateway.out = "The gateway is out."
    told = []
    while (due := misfit.head().settle_at) is not None:
        told.append(payment_step(misfit.head()).reason)
        misfit.clock.moment = due
        misfit.settle()
    (task,) = misfit.payment_queue(Page(50, None))["items"]
    assert task["amount"] == PRICE.as_json()
    told.append(payment_step(misfit.head()).reason)
    misfit.gateway.out = None
    misfit.try_again()
    misfit.settle()
    assert misfit.gateway.given_back(ORDER) == [PRICE]
    told.append(payment_step(misfit.head()).reason)
    assert not any("248.00" in reason for reason in told), told


# ---- one rule

ALIKE = {"authorised_at": NOW, "capture_before": NOW + WEEK}
heads = st.builds(
    a_card_head,
    payment=st.sampled_from([PaymentStatus.AUTHORISED, PaymentStatus.CAPTURED]),
    net=st.sampled_from([Money.of("0"), PRICE, DEARER]),
    card_id=st.sampled_from(["card_1", "card_2"]),
)
TOOK = {PaymentStatus.AUTHORISED: ChargeStatus.AUTHORISED, PaymentStatus.CAPTURED: ChargeStatus.CAPTURED}


@given(heads, st.timedeltas(timedelta(), WEEK), st.timedeltas(timedelta(), CLOCKS_DIFFER))
def test_what_payment_lets_pass_the_preflight_passes_by_whatever_clock(head, held_for, ahead):
    charge = a_charge(a_card_head(), payment_attempt=1, status=TOOK[head.payment], **ALIKE)
    moment = NOW + held_for
    if next_step(head, [charge], moment).step is Step.NOTHING:
        passed, why = payment_verdict(head, charge, moment + ahead)
        assert passed, why


def test_an_authorisation_is_renewed_before_the_preflight_finds_it_too_old():
    head = a_card_head(payment=PaymentStatus.AUTHORISED)
    charge = a_charge(head, payment_attempt=1, status=ChargeStatus.AUTHORISED, **ALIKE)
    last = NOW + WEEK / 2 - CLOCKS_DIFFER
    assert next_step(head, [charge], last - MICROSECOND).step is Step.NOTHING
    assert next_step(head, [charge], last).step is Step.CANCEL
    assert payment_verdict(head, charge, last)[0]


# ---- the amendment


@pytest.mark.parametrize(
    ("patch", "waits"),
    [({"note": "soon"}, True), ({"additional_domains": ["shop.example.com"]}, False)],
    ids=str,
)
def test_only_what_is_screened_anew_has_its_money_looked_at_anew(patch, waits):
    world = World()
    world.stores.grant(a_contract(20))
    head = world.post(a_body()).head
    world.tables.heads[US, head.order_id] = replace(head, payment_misfits=True)
    assert world.amend(patch, head.order_id).head.payment_misfits is waits
