"""The step `payment` says where a card's money is, what must be done, and by whom (M60, M61)."""

from datetime import timedelta

import pytest

from partner_center.billing.payments import PaymentStatus
from partner_center.kernel.money import Money
from partner_center.orders.authentication import overall, steps_of
from partner_center.orders.order import Closed, CloseReason, OrderStatus
from partner_center.orders.payment_step import payment_step
from partner_center.orders.steps import Actor, StepStatus
from tests.fakes.contract_charges import a_card_head
from tests.fakes.determined import NOW
from tests.fakes.samples import a_standing, an_order

LATER = NOW + timedelta(hours=1)
ISSUED, REVOKED = {"status": OrderStatus.ISSUED}, {"status": OrderStatus.REVOKED}
CANCELLED = {
    "status": OrderStatus.CANCELLED,
    "closed": Closed(LATER, "key:key_1", CloseReason.REQUESTED),
}
DUE = {"settle_at": LATER}
PENDING, IN_PROGRESS, COMPLETE = StepStatus.PENDING, StepStatus.IN_PROGRESS, StepStatus.COMPLETE
SYSTEM, STAFF = Actor.SYSTEM, Actor.STAFF

CASES = [
    ({}, "none", PENDING, SYSTEM, "right before the certificate is signed"),
    ({}, "authorised", COMPLETE, None, "149.00 USD are authorised"),
    ({}, "declined", IN_PROGRESS, STAFF, "was not accepted for 149.00 USD"),
    ({}, "captured", COMPLETE, None, "149.00 USD were taken"),
    ({"payment_misfits": True}, "captured", IN_PROGRESS, STAFF, "than the 149.00 USD that the order costs"),
    (ISSUED | DUE, "authorised", PENDING, SYSTEM, "are being taken"),
    (ISSUED | DUE, "none", PENDING, SYSTEM, "are being taken"),
    (ISSUED, "authorised", IN_PROGRESS, STAFF, "could not be moved"),
    (ISSUED, "declined", IN_PROGRESS, STAFF, "was not accepted"),
    (ISSUED, "captured", COMPLETE, None, "were taken from the card"),
    (REVOKED | DUE, "refund_pending", PENDING, SYSTEM, "paid or promised goes back"),
    (REVOKED, "refund_pending", IN_PROGRESS, STAFF, "paid or promised could not go back to it yet"),
    (REVOKED, "refund_failed", IN_PROGRESS, STAFF, "from the card could not be given back"),
    (REVOKED, "refunded", COMPLETE, None, "was given back to it"),
    (REVOKED, "released", COMPLETE, None, "Nothing was taken"),
    (CANCELLED | DUE, "authorised", PENDING, SYSTEM, "is being let go; nothing is taken"),
    (CANCELLED | DUE, "captured", PENDING, SYSTEM, "paid or promised goes back"),
    (CANCELLED, "authorised", IN_PROGRESS, STAFF, "could not be moved"),
    (CANCELLED, "declined", IN_PROGRESS, STAFF, "could not be moved"),
    (CANCELLED, "released", COMPLETE, None, "Nothing was taken"),
]


@pytest.mark.parametrize(("state", "payment", "status", "actor", "words"), CASES)
def test_each_state_says_who_must_act(state, payment, status, actor, words):
    head = a_card_head(payment=PaymentStatus(payment), payment_since=LATER, **state)
    step = payment_step(head)
    assert (step.step, step.status, step.actor) == ("payment", status, actor)
    assert words in step.reason
    assert step.updated_at == LATER
    assert (step.next_action is not None) == (status is IN_PROGRESS)
    assert (step.due_at is not None) == (status is IN_PROGRESS)


def test_after_a_decline_the_reseller_reads_what_helps_and_what_does_not():
    """A new card of the contract is for future orders (M62); on this one support puts it (M61)."""
    step = payment_step(a_card_head(payment=PaymentStatus.DECLINED, payment_since=NOW))
    assert "Support can put another card on this order" in step.next_action
    assert "not for this one" in step.next_action


@pytest.mark.parametrize("state", [{}, ISSUED], ids=["pending", "issued"])
def test_what_costs_nothing_needs_no_payment(state):
    head = a_card_head(net=Money.of("0"), **state)
    assert payment_step(head).status is StepStatus.NOT_REQUIRED


@pytest.mark.parametrize(("payment", "status"), [("declined", IN_PROGRESS), ("authorised", PENDING)])
def test_the_status_of_the_whole_order_shows_the_payment(payment, status):
    order = an_order(a_card_head(payment=PaymentStatus(payment), payment_since=NOW))
    assert overall(steps_of(order, a_standing(order), NOW)) is status


@pytest.mark.parametrize(
    ("payment", "status"), [("authorised", PENDING), ("released", COMPLETE), ("none", PENDING)]
)
def test_the_money_of_a_closed_order_is_told_as_it_is(payment, status):
    """Other steps of it have failed; its money has not."""
    order = an_order(a_card_head(payment=PaymentStatus(payment), payment_since=NOW, **CANCELLED, **DUE))
    (step,) = [each for each in steps_of(order, a_standing(order), NOW) if each.step == "payment"]
    assert step.status is status
