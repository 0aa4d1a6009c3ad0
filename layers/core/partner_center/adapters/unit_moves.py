"""How units move between the counters of contracts in a transaction."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from partner_center.adapters import keys
from partner_center.adapters.dynamodb import Item, Update
from partner_center.kernel.errors import ChangedMeanwhile


@dataclass(frozen=True, slots=True)
class UnitsMove:
    """By how many units the counters of one contract change, and how many must be on some of them before."""

    reseller_id: str
    contract_id: str
    counted: Mapping[str, int]
    needed: Mapping[str, int]


def unit_updates(table: str, moves: Iterable[UnitsMove]) -> list[Update]:
    """One Update for each contract, since a transaction names an item once: what the moves count and need, added."""
    of_contract: dict[tuple[str, str], list[UnitsMove]] = {}
    for move in moves:
        if any(move.counted.values()):
            of_contract.setdefault((move.reseller_id, move.contract_id), []).append(move)
    return [
        Update(
            table,
            keys.contract(*ids),
            partial(_not_there, ids[1]),
            conditions=[
                (name, ">=", units) for name, units in _added(each.needed for each in together).items()
            ],
            add={name: units for name, units in _added(each.counted for each in together).items() if units},
        )
        for ids, together in of_contract.items()
    ]


def _added(parts: Iterable[Mapping[str, int]]) -> Mapping[str, int]:
    total = Counter[str]()
    for part in parts:
        total.update(part)
    return total


def _not_there(contract_id: str, _: Item | None) -> Exception:
    return ChangedMeanwhile(
        f"Contract {contract_id} does not hold, or has not used, the units that are to move."
    )
