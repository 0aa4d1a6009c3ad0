"""The adapter against localstripe: whole payments, and every trouble that can be had on demand."""

import threading
from itertools import count

import pytest

from local.payments.keys import KEPT_SECONDS
from partner_center.adapters.stripe_gateway import StripeGateway
from partner_center.adapters.stripe_http import Limits, StripeHttp
from partner_center.billing.payments import IntentStatus, PaymentPurpose, PaymentRefused, RefundStatus
from partner_center.kernel.errors import TryAgain
from partner_center.kernel.money import Money
from tests.adapters.stripe_bank import StripeBank

PRICE = Money.of("149.00")
NOTHING = Money.of("0.00")
_orders = count(1)


@pytest.fixture(scope="module")
def bank():
    bank = StripeBank()
    yield bank
    bank.close()


@pytest.fixture(autouse=True)
def nothing_waits(bank):
    yield
    bank.be_out(False)


@pytest.fixture
def gateway(bank):
    return bank.gateway


@pytest.fixture
def purpose():
    return PaymentPurpose("res_1", f"ord_{next(_orders)}", 1)


@pytest.fixture
def prepared(bank, gateway, purpose):
    return gateway.prepare(purpose, PRICE, bank.card())


def test_a_whole_payment(bank, gateway, purpose, prepared):
    assert gateway.intent(prepared).status is IntentStatus.UNCONFIRMED
    authorised = gateway.authorise(prepared, purpose)
    assert (authorised.status, authorised.captured) == (IntentStatus.AUTHORISED, NOTHING)
    assert authorised.capture_before > bank.now()
    captured = gateway.capture(prepared, purpose)
    assert (captured.status, captured.captured, captured.refunded) == (IntentStatus.CAPTURED, PRICE, NOTHING)
    refund = gateway.refund(prepared, purpose, 1)
    assert (refund.status, refund.amount) == (RefundStatus.SUCCEEDED, PRICE)
    assert gateway.refund_of(refund.refund_id) == refund
    assert gateway.intent(prepared).refunded == PRICE
    assert gateway.purpose_of(prepared) == ("res_1", purpose.order_id)
    assert [kind for kind, about in bank.told if prepared in {about["id"], about.get("payment_intent")}] == [
        "payment_intent.amount_capturable_updated",
        "payment_intent.succeeded",
        "charge.refunded",
    ]


def test_every_call_repeated_takes_effect_once(bank, gateway, purpose):
    card = bank.card()
    intents = {gateway.prepare(purpose, PRICE, card) for _ in range(2)}
    (intent_id,) = intents
    for call, status in (
        (gateway.authorise, IntentStatus.AUTHORISED),
        (gateway.capture, IntentStatus.CAPTURED),
        (gateway.authorise, IntentStatus.CAPTURED),
        (gateway.cancel, IntentStatus.CAPTURED),
    ):
        assert {call(intent_id, purpose).status for _ in range(2)} == {status}
    refunds = {gateway.refund(intent_id, purpose, 1).refund_id for _ in range(2)}
    bank.moment += KEPT_SECONDS
    refunds.add(gateway.refund(intent_id, purpose, 1).refund_id)
    assert len(refunds) == 1
    with pytest.raises(PaymentRefused):
        gateway.refund(intent_id, purpose, 2)
    assert gateway.intent(intent_id).refunded == PRICE


def test_a_declined_attempt_stays_declined_and_the_next_is_another(bank, gateway, purpose):
    card = bank.card("insufficient_funds")
    first = gateway.prepare(purpose, PRICE, card)
    for _ in range(2):
        found = gateway.authorise(first, purpose)
        assert (found.status, found.decline_code) == (IntentStatus.DECLINED, "insufficient_funds")
    bank.be_out(False)
    again = PaymentPurpose("res_1", purpose.order_id, 2)
    second = gateway.prepare(again, PRICE, card)
    assert second != first
    assert gateway.authorise(second, again).status is IntentStatus.AUTHORISED
    assert gateway.cancel(first, purpose).status is IntentStatus.CANCELLED


LATER = {
    "4000000000000341": (IntentStatus.DECLINED, "generic_decline"),
    "4000002760003184": (IntentStatus.DECLINED, "authentication_required"),
    "4000002500003155": (IntentStatus.AUTHORISED, None),
}


@pytest.mark.parametrize(("number", "expected"), LATER.items(), ids=LATER)
def test_cards_that_were_taken_and_do_otherwise_later(bank, gateway, purpose, number, expected):
    card = bank.card(number="4000000000000341") if number.endswith("0341") else None
    if card is None:  # its holder authenticates when it is set up
        customer = bank.post("/v1/customers", {"name": "x"}, f"cus-{number}")["id"]
        setup = bank.post("/v1/setup_intents", {"customer": customer}, f"set-{number}")["id"]
        form = {
            "payment_method_data[type]": "card",
            "payment_method_data[card][number]": number,
            "payment_method_data[card][exp_month]": "12",
            "payment_method_data[card][exp_year]": "2030",
            "payment_method_data[card][cvc]": "123",
        }
        first = bank.post(f"/v1/setup_intents/{setup}/confirm", form, f"con-{number}")
        assert first["status"] == "requires_action"
        done = bank.post(f"/v1/setup_intents/{setup}/confirm", {"use_stripe_sdk": "true"}, f"con2-{number}")
        card = bank._card("card_x", number[-4:], done["payment_method"], customer)
    intent_id = gateway.prepare(purpose, PRICE, card)
    found = gateway.authorise(intent_id, purpose)
    assert (found.status, found.decline_code) == expected
    assert gateway.intent(intent_id) == found


def test_an_authorisation_ends_by_itself(bank, gateway, purpose, prepared):
    gateway.authorise(prepared, purpose)
    bank.run_out(prepared)
    assert gateway.capture(prepared, purpose).status is IntentStatus.CANCELLED
    assert gateway.intent(prepared).captured == NOTHING


def test_what_was_cancelled_is_never_captured(bank, gateway, purpose, prepared):
    gateway.authorise(prepared, purpose)
    assert gateway.cancel(prepared, purpose).status is IntentStatus.CANCELLED
    assert gateway.capture(prepared, purpose).status is IntentStatus.CANCELLED
    assert gateway.authorise(prepared, purpose).status is IntentStatus.CANCELLED


def test_nothing_is_captured_or_refunded_before_its_time(gateway, purpose, prepared):
    for call in (gateway.capture, lambda *of: gateway.refund(*of, 1)):
        with pytest.raises(PaymentRefused):
            call(prepared, purpose)


def test_the_same_attempt_for_another_amount_is_another_payment(bank, gateway, purpose):
    card = bank.card()
    first = gateway.prepare(purpose, PRICE, card)
    assert gateway.prepare(purpose, Money.of("150.00"), card) != first
    assert gateway.prepare(purpose, PRICE, card) == first


def test_unknown_and_detached_cards_are_refused(bank, gateway, purpose):
    card = bank.card()
    bank.post(f"/v1/payment_methods/{card.token}/detach", {}, f"detach-{card.token}")
    for each in (bank.unknown_card(), card):
        with pytest.raises(PaymentRefused) as caught:
            gateway.prepare(PaymentPurpose("res_1", f"ord_{next(_orders)}", 1), PRICE, each)
        assert caught.value.reason == "resource_missing"


@pytest.mark.parametrize("kind", ["lose_after", "lose_before", "fail_after", "fail_before", "throttle"])
@pytest.mark.parametrize("step", ["authorise", "capture", "refund"])
def test_a_lost_answer_is_asked_for_again_and_charges_once(bank, gateway, purpose, prepared, step, kind):
    calls = [
        ("authorise", lambda: gateway.authorise(prepared, purpose)),
        ("capture", lambda: gateway.capture(prepared, purpose)),
        ("refund", lambda: gateway.refund(prepared, purpose, 1)),
    ]
    for name, call in calls:
        if name == step:
            bank.stripe.faults.set({"call": step, "kind": kind})
            with pytest.raises(TryAgain):
                call()
        call()
    found = gateway.intent(prepared)
    assert (found.captured, found.refunded) == (PRICE, PRICE)


def test_a_fault_that_is_kept_with_its_key_does_not_last(bank, gateway, purpose, prepared):
    bank.stripe.faults.set({"call": "authorise", "kind": "fail_for_good"})
    with pytest.raises(TryAgain):
        gateway.authorise(prepared, purpose)
    assert gateway.authorise(prepared, purpose).status is IntentStatus.AUTHORISED


def test_who_waits_too_long_finds_the_effect_later(bank, purpose, prepared):
    hasty = StripeGateway(
        StripeHttp(bank.stripe.url, lambda _: "sk_test_local", Limits(read_seconds=0.05, tries=1))
    )
    bank.stripe.faults.set({"call": "authorise", "kind": "hold"})
    with pytest.raises(TryAgain):
        hasty.authorise(prepared, purpose)
    assert bank.gateway.authorise(prepared, purpose).status is IntentStatus.AUTHORISED


def test_a_failed_refund_is_tried_again_under_another_attempt(bank, gateway, purpose, prepared):
    gateway.authorise(prepared, purpose)
    gateway.capture(prepared, purpose)
    bank.fail_next_refund("lost_or_stolen_card")
    failed = gateway.refund(prepared, purpose, 1)
    assert (failed.status, failed.failure_code) == (RefundStatus.FAILED, "lost_or_stolen_card")
    assert gateway.refund(prepared, purpose, 1) == failed
    assert gateway.refund(prepared, purpose, 2).status is RefundStatus.SUCCEEDED


def test_a_refund_on_its_way_arrives_or_fails(bank, gateway, purpose, prepared):
    gateway.authorise(prepared, purpose)
    gateway.capture(prepared, purpose)
    bank.stripe.faults.set({"call": "refund", "kind": "refund_pending"})
    refund = gateway.refund(prepared, purpose, 1)
    assert refund.status is RefundStatus.PENDING
    bank.stripe.payments.end_refund(refund.refund_id, "failed", "declined")
    assert gateway.refund_of(refund.refund_id).failure_code == "declined"
    assert gateway.intent(prepared).refunded == NOTHING


def test_twenty_at_once_with_one_key_make_one_charge(bank, gateway, purpose, prepared):
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(gateway.authorise(prepared, purpose).status))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [IntentStatus.AUTHORISED] * 20
    kinds = [kind for kind, about in bank.told if about["id"] == prepared]
    assert kinds == ["payment_intent.amount_capturable_updated"]


BAD_FAULTS = [{}, {"kind": "nothing"}, {"call": "x", "kind": "fail_before"}, {"kind": "hold", "times": 0}]


@pytest.mark.parametrize("fields", BAD_FAULTS, ids=str)
def test_a_fault_that_is_none_is_refused(bank, fields):
    with pytest.raises(ValueError, match=r"."):
        bank.stripe.faults.set(fields)


def test_the_journal_holds_what_came_about(bank, gateway, purpose, prepared):
    gateway.authorise(prepared, purpose)
    (shown,) = [each for each in bank.stripe.journal()["intents"] if each["id"] == prepared]
    assert (shown["status"], shown["metadata"]["order_id"]) == ("requires_capture", purpose.order_id)


def test_the_process_begins_with_the_first_request_and_ends_with_its_owner():
    bank = StripeBank()
    assert not bank.stripe.is_running
    bank.card()
    process = bank.stripe._process._process
    assert bank.stripe.is_running
    bank.close()
    assert process.poll() == 0
    with pytest.raises(TryAgain):
        bank.gateway.intent("pi_1")
