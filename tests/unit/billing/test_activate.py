"""Activating a contract: against an invoice, on terms that add up, once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.accounts.api_keys import Role
from partner_center.accounts.staff import StaffRole
from partner_center.catalog.products import load_catalog
from partner_center.kernel.errors import ContentRefused, IdempotencyKeyReused, NotFound, StateConflict
from partner_center.kernel.money import Money
from tests.fakes.determined import NOW
from tests.fakes.posted import a_body, a_call, a_principal
from tests.fakes.samples import PRODUCT, THEM, US, a_day, a_staff
from tests.fakes.world import World

FAY = a_staff("fay.finance", StaffRole.FINANCE)
OTHER = "thawte_ssl123"


@pytest.fixture
def world():
    return World()


@pytest.fixture
def asked(world):
    return ask(world)


def ask(world, reseller_id=US, **more):
    body = {"units": 10, **more}
    return world.request_contract(
        a_principal(reseller_id, Role.BILLING), a_call(body, None, "/v1/contracts"), body
    )


def activate(world, contract, key=None, invoice="INV-1", **terms):
    body = {"invoice_reference": invoice, **terms}
    call = a_call(body, key, f"/v1/staff/contracts/{contract.contract_id}/activate")
    return world.activate_contract(FAY, call, contract.contract_id, body)


def price(net="99.00", product=PRODUCT, days=365, kind="base", currency="USD"):
    return {
        "product": product,
        "term_days": days,
        "kind": kind,
        "price": {"amount": net, "currency": currency},
    }


def refusal(world, contract, **terms):
    before = repr(world.tables)
    with pytest.raises(ContentRefused) as refused:
        activate(world, contract, **terms)
    assert repr(world.tables) == before
    assert all(each.detail.endswith(".") for each in refused.value.problems)
    return [(each.code, each.field) for each in refused.value.problems]


def conflict(world, contract, **terms):
    before = repr(world.tables)
    with pytest.raises(StateConflict) as refused:
        activate(world, contract, **terms)
    assert repr(world.tables) == before
    return refused.value.code


def test_an_invoice_alone_activates_what_was_asked_for_for_a_year(world, asked):
    world.clock.advance(hours=3)
    moment = world.clock.moment
    contract = activate(world, asked)
    assert world.stores.contracts.find(US, contract.contract_id) == contract
    assert (contract.units_granted, contract.units_left, contract.invoice_reference) == (10, 10, "INV-1")
    assert (contract.valid_from, contract.valid_to) == (moment, moment + 365 * a_day)
    assert contract.status_at(moment) == "active"
    (entry,) = world.tables.ledger[US, contract.contract_id].values()
    assert (entry.kind, entry.units, entry.reference) == ("grant", 10, "INV-1")
    assert (entry.actor, entry.at) == ("staff:fay.finance", moment)
    record = list(world.tables.audit.values())[-1]
    assert (record.action, record.actor) == ("contract.activated", "staff:fay.finance")
    assert world.post(a_body(contract_id=contract.contract_id)).head.units == 1


def test_what_was_agreed_goes_before_what_was_asked_for(world, asked):
    contract = activate(
        world,
        asked,
        units=25,
        brand="geotrust",
        products=[PRODUCT],
        prices=[price("9.00", kind="name"), price("99.00")],
        valid_from="2026-12-01T00:00:00Z",
        valid_to="2027-06-01T02:00:00+02:00",
        sales_representative="Sally Seller",
        notices={"units_low": 3, "ends_in_days": [1, 60, 60]},
    )
    assert (contract.units_asked, contract.units_granted, contract.products) == (10, 25, {PRODUCT})
    assert (contract.valid_from, contract.valid_to) == (
        NOW.replace(month=12, day=1, hour=0),
        NOW.replace(year=2027, month=6, day=1, hour=0),
    )
    assert [each.price for each in contract.prices.prices] == [Money.of("99.00"), Money.of("9.00")]
    assert (contract.units_low, contract.ends_in_days) == (3, (60, 1))
    assert contract.sales_representative == "Sally Seller"


# ---- once


def test_the_same_again_changes_nothing(world, asked):
    terms = {"units": 12, "prices": [price()], "valid_to": "2027-06-01T00:00:00Z"}
    contract = activate(world, asked, **terms)
    world.post(a_body(contract_id=contract.contract_id))
    world.clock.advance(days=2)
    before = repr(world.tables)
    again = activate(world, asked, **terms)
    assert (again.units_granted, again.units_left, again.units_held) == (12, 11, 1)
    assert activate(world, asked) == again
    assert repr(world.tables) == before


OTHERS = {
    "another invoice": {"invoice": "INV-2"},
    "other units": {"units": 11},
    "other products": {"products": [OTHER]},
    "other prices": {"prices": [price("1.00")]},
    "another end": {"valid_to": "2028-01-01T00:00:00Z"},
    "another begin": {"valid_from": "2026-11-01T00:00:00Z"},
    "other notices": {"notices": {"units_low": 1}},
}


@pytest.mark.parametrize("terms", OTHERS.values(), ids=OTHERS.keys())
def test_terms_are_fixed_once_it_is_active(world, asked, terms):
    activate(world, asked)
    assert conflict(world, asked, **terms) == "already_active"


def test_an_invoice_pays_for_one_contract_of_a_reseller(world, asked):
    activate(world, asked)
    assert conflict(world, ask(world)) == "invoice_taken"
    assert activate(world, ask(world, THEM)).invoice_reference == "INV-1"


@pytest.mark.parametrize(
    ("rival", "code"),
    [({}, None), ({"units": 11}, "already_active"), ({"invoice": "INV-2"}, "already_active")],
    ids=["the same", "other terms", "another invoice"],
)
def test_of_two_at_once_one_activates(world, asked, rival, code):
    world.tables.before["activate"].append(lambda: activate(world, asked, **rival))
    if code is None:
        assert activate(world, asked, units=10).units_granted == 10
    else:
        with pytest.raises(StateConflict, match=r"active already|on other terms"):
            activate(world, asked, units=10)
    assert len(world.tables.ledger[US, asked.contract_id]) == 1


def test_a_key_is_bound_to_its_body(world, asked):
    contract = activate(world, asked, key="key-1", units=12)
    world.post(a_body(contract_id=contract.contract_id))
    assert activate(world, asked, key="key-1", units=12) == contract
    with pytest.raises(IdempotencyKeyReused):
        activate(world, asked, key="key-1")


# ---- whose


@pytest.mark.parametrize("reseller_id", [THEM, "nobody"])
def test_a_contract_of_another_reseller_than_was_said_is_not_found(world, asked, reseller_id):
    with pytest.raises(NotFound):
        activate(world, asked, reseller_id=reseller_id)
    assert activate(world, asked, reseller_id=US)


# ---- terms that do not add up

FAR = "2099-01-01T00:00:00Z"
REFUSED = {
    "no invoice": ({"invoice": None}, [("invalid_field", "/invoice_reference")]),
    "an invoice with blanks": ({"invoice": "INV 1"}, [("invalid_field", "/invoice_reference")]),
    "an endless invoice": ({"invoice": "x" * 65}, [("invalid_field", "/invoice_reference")]),
    "no units": ({"units": 0}, [("invalid_field", "/units")]),
    "a day without a time": ({"valid_to": "2027-01-01"}, [("invalid_field", "/valid_to")]),
    "a time without a zone": ({"valid_to": "2027-01-01T00:00:00"}, [("invalid_field", "/valid_to")]),
    "no time": ({"valid_from": "soon"}, [("invalid_field", "/valid_from")]),
    "before time began": (
        {"valid_from": "0001-01-01T00:00:00+14:00"},
        [("invalid_field", "/valid_from")],
    ),
    "after it ends": (
        {"valid_from": "9999-12-31T23:59:59-14:00", "valid_to": "9999-12-31T23:59:59-00:01"},
        [("invalid_field", "/valid_from"), ("invalid_field", "/valid_to")],
    ),
    "in the past": ({"valid_to": "2026-11-01T00:00:00Z"}, [("invalid_field", "/valid_to")]),
    "over before it begins": (
        {"valid_from": "2027-02-01T00:00:00Z", "valid_to": "2027-01-01T00:00:00Z"},
        [("invalid_field", "/valid_to")],
    ),
    "at the end of the calendar": (
        {"valid_from": "9999-12-31T23:59:59Z"},
        [("invalid_field", "/valid_from")],
    ),
    "in six years": ({"valid_from": "2032-12-01T00:00:00Z"}, [("invalid_field", "/valid_from")]),
    "for ever": ({"valid_to": FAR}, [("invalid_field", "/valid_to")]),
    "a notice above the grant": (
        {"notices": {"units_low": 11}},
        [("invalid_field", "/notices/units_low")],
    ),
    "a notice a year and a day before": (
        {"notices": {"ends_in_days": [366]}},
        [("invalid_field", "/notices/ends_in_days/0")],
    ),
    "an unknown product": ({"products": ["none"]}, [("unknown_product", "/products/0")]),
    "a product of another brand": (
        {"brand": "geotrust", "products": [OTHER]},
        [("product_of_another_brand", "/products/0")],
    ),
    "a price of an unknown product": (
        {"prices": [price(product="none")]},
        [("unknown_product", "/prices/0/product")],
    ),
    "a price of what is not covered": (
        {"products": [OTHER], "prices": [price()]},
        [("unknown_product", "/prices/0/product")],
    ),
    "a price of an unknown term": (
        {"prices": [price(days=364)]},
        [("term_not_offered", "/prices/0/term_days")],
    ),
    "a price of a line that is none": (
        {"prices": [price(kind="wildcard_name")]},
        [("invalid_field", "/prices/0/kind")],
    ),
    "a price twice": ({"prices": [price(), price("1.00")]}, [("invalid_field", "/prices/1")]),
    "nothing": ({"prices": [price("0.00")]}, [("invalid_field", "/prices/0/price/amount")]),
    "less than nothing": ({"prices": [price("-1.00")]}, [("invalid_field", "/prices/0/price/amount")]),
    "a number": ({"prices": [price(99)]}, [("invalid_field", "/prices/0/price/amount")]),
    "no decimals": ({"prices": [price("99")]}, [("invalid_field", "/prices/0/price/amount")]),
    "not a number": ({"prices": [price("NaN.00")]}, [("invalid_field", "/prices/0/price/amount")]),
    "an unknown currency": (
        {"prices": [price(currency="XXX")]},
        [("invalid_field", "/prices/0/price/currency")],
    ),
    "an unknown field": ({"units_left": 5}, [("unknown_field", "/units_left")]),
}


@pytest.mark.parametrize(("terms", "problems"), REFUSED.values(), ids=REFUSED.keys())
def test_terms_that_do_not_add_up_are_refused(world, asked, terms, problems):
    assert refusal(world, asked, **terms) == problems


def test_products_are_of_the_brand_that_was_asked_for(world):
    asked = ask(world, brand="geotrust")
    assert refusal(world, asked, products=[OTHER]) == [("product_of_another_brand", "/products/0")]
    contract = activate(world, asked, brand="thawte", products=[OTHER])
    assert (contract.brand, contract.products) == ("thawte", {OTHER})


def test_every_problem_is_told_at_once(world, asked):
    terms = {
        "products": [OTHER, "none"],
        "valid_to": "2026-11-01T00:00:00Z",
        "prices": [price(), price(product=OTHER, currency="EUR")],
        "notices": {"units_low": 99},
    }
    assert {field for _, field in refusal(world, asked, **terms)} == {
        "/products/1",
        "/valid_to",
        "/notices/units_low",
        "/prices/0/product",
        "/prices/1/price/currency",
    }


# ---- prices in another currency


def whole_list(code, currency="EUR"):
    product = load_catalog().product(code)
    return [
        price("50.00", code, term.days, kind.value, currency) for term in product.terms for kind in term.rates
    ]


def test_a_list_in_another_currency_must_be_complete(world, asked):
    prices = whole_list(PRODUCT)
    assert refusal(world, asked, products=[PRODUCT], prices=prices[1:]) == [("price_missing", "/prices")]
    assert {code for code, _ in refusal(world, asked, prices=prices)} == {"price_missing"}
    contract = activate(world, asked, products=[PRODUCT], prices=prices)
    body = a_body(contract_id=contract.contract_id)
    looked = world.examine(a_principal(), "request-1", body, world.clock.moment)
    order = world.post(body)
    assert looked.quote.net == order.head.net == Money.of("50.00", "EUR")


def test_a_line_that_came_to_the_catalog_since_has_no_price_there(world, asked):
    """A contract made by hand, say: what it has no price for cannot be bought on it."""
    contract = activate(world, asked, products=[PRODUCT], prices=whole_list(PRODUCT))
    without = replace(contract, prices=replace(contract.prices, prices=()))
    world.tables.contracts[US, contract.contract_id] = without
    with pytest.raises(ContentRefused) as refused:
        world.post(a_body(contract_id=contract.contract_id))
    assert [each.code for each in refused.value.problems] == ["price_not_agreed"]


def test_it_ends_when_it_was_agreed_to(world, asked):
    contract = activate(world, asked, valid_to="2026-12-01T00:00:00Z")
    world.clock.moment = contract.valid_to - timedelta(microseconds=1)
    assert world.post(a_body(contract_id=contract.contract_id))
    world.clock.moment = contract.valid_to
    with pytest.raises(ContentRefused):
        world.post(a_body(contract_id=contract.contract_id))
