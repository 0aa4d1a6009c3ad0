"""Units and price of an amended order: they move with its names, in the same write, at the rates of placing."""

from dataclasses import replace

import pytest

from partner_center.catalog.pricing import AgreedPrice, PriceList
from partner_center.catalog.products import LineKind, catalog_data, catalog_from
from partner_center.kernel.errors import ContentRefused
from partner_center.kernel.money import Money
from partner_center.orders.content import content_to_json
from partner_center.orders.reissue_request import examine_reissue
from tests.fakes.determined import MICROSECOND, NOW
from tests.fakes.posted import a_body, a_call, a_csr, a_principal
from tests.fakes.samples import PRODUCT, THEM, US, a_card_contract, a_contract, a_day
from tests.fakes.world import World

LEFT = 5


@pytest.fixture
def world():
    world = World()
    world.stores.grant(a_contract(LEFT + 3))
    return world


@pytest.fixture
def order_id(world):
    """An order of three names, which are three units; five are left."""
    return world.post(
        a_body("www.example.com", additional_domains=["1.example.com", "2.example.com"])
    ).head.order_id


def naming(count):
    """A patch to so many names."""
    return {"additional_domains": [f"{number}.example.com" for number in range(1, count)]}


def ledger(world):
    return [(kind, units) for kind, units, order_id in world.stores.ledger(US, "con_1") if order_id]


def refusal(world, patch, order_id):
    before = repr(world.tables)
    with pytest.raises(ContentRefused) as refused:
        world.amend(patch, order_id)
    assert repr(world.tables) == before
    return [(each.code, each.field) for each in refused.value.problems]


MOVES = {
    "more": (5, [("hold", 3), ("hold", 2)]),
    "as many as are left": (8, [("hold", 3), ("hold", 5)]),
    "fewer": (2, [("hold", 3), ("release", 1)]),
    "one": (1, [("hold", 3), ("release", 2)]),
    "as many": (3, [("hold", 3)]),
}


@pytest.mark.parametrize(("names", "lines"), MOVES.values(), ids=MOVES.keys())
def test_units_move_with_the_names(world, order_id, names, lines):
    patch = naming(names) if names != 3 else {"additional_domains": ["1.example.com", "other.example.com"]}
    head = world.amend(patch, order_id).head
    assert head.units == names
    assert world.counted() == (LEFT + 3 - names, names, 0)
    assert ledger(world) == lines


def test_the_ledger_names_order_actor_and_time(world, order_id):
    world.clock.advance(hours=1)
    world.amend(naming(4), order_id)
    entry = list(world.tables.ledger[US, "con_1"].values())[-1]
    assert (entry.order_id, entry.actor, entry.at) == (order_id, "key:key_1", NOW + a_day / 24)


def test_what_moved_is_used_or_given_back_in_the_end(world, order_id):
    world.amend(naming(5), order_id)
    world.amend(naming(2), order_id)
    world.cancel_order(a_principal(), a_call(), order_id, None)
    assert world.counted() == (LEFT + 3, 0, 0)
    assert ledger(world)[-1] == ("release", 2)


def test_units_that_are_not_left_are_named_and_there_is_no_field_to_point_at(world, order_id):
    assert refusal(world, naming(9), order_id) == [("insufficient_units", None)]
    with pytest.raises(
        ContentRefused,
        match=r"Units needed: 6; left on contract con_1: 5\. Ask for fewer, cancel the order and place it on another",
    ):
        world.amend(naming(9), order_id)


def test_only_what_comes_on_top_must_be_left(world, order_id):
    world.put(order_id="ord_other", units=LEFT)
    assert world.counted()[0] == 0
    assert (
        world.amend({"additional_domains": ["1.example.com", "other.example.com"]}, order_id).head.units == 3
    )
    assert world.amend(naming(2), order_id).head.units == 2
    assert world.amend(naming(3), order_id).head.units == 3


CONTRACTS = {
    "ended": ({"valid_to": NOW}, "contract_expired"),
    "ends in a moment": ({"valid_to": NOW + MICROSECOND}, None),
    "not begun": ({"valid_from": NOW + MICROSECOND}, "contract_expired"),
    "of other products by now": ({"products": frozenset({"thawte_ssl123"})}, "contract_missing_product"),
}


@pytest.mark.parametrize(("changes", "code"), CONTRACTS.values(), ids=CONTRACTS.keys())
def test_a_contract_that_serves_no_more_sells_nothing_more(world, order_id, changes, code):
    world.tables.contracts[US, "con_1"] = replace(world.tables.contracts[US, "con_1"], **changes)
    if code is None:
        assert world.amend(naming(4), order_id).head.units == 4
    else:
        assert refusal(world, naming(4), order_id) == [(code, None)]


@pytest.mark.parametrize("names", [1, 2, 3], ids=["two units back", "one unit back", "other names"])
@pytest.mark.parametrize(("changes", "_"), CONTRACTS.values(), ids=CONTRACTS.keys())
def test_and_hinders_nothing_that_needs_no_more(world, order_id, changes, _, names):
    """The order goes on though its contract has ended: price and units are held."""
    world.tables.contracts[US, "con_1"] = replace(world.tables.contracts[US, "con_1"], **changes)
    patch = naming(names) if names != 3 else {"additional_domains": ["1.example.com", "other.example.com"]}
    assert world.amend(patch, order_id).head.units == names
    assert world.counted() == (LEFT + 3 - names, names, 0)


def test_units_come_from_the_contract_of_the_order_and_no_other(world, order_id):
    world.stores.grant(a_contract(100, contract_id="con_2"))
    world.stores.grant(a_contract(100, reseller_id=THEM))
    assert refusal(world, naming(9), order_id) == [("insufficient_units", None)]
    world.amend(naming(4), order_id)
    assert world.counted("con_2") == (100, 0, 0)


@pytest.mark.parametrize("contract_id", ["con_2", "con_1", None])
def test_the_contract_cannot_be_changed(world, order_id, contract_id):
    world.stores.grant(a_contract(100, contract_id="con_2"))
    assert refusal(world, {"contract_id": contract_id}, order_id) == [("not_amendable", "/contract_id")]


# ---- the price


def catalog(**rates):
    """Today's catalog with other rates of the product."""
    data = catalog_data()
    (block,) = (each for each in data["products"] if each["code"] == PRODUCT)
    for term in block["terms"]:
        for kind, (price, units) in rates.items():
            term[kind] = {"price": price, "units": units}
    return catalog_from(data)


def sell_from(world, products):
    amend = world.amend_order
    world.amend_order = replace(amend, gate=replace(amend.gate, catalog=products))


def reprice(world, **rates):
    sell_from(world, catalog(**rates))


def lines(order):
    return [(part.kind, part.quantity, part.unit, part.amount, part.units) for part in order.content.price]


@pytest.mark.parametrize(
    "rates",
    [
        {},
        {"base": ("0.01", 1), "name": ("0.01", 1)},
        {"base": ("9999.00", 7), "name": ("999.00", 4)},
    ],
    ids=["as they were", "lower", "higher"],
)
@pytest.mark.parametrize("names", [1, 2, 4, 8])
def test_price_and_units_follow_the_rates_of_placing_whatever_they_are_today(world, order_id, rates, names):
    (base, name) = lines(world.order(order_id))
    reprice(world, **rates)
    after = world.amend(naming(names), order_id)
    further = names - 1
    amount = Money.of(name[2]).times(further)
    expected = [base, ("name", further, name[2], f"{amount.amount:.2f}", name[4])] if further else [base]
    assert lines(after) == expected
    assert after.head.net == Money.of(base[3]) + amount
    assert after.head.units == names
    assert world.counted() == (LEFT + 3 - names, names, 0)


def test_names_that_are_taken_off_and_put_back_are_at_the_rates_of_placing(world, order_id):
    placed = world.order(order_id)
    world.amend(naming(1), order_id)
    reprice(world, base=("9999.00", 7), name=("999.00", 4))
    world.amend({"note": "in between"}, order_id)
    after = world.amend(naming(3), order_id)
    assert lines(after) == lines(placed)
    assert (after.head.units, after.head.net) == (placed.head.units, placed.head.net)
    assert world.counted() == (LEFT, 3, 0)


def test_a_kind_of_name_that_came_later_keeps_the_rate_at_which_it_came(world):
    order_id = world.post(a_body("www.example.com")).head.order_id
    reprice(world, name=("50.00", 1))
    world.amend(naming(2), order_id)
    reprice(world, name=("999.00", 4))
    assert [line[0:3] for line in lines(world.amend(naming(3), order_id))][1] == ("name", 2, "50.00")


def test_a_kind_of_name_that_the_order_did_not_have_is_at_todays_rate(world):
    order_id = world.post(a_body("www.example.com")).head.order_id
    (base,) = lines(world.order(order_id))
    reprice(world, base=("9999.00", 7), name=("50.00", 3))
    after = world.amend(naming(2), order_id)
    assert lines(after) == [base, ("name", 1, "50.00", "50.00", 3)]
    assert (after.head.units, after.head.net) == (4, Money.of(base[3]) + Money.of("50.00"))


def test_from_then_on_that_is_its_rate(world):
    order_id = world.post(a_body("www.example.com")).head.order_id
    reprice(world, name=("50.00", 3))
    world.amend(naming(2), order_id)
    reprice(world, name=("90.00", 5))
    assert world.amend(naming(3), order_id).head.units == 7


def test_other_prices_alone_change_no_order(world, order_id):
    reprice(world, base=("9999.00", 7), name=("999.00", 4))
    before = repr(world.tables)
    world.amend({"domain_control": {}, "additional_domains": ["1.example.com", "2.example.com"]}, order_id)
    assert repr(world.tables) == before


def test_a_product_that_is_not_sold_any_more_is_not_amended(world, order_id):
    data = catalog_data()
    data["products"] = [each for each in data["products"] if each["code"] != PRODUCT]
    sell_from(world, catalog_from(data))
    assert refusal(world, naming(2), order_id) == [("unknown_product", "/product")]
    assert world.amend({"note": "x"}, order_id).content.note == "x"


# ---- an order by card: its amount moves as units do


@pytest.fixture
def card_order():
    """A world with an order of three names by card: 149.00 and twice 49.00."""
    world = World()
    world.stores.grant(a_card_contract())
    order = world.post(a_body("www.example.com", additional_domains=["1.example.com", "2.example.com"]))
    return world, order.head.order_id


def promised(world):
    lines = world.tables.ledger[US, "con_1"].values()
    return [(line.kind.value, line.units, str(line.amount.amount)) for line in lines if line.order_id]


AMOUNTS = {
    "more": (5, "345.00", [("hold", 0, "98.00")]),
    "fewer": (1, "149.00", [("release", 0, "98.00")]),
    "as many": (3, "247.00", []),
}


@pytest.mark.parametrize(("names", "net", "lines"), AMOUNTS.values(), ids=AMOUNTS.keys())
def test_what_the_card_was_promised_moves_with_the_names(card_order, names, net, lines):
    world, order_id = card_order
    patch = naming(names) if names != 3 else {"additional_domains": ["1.example.com", "other.example.com"]}
    head = world.amend(patch, order_id).head
    assert (head.net, head.units, head.card_id) == (Money.of(net), 0, "card_1")
    assert promised(world) == [("hold", 0, "247.00"), *lines]


def test_what_was_promised_is_released_whole_in_the_end(card_order):
    world, order_id = card_order
    world.amend(naming(5), order_id)
    world.amend(naming(2), order_id)
    world.cancel_order(a_principal(), a_call(), order_id, None)
    assert promised(world)[-1] == ("release", 0, "198.00")


@pytest.mark.parametrize(
    ("changes", "more"),
    [
        ({"valid_to": NOW}, "card_expired"),
        ({"card_id": "card_2"}, None),
        ({"valid_to": NOW, "card_id": "card_2"}, "card_expired"),
    ],
    ids=["a card no more", "another card by now", "another one that is over too"],
)
def test_a_contract_whose_card_is_over_is_promised_nothing_more(card_order, changes, more):
    """Another card is for future orders: this one keeps its own, and what counts is that the contract serves."""
    world, order_id = card_order
    world.tables.contracts[US, "con_1"] = replace(world.tables.contracts[US, "con_1"], **changes)
    assert world.amend(naming(2), order_id).head.net == Money.of("198.00")
    if more is None:
        assert world.amend(naming(5), order_id).head.net == Money.of("345.00")
    else:
        assert refusal(world, naming(5), order_id) == [(more, None)]


def test_a_kind_of_name_that_came_later_is_at_the_contracts_own_rate(world):
    order_id = world.post(a_body("www.example.com")).head.order_id
    prices = PriceList("USD", (AgreedPrice(PRODUCT, 365, LineKind.NAME, Money.of("5.00")),))
    world.tables.contracts[US, "con_1"] = replace(world.tables.contracts[US, "con_1"], prices=prices)
    assert world.amend(naming(2), order_id).head.net == Money.of("154.00")


IN_EURO = PriceList(
    "EUR",
    tuple(
        AgreedPrice(PRODUCT, 365, kind, Money.of("50.00", "EUR")) for kind in (LineKind.BASE, LineKind.NAME)
    ),
)


def test_a_kind_of_name_that_came_later_is_in_the_currency_of_the_contract(world):
    world.tables.contracts[US, "con_1"] = replace(world.tables.contracts[US, "con_1"], prices=IN_EURO)
    order_id = world.post(a_body("www.example.com")).head.order_id
    assert world.amend(naming(3), order_id).head.net == Money.of("150.00", "EUR")


def test_a_name_for_which_a_contract_in_another_currency_has_no_price_is_refused(world):
    prices = replace(IN_EURO, prices=IN_EURO.prices[:1])
    world.tables.contracts[US, "con_1"] = replace(world.tables.contracts[US, "con_1"], prices=prices)
    order_id = world.post(a_body("www.example.com")).head.order_id
    assert refusal(world, naming(3), order_id) == [("price_not_agreed", "/contract_id")]


def test_a_reissue_on_a_contract_in_another_currency_is_examined_like_any_other(world):
    """It is free: that it has more names than were paid for is told when it begins."""
    world.tables.contracts[US, "con_1"] = replace(world.tables.contracts[US, "con_1"], prices=IN_EURO)
    order_id = world.post(a_body("www.example.com")).head.order_id
    around = world.amend_order.gate.around(a_principal(), world.order(order_id), NOW, is_free=True)
    found = examine_reissue(naming(3) | {"csr": a_csr()}, around)
    assert found.problems == ()


def test_an_order_that_was_free_stays_free_and_says_why(world, order_id):
    """As long as it has no more names than were paid for (M47); those that were taken off may be put back."""
    order = world.order(order_id)
    free = tuple(replace(part, unit="0.00", amount="0.00", units=0) for part in order.content.price)
    content = replace(order.content, price=free, free_because="Replaces an order.")
    world.tables.contents[US, order_id, 1] = content_to_json(content)
    world.tables.heads[US, order_id] = replace(order.head, net=Money.of("0.00"), units=0)
    after = world.amend({"additional_domains": ["8.example.com", "9.example.com"]}, order_id)
    assert (after.head.net, after.head.units) == (Money.of("0.00"), 0)
    assert after.content.free_because == "Replaces an order."
    assert world.reading.shown(after)["price"]["free_because"] == "Replaces an order."
    assert refusal(world, naming(4), order_id) == [("more_than_ordered", "/additional_domains")]
    world.amend(naming(1), order_id)
    assert refusal(world, naming(4), order_id) == [("more_than_ordered", "/additional_domains")]
    again = world.amend(naming(3), order_id)
    assert (again.head.net, again.head.units) == (Money.of("0.00"), 0)
