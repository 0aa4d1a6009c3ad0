"""Counters of contracts held against their ledgers: entries are the proof, counters guard against overselling.

Nothing is mended here. A person finds out what happened (docs/operations.md, Reconciliation).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from partner_center.billing.contracts import Contract, ContractKind, LedgerEntry
from partner_center.billing.ledger import Balance
from partner_center.billing.ports import Ledgers
from partner_center.kernel.errors import TryAgain
from partner_center.kernel.ids import encode_time_ordered

_A_PAGE = 1000
MOST_LINES = 200_000
_ROUNDS = 3
_MARGIN = timedelta(days=1)
"""By how much the clocks of two who write lines may differ, with much to spare.

A line that is not read here is a release that would be made once more.
"""


class LedgerTooLong(TryAgain):
    """The contract has more lines than one look reads."""


class FindsContracts(Protocol):
    """Reads contracts, at their present state."""

    def find(self, reseller_id: str, contract_id: str) -> Contract | None: ...


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Units left, held and used: as the contract counts them, and as its ledger proves them."""

    reseller_id: str
    contract_id: str
    counted: tuple[int, int, int]
    proven: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class CheckLedger:
    """The use case. It reads while others write, so only what two readings say alike is a disagreement."""

    contracts: FindsContracts
    ledgers: Ledgers

    def __call__(self, reseller_id: str, contract_id: str) -> Disagreement | None:
        """None when they agree, or while the contract moves too fast to be compared. Raises TryAgain."""
        seen: Disagreement | None = None
        for _ in range(_ROUNDS):
            found = self._compare(reseller_id, contract_id)
            if found is None or found == seen:
                return found
            seen = found
        return None

    def _compare(self, reseller_id: str, contract_id: str) -> Disagreement | None:
        contract = self.contracts.find(reseller_id, contract_id)
        if contract is None or contract.kind is not ContractKind.BULK:
            return None
        balance = Balance()
        for entry in lines_since(self.ledgers, reseller_id, contract_id, None):
            balance = balance.after(entry)
        counted = (contract.units_left, contract.units_held, contract.units_used)
        proven = (balance.left, balance.held, balance.used)
        if counted == proven:
            return None
        return Disagreement(reseller_id, contract_id, counted, proven)


def units_held(
    ledgers: Ledgers, reseller_id: str, contract_id: str, order_id: str, placed_at: datetime
) -> int | None:
    """What the ledger says that an order holds still: below nought if more was given back than it held. None where
    the ledger is too long to say.

    Raises TryAgain.
    """
    balance = Balance()
    try:
        for entry in lines_since(ledgers, reseller_id, contract_id, placed_at):
            if entry.order_id == order_id:
                balance = balance.after(replace(entry, amount=None))
    except LedgerTooLong:
        return None
    return balance.held


def lines_since(
    ledgers: Ledgers, reseller_id: str, contract_id: str, since: datetime | None
) -> Iterator[LedgerEntry]:
    """The lines of a contract, all or from `since` on, oldest first. Raises TryAgain, LedgerTooLong."""
    after, more = _before(since - _MARGIN) if since else None, True
    for _ in range(MOST_LINES // _A_PAGE):
        page, more = ledgers.entries(reseller_id, contract_id, after, _A_PAGE)
        yield from page
        if not more or not page:
            return
        after = page[-1].entry_id
    raise LedgerTooLong(f"Contract {contract_id} has more than {MOST_LINES} lines.", 60)


def _before(moment: datetime) -> str:
    """An entry id that sorts before those of that moment on: ids begin with their time."""
    return f"led_{encode_time_ordered(int(moment.timestamp() * 1000), 0)}"
