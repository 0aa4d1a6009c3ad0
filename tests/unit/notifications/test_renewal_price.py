"""What a renewal costs: by the contract that paid, as long as it serves, else by the catalog."""

from dataclasses import replace

import pytest

from partner_center.catalog.pricing import AgreedPrice, PriceList, quote
from partner_center.catalog.products import LineKind, load_catalog
from partner_center.kernel.money import Money
from partner_center.notifications.renewal_price import RenewalPrice
from partner_center.orders.order import Order
from tests.fakes.catalog import without_sale_of
from tests.fakes.determined import NOW
from tests.fakes.samples import PRODUCT, US, a_card_contract, a_content, a_contract, a_day, a_head

CATALOG = load_catalog()
NAMES = ("www.example.com", "example.com", "a.example.com")
ORDER = Order(a_head(), replace(a_content(), names=NAMES))
LISTED = quote(CATALOG.product(PRODUCT), NAMES, ORDER.head.term_days)
IN_MONEY = f"{LISTED.net.amount:.2f} {LISTED.net.currency} without tax"
AGREED = PriceList(
    "EUR",
    tuple(
        AgreedPrice(PRODUCT, ORDER.head.term_days, kind, Money.of("10", "EUR"))
        for kind in (LineKind.BASE, LineKind.NAME)
    ),
)


class Contracts:
    """`Contracts` with one, or none."""

    def __init__(self, contract):
        self.contract = contract

    def find(self, reseller_id, contract_id):
        return self.contract if (reseller_id, contract_id) == (US, "con_1") else None


CASES = {
    "a bulk contract": (
        a_contract(),
        f"{LISTED.units} unit{'' if LISTED.units == 1 else 's'} of contract con_1",
    ),
    "a card": (a_card_contract(), IN_MONEY),
    "agreed prices": (a_card_contract(prices=AGREED), "EUR without tax"),
    "a contract that has ended": (a_contract(valid_to=NOW), IN_MONEY),
    "agreed prices that have ended": (a_card_contract(prices=AGREED, valid_to=NOW), IN_MONEY),
    "no contract any more": (None, IN_MONEY),
}


@pytest.mark.parametrize(("contract", "words"), CASES.values(), ids=CASES.keys())
def test_it_is_told_as_the_contract_that_paid_would_pay_it(contract, words):
    told = RenewalPrice(CATALOG, Contracts(contract))(ORDER, NOW + a_day)
    assert told.endswith(words)


@pytest.mark.parametrize("head", [{"product": "gone"}, {"term_days": 1}], ids=["product", "term"])
def test_what_is_not_sold_any_more_has_no_price(head):
    order = replace(ORDER, head=replace(ORDER.head, **head))
    assert RenewalPrice(CATALOG, Contracts(None))(order, NOW) is None


@pytest.mark.parametrize("term_days", [None, ORDER.head.term_days], ids=["product", "term"])
def test_what_was_withdrawn_has_no_price(term_days):
    catalog = without_sale_of(PRODUCT, term_days)
    assert RenewalPrice(catalog, Contracts(a_contract()))(ORDER, NOW + a_day) is None
