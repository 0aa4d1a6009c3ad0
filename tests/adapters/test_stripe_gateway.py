"""What Stripe's answers mean: a table a question, over a server that says what is written there."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from partner_center.adapters.stripe_gateway import SHORTEST_AUTHORISATION, StripeGateway
from partner_center.billing.payments import (
    Card,
    IntentStatus,
    PaymentPurpose,
    PaymentRefused,
    RefundStatus,
)
from partner_center.kernel.errors import TryAgain
from partner_center.kernel.money import Money
from tests.adapters.stripe_world import (
    LOST,
    a_charge,
    a_refund,
    an_error,
    an_intent,
    replied,
)
from tests.fakes.determined import NOW

PURPOSE = PaymentPurpose("northwind", "ord_1", 1)
PRICE = Money.of("149.00")
CARD = Card("card_1", "northwind", "visa", "4242", 12, 2030, "pm_1", "cus_1", NOW, NOW + timedelta(days=365))
CREATED = datetime.fromtimestamp(a_charge()["created"], UTC)


@pytest.fixture
def gateway(stripe):
    return StripeGateway(stripe.http(tries=1))


# ---- preparing


def test_an_intent_is_captured_by_hand_and_says_what_it_is_for(stripe, gateway):
    stripe.replies = [replied(an_intent("requires_confirmation"))]
    assert gateway.prepare(PURPOSE, PRICE, CARD) == "pi_1"
    (asked,) = stripe.asked
    assert asked.path == "/v1/payment_intents"
    assert re.fullmatch(r"northwind-ord_1-1-prepare-[0-9a-f]{16}", asked.key)
    assert asked.fields == {
        "amount": "14900",
        "currency": "usd",
        "customer": "cus_1",
        "payment_method": "pm_1",
        "payment_method_types[]": "card",
        "capture_method": "manual",
        "description": "Order ord_1",
        "statement_descriptor_suffix": "CERTIFICATE",
        "metadata[reseller_id]": "northwind",
        "metadata[order_id]": "ord_1",
        "metadata[payment_attempt]": "1",
    }


def test_what_is_prepared_in_the_same_words_has_the_same_key_and_anything_else_another(stripe, gateway):
    another = replace(CARD, token="pm_2")
    for amount, card in [(PRICE, CARD), (PRICE, CARD), (Money.of("149.01"), CARD), (PRICE, another)]:
        stripe.replies = [replied(an_intent("requires_confirmation"))]
        gateway.prepare(PURPOSE, amount, card)
    first, same, dearer, elsewhere = (each.key for each in stripe.asked)
    assert first == same
    assert len({first, dearer, elsewhere}) == 3


def test_each_step_and_each_attempt_has_a_key_of_its_own(stripe, gateway):
    for attempt in (1, 2):
        purpose = PaymentPurpose("northwind", "ord_1", attempt)
        stripe.replies = [replied(an_intent("succeeded", a_charge()))] * 4 + [replied(a_refund())] * 2
        gateway.prepare(purpose, PRICE, CARD)
        gateway.authorise("pi_1", purpose)
        gateway.capture("pi_1", purpose)
        gateway.cancel("pi_1", purpose)
        gateway.refund("pi_1", purpose, 1)
        gateway.refund("pi_1", purpose, 2)
    keys = [re.sub("(?<=prepare)-[0-9a-f]{16}$", "", asked.key) for asked in stripe.asked]
    steps = ["prepare", "authorise", "capture", "cancel", "refund-1", "refund-2"]
    assert keys == [f"northwind-ord_1-{attempt}-{step}" for attempt in (1, 2) for step in steps]


REFUSALS = {
    "another body under the same key": (an_error(400, type="idempotency_error"), "idempotency_error"),
    "an unknown card": (an_error(404, code="resource_missing", param="payment_method"), "resource_missing"),
    "a code that is none": (an_error(400, code="<b>", type="<i>"), "status_400"),
    "no error at all": (replied({}, 400), "status_400"),
    "a decline where nothing was asked of a card": (an_error(402, code="card_declined"), "card_declined"),
}


@pytest.mark.parametrize(("reply", "reason"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_refused_request_says_why_in_codes_alone(stripe, gateway, reply, reason):
    stripe.replies = [reply]
    with pytest.raises(PaymentRefused) as caught:
        gateway.prepare(PURPOSE, PRICE, CARD)
    assert caught.value.reason == reason
    assert "words of Stripe's" not in caught.value.detail


# ---- how an intent is read

WITH_ERROR = {
    "last_payment_error": {"type": "card_error", "code": "card_declined", "decline_code": "lost_card"}
}
STATUSES = {
    "requires_confirmation": (an_intent("requires_confirmation"), IntentStatus.UNCONFIRMED, None),
    "requires_payment_method": (an_intent("requires_payment_method"), IntentStatus.UNCONFIRMED, None),
    "requires_payment_method after a decline": (
        an_intent("requires_payment_method", **WITH_ERROR),
        IntentStatus.DECLINED,
        "lost_card",
    ),
    "a decline without a reason of the issuer": (
        an_intent("requires_payment_method", last_payment_error={"code": "expired_card"}),
        IntentStatus.DECLINED,
        "expired_card",
    ),
    "a decline without any": (
        an_intent("requires_payment_method", last_payment_error={"code": "No!"}),
        IntentStatus.DECLINED,
        "card_declined",
    ),
    "requires_action": (an_intent("requires_action"), IntentStatus.DECLINED, "authentication_required"),
    "requires_capture": (an_intent("requires_capture", a_charge()), IntentStatus.AUTHORISED, None),
    "succeeded": (an_intent("succeeded", a_charge()), IntentStatus.CAPTURED, None),
    "canceled": (an_intent("canceled"), IntentStatus.CANCELLED, None),
}


@pytest.mark.parametrize(("body", "status", "decline"), STATUSES.values(), ids=STATUSES.keys())
def test_every_status_of_an_intent_has_its_meaning(stripe, gateway, body, status, decline):
    stripe.replies = [replied(body)]
    found = gateway.intent("pi_1")
    assert (found.status, found.decline_code, found.amount) == (status, decline, PRICE)
    assert found.captured == (PRICE if status is IntentStatus.CAPTURED else Money.of("0.00"))


NONSENSE = {
    "still processed": an_intent("processing"),
    "an unknown status": an_intent("dreaming"),
    "no status": {"id": "pi_1"},
    "a status that is none": an_intent([]),
    "no id": an_intent("canceled", id=None),
    "an amount that is a text": an_intent("canceled", amount="14900"),
    "a currency that is none": an_intent("canceled", currency=7),
    "an authorised one without its charge": an_intent("requires_capture", "ch_1"),
    "a charge from nowhere in time": an_intent("requires_capture", a_charge(created=10**30)),
}


@pytest.mark.parametrize("body", NONSENSE.values(), ids=NONSENSE.keys())
def test_an_intent_that_cannot_be_read_is_asked_for_again(stripe, gateway, body):
    stripe.replies = [replied(body)]
    with pytest.raises(TryAgain):
        gateway.intent("pi_1")


def test_how_long_an_authorisation_holds_is_stripes_to_say(stripe, gateway):
    until = CREATED + timedelta(days=7)
    told = a_charge(payment_method_details={"card": {"capture_before": int(until.timestamp())}})
    stripe.replies = [replied(an_intent("requires_capture", told))]
    assert gateway.intent("pi_1").capture_before == until


@pytest.mark.parametrize("details", [None, {}, {"card": None}, {"card": {}}], ids=str)
def test_where_it_does_not_the_shortest_is_taken(stripe, gateway, details):
    stripe.replies = [replied(an_intent("requires_capture", a_charge(payment_method_details=details)))]
    assert gateway.intent("pi_1").capture_before == CREATED + SHORTEST_AUTHORISATION


def test_what_was_given_back_stands_with_the_charge(stripe, gateway):
    stripe.replies = [replied(an_intent("succeeded", a_charge(amount_refunded=14900)))]
    assert gateway.intent("pi_1").refunded == PRICE


@pytest.mark.parametrize("intent_id", ["", "../customers", "pi_1?x", "a" * 300, "pi\n1"])
def test_what_is_no_id_is_not_asked_for(stripe, gateway, intent_id):
    for ask in (gateway.intent, gateway.refund_of, lambda each: gateway.capture(each, PURPOSE)):
        with pytest.raises(PaymentRefused):
            ask(intent_id)
    assert stripe.asked == []


# ---- authorising


def declined(code="card_declined", **error):
    told = {"type": "card_error", "code": code} | error
    return an_error(402, **told, payment_intent=an_intent("requires_payment_method", last_payment_error=told))


UNEXPECTED = an_error(400, code="payment_intent_unexpected_state")
AUTHORISED = {
    "taken": ([replied(an_intent("requires_capture", a_charge()))], IntentStatus.AUTHORISED, None),
    "declined": (
        [declined(decline_code="insufficient_funds")],
        IntentStatus.DECLINED,
        "insufficient_funds",
    ),
    "declined, the holder being absent": (
        [declined(code="authentication_required", decline_code="authentication_required")],
        IntentStatus.DECLINED,
        "authentication_required",
    ),
    "declined without the intent": (
        [an_error(402, code="card_declined"), replied(an_intent("requires_payment_method", **WITH_ERROR))],
        IntentStatus.DECLINED,
        "lost_card",
    ),
    "waits for its holder": (
        [replied(an_intent("requires_action"))],
        IntentStatus.DECLINED,
        "authentication_required",
    ),
    "authorised already": (
        [UNEXPECTED, replied(an_intent("requires_capture", a_charge()))],
        IntentStatus.AUTHORISED,
        None,
    ),
    "captured already": (
        [UNEXPECTED, replied(an_intent("succeeded", a_charge()))],
        IntentStatus.CAPTURED,
        None,
    ),
    "cancelled already": ([UNEXPECTED, replied(an_intent("canceled"))], IntentStatus.CANCELLED, None),
    "repeated, and cancelled since": (
        [
            replied(an_intent("requires_capture", a_charge()), Idempotent_Replayed="true"),
            replied(an_intent("canceled")),
        ],
        IntentStatus.CANCELLED,
        None,
    ),
    "repeated decline": (
        [
            replied({"error": {"code": "card_declined"}}, 402, Idempotent_Replayed="true"),
            replied(an_intent("requires_payment_method", **WITH_ERROR)),
        ],
        IntentStatus.DECLINED,
        "lost_card",
    ),
}


@pytest.mark.parametrize(("replies", "status", "decline"), AUTHORISED.values(), ids=AUTHORISED.keys())
def test_authorising_tells_how_the_payment_stands(stripe, gateway, replies, status, decline):
    stripe.replies = list(replies)
    found = gateway.authorise("pi_1", PURPOSE)
    assert (found.status, found.decline_code) == (status, decline)
    assert stripe.asked[0].path == "/v1/payment_intents/pi_1/confirm"
    assert stripe.asked[0].fields == {"off_session": "true", "expand[]": "latest_charge"}


def test_a_decline_that_the_intent_does_not_know_is_not_believed(stripe, gateway):
    stripe.replies = [an_error(402, code="card_declined"), replied(an_intent("requires_capture", a_charge()))]
    with pytest.raises(TryAgain):
        gateway.authorise("pi_1", PURPOSE)


# ---- capturing, cancelling

SETTLED = {
    "capture": ("capture", [replied(an_intent("succeeded", a_charge()))], IntentStatus.CAPTURED),
    "capture of a captured one": (
        "capture",
        [UNEXPECTED, replied(an_intent("succeeded", a_charge()))],
        IntentStatus.CAPTURED,
    ),
    "capture of one that ran out": (
        "capture",
        [an_error(400, code="charge_expired_for_capture"), replied(an_intent("canceled"))],
        IntentStatus.CANCELLED,
    ),
    "cancel": ("cancel", [replied(an_intent("canceled"))], IntentStatus.CANCELLED),
    "cancel of a cancelled one": (
        "cancel",
        [UNEXPECTED, replied(an_intent("canceled"))],
        IntentStatus.CANCELLED,
    ),
    "cancel of a captured one": (
        "cancel",
        [UNEXPECTED, replied(an_intent("succeeded", a_charge()))],
        IntentStatus.CAPTURED,
    ),
}


@pytest.mark.parametrize(("verb", "replies", "status"), SETTLED.values(), ids=SETTLED.keys())
def test_a_payment_is_settled_once_whatever_is_repeated(stripe, gateway, verb, replies, status):
    stripe.replies = list(replies)
    assert getattr(gateway, verb)("pi_1", PURPOSE).status is status


STUCK = {
    "capture of an unconfirmed one": ("capture", an_intent("requires_confirmation")),
    "capture of a declined one": ("capture", an_intent("requires_payment_method", **WITH_ERROR)),
    "authorising one that stays as it was": ("authorise", an_intent("requires_confirmation")),
    "cancel of one that stays as it was": ("cancel", an_intent("requires_capture", a_charge())),
}


@pytest.mark.parametrize(("verb", "body"), STUCK.values(), ids=STUCK.keys())
def test_what_cannot_come_about_is_refused(stripe, gateway, verb, body):
    stripe.replies = [UNEXPECTED, replied(body)]
    with pytest.raises(PaymentRefused) as caught:
        getattr(gateway, verb)("pi_1", PURPOSE)
    assert caught.value.reason == "payment_intent_unexpected_state"


@pytest.mark.parametrize("verb", ["authorise", "capture", "cancel"])
@pytest.mark.parametrize("trouble", [LOST, an_error(500), an_error(429), replied(b"<html>")], ids=str)
def test_without_an_answer_the_effect_is_unknown(stripe, gateway, verb, trouble):
    stripe.replies = [trouble]
    with pytest.raises(TryAgain):
        getattr(gateway, verb)("pi_1", PURPOSE)


# ---- refunds

REFUNDS = {
    "succeeded": (a_refund(), RefundStatus.SUCCEEDED, None),
    "pending": (a_refund("pending"), RefundStatus.PENDING, None),
    "requires_action": (a_refund("requires_action"), RefundStatus.PENDING, None),
    "failed": (
        a_refund("failed", failure_reason="expired_or_canceled_card"),
        RefundStatus.FAILED,
        "expired_or_canceled_card",
    ),
    "failed without a reason": (a_refund("failed"), RefundStatus.FAILED, "failed"),
    "canceled": (a_refund("canceled"), RefundStatus.FAILED, "canceled"),
}


@pytest.mark.parametrize(("body", "status", "failure"), REFUNDS.values(), ids=REFUNDS.keys())
def test_every_status_of_a_refund_has_its_meaning(stripe, gateway, body, status, failure):
    stripe.replies = [replied(body), replied(body)]
    for found in (gateway.refund("pi_1", PURPOSE, 1), gateway.refund_of("re_1")):
        assert (found.status, found.failure_code, found.amount) == (status, failure, PRICE)
    assert "amount" not in stripe.asked[0].fields, "all of it"


def test_an_attempt_whose_key_is_forgotten_finds_its_own_refund(stripe, gateway):
    rows = {"data": [a_refund("pending", id=f"re_{n}", metadata={"refund_attempt": n}) for n in ("2", "1")]}
    stripe.replies = [an_error(400, code="charge_already_refunded"), replied(rows)]
    assert gateway.refund("pi_1", PURPOSE, 1).refund_id == "re_1"
    assert stripe.asked[0].fields["metadata[refund_attempt]"] == "1"
    assert stripe.asked[1].query["payment_intent"] == "pi_1"


FOREIGN = [
    {"data": []},
    {"data": [a_refund(metadata={"refund_attempt": "7"})]},
    {"data": [a_refund(metadata=None), "x"]},
    {},
]


@pytest.mark.parametrize("rows", FOREIGN, ids=range(4))
def test_a_refund_that_no_attempt_made_is_refused(stripe, gateway, rows):
    stripe.replies = [an_error(400, code="charge_not_captured"), replied(rows)]
    with pytest.raises(PaymentRefused):
        gateway.refund("pi_1", PURPOSE, 1)


def test_a_repeated_refund_is_read_again(stripe, gateway):
    stripe.replies = [replied(a_refund("pending"), Idempotent_Replayed="true"), replied(a_refund("failed"))]
    assert gateway.refund("pi_1", PURPOSE, 1).status is RefundStatus.FAILED


@pytest.mark.parametrize("body", [{}, a_refund("lost"), a_refund(amount=None), a_refund(id="../x")], ids=str)
def test_a_refund_that_cannot_be_read_is_asked_for_again(stripe, gateway, body):
    stripe.replies = [replied(body)]
    with pytest.raises(TryAgain):
        gateway.refund_of("re_1")


# ---- whose payment is this


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (replied(an_intent()), ("northwind", "ord_1")),
        (replied(an_intent(metadata={})), None),
        (replied(an_intent(metadata=None)), None),
        (replied(an_intent(metadata={"reseller_id": 1, "order_id": "ord_1"})), None),
        (an_error(404), None),
    ],
    ids=str,
)
def test_an_intent_tells_its_order(stripe, gateway, reply, expected):
    stripe.replies = [reply]
    assert gateway.purpose_of("pi_1") == expected
