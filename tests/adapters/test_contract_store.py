"""Contracts in the business table: read at their present state, granted once."""

from dataclasses import replace

import pytest

from partner_center.adapters import keys
from partner_center.adapters.contract_store import ContractStore
from partner_center.adapters.dynamodb import Update
from partner_center.billing.contracts import ContractKind
from partner_center.kernel.errors import StateConflict
from tests.fakes.determined import NOW, CountingIds
from tests.fakes.samples import a_contract

IDS = CountingIds()


def new_contract(**changes):
    return a_contract(changes.pop("units_granted", 10), **{"contract_id": IDS.new("con", NOW), **changes})


@pytest.fixture
def store(database, tables):
    return ContractStore(database, tables.business)


@pytest.fixture
def reseller_id():
    return IDS.new("res", NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"products": frozenset()},
        {"products": frozenset({"b", "a"})},
        {"kind": ContractKind.PAY_AS_YOU_GO, "units_granted": 0},
    ],
    ids=["bulk", "every product", "two products", "card"],
)
def test_a_contract_is_read_back_whole(store, reseller_id, changes):
    contract = new_contract(reseller_id=reseller_id, **changes)
    store.create(contract, "staff:1", IDS.new("led", NOW))
    assert list(store.of_reseller(reseller_id)) == [contract]


def test_a_reseller_without_contracts_has_none(store, reseller_id):
    assert list(store.of_reseller(reseller_id)) == []


def test_resellers_see_their_own_contracts_only(store, reseller_id):
    other = IDS.new("res", NOW)
    mine = [new_contract(reseller_id=reseller_id) for _ in range(3)]
    for contract in (*mine, new_contract(reseller_id=other)):
        store.create(contract, "staff:1", IDS.new("led", NOW))
    assert list(store.of_reseller(reseller_id)) == mine


def test_counters_are_read_as_they_are_now(store, database, tables, reseller_id):
    contract = new_contract(reseller_id=reseller_id)
    store.create(contract, "staff:1", IDS.new("led", NOW))
    held = Update(
        tables.business,
        keys.contract(reseller_id, contract.contract_id),
        lambda _: AssertionError(),
        add={"units_left": -2, "units_held": 2},
    )
    database.write(held)
    assert list(store.of_reseller(reseller_id)) == [replace(contract, units_left=8, units_held=2)]


def test_the_grant_stands_in_the_ledger(store, database, tables, reseller_id):
    contract = new_contract(reseller_id=reseller_id, units_granted=25)
    store.create(contract, "staff:1", "led_1")
    entry = database.get(tables.business, keys.ledger_entry(reseller_id, contract.contract_id, "led_1"))
    assert (entry["kind"], entry["units"], entry["actor"]) == ("grant", 25, "staff:1")


def test_a_contract_is_granted_once(store, database, tables, reseller_id):
    contract = new_contract(reseller_id=reseller_id)
    store.create(contract, "staff:1", "led_1")
    with pytest.raises(StateConflict) as caught:
        store.create(replace(contract, units_granted=99), "staff:1", "led_2")
    assert caught.value.code == "contract_exists"
    assert list(store.of_reseller(reseller_id)) == [contract]
    assert (
        database.get(tables.business, keys.ledger_entry(reseller_id, contract.contract_id, "led_2")) is None
    )
