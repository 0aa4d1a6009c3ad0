"""Stripe's card forms: what is asked, and what is made of the answers."""

import pytest

from partner_center.adapters.stripe_cards import StripeCards
from partner_center.billing.cards import CardFacts
from partner_center.billing.payments import PaymentRefused
from partner_center.kernel.errors import TryAgain
from tests.adapters.stripe_world import an_error, replied
from tests.adapters.test_stripe_gateway import CARD

METHOD = {"id": "pm_1", "card": {"brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2030}}


def a_setup(status="succeeded", method=METHOD, **more):
    return {
        "id": "seti_1",
        "customer": "cus_1",
        "client_secret": "seti_1_secret_x",
        "metadata": {"link_id": "lnk_1"},
        "status": status,
        "payment_method": method,
    } | more


@pytest.fixture
def cards(stripe):
    return StripeCards(stripe.http(tries=1))


def test_a_customer_has_the_resellers_name(stripe, cards):
    stripe.replies = [replied({"id": "cus_1"})] * 3
    assert cards.new_customer("northwind", "Northwind Hosting") == "cus_1"
    cards.new_customer("northwind", "Northwind Hosting")
    cards.new_customer("northwind", "Northwind, Inc.")
    assert stripe.asked[0].fields == {"name": "Northwind Hosting", "metadata[reseller_id]": "northwind"}
    first, second, renamed = (asked.key for asked in stripe.asked)
    assert first == second != renamed


def test_a_form_is_for_later_payments_without_the_holder(stripe, cards):
    stripe.replies = [replied(a_setup("requires_payment_method", None))]
    assert cards.begin("lnk_1", "northwind", "cus_1") == "seti_1"
    (asked,) = stripe.asked
    assert (asked.path, asked.key) == ("/v1/setup_intents", "setup-lnk_1")
    assert asked.fields == {
        "customer": "cus_1",
        "usage": "off_session",
        "payment_method_types[]": "card",
        "metadata[link_id]": "lnk_1",
        "metadata[reseller_id]": "northwind",
    }


def test_a_form_that_was_filled_in_has_a_card(stripe, cards):
    stripe.replies = [replied(a_setup())]
    found = cards.setup("seti_1")
    assert found.card == CardFacts("pm_1", "visa", "4242", 12, 2030)
    assert (found.link_id, found.customer, found.client_secret) == ("lnk_1", "cus_1", "seti_1_secret_x")
    assert stripe.asked[0].query == {"expand[]": "payment_method"}


@pytest.mark.parametrize(
    "status",
    ["requires_payment_method", "requires_confirmation", "requires_action", "processing", "canceled"],
)
def test_any_other_form_has_none(stripe, cards, status):
    stripe.replies = [replied(a_setup(status))]
    assert cards.setup("seti_1").card is None


def with_card(**changes):
    return {"id": "pm_1", "card": METHOD["card"] | changes}


NONSENSE = [
    a_setup(method=None),
    a_setup(method="pm_1"),
    a_setup(method={"id": "pm_1"}),
    a_setup(method=with_card(last4="42424242")),
    a_setup(method=with_card(last4=None)),
    a_setup(method=with_card(exp_month=13)),
    a_setup(method=with_card(exp_year="soon")),
    a_setup(method=METHOD | {"id": "../x"}),
    a_setup(customer=None),
    a_setup(client_secret='"><script>'),
    {"id": "seti_1"},
]


@pytest.mark.parametrize("body", NONSENSE, ids=range(len(NONSENSE)))
def test_a_form_that_cannot_be_read_is_asked_for_again(stripe, cards, body):
    stripe.replies = [replied(body)]
    with pytest.raises(TryAgain):
        cards.setup("seti_1")


def test_a_brand_of_any_other_kind_is_a_card(stripe, cards):
    stripe.replies = [replied(a_setup(method=with_card(brand="<b>")))]
    assert cards.setup("seti_1").card.brand == "card"


@pytest.mark.parametrize("reply", [an_error(400), an_error(404, code="resource_missing")], ids=["400", "404"])
def test_what_is_refused_is_refused(stripe, cards, reply):
    stripe.replies = [reply] * 3
    for ask in (
        lambda: cards.setup("seti_1"),
        lambda: cards.begin("lnk_1", "northwind", "cus_1"),
        lambda: cards.new_customer("northwind", "x"),
    ):
        with pytest.raises(PaymentRefused):
            ask()


FORGOTTEN = [replied({"id": "pm_1", "customer": None}), an_error(400), an_error(404, code="resource_missing")]


@pytest.mark.parametrize("reply", FORGOTTEN, ids=range(3))
def test_a_card_is_forgotten_once_or_was_before(stripe, cards, reply):
    stripe.replies = [reply]
    cards.forget(CARD)
    assert (stripe.asked[0].path, stripe.asked[0].key) == ("/v1/payment_methods/pm_1/detach", "detach-card_1")
