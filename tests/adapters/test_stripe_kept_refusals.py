"""A refusal that Stripe has kept with its key: what moves money once is asked anew, and a card is not."""

import pytest

from partner_center.adapters.stripe_gateway import StripeGateway
from partner_center.billing.payments import IntentStatus, PaymentPurpose, PaymentRefused, RefundStatus
from tests.adapters.stripe_world import a_charge, a_refund, an_error, an_intent, replied

PURPOSE = PaymentPurpose("northwind", "ord_1", 1)


@pytest.fixture
def gateway(stripe):
    return StripeGateway(stripe.http(tries=1))


KEPT = replied({"error": {"code": "account_restricted"}}, 400, Idempotent_Replayed="true")
MENDED = {
    "capture": (replied(an_intent("succeeded", a_charge())), IntentStatus.CAPTURED),
    "cancel": (replied(an_intent("canceled")), IntentStatus.CANCELLED),
    "refund-1": (replied(a_refund()), RefundStatus.SUCCEEDED),
}


def ask(gateway, step):
    if step == "refund-1":
        return gateway.refund("pi_1", PURPOSE, 1)
    return getattr(gateway, step)("pi_1", PURPOSE)


@pytest.mark.parametrize("step", MENDED)
def test_once_its_reason_is_gone_what_was_refused_is_granted_the_same_day(stripe, gateway, step):
    granted, status = MENDED[step]
    stripe.replies = [KEPT, granted]
    assert ask(gateway, step).status is status
    assert [asked.key for asked in stripe.asked] == [f"northwind-ord_1-1-{step}{n}" for n in ("", "-2")]
    assert stripe.asked[0].fields == stripe.asked[1].fields


@pytest.mark.parametrize("step", MENDED)
def test_while_its_reason_lasts_it_is_refused_as_of_now(stripe, gateway, step):
    still = an_intent("requires_capture", a_charge()) if step != "refund-1" else {"data": []}
    stripe.replies = [KEPT, an_error(400, code="account_closed"), replied(still)]
    with pytest.raises(PaymentRefused) as caught:
        ask(gateway, step)
    assert caught.value.reason == "account_closed"


def test_what_a_later_key_has_refunded_is_found_and_not_refunded_again(stripe, gateway):
    made = a_refund(metadata={"refund_attempt": "1"})
    already = an_error(400, code="charge_already_refunded")
    stripe.replies = [KEPT, already, replied({"data": [made]})]
    assert gateway.refund("pi_1", PURPOSE, 1).refund_id == "re_1"


def test_a_decline_is_not_asked_anew(stripe, gateway):
    stripe.replies = [
        replied({"error": {"code": "card_declined"}}, 402, Idempotent_Replayed="true"),
        replied(an_intent("requires_payment_method", last_payment_error={"code": "card_declined"})),
    ]
    assert gateway.authorise("pi_1", PURPOSE).status is IntentStatus.DECLINED
    assert [asked.key for asked in stripe.asked] == ["northwind-ord_1-1-authorise", None]
