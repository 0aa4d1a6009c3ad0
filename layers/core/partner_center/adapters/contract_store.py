"""Contracts in DynamoDB: counters that guard, entries that prove."""

from collections.abc import Sequence

from partner_center.adapters import keys
from partner_center.adapters.dynamodb import Database, Item, Put
from partner_center.adapters.order_items import from_micros, to_micros
from partner_center.billing.contracts import Contract, ContractKind, EntryKind
from partner_center.kernel.errors import StateConflict


def contract_from_item(item: Item) -> Contract:
    return Contract(
        reseller_id=item["reseller_id"],
        contract_id=item["contract_id"],
        kind=ContractKind(item["kind"]),
        products=frozenset(item["products"]),
        valid_from=from_micros(item["valid_from"]),
        valid_to=from_micros(item["valid_to"]),
        units_granted=item["units_granted"],
        units_left=item["units_left"],
        units_held=item["units_held"],
        units_used=item["units_used"],
        card_id=item.get("card_id"),
    )


def contract_to_item(contract: Contract) -> Item:
    return {
        "reseller_id": contract.reseller_id,
        "contract_id": contract.contract_id,
        "kind": contract.kind.value,
        "products": sorted(contract.products),
        "valid_from": to_micros(contract.valid_from),
        "valid_to": to_micros(contract.valid_to),
        "units_granted": contract.units_granted,
        "units_left": contract.units_left,
        "units_held": contract.units_held,
        "units_used": contract.units_used,
        "card_id": contract.card_id,
    }


class ContractStore:
    """`Contracts` of the orders context, on DynamoDB."""

    def __init__(self, database: Database, table: str) -> None:
        self._database = database
        self._table = table

    def of_reseller(self, reseller_id: str) -> Sequence[Contract]:
        """All contracts of the reseller, each read at its present state."""
        rows = self._database.all_of(self._table, keys.contract_of_reseller(reseller_id, "").pk, at_most=100)
        items = (self._database.get(self._table, keys.contract(reseller_id, row["sk"])) for row in rows)
        return [contract_from_item(item) for item in items if item]

    def create(self, contract: Contract, actor: str, entry_id: str) -> None:
        """A new contract with its units granted. Raises StateConflict when the id is taken."""
        key = keys.contract(contract.reseller_id, contract.contract_id)

        def taken(_: Item | None) -> Exception:
            return StateConflict("contract_exists", f"Contract {contract.contract_id} exists already.")

        self._database.transact(
            [
                Put(self._table, key, contract_to_item(contract), taken),
                Put(
                    self._table,
                    keys.contract_of_reseller(contract.reseller_id, contract.contract_id),
                    {"kind": contract.kind.value},
                    taken,
                ),
                Put(
                    self._table,
                    keys.ledger_entry(contract.reseller_id, contract.contract_id, entry_id),
                    {
                        "kind": EntryKind.GRANT.value,
                        "units": contract.units_granted,
                        "actor": actor,
                        "at": to_micros(contract.valid_from),
                    },
                    taken,
                ),
            ]
        )
