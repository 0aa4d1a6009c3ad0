"""What the billing context needs of the world."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from partner_center.billing.contracts import Contract, LedgerEntry
from partner_center.kernel.errors import PartnerCenterError
from partner_center.kernel.events import AuditRecord
from partner_center.orders.page import Page


@dataclass(frozen=True, slots=True)
class ContractGuard:
    """Binds an Idempotency-Key to the answer that took effect: the contract as the request left it."""

    method: str
    path: str
    idempotency_key: str
    body_sha256: str
    contract: Contract


@dataclass(frozen=True, slots=True)
class Asking:
    """Everything that one transaction writes when a reseller asks for a contract."""

    contract: Contract
    guard: ContractGuard | None
    audit: AuditRecord


@dataclass(frozen=True, slots=True)
class Activation:
    """What changes when a contract that was asked for becomes active: its terms, and its units on the ledger."""

    contract: Contract
    guard: ContractGuard | None
    grant: LedgerEntry
    audit: AuditRecord


class ContractSeenBefore(PartnerCenterError):
    """The Idempotency-Key is already bound."""

    code = "request_seen_before"

    def __init__(self, guard: ContractGuard) -> None:
        super().__init__("This Idempotency-Key is already bound.")
        self.guard = guard


class InvoiceTaken(PartnerCenterError):
    """The invoice paid for a contract already: `contract_id`."""

    code = "invoice_taken"

    def __init__(self, contract_id: str) -> None:
        super().__init__(f"This invoice is that of contract {contract_id}.")
        self.contract_id = contract_id


class ContractReader(Protocol):
    """Reads contracts, at their present state; an unknown id and another reseller's are None."""

    def find(self, reseller_id: str, contract_id: str) -> Contract | None: ...

    def of_reseller(self, reseller_id: str) -> Sequence[Contract]: ...

    def page(self, reseller_id: str, page: Page) -> tuple[Sequence[Contract], str | None]:
        """A page of the reseller's contracts, the oldest first."""
        ...

    def requested(self, page: Page) -> tuple[Sequence[tuple[str, str]], str | None]:
        """Reseller and contract ids of those that wait to be activated, longest waiting first."""
        ...


class Contracts(ContractReader, Protocol):
    """Writes contracts, each change in one transaction with its audit record."""

    def owner(self, contract_id: str) -> str | None:
        """The reseller whose contract this is."""
        ...

    def guard(
        self, reseller_id: str, method: str, path: str, idempotency_key: str
    ) -> ContractGuard | None: ...

    def ask(self, asking: Asking) -> None:
        """Raises ContractSeenBefore, TryAgain."""
        ...

    def activate(self, activation: Activation) -> None:
        """Raises ContractSeenBefore, InvoiceTaken, ChangedMeanwhile when it does not wait any more, TryAgain."""
        ...


class Ledgers(Protocol):
    """Reads ledgers."""

    def entries(
        self, reseller_id: str, contract_id: str, after: str | None, limit: int
    ) -> tuple[Sequence[LedgerEntry], bool]:
        """At most `limit` lines behind the one with id `after`, the oldest first, and whether there may be more."""
        ...
