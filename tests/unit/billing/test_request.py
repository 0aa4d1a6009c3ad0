"""Asking for a contract: every problem at once, once per Idempotency-Key, and nothing can be bought on it."""

from dataclasses import replace
from hashlib import sha256

import pytest

from partner_center.accounts.api_keys import Role
from partner_center.billing.request import MOST_REQUESTED
from partner_center.catalog.products import Brand, load_catalog
from partner_center.kernel.errors import ContentRefused, IdempotencyKeyReused, StateConflict
from tests.fakes.determined import NOW
from tests.fakes.posted import a_body, a_call, a_principal, a_private_key, key_material, spki_of
from tests.fakes.samples import PRODUCT, THEM, US, an_asking
from tests.fakes.world import World

PATH = "/v1/contracts"


@pytest.fixture
def world():
    return World()


def ask(world, body=None, key=None, reseller_id=US):
    body = {"units": 10} if body is None else body
    call = a_call(body, key, PATH)
    return world.request_contract(a_principal(reseller_id, Role.BILLING), call, body)


def refusal(world, body, **more):
    before = repr(world.tables)
    with pytest.raises(ContentRefused) as refused:
        ask(world, body, **more)
    assert repr(world.tables) == before
    assert all(each.detail.endswith(".") for each in refused.value.problems)
    return [(each.code, each.field) for each in refused.value.problems]


def test_what_was_asked_for_is_stored_and_answered(world):
    contract = ask(
        world, {"units": 500, "brand": "geotrust", "products": [PRODUCT], "note": "Für 2027 ☂\nbitte"}
    )
    assert world.stores.contracts.find(US, contract.contract_id) == contract
    assert (contract.units_asked, contract.units_granted, contract.units_left) == (500, 0, 0)
    assert (contract.brand, contract.products, contract.note) == (
        Brand.GEOTRUST,
        {PRODUCT},
        "Für 2027 ☂\nbitte",
    )
    assert contract.requested_at == contract.valid_from == contract.valid_to == NOW
    (record,) = world.tables.audit.values()
    assert (record.action, record.actor, record.order_id) == ("contract.requested", "key:key_1", "")
    assert record.facts == {"contract_id": contract.contract_id, "units": 500}


PRODUCTS = {
    "one of them": ({"products": [PRODUCT]}, {PRODUCT}),
    "said twice": ({"products": [PRODUCT, PRODUCT]}, {PRODUCT}),
    "all of a brand": (
        {"brand": "thawte"},
        {each.code for each in load_catalog().products() if each.brand is Brand.THAWTE},
    ),
    "every one": ({}, set()),
}


@pytest.mark.parametrize(("wanted", "covered"), PRODUCTS.values(), ids=PRODUCTS.keys())
def test_it_covers_what_was_named(world, wanted, covered):
    assert ask(world, {"units": 1, **wanted}).products == covered


REFUSED = {
    "nothing": ({}, [("missing_field", "/units")]),
    "no units": ({"units": 0}, [("invalid_field", "/units")]),
    "fewer than none": ({"units": -1}, [("invalid_field", "/units")]),
    "too many": ({"units": 1_000_001}, [("invalid_field", "/units")]),
    "endless": ({"units": 10**40}, [("invalid_field", "/units")]),
    "half a unit": ({"units": 1.5}, [("invalid_field", "/units")]),
    "units in words": ({"units": "10"}, [("invalid_field", "/units")]),
    "true": ({"units": True}, [("invalid_field", "/units")]),
    "an unknown product": ({"units": 1, "products": ["none"]}, [("unknown_product", "/products/0")]),
    "no product": ({"units": 1, "products": []}, [("invalid_field", "/products")]),
    "a product that is no text": ({"units": 1, "products": [1]}, [("invalid_field", "/products/0")]),
    "products without end": ({"units": 1, "products": ["x"] * 101}, [("too_many", "/products")]),
    "a product of another brand": (
        {"units": 1, "brand": "thawte", "products": ["thawte_ssl123", PRODUCT]},
        [("product_of_another_brand", "/products/1")],
    ),
    "an unknown brand": ({"units": 1, "brand": "acme"}, [("invalid_field", "/brand")]),
    "a long note": ({"units": 1, "note": "x" * 2001}, [("too_long", "/note")]),
    "a note with control characters": ({"units": 1, "note": "a\x1bb"}, [("invalid_field", "/note")]),
    "another kind": ({"units": 1, "kind": "pay_as_you_go"}, [("unknown_field", "/kind")]),
    "a price of one's own": ({"units": 1, "prices": []}, [("unknown_field", "/prices")]),
    "a grant of one's own": ({"units": 1, "units_granted": 9}, [("unknown_field", "/units_granted")]),
}


@pytest.mark.parametrize(("body", "problems"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_asked_for_is_refused(world, body, problems):
    assert refusal(world, body) == problems


def test_every_problem_is_told_at_once(world):
    body = {"units": 0, "products": ["x" * 200], "note": "x" * 3000, "colour": "red", "brand": 1}
    assert {field for _, field in refusal(world, body)} == {
        "/units",
        "/products/0",
        "/note",
        "/colour",
        "/brand",
    }


def test_a_private_key_is_refused_reported_and_kept_nowhere(world):
    assert refusal(world, {"units": 1, "note": a_private_key()}, key="key-1") == [
        ("private_key_not_accepted", "/note")
    ]
    (report,) = world.exposed.reported
    assert report.spki_sha256 == sha256(spki_of(9)).hexdigest()
    assert (report.reseller_id, report.key_id) == (US, "key_1")
    assert [piece for piece in key_material() if piece in repr(world.tables)] == []


# ---- once


def test_the_same_key_and_body_ask_once(world):
    first = ask(world, key="key-1")
    world.clock.advance(days=1)
    assert ask(world, key="key-1") == first
    assert world.stores.contracts.of_reseller(US) == [first]
    assert ask(world) != first


def test_of_two_at_once_one_asks(world):
    rival = an_asking(world.ids, "key-1")
    call = a_call({"units": 10}, "key-1", PATH)
    guard = replace(rival.guard, body_sha256=call.body_sha256)
    world.tables.before["ask"].append(lambda: world.stores.contracts.ask(replace(rival, guard=guard)))
    assert ask(world, key="key-1") == rival.contract
    assert world.stores.contracts.of_reseller(US) == [rival.contract]


def test_another_body_with_the_same_key_is_refused(world):
    ask(world, key="key-1")
    with pytest.raises(IdempotencyKeyReused):
        ask(world, {"units": 11}, key="key-1")
    assert ask(world, {"units": 11}, key="key-1", reseller_id=THEM).units_asked == 11


def test_a_refusal_binds_no_key(world):
    refusal(world, {"units": 0}, key="key-1")
    assert ask(world, key="key-1").units_asked == 10


def test_only_so_many_may_wait(world):
    for _ in range(MOST_REQUESTED):
        ask(world)
    with pytest.raises(StateConflict) as refused:
        ask(world)
    assert refused.value.code == "too_many_requested"
    assert ask(world, reseller_id=THEM)


def meanwhile(world, happens):
    """It happens once the key was looked for, before the contracts that wait are counted."""
    contracts = world.stores.contracts
    read = contracts.of_reseller

    def later(reseller_id):
        contracts.of_reseller = read
        happens()
        return read(reseller_id)

    contracts.of_reseller = later


def test_of_two_requests_with_one_key_for_the_last_place_both_get_the_contract(world):
    for _ in range(MOST_REQUESTED - 1):
        ask(world)
    first = []
    meanwhile(world, lambda: first.append(ask(world, key="key-1")))
    assert [ask(world, key="key-1")] == first
    assert len(world.stores.contracts.of_reseller(US)) == MOST_REQUESTED


def test_of_two_for_the_last_place_another_body_with_the_same_key_is_refused_for_its_key(world):
    for _ in range(MOST_REQUESTED - 1):
        ask(world)
    meanwhile(world, lambda: ask(world, {"units": 11}, key="key-1"))
    with pytest.raises(IdempotencyKeyReused):
        ask(world, key="key-1")


def test_nothing_can_be_bought_on_it(world):
    contract = ask(world)
    for body in (a_body(contract_id=contract.contract_id), a_body()):
        with pytest.raises(ContentRefused) as refused:
            world.post(body)
        assert [each.code for each in refused.value.problems] == ["contract_not_active"]
