"""One calculation of the price: by product, term and number of names (M72-M75)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_center.catalog.pricing import (
    AgreedPrice,
    PriceList,
    free_of_charge,
    price_as_json,
    price_of_replacement,
    quote,
)
from partner_center.catalog.products import LineKind, WildcardRule, load_catalog
from partner_center.kernel.money import Money

PRODUCTS = load_catalog().products()


def plain(count):
    return [f"host{number}.example.com" for number in range(count)]


def wild(count):
    return [f"*.host{number}.example.com" for number in range(count)]


def product(code):
    found = load_catalog().product(code)
    assert found is not None
    return found


DV = "geotrust_quickssl_premium"
DV_WILDCARD = "geotrust_quickssl_premium_wildcard"
OV = "geotrust_true_businessid"
OV_WILDCARD = "geotrust_true_businessid_wildcard"
MULTI = "geotrust_true_businessid_multi_domain"
EV_MULTI = "geotrust_true_businessid_with_ev_multi_domain"


@pytest.mark.parametrize(
    ("code", "names", "days", "net", "units", "lines"),
    [
        (DV, plain(1), 365, "149.00", 1, {"base": 1}),
        (DV, plain(1) * 2, 365, "149.00", 1, {"base": 1}),
        (DV, plain(2), 365, "198.00", 2, {"base": 1, "name": 1}),
        (DV, plain(100), 365, "5000.00", 100, {"base": 1, "name": 99}),
        (DV, plain(1), 730, "283.00", 2, {"base": 1}),
        (DV, plain(3), 1095, "666.00", 9, {"base": 1, "name": 2}),
        (DV_WILDCARD, wild(1), 365, "399.00", 3, {"base": 1}),
        (DV_WILDCARD, wild(1) + plain(1), 365, "399.00", 3, {"base": 1}),
        (DV_WILDCARD, plain(1) + wild(1), 365, "399.00", 3, {"base": 1}),
        (DV_WILDCARD, wild(1) + plain(2), 365, "448.00", 4, {"base": 1, "name": 1}),
        (DV_WILDCARD, plain(3), 365, "448.00", 4, {"base": 1, "name": 1}),
        (OV, plain(1), 365, "199.00", 2, {"base": 1}),
        (OV, plain(1) + wild(1), 365, "498.00", 5, {"base": 1, "wildcard_name": 1}),
        (OV, wild(2) + plain(3), 365, "935.00", 10, {"base": 1, "name": 2, "wildcard_name": 2}),
        (OV_WILDCARD, wild(1) + plain(1), 365, "499.00", 4, {"base": 1}),
        (OV_WILDCARD, wild(3), 365, "1097.00", 10, {"base": 1, "wildcard_name": 2}),
        (OV_WILDCARD, wild(2) + plain(2), 365, "867.00", 8, {"base": 1, "name": 1, "wildcard_name": 1}),
        (MULTI, plain(5), 365, "349.00", 4, {"base": 1}),
        (MULTI, plain(6) + wild(1), 365, "707.00", 8, {"base": 1, "name": 1, "wildcard_name": 1}),
        (EV_MULTI, plain(7), 730, "1590.00", 20, {"base": 1, "name": 2}),
    ],
)
def test_price_and_units_by_product_term_and_names(code, names, days, net, units, lines):
    priced = quote(product(code), names, days)
    assert priced is not None
    assert (priced.net, priced.units) == (Money.of(net), units)
    assert {line.kind.value: line.quantity for line in priced.lines} == lines
    assert priced.lines[0].kind is LineKind.BASE


@pytest.mark.parametrize(
    ("code", "names", "days"),
    [
        (DV, [], 365),
        (DV, plain(101), 365),
        (DV, plain(1), 364),
        (DV, plain(1), 0),
        (DV, plain(1), -365),
        (DV, plain(1) + wild(1), 365),
        (DV_WILDCARD, wild(2), 365),
        (OV, wild(1), 365),
        (EV_MULTI, plain(1) + wild(1), 365),
        (EV_MULTI, plain(1), 1095),
    ],
)
def test_what_is_not_sold_has_no_price(code, names, days):
    assert quote(product(code), names, days) is None


any_purchase = st.sampled_from(PRODUCTS).flatmap(
    lambda product: st.tuples(
        st.just(product),
        st.integers(1, product.max_names - 10).map(plain),
        st.integers(0, 10)
        .map(wild)
        .map(
            lambda names: names[
                : {WildcardRule.NONE: 0, WildcardRule.BASE: 1}.get(product.wildcard, len(names))
            ]
        ),
        st.sampled_from(product.terms_days),
    )
)


@given(any_purchase)
def test_the_lines_add_up_to_the_net_price(purchase):
    product, plain_names, wildcards, days = purchase
    priced = quote(product, plain_names + wildcards, days)
    assert priced is not None
    assert sum(line.amount.amount for line in priced.lines) == priced.net.amount
    assert all(line.unit.times(line.quantity) == line.amount for line in priced.lines)
    assert all(line.quantity > 0 for line in priced.lines)
    assert priced.units >= 1
    assert priced.net.currency == product.currency


@given(any_purchase)
def test_one_name_more_never_costs_less(purchase):
    product, plain_names, wildcards, days = purchase
    before = quote(product, plain_names + wildcards, days)
    after = quote(product, [*plain_names, *wildcards, "more.example.net"], days)
    if after is not None:
        assert before is not None
        assert after.net.amount >= before.net.amount
        assert after.units >= before.units


@given(any_purchase, st.randoms())
def test_the_order_of_names_changes_nothing(purchase, random):
    product, plain_names, wildcards, days = purchase
    names = plain_names + wildcards
    shuffled = list(names)
    random.shuffle(shuffled)
    assert quote(product, names, days) == quote(product, shuffled, days)


@given(any_purchase)
def test_what_is_free_keeps_its_lines_and_says_why(purchase):
    product, plain_names, wildcards, days = purchase
    priced = quote(product, plain_names + wildcards, days)
    assert priced is not None
    free = free_of_charge(priced, "Replacement within 30 days of issue.")
    assert (free.net.amount, free.units) == (Decimal(0), 0)
    assert sum(line.amount.amount for line in free.lines) == free.net.amount
    assert [line.quantity for line in free.lines] == [line.quantity for line in priced.lines]
    assert price_as_json(free)["free_because"] == "Replacement within 30 days of issue."


def test_a_price_as_the_api_shows_it():
    priced = quote(product(DV), plain(3), 365)
    assert priced is not None
    assert price_as_json(priced) == {
        "net": {"amount": "247.00", "currency": "USD"},
        "lines": [
            {
                "kind": "base",
                "quantity": 1,
                "unit": {"amount": "149.00", "currency": "USD"},
                "amount": {"amount": "149.00", "currency": "USD"},
            },
            {
                "kind": "name",
                "quantity": 2,
                "unit": {"amount": "49.00", "currency": "USD"},
                "amount": {"amount": "98.00", "currency": "USD"},
            },
        ],
    }


# ---- a contract's own prices


def agreed(*prices, currency="USD"):
    return PriceList(
        currency,
        tuple(AgreedPrice(code, days, kind, Money.of(net, currency)) for code, days, kind, net in prices),
    )


LINES = {
    "nothing agreed": (agreed(), "247.00"),
    "the base": (agreed((DV, 365, LineKind.BASE, "99.00")), "197.00"),
    "each further name": (agreed((DV, 365, LineKind.NAME, "10.00")), "169.00"),
    "both": (agreed((DV, 365, LineKind.BASE, "99.00"), (DV, 365, LineKind.NAME, "10.00")), "119.00"),
    "dearer than the catalog": (agreed((DV, 365, LineKind.BASE, "999.00")), "1097.00"),
    "another term": (agreed((DV, 730, LineKind.BASE, "1.00")), "247.00"),
    "another product": (agreed((OV, 365, LineKind.BASE, "1.00")), "247.00"),
}


@pytest.mark.parametrize(("prices", "net"), LINES.values(), ids=LINES.keys())
def test_agreed_prices_go_before_the_catalogs_line_by_line(prices, net):
    priced, listed = quote(product(DV), plain(3), 365, prices), quote(product(DV), plain(3), 365)
    assert priced.net == Money.of(net)
    assert [line.amount for line in priced.lines] == [line.unit.times(line.quantity) for line in priced.lines]
    assert priced.units == listed.units


def test_a_list_in_another_currency_has_no_catalog_to_fall_back_upon():
    whole = agreed((DV, 365, LineKind.BASE, "90.00"), (DV, 365, LineKind.NAME, "9.00"), currency="EUR")
    assert quote(product(DV), plain(3), 365, whole).net == Money.of("108.00", "EUR")
    base_only = agreed((DV, 365, LineKind.BASE, "90.00"), currency="EUR")
    assert quote(product(DV), plain(1), 365, base_only).net == Money.of("90.00", "EUR")
    assert quote(product(DV), plain(2), 365, base_only) is None
    assert quote(product(DV), plain(1), 730, base_only) is None


# ---- what costs nothing

BEGAN = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("passed", "is_free"),
    [
        (timedelta(), True),
        (timedelta(days=29, hours=23), True),
        (timedelta(days=30, microseconds=-1), True),
        (timedelta(days=30), False),
        (timedelta(days=300), False),
    ],
    ids=["at once", "on the last day", "in the last moment", "30 days later", "much later"],
)
def test_a_replacement_is_free_within_thirty_days_of_the_begin_of_the_term(passed, is_free):
    full = quote(product(DV), plain(2), 365)
    priced = price_of_replacement(full, BEGAN, BEGAN + passed)
    assert (priced != full) is is_free
    if is_free:
        assert (priced.net, priced.units) == (Money.of("0.00"), 0)
        assert price_as_json(priced)["free_because"] == (
            "Replaces an order within 30 days of the begin of its term."
        )


def test_what_is_free_is_free_in_the_contracts_currency():
    euros = agreed((DV, 365, LineKind.BASE, "90.00"), currency="EUR")
    full = quote(product(DV), plain(1), 365, euros)
    assert price_of_replacement(full, BEGAN, BEGAN).net == Money.of("0.00", "EUR")
