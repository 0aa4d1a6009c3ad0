"""What every payment gateway promises, in memory and at the end of a network.

To run the suite on a gateway: subclass `GatewayContract` in a test module under a name that begins with Test, and
define there a fixture `bank` that yields a `tests.fakes.payments.Bank` of its own for each test.
"""

from dataclasses import replace
from datetime import UTC

import pytest

from partner_center.billing.payments import (
    IntentStatus,
    PaymentGateway,
    PaymentPurpose,
    PaymentRefused,
    RefundStatus,
)
from partner_center.kernel.errors import TryAgain
from partner_center.kernel.money import Money
from tests.fakes.payments import Bank

PRICE = Money.of("149.00")
NOTHING = Money.of("0.00")
PURPOSE = PaymentPurpose("res_1", "ord_1", 1)
NEXT_ATTEMPT = replace(PURPOSE, payment_attempt=2)

LOSSES = [pytest.param(False, id="before its effect"), pytest.param(True, id="after its effect")]


class GatewayContract:
    """What every gateway promises. Define a fixture `bank`."""

    @pytest.fixture
    def gateway(self, bank: Bank) -> PaymentGateway:
        return bank.gateway

    @pytest.fixture
    def prepared(self, bank, gateway):
        return gateway.prepare(PURPOSE, PRICE, bank.card())

    @pytest.fixture
    def authorised(self, gateway, prepared):
        assert gateway.authorise(prepared, PURPOSE).status is IntentStatus.AUTHORISED
        return prepared

    @pytest.fixture
    def captured(self, gateway, authorised):
        assert gateway.capture(authorised, PURPOSE).status is IntentStatus.CAPTURED
        return authorised

    @pytest.fixture
    def declined(self, bank, gateway):
        intent_id = gateway.prepare(PURPOSE, PRICE, bank.card("insufficient_funds"))
        assert gateway.authorise(intent_id, PURPOSE).status is IntentStatus.DECLINED
        return intent_id

    def test_what_is_prepared_has_asked_for_no_money(self, gateway, prepared):
        seen = gateway.intent(prepared)
        assert (seen.intent_id, seen.status) == (prepared, IntentStatus.UNCONFIRMED)
        assert (seen.amount, seen.captured, seen.refunded) == (PRICE, NOTHING, NOTHING)
        assert (seen.decline_code, seen.capture_before) == (None, None)

    def test_the_same_purpose_is_prepared_once(self, bank, gateway):
        card = bank.card()
        assert len({gateway.prepare(PURPOSE, PRICE, card) for _ in range(3)}) == 1

    @pytest.mark.parametrize(
        "other",
        [
            replace(PURPOSE, payment_attempt=2),
            replace(PURPOSE, order_id="ord_2"),
            replace(PURPOSE, reseller_id="res_2"),
        ],
        ids=["payment attempt", "order", "reseller"],
    )
    def test_another_purpose_is_another_payment(self, bank, gateway, other):
        card = bank.card()
        assert gateway.prepare(PURPOSE, PRICE, card) != gateway.prepare(other, PRICE, card)

    def test_another_amount_or_card_is_another_payment_and_the_first_stays_as_it_was(self, bank, gateway):
        card, another = bank.card(), bank.card()
        asked = [(PRICE, card), (Money.of("150.00"), card), (PRICE, another), (PRICE, card)]
        first, dearer, elsewhere, again = (gateway.prepare(PURPOSE, *each) for each in asked)
        assert len({first, dearer, elsewhere}) == 3
        assert again == first
        assert (gateway.intent(first).amount, gateway.intent(dearer).amount) == (PRICE, Money.of("150.00"))

    def test_an_unknown_card_is_refused(self, bank, gateway):
        with pytest.raises(PaymentRefused):
            gateway.prepare(PURPOSE, PRICE, bank.unknown_card())

    def test_a_payment_of_nothing_is_refused(self, bank, gateway):
        with pytest.raises(PaymentRefused):
            gateway.prepare(PURPOSE, NOTHING, bank.card())

    @pytest.mark.parametrize("amount", ["0.50", "1.00", "149.99", "12345.67"])
    def test_an_amount_comes_back_as_it_was_given(self, bank, gateway, amount):
        intent_id = gateway.prepare(PURPOSE, Money.of(amount), bank.card())
        gateway.authorise(intent_id, PURPOSE)
        assert gateway.capture(intent_id, PURPOSE).captured == Money.of(amount)
        assert gateway.refund(intent_id, PURPOSE, 1).amount == Money.of(amount)

    def test_a_good_card_is_authorised_for_the_amount_and_until_a_time(self, bank, gateway, prepared):
        seen = gateway.authorise(prepared, PURPOSE)
        assert (seen.status, seen.amount, seen.captured) == (IntentStatus.AUTHORISED, PRICE, NOTHING)
        assert seen.capture_before is not None
        assert seen.capture_before.tzinfo is UTC
        assert seen.capture_before > bank.now()
        assert gateway.intent(prepared) == seen

    def test_a_decline_is_a_value_with_its_reason(self, bank, gateway):
        intent_id = gateway.prepare(PURPOSE, PRICE, bank.card("insufficient_funds"))
        seen = gateway.authorise(intent_id, PURPOSE)
        assert (seen.status, seen.decline_code) == (IntentStatus.DECLINED, "insufficient_funds")
        assert (seen.captured, seen.capture_before) == (NOTHING, None)
        assert gateway.intent(intent_id) == seen

    def test_what_was_asked_stays_as_it_was_answered(self, gateway, authorised):
        assert gateway.authorise(authorised, PURPOSE).status is IntentStatus.AUTHORISED

    def test_a_decline_stays_one_for_this_attempt(self, gateway, declined):
        again = gateway.authorise(declined, PURPOSE)
        assert (again.status, again.decline_code) == (IntentStatus.DECLINED, "insufficient_funds")

    def test_after_a_decline_another_attempt_may_be_authorised(self, bank, gateway, declined):
        again = gateway.prepare(NEXT_ATTEMPT, PRICE, bank.card())
        assert gateway.authorise(again, NEXT_ATTEMPT).status is IntentStatus.AUTHORISED
        assert gateway.intent(declined).status is IntentStatus.DECLINED

    def test_all_that_was_authorised_is_taken_once(self, gateway, authorised):
        for _ in range(2):
            seen = gateway.capture(authorised, PURPOSE)
            assert (seen.status, seen.captured, seen.refunded) == (IntentStatus.CAPTURED, PRICE, NOTHING)
        assert gateway.intent(authorised) == seen

    def test_what_was_not_authorised_is_not_taken(self, gateway, prepared):
        with pytest.raises(PaymentRefused):
            gateway.capture(prepared, PURPOSE)
        assert gateway.intent(prepared).captured == NOTHING

    def test_what_was_declined_is_not_taken(self, gateway, declined):
        with pytest.raises(PaymentRefused):
            gateway.capture(declined, PURPOSE)

    def test_an_authorisation_that_ran_out_is_not_taken_and_that_is_a_value(self, bank, gateway, authorised):
        bank.run_out(authorised)
        assert gateway.intent(authorised).status is IntentStatus.CANCELLED
        seen = gateway.capture(authorised, PURPOSE)
        assert (seen.status, seen.captured) == (IntentStatus.CANCELLED, NOTHING)

    @pytest.mark.parametrize("state", ["prepared", "authorised", "declined"])
    def test_what_was_not_taken_can_be_cancelled_and_that_again(self, request, gateway, state):
        intent_id = request.getfixturevalue(state)
        for _ in range(2):
            assert gateway.cancel(intent_id, PURPOSE).status is IntentStatus.CANCELLED
        assert gateway.intent(intent_id).status is IntentStatus.CANCELLED

    @pytest.mark.parametrize("call", ["authorise", "capture"])
    def test_what_is_cancelled_stays_so(self, gateway, authorised, call):
        gateway.cancel(authorised, PURPOSE)
        seen = getattr(gateway, call)(authorised, PURPOSE)
        assert (seen.status, seen.captured) == (IntentStatus.CANCELLED, NOTHING)

    def test_what_was_cancelled_unasked_never_asks(self, gateway, prepared):
        gateway.cancel(prepared, PURPOSE)
        assert gateway.authorise(prepared, PURPOSE).status is IntentStatus.CANCELLED

    def test_what_was_taken_is_not_cancelled(self, gateway, captured):
        seen = gateway.cancel(captured, PURPOSE)
        assert (seen.status, seen.captured) == (IntentStatus.CAPTURED, PRICE)

    def test_all_that_was_taken_is_given_back_once(self, gateway, captured):
        refunds = {gateway.refund(captured, PURPOSE, 1) for _ in range(2)}
        assert {(each.status, each.amount) for each in refunds} == {(RefundStatus.SUCCEEDED, PRICE)}
        assert len(refunds) == 1
        assert gateway.intent(captured).refunded == PRICE
        assert gateway.intent(captured).status is IntentStatus.CAPTURED
        (refund,) = refunds
        assert gateway.refund_of(refund.refund_id) == refund

    def test_no_further_attempt_gives_back_more_than_was_taken(self, gateway, captured):
        gateway.refund(captured, PURPOSE, 1)
        with pytest.raises(PaymentRefused):
            gateway.refund(captured, PURPOSE, 2)
        assert gateway.intent(captured).refunded == PRICE

    def test_a_failed_refund_says_why_and_is_tried_again_under_another_number(self, bank, gateway, captured):
        bank.fail_next_refund("expired_or_canceled_card")
        failed = gateway.refund(captured, PURPOSE, 1)
        assert (failed.status, failed.failure_code) == (RefundStatus.FAILED, "expired_or_canceled_card")
        assert gateway.intent(captured).refunded == NOTHING
        assert gateway.refund_of(failed.refund_id) == failed
        again = gateway.refund(captured, PURPOSE, 2)
        assert (again.status, again.failure_code) == (RefundStatus.SUCCEEDED, None)
        assert again.refund_id != failed.refund_id
        assert gateway.intent(captured).refunded == PRICE

    @pytest.mark.parametrize("state", ["prepared", "authorised", "declined"])
    def test_what_was_not_taken_is_not_given_back(self, request, gateway, state):
        with pytest.raises(PaymentRefused):
            gateway.refund(request.getfixturevalue(state), PURPOSE, 1)

    def test_what_was_refused_is_granted_once_it_can_be_and_that_once(self, gateway, prepared):
        with pytest.raises(PaymentRefused):
            gateway.capture(prepared, PURPOSE)
        gateway.authorise(prepared, PURPOSE)
        with pytest.raises(PaymentRefused):
            gateway.refund(prepared, PURPOSE, 1)
        for _ in range(2):
            assert gateway.capture(prepared, PURPOSE).captured == PRICE
        refunds = {gateway.refund(prepared, PURPOSE, 1).refund_id for _ in range(2)}
        assert len(refunds) == 1
        assert gateway.intent(prepared).refunded == PRICE

    def test_what_the_gateway_does_not_know_is_refused(self, gateway):
        with pytest.raises(PaymentRefused):
            gateway.intent("pi_0000000000000000000000zz")
        with pytest.raises(PaymentRefused):
            gateway.refund_of("re_0000000000000000000000zz")

    @pytest.mark.parametrize("effect", LOSSES)
    def test_a_lost_answer_to_prepare_leaves_one_payment(self, bank, gateway, effect):
        card = bank.card()
        bank.lose_answer("prepare", effect)
        with pytest.raises(TryAgain):
            gateway.prepare(PURPOSE, PRICE, card)
        assert len({gateway.prepare(PURPOSE, PRICE, card) for _ in range(2)}) == 1

    @pytest.mark.parametrize("effect", LOSSES)
    def test_a_lost_answer_to_authorise_is_asked_again(self, bank, gateway, prepared, effect):
        bank.lose_answer("authorise", effect)
        with pytest.raises(TryAgain):
            gateway.authorise(prepared, PURPOSE)
        known = gateway.intent(prepared).status
        assert known is (IntentStatus.AUTHORISED if effect else IntentStatus.UNCONFIRMED)
        assert gateway.authorise(prepared, PURPOSE).status is IntentStatus.AUTHORISED

    @pytest.mark.parametrize("effect", LOSSES)
    def test_a_lost_answer_to_a_declined_authorise_is_asked_again(self, bank, gateway, effect):
        intent_id = gateway.prepare(PURPOSE, PRICE, bank.card("insufficient_funds"))
        bank.lose_answer("authorise", effect)
        with pytest.raises(TryAgain):
            gateway.authorise(intent_id, PURPOSE)
        assert gateway.authorise(intent_id, PURPOSE).decline_code == "insufficient_funds"

    @pytest.mark.parametrize("effect", LOSSES)
    def test_a_lost_answer_to_capture_is_asked_again(self, bank, gateway, authorised, effect):
        bank.lose_answer("capture", effect)
        with pytest.raises(TryAgain):
            gateway.capture(authorised, PURPOSE)
        assert gateway.capture(authorised, PURPOSE).captured == PRICE

    @pytest.mark.parametrize("effect", LOSSES)
    def test_a_lost_answer_to_cancel_is_asked_again(self, bank, gateway, authorised, effect):
        bank.lose_answer("cancel", effect)
        with pytest.raises(TryAgain):
            gateway.cancel(authorised, PURPOSE)
        assert gateway.cancel(authorised, PURPOSE).status is IntentStatus.CANCELLED

    @pytest.mark.parametrize("effect", LOSSES)
    def test_a_lost_answer_to_refund_gives_back_once(self, bank, gateway, captured, effect):
        bank.lose_answer("refund", effect)
        with pytest.raises(TryAgain):
            gateway.refund(captured, PURPOSE, 1)
        assert gateway.refund(captured, PURPOSE, 1).status is RefundStatus.SUCCEEDED
        assert gateway.intent(captured).refunded == PRICE

    def test_while_the_gateway_is_out_every_call_may_be_repeated(self, bank, gateway, authorised):
        card = bank.card()
        bank.be_out(True)
        for call in (
            lambda: gateway.prepare(NEXT_ATTEMPT, PRICE, card),
            lambda: gateway.authorise(authorised, PURPOSE),
            lambda: gateway.capture(authorised, PURPOSE),
            lambda: gateway.cancel(authorised, PURPOSE),
            lambda: gateway.refund(authorised, PURPOSE, 1),
            lambda: gateway.intent(authorised),
            lambda: gateway.refund_of("re_1"),
        ):
            with pytest.raises(TryAgain):
                call()
        bank.be_out(False)
        assert gateway.capture(authorised, PURPOSE).captured == PRICE
