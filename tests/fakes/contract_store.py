"""Contracts in memory, with the preconditions of adapters/contract_store.py in the same order."""

from collections.abc import Sequence
from dataclasses import dataclass

from partner_center.billing.contracts import Contract, ContractStatus, EntryKind, LedgerEntry
from partner_center.billing.ports import (
    Activation,
    Asking,
    ContractGuard,
    ContractSeenBefore,
    InvoiceTaken,
)
from partner_center.kernel.errors import ChangedMeanwhile, StateConflict, TryAgain
from partner_center.orders.page import Page
from tests.fakes.order_store import paged
from tests.fakes.tables import Tables


@dataclass
class MemoryContracts:
    """`Contracts` of the orders and billing contexts, and `Ledgers`."""

    tables: Tables

    # ---- reading

    def find(self, reseller_id: str, contract_id: str) -> Contract | None:
        return self.tables.contracts.get((reseller_id, contract_id))

    def of_reseller(self, reseller_id: str) -> Sequence[Contract]:
        return [each for (owner, _), each in sorted(self.tables.contracts.items()) if owner == reseller_id]

    def page(self, reseller_id: str, page: Page) -> tuple[Sequence[Contract], str | None]:
        rows = [(each.contract_id, each) for each in self.of_reseller(reseller_id)]
        found, cursor = paged(rows, "con_", page)
        return [each for _, each in found], cursor

    def requested(self, page: Page) -> tuple[Sequence[tuple[str, str]], str | None]:
        waiting = [each for each in self.tables.contracts.values() if each.status is ContractStatus.REQUESTED]
        waiting.sort(key=lambda each: (each.requested_at, each.contract_id))
        rows = [(f"R#{each.contract_id}", (each.reseller_id, each.contract_id)) for each in waiting]
        found, cursor = paged(rows, "R#", page)
        return [ids for _, ids in found], cursor

    def owner(self, contract_id: str) -> str | None:
        return next((owner for owner, each in self.tables.contracts if each == contract_id), None)

    def guard(self, reseller_id: str, method: str, path: str, idempotency_key: str) -> ContractGuard | None:
        return self.tables.contract_guards.get((reseller_id, method, path, idempotency_key))

    def entries(
        self, reseller_id: str, contract_id: str, after: str | None, limit: int
    ) -> tuple[Sequence[LedgerEntry], bool]:
        lines = sorted(self.tables.ledger.get((reseller_id, contract_id), {}).items())
        found = [entry for entry_id, entry in lines if after is None or entry_id > after]
        return found[:limit], len(found) > limit

    # ---- writing

    def create(self, contract: Contract, actor: str, entry_id: str) -> None:
        if self.owner(contract.contract_id) is not None:
            raise StateConflict("contract_exists", f"Contract {contract.contract_id} exists already.")
        grant = LedgerEntry(entry_id, EntryKind.GRANT, contract.units_granted, "", actor, contract.valid_from)
        self.tables.require_new(None, None, grant)
        self.tables.enter(contract, grant, {})

    def ask(self, asking: Asking) -> None:
        with self.tables.writing("ask"):
            contract = asking.contract
            self._require_unbound(asking.guard)
            if self.owner(contract.contract_id) is not None:
                raise TryAgain("An identifier was drawn twice; nothing was written.")
            self.tables.require_new(None, asking.audit)
            self.tables.contracts[contract.reseller_id, contract.contract_id] = contract
            self._bind(asking.guard)
            self.tables.accompany(None, asking.audit)

    def activate(self, activation: Activation) -> None:
        with self.tables.writing("activate"):
            contract = activation.contract
            invoice = (contract.reseller_id, contract.invoice_reference or "")
            self._require_unbound(activation.guard)
            if invoice in self.tables.invoices:
                raise InvoiceTaken(self.tables.invoices[invoice])
            present = self.find(contract.reseller_id, contract.contract_id)
            if present is None or present.status is not ContractStatus.REQUESTED:
                raise ChangedMeanwhile("The contract changed meanwhile; read it again.")
            self.tables.require_new(None, activation.audit, activation.grant)
            self.tables.invoices[invoice] = contract.contract_id
            self.tables.enter(contract, activation.grant, {})
            self._bind(activation.guard)
            self.tables.accompany(None, activation.audit)

    def _require_unbound(self, guard: ContractGuard | None) -> None:
        bound = self.tables.contract_guards.get(_guard_key(guard)) if guard is not None else None
        if bound is not None:
            raise ContractSeenBefore(bound)

    def _bind(self, guard: ContractGuard | None) -> None:
        if guard is not None:
            self.tables.contract_guards[_guard_key(guard)] = guard


def _guard_key(guard: ContractGuard) -> tuple[str, str, str, str]:
    return (guard.contract.reseller_id, guard.method, guard.path, guard.idempotency_key)
