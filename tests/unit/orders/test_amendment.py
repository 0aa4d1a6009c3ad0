"""What a patch makes of an order, before anything is judged: RFC 7396, the body as posted, what moves with it."""

from dataclasses import replace

import pytest

from partner_center.catalog.pricing import quote
from partner_center.catalog.products import LineKind, catalog_data, catalog_from, load_catalog
from partner_center.kernel.money import Money
from partner_center.orders.amendment import (
    WHILE_PENDING,
    asks_anew,
    extra_units,
    field_problems,
    merged,
    needs_a_pending_order,
    posted,
    repriced,
    screens_anew,
)
from partner_center.orders.content import ChosenMethod, Given, Lifecycle, Method, Organization, PricePart
from partner_center.orders.enrolment import examine
from partner_center.orders.order import Order, PaymentKind
from partner_center.orders.requests import OrderRequest
from tests.fakes.gate import around
from tests.fakes.posted import WILDCARD_PRODUCT, a_body, a_csr
from tests.fakes.samples import APPROVER, PRODUCT, a_content, a_contract, a_head
from tests.fakes.world import World

# ---- RFC 7396

APPENDIX_A = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("target", "patch", "result"), APPENDIX_A)
def test_a_patch_is_merged_as_rfc_7396_says(target, patch, result):
    assert merged(target, patch) == result


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": {"b": {"c": 1, "d": 2}}}, {"a": {"b": {"c": None}}}, {"a": {"b": {"d": 2}}}),
        ({"a": 1}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"a": [1, 2, 3]}, {"a": [{"b": None}]}, {"a": [{"b": None}]}),
        ({"a": 1}, {}, {"a": 1}),
        ({"a": {"b": 1}}, {"a": {}}, {"a": {"b": 1}}),
        ({"a": [1]}, {"a": []}, {"a": []}),
        ({"a": 1}, {"b": None}, {"a": 1}),
        (None, {"a": {"b": None}}, {"a": {}}),
    ],
    ids=[
        "deep removal",
        "a value becomes an object",
        "null inside a list stays",
        "nothing",
        "an empty object",
        "an empty list",
        "removal of what is not there",
        "into nothing",
    ],
)
def test_objects_merge_and_all_else_replaces(target, patch, result):
    assert merged(target, patch) == result


def test_a_merge_leaves_what_was_merged_as_it_was():
    target, patch = {"a": {"b": 1}, "c": [1]}, {"a": {"b": 2, "d": None}, "c": [2]}
    before = repr((target, patch))
    merged(target, patch)
    assert repr((target, patch)) == before


# ---- the body that would place the order

CONTACT = {"first_name": "Ada", "last_name": "Byron", "email": "Ada@Example.com", "phone": "+31 10 123 4567"}
BODIES = {
    "one name": a_body(),
    "several names in the CSR": a_body("www.example.com", "example.com", "a.example.com"),
    "a name of the order's own first": a_body(
        "b.example.com", common_name="a.example.com", additional_domains=["b.example.com"]
    ),
    "names in order and CSR": a_body(additional_domains=["a.example.com", "WWW.example.com"]),
    "no additional names": a_body(additional_domains=[]),
    "an internationalised name": a_body(additional_domains=["bücher.example.com"]),
    "a wildcard": a_body("*.example.com", "example.com", product=WILDCARD_PRODUCT),
    "an approver in capitals": a_body(
        domain_control={"method": "email", "approver_email": "ADMIN@example.com"}
    ),
    "a method for each name": a_body(
        "www.example.com",
        "www.example.org",
        domain_control={
            "method": "email",
            "approver_email": APPROVER,
            "names": {"www.example.org": {"method": "email", "approver_email": "admin@example.org"}},
        },
    ),
    "no exceptions": a_body(domain_control={"method": "email", "approver_email": APPROVER, "names": {}}),
    "another term": a_body(term_days=730),
    "its contract": a_body(contract_id="con_1"),
    "its customer and number": a_body(customer_id="c-1", partner_order_id="PO-1"),
    "an organization contact": a_body(
        contacts={"technical": CONTACT, "organization": CONTACT | {"title": "CTO"}}
    ),
    "an organization": a_body(
        organization={
            "name": "Lindqvist AB",
            "street": "Storgatan 1",
            "locality": "Lund",
            "postal_code": "222 22",
            "country": "se",
        }
    ),
    "a life cycle": a_body(lifecycle={"auto_reissue": True, "days_before": 7}),
    "the usual life cycle": a_body(lifecycle={}),
    "a note": a_body(note="Zimmer 4 ☂\nzweiter Stock"),
    "blanks around": a_body(contacts={"technical": CONTACT | {"first_name": "  Ada "}}),
    "a CSR with line ends of Windows": a_body(csr=a_csr("www.example.com").replace("\n", "\r\n")),
    "a CSR behind a byte order mark": a_body(csr="\ufeff" + a_csr("www.example.com")),
    "a CSR of another label": a_body(
        csr=a_csr("www.example.com").replace("CERTIFICATE R", "NEW CERTIFICATE R")
    ),
}


def placed(body):
    world = World()
    world.stores.grant(a_contract(20))
    return world.post(body)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_posting_an_order_as_it_is_now_makes_the_same_again(body):
    order = placed(body)
    again = posted(order)
    OrderRequest.model_validate(again)
    examination = examine(again, around(a_contract(20)))
    assert examination.problems == ()
    assert examination.content == order.content
    assert again == posted(Order(order.head, examination.content))


def test_what_the_order_does_not_have_is_not_posted():
    assert set(posted(placed(a_body()))) == {
        *(
            "product",
            "csr",
            "additional_domains",
            "term_days",
            "contract_id",
            "contacts",
            "domain_control",
            "agreement",
        ),
    }


def test_the_resellers_own_numbers_are_not_posted_again():
    """The number is taken by this very order, and the customer's proofs stay where they are."""
    body = posted(placed(a_body(partner_order_id="PO-1", customer_id="c-1")))
    assert not {"partner_order_id", "customer_id"} & set(body)


# ---- the fields of a patch

FIXED = ["product", "term_days", "contract_id", "partner_order_id", "customer_id", "agreement"]


def problems(patch):
    return [(problem.code, problem.field) for problem in field_problems(patch)]


@pytest.mark.parametrize("value", ["x", None, {}, 1], ids=repr)
@pytest.mark.parametrize("name", FIXED)
def test_what_was_fixed_when_the_order_was_placed_is_told_to_be(name, value):
    assert problems({name: value}) == [("not_amendable", f"/{name}")]


@pytest.mark.parametrize(
    ("name", "pointer"),
    [
        ("comon_name", "/comon_name"),
        ("Note", "/Note"),
        ("", "/"),
        ("a/b~c", "/a~1b~0c"),
        ("order_id", "/order_id"),
        ("status", "/status"),
        ("names", "/names"),
        ("☂", "/☂"),
    ],
)
def test_what_no_order_has_is_unknown(name, pointer):
    assert problems({name: None}) == [("unknown_field", pointer)]


def test_every_field_is_told_and_none_that_may_be_amended():
    patch = dict.fromkeys([*WHILE_PENDING, "product", "nothing"])
    assert problems(patch) == [("not_amendable", "/product"), ("unknown_field", "/nothing")]


def test_each_field_of_an_order_may_be_amended_or_is_fixed():
    assert set(OrderRequest.model_fields) == WHILE_PENDING | set(FIXED)


AT_ANY_TIME = {
    "nothing": {},
    "a note": {"note": "x"},
    "no note": {"note": None},
    "the life cycle": {"lifecycle": {"auto_reissue": True}},
    "the technical contact": {"contacts": {"technical": {"email": "x"}}},
    "no technical contact": {"contacts": {"technical": None}},
    "no contact": {"contacts": {}},
    "all three": {"note": "x", "lifecycle": None, "contacts": {"technical": {}}},
}
WHILE_IT_IS_PENDING = {
    "the organization contact": {"contacts": {"organization": {}}},
    "no organization contact": {"contacts": {"organization": None}},
    "both contacts": {"contacts": {"technical": {}, "organization": {}}},
    "an unknown contact": {"contacts": {"billing": {}}},
    "contacts removed": {"contacts": None},
    "contacts that are none": {"contacts": []},
    "contacts in one word": {"contacts": "technical"},
    "a CSR": {"csr": "x"},
    "a common name": {"common_name": None},
    "names": {"additional_domains": []},
    "an organization": {"organization": None},
    "a method": {"domain_control": {}},
    "a fixed field": {"product": "x"},
    "an unknown field": {"nothing": 1},
    "a note and a name": {"note": "x", "common_name": "x"},
}


@pytest.mark.parametrize("patch", AT_ANY_TIME.values(), ids=AT_ANY_TIME.keys())
def test_particulars_may_be_amended_at_any_time(patch):
    assert not needs_a_pending_order(patch)


@pytest.mark.parametrize("patch", WHILE_IT_IS_PENDING.values(), ids=WHILE_IT_IS_PENDING.keys())
def test_what_a_certificate_rests_on_may_be_amended_while_the_order_is_pending(patch):
    assert needs_a_pending_order(patch)


# ---- what an amendment leads to

BEFORE = a_content("www.example.com", "example.com")
TECHNICAL = BEFORE.contacts.technical
ORGANIZATION = Organization(name="Lindqvist AB", street="1", locality="Lund", postal_code="1", country="SE")


def technical(**changes):
    return {"contacts": replace(BEFORE.contacts, technical=replace(TECHNICAL, **changes))}


# What changes: are approvers asked anew, is the order screened anew?
CHANGES = {
    "nothing": ({}, False, False),
    "the note": ({"note": "another"}, False, False),
    "no note": ({"note": None}, False, False),
    "the life cycle": ({"lifecycle": Lifecycle(days_before=1)}, False, False),
    "note and life cycle": ({"note": None, "lifecycle": None}, False, False),
    "another name": ({"names": ("www.example.com", "example.org")}, True, True),
    "a name more": ({"names": ("www.example.com", "example.com", "a.example.com")}, True, True),
    "a name fewer": ({"names": ("www.example.com",)}, True, True),
    "the order of the names": ({"names": ("example.com", "www.example.com")}, False, True),
    "the common name among the names": ({"common_name": "example.com"}, False, True),
    "the CSR": ({"csr_der": "3001"}, True, True),
    "the organization": ({"organization": ORGANIZATION}, True, True),
    "the requester's first name": (technical(first_name="Eva"), True, True),
    "the requester's last name": (technical(last_name="Ek"), True, True),
    "the requester's address": (technical(email="eva@example.com"), True, True),
    "the requester's telephone": (technical(phone="+46 8 1"), False, True),
    "the requester's title": (technical(title="CTO"), False, True),
    "the organization contact": (
        {"contacts": replace(BEFORE.contacts, organization=TECHNICAL)},
        False,
        True,
    ),
    "an approver": (
        {
            "methods": BEFORE.methods
            | {"example.com": ChosenMethod(method=Method.EMAIL, approver_email="webmaster@example.com")}
        },
        False,
        True,
    ),
    "how it was given": ({"given": Given(common_name="www.example.com")}, False, True),
}


@pytest.mark.parametrize(("changes", "asked", "screened"), CHANGES.values(), ids=CHANGES.keys())
def test_what_approvers_are_shown_is_asked_anew_and_all_but_particulars_screened(changes, asked, screened):
    after = replace(BEFORE, **changes)
    assert asks_anew(BEFORE, after) is asked
    assert screens_anew(BEFORE, after) is screens_anew(after, BEFORE) is screened


def asked_by(**addresses):
    """Names under example.com, each to be approved by the local part given."""
    names = tuple(f"{name}.example.com" for name in sorted(addresses))
    methods = {
        f"{name}.example.com": ChosenMethod(method=Method.EMAIL, approver_email=f"{local}@example.com")
        for name, local in addresses.items()
    }
    return a_content(*names, methods=methods)


@pytest.mark.parametrize(
    ("before", "after", "anew"),
    [
        ({"a": "admin", "b": "webmaster"}, {"a": "admin", "b": "admin"}, True),
        ({"a": "admin", "b": "webmaster"}, {"a": "webmaster", "b": "admin"}, True),
        ({"a": "admin", "b": "webmaster"}, {"a": "admin", "b": "hostmaster"}, False),
        ({"a": "admin", "b": "admin"}, {"a": "admin", "b": "webmaster"}, False),
        ({"a": "admin", "b": "admin"}, {"a": "webmaster", "b": "webmaster"}, False),
    ],
    ids=["one more", "another one", "one of an address not asked yet", "one fewer", "all of another"],
)
def test_an_address_is_asked_anew_for_what_its_mail_did_not_show(before, after, anew):
    """Its yes would carry names that it never saw: a proof of the domain covers all below."""
    assert asks_anew(asked_by(**before), asked_by(**after)) is anew


def test_whatever_is_asked_anew_is_screened_anew():
    assert all(screened for _, asked, screened in CHANGES.values() if asked)


# ---- price and units

PLACED_AT = {"base": ("100.00", 3), "name": ("10.00", 2)}


def an_order(names, lines, **head):
    """Placed at the rates above: `lines` are kinds and quantities."""
    parts = tuple(
        PricePart(
            kind=kind,
            quantity=quantity,
            unit=PLACED_AT[kind][0],
            amount=str(Money.of(PLACED_AT[kind][0]).times(quantity).amount),
            units=PLACED_AT[kind][1],
        )
        for kind, quantity in lines.items()
    )
    units = sum(PLACED_AT[kind][1] * quantity for kind, quantity in lines.items())
    names = tuple(f"{number}.example.com" for number in range(names))
    return Order(a_head(units=units, **head), a_content(*names, price=parts))


def priced(names, **changed_rates):
    """Today's quote for so many names, at the rates of the catalog or those given."""
    data = catalog_data()
    (block,) = (each for each in data["products"] if each["code"] == PRODUCT)
    for term in block["terms"]:
        for kind, (price, units) in changed_rates.items():
            term[kind] = {"price": price, "units": units}
    product = catalog_from(data).product(PRODUCT)
    return quote(product, [f"{number}.example.com" for number in range(names)], 365)


INCLUDED = load_catalog().product(PRODUCT).included_names
MOVED = {
    "nothing": (INCLUDED + 2, 0, "120.00"),
    "a name more": (INCLUDED + 3, 2, "130.00"),
    "a name fewer": (INCLUDED + 1, -2, "110.00"),
    "none but the included": (INCLUDED, -4, "100.00"),
    "many more": (INCLUDED + 12, 20, "220.00"),
}


@pytest.mark.parametrize(("names", "units", "net"), MOVED.values(), ids=MOVED.keys())
@pytest.mark.parametrize(
    "today",
    [{}, {"base": ("1.00", 1), "name": ("1.00", 1)}, {"base": ("900.00", 9), "name": ("99.00", 9)}],
    ids=["today's", "lower", "higher"],
)
def test_price_and_units_move_at_the_rates_of_placing_whatever_they_are_today(names, units, net, today):
    order = an_order(INCLUDED + 2, {"base": 1, "name": 2})
    price = repriced(priced(names, **today), order, ())
    assert extra_units(order, price) == units
    assert price.units == order.head.units + units
    assert price.net == Money.of(net)
    assert sum((line.amount.amount for line in price.lines), start=0) == price.net.amount
    assert sum(line.quantity * line.units for line in price.lines) == price.units


def test_no_amendment_gives_back_more_than_the_order_holds():
    """Were today's rates taken, three names of ten units each would be given back of an order of nine."""
    order = an_order(INCLUDED + 3, {"base": 1, "name": 3})
    price = repriced(priced(INCLUDED, name=("500.00", 10)), order, ())
    assert (order.head.units, extra_units(order, price), price.units) == (9, -6, 3)


def test_what_the_order_did_not_have_when_it_was_placed_is_at_todays_rates():
    order = an_order(INCLUDED, {"base": 1})
    price = repriced(priced(INCLUDED + 2, base=("900.00", 9), name=("50.00", 5)), order, ())
    assert [(line.kind, line.unit, line.units) for line in price.lines] == [
        (LineKind.BASE, Money.of("100.00"), 3),
        (LineKind.NAME, Money.of("50.00"), 5),
    ]
    assert (price.net, extra_units(order, price)) == (Money.of("200.00"), 10)


def test_what_the_order_had_when_it_was_placed_comes_back_at_the_rates_of_then():
    placed = an_order(INCLUDED + 2, {"base": 1, "name": 2}).content.price
    fewer = an_order(INCLUDED, {"base": 1})
    price = repriced(priced(INCLUDED + 2, base=("900.00", 9), name=("50.00", 5)), fewer, placed)
    assert (price.net, extra_units(fewer, price)) == (Money.of("120.00"), 4)


def test_what_was_put_back_at_another_rate_before_keeps_it_whatever_else_is_amended():
    """Rows of a version that took the rate of the day."""
    placed = an_order(INCLUDED + 2, {"base": 1, "name": 2}).content.price
    before = an_order(INCLUDED + 2, {"base": 1, "name": 2})
    parts = tuple(
        replace(part, unit="5.00", amount="10.00", units=1) if part.kind == "name" else part
        for part in before.content.price
    )
    head = replace(before.head, units=before.head.units - 2)
    order = replace(before, content=replace(before.content, price=parts), head=head)
    price = repriced(priced(INCLUDED + 2), order, placed)
    assert (extra_units(order, price), price.net) == (0, Money.of("110.00"))


def test_a_card_order_holds_no_units_and_none_move():
    order = an_order(INCLUDED, {"base": 1}, payment_kind=PaymentKind.PAY_AS_YOU_GO)
    assert extra_units(order, repriced(priced(INCLUDED + 5), order, ())) == 0


def test_what_cannot_be_priced_moves_no_units():
    assert extra_units(an_order(INCLUDED, {"base": 1}), None) == 0
