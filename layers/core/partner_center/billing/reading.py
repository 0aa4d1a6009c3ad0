"""What is shown of contracts: to their reseller, and to the staff who activate them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from partner_center.billing.contracts import Contract, ContractKind, ContractStatus
from partner_center.billing.ledger import (
    Amounts,
    Balance,
    Bookmark,
    StatementLine,
    read_bookmark,
    shown_actor,
    statement,
)
from partner_center.billing.notices import low_threshold
from partner_center.billing.ports import ContractReader, Ledgers
from partner_center.catalog.pricing import PriceList
from partner_center.kernel.clock import Clock, rfc3339
from partner_center.kernel.errors import NotFound
from partner_center.kernel.spreadsheet import Cell, as_csv
from partner_center.orders.page import Page, read_page

LINES_OF_A_FILE = 10_000
"""Lines of a CSV file, when no limit was asked for: some 1.5 MB, of the 6 MB that an answer may have."""

_UNITS = ("left", "held", "used")
_AMOUNTS = ("promised", "owed", "paid", "to_repay")
_EVERY_LINE = ("entry_id", "at", "kind", "units", "amount", "currency", "order_id", "actor", "reference")


@dataclass(frozen=True, slots=True)
class ContractReading:
    """The use cases. An unknown id and another reseller's answer alike: NotFound."""

    contracts: ContractReader
    ledgers: Ledgers
    clock: Clock

    def contract(self, reseller_id: str, contract_id: str) -> dict[str, Any]:
        return contract_as_json(self._find(reseller_id, contract_id), self.clock.now())

    def contracts_of(self, reseller_id: str, query: Mapping[str, str]) -> dict[str, Any]:
        found, cursor = self.contracts.page(reseller_id, read_page(query))
        moment = self.clock.now()
        return {"items": [contract_as_json(each, moment) for each in found], "next_cursor": cursor}

    def ledger(self, reseller_id: str, contract_id: str, query: Mapping[str, str]) -> dict[str, Any]:
        contract = self._find(reseller_id, contract_id)
        lines, cursor = self._lines(contract, read_page(query))
        show = _card_balance_as_json if _is_card(contract) else _units_as_json
        return {"items": [_line_as_json(each, show) for each in lines], "next_cursor": cursor}

    def ledger_as_csv(
        self, reseller_id: str, contract_id: str, query: Mapping[str, str]
    ) -> tuple[str, str | None]:
        """The lines as a table, and the cursor of what it does not hold."""
        contract = self._find(reseller_id, contract_id)
        page = read_page(query)
        lines, cursor = self._lines(
            contract, page if "limit" in query else Page(LINES_OF_A_FILE, page.cursor)
        )
        balances = _AMOUNTS if _is_card(contract) else _UNITS
        rows = [[*_cells(each), *_balance_cells(each, balances)] for each in lines]
        return as_csv([*_EVERY_LINE, *balances], rows), cursor

    def waiting(self, page: Page) -> dict[str, Any]:
        """The contracts that wait to be activated. The index may be a moment late, so each is read once more."""
        ids, cursor = self.contracts.requested(page)
        found = (self.contracts.find(reseller_id, contract_id) for reseller_id, contract_id in ids)
        moment = self.clock.now()
        items = [
            contract_for_staff(each, moment)
            for each in found
            if each is not None and each.status is ContractStatus.REQUESTED
        ]
        return {"items": items, "next_cursor": cursor}

    def _find(self, reseller_id: str, contract_id: str) -> Contract:
        contract = self.contracts.find(reseller_id, contract_id)
        if contract is None:
            raise NotFound("There is no such contract.")
        return contract

    def _lines(self, contract: Contract, page: Page) -> tuple[Sequence[StatementLine], str | None]:
        start = read_bookmark(page.cursor) if page.cursor else None
        entries, more = self.ledgers.entries(
            contract.reseller_id, contract.contract_id, start.entry_id if start else None, page.limit
        )
        lines = list(statement(entries, start.balance if start else Balance()))
        if not (more and lines):
            return lines, None
        return lines, Bookmark(lines[-1].entry.entry_id, lines[-1].balance).cursor()


def contract_as_json(contract: Contract, moment: datetime) -> dict[str, Any]:
    """A contract as its reseller reads it. One that was asked for has no validity yet."""
    is_requested, is_bulk = contract.status is ContractStatus.REQUESTED, not _is_card(contract)
    return {
        "contract_id": contract.contract_id,
        "kind": contract.kind,
        "status": contract.status_at(moment),
        "brand": contract.brand,
        "products": sorted(contract.products),
        "sales_representative": contract.sales_representative,
        "valid_from": None if is_requested else rfc3339(contract.valid_from),
        "valid_to": None if is_requested else rfc3339(contract.valid_to),
        "prices": prices_as_json(contract.prices),
        "invoice_reference": contract.invoice_reference,
        "requested_at": rfc3339(contract.requested_at) if contract.requested_at else None,
        "note": contract.note,
        "units_asked": contract.units_asked,
        "units_granted": contract.units_granted if is_bulk else None,
        "units_left": contract.units_left if is_bulk else None,
        "units_held": contract.units_held if is_bulk else None,
        "units_used": contract.units_used if is_bulk else None,
        "notices": {
            "units_low": low_threshold(contract) if is_bulk and not is_requested else None,
            "ends_in_days": list(contract.ends_in_days),
        },
        "card_id": contract.card_id,
    }


def contract_for_staff(contract: Contract, moment: datetime) -> dict[str, Any]:
    """The same with whose it is."""
    return {"reseller_id": contract.reseller_id, **contract_as_json(contract, moment)}


def prices_as_json(agreed: PriceList | None) -> list[dict[str, Any]]:
    """The contract's own prices; what is not among them costs what the catalog says."""
    return [
        {
            "product": each.product,
            "term_days": each.term_days,
            "kind": each.kind,
            "price": each.price.as_json(),
        }
        for each in (agreed.prices if agreed else ())
    ]


def _is_card(contract: Contract) -> bool:
    return contract.kind is ContractKind.PAY_AS_YOU_GO


def _line_as_json(
    line: StatementLine, show: Callable[[StatementLine], dict[str, Any] | None]
) -> dict[str, Any]:
    entry = line.entry
    return {
        "entry_id": entry.entry_id,
        "at": rfc3339(entry.at),
        "kind": entry.kind,
        "units": entry.units,
        "amount": entry.amount.as_json() if entry.amount else None,
        "order_id": entry.order_id or None,
        "actor": shown_actor(entry.actor),
        "reference": entry.reference,
        "balance": show(line),
    }


def _units_as_json(line: StatementLine) -> dict[str, Any]:
    return {name: getattr(line.balance, name) for name in _UNITS}


def _card_balance_as_json(line: StatementLine) -> dict[str, Any] | None:
    """In the currency of the line; a line without an amount has none."""
    if line.entry.amount is None:
        return None
    currency = line.entry.amount.currency
    amounts = line.balance.amounts[currency]
    return {name: {"amount": f"{getattr(amounts, name):.2f}", "currency": currency} for name in _AMOUNTS}


def _cells(line: StatementLine) -> list[Cell]:
    entry = line.entry
    return [
        entry.entry_id,
        rfc3339(entry.at),
        entry.kind.value,
        entry.units,
        entry.amount.amount if entry.amount else None,
        entry.amount.currency if entry.amount else None,
        entry.order_id,
        shown_actor(entry.actor),
        entry.reference,
    ]


def _balance_cells(line: StatementLine, names: Sequence[str]) -> list[Cell]:
    if names is _UNITS:
        return [getattr(line.balance, name) for name in names]
    currency = line.entry.amount.currency if line.entry.amount else ""
    amounts = line.balance.amounts.get(currency, Amounts())
    return [getattr(amounts, name) for name in names]
