"""Contracts in DynamoDB keep every promise of the billing context; and what only the table knows."""

from dataclasses import replace

from partner_center.adapters import keys
from partner_center.adapters.contract_store import ContractStore
from partner_center.adapters.dynamodb import Update
from partner_center.adapters.order_actions import GUARD_LIFETIME
from tests.fakes.contract_contracts import ContractsContract
from tests.fakes.determined import NOW, CountingIds
from tests.fakes.samples import US, a_contract, a_day, an_activation, an_asking


class TestContractsInDynamoDb(ContractsContract):
    """The promises, kept by DynamoDB."""


def test_counters_are_read_as_they_are_now(database, tables):
    store = ContractStore(database, tables)
    contract = a_contract(contract_id="con_counted")
    store.create(contract, "staff:1", "led_counted")
    held = Update(
        tables.business,
        keys.contract(US, contract.contract_id),
        lambda _: AssertionError(),
        add={"units_left": -2, "units_held": 2},
    )
    database.write(held)
    assert store.find(US, "con_counted") == replace(contract, units_left=8, units_held=2)


def test_a_guard_lives_seven_days_from_the_request_on(stores):
    ids = CountingIds()
    asking = an_asking(ids, "key-1")
    stores.contracts.ask(asking)
    stores.contracts.activate(an_activation(ids, asking.contract, "key-2"))
    for method_path, key, moment in (("/v1/contracts", "key-1", NOW), ("/activate", "key-2", NOW + a_day)):
        row = stores.database.get(stores.tables.business, keys.request_guard(US, "POST", method_path, key))
        assert row["expires_at"] == int((moment + GUARD_LIFETIME).timestamp())


def test_a_page_of_ten_thousand_lines_is_more_than_one_query(stores, monkeypatch):
    """What DynamoDB gives at once is bounded; what is asked for is read whole."""
    stores.contracts.create(a_contract(), "staff", "led_000")
    asked = []
    query = stores.database.query

    def counted(*arguments, limit, **more):
        asked.append(limit)
        return query(*arguments, limit=min(limit, 1), **more)

    monkeypatch.setattr(stores.database, "query", counted)
    stores.contracts.create(a_contract(contract_id="con_2"), "staff", "led_001")
    lines, more = stores.contracts.entries(US, "con_1", None, 10_000)
    assert (len(lines), more, asked[0]) == (1, False, 1000)
