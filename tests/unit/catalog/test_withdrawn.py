"""What is withdrawn is sold no more and stays in the catalog: orders that were placed for it name it for years.

`ever_sold.json` has every product and term that was ever on sale. It only grows.
"""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from partner_center.catalog.pricing import quote
from partner_center.catalog.products import load_catalog, product_as_json
from partner_center.kernel.errors import ContentRefused
from partner_center.orders.enrolment import examine, examine_amendment
from partner_center.orders.order import Order, OrderKind, OrderStatus
from partner_center.orders.reissue_request import examine_reissue
from partner_center.orders.succession import Succession
from tests.fakes.catalog import without_sale_of
from tests.fakes.determined import NOW
from tests.fakes.gate import around, found
from tests.fakes.posted import a_body, a_csr
from tests.fakes.samples import PRODUCT, a_card_contract, a_day, a_head

EVER_SOLD = json.loads(Path(__file__).with_name("ever_sold.json").read_text("utf-8"))
WITHDRAWN = {"product": without_sale_of(PRODUCT), "term": without_sale_of(PRODUCT, 365)}
GONE = pytest.mark.parametrize("catalog", WITHDRAWN.values(), ids=WITHDRAWN.keys())
REFUSED = [("product_not_available", "/product"), ("term_not_offered", "/term_days")]
SOLD = pytest.mark.parametrize(
    ("catalog", "problem"), list(zip(WITHDRAWN.values(), REFUSED, strict=True)), ids=WITHDRAWN.keys()
)

REISSUE = {"csr": a_csr("www.example.com", "example.com")}


def an_issued_order():
    accepted = examine(a_body("www.example.com", "example.com"), around()).accepted
    head = a_head(
        status=OrderStatus.ISSUED,
        serial="0a1b",
        issued_at=NOW,
        term_to=NOW + 365 * a_day,
        net=accepted.quote.net,
    )
    return Order(head, accepted.content)


# ---- the file


def test_what_was_ever_sold_stays_in_the_catalog_and_in_the_list():
    known = {each.code: [term.days for term in each.terms] for each in load_catalog().products()}
    assert known == EVER_SOLD


# ---- who sells


def test_an_order_of_today_may_be_for_what_is_on_sale():
    assert found(a_body(term_days=365)) == []


@SOLD
def test_what_is_withdrawn_cannot_be_ordered(catalog, problem):
    assert problem in found(a_body(term_days=365), catalog=catalog)


@pytest.mark.parametrize("kind", [OrderKind.RENEWAL, OrderKind.REPLACEMENT])
@SOLD
def test_no_order_follows_for_what_is_withdrawn(catalog, problem, kind):
    following = Succession(an_issued_order(), kind)
    body = following.body({"agreement": a_body()["agreement"]})
    assert problem in found(body, catalog=catalog, succession=following, moment=NOW + 40 * a_day)


def test_another_term_holds_where_an_order_names_none_and_the_first_is_withdrawn():
    examination = examine(a_body(), around(catalog=WITHDRAWN["term"]))
    assert examination.accepted.term_days == 730


def test_the_list_has_what_is_on_sale():
    assert PRODUCT not in {each.code for each in WITHDRAWN["product"].on_sale()}
    (left,) = [each for each in WITHDRAWN["term"].on_sale() if each.code == PRODUCT]
    shown = product_as_json(left)
    assert (shown["default_term_days"], [term["days"] for term in shown["terms"]]) == (730, [730, 1095])
    assert shown["price"] == left.term(730).base.price.as_json()


# ---- who keeps what was placed


@GONE
def test_an_order_is_amended_whatever_was_withdrawn_since(catalog):
    order = an_issued_order()
    patch = {"additional_domains": ["example.com", "shop.example.com"]}
    examination = examine_amendment(patch, around(catalog=catalog, amended=order))
    assert examination.problems == ()
    assert examination.quote == examine_amendment(patch, around(amended=order)).quote


@GONE
def test_an_order_is_reissued_whatever_was_withdrawn_since(catalog):
    examination = examine_reissue(REISSUE, around(catalog=catalog, amended=an_issued_order(), is_free=True))
    assert (examination.problems, examination.content.names) == ((), ("www.example.com", "example.com"))


@GONE
def test_a_price_is_that_of_the_term_on_sale_or_not(catalog):
    today, later = (each.product(PRODUCT) for each in (load_catalog(), catalog))
    assert quote(later, ["example.com"], 365) == quote(today, ["example.com"], 365)


# ---- a refusal has its reason


@pytest.mark.parametrize(
    "changes",
    [
        {"contracts": ()},
        {"catalog": WITHDRAWN["product"], "contracts": ()},
        {"term": 364},
    ],
    ids=["no contract", "withdrawn, no contract", "a term that never was"],
)
def test_a_reissue_that_is_refused_is_told_why(changes):
    order = an_issued_order()
    if term := changes.pop("term", None):
        order = replace(order, head=replace(order.head, term_days=term))
    circumstances = replace(around(a_card_contract()), amended=order, is_free=True, **changes)
    examination = examine_reissue(REISSUE, circumstances)
    assert examination.content is None
    assert [each.code for each in examination.problems] == ["price_not_agreed"]


def test_no_refusal_is_without_a_reason():
    with pytest.raises(ValueError, match="reason"):
        ContentRefused([])
