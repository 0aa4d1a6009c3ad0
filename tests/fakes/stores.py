"""All stores of the core over one set of rows: what the contract suites ask for, and its form in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from partner_center.billing.charge_ports import Charges
from partner_center.billing.contracts import Contract
from partner_center.billing.ports import Contracts, Ledgers
from partner_center.issuance.preflight import Claims
from partner_center.issuance.sign import Preflights
from partner_center.orders.call_guards import CallGuards
from partner_center.orders.domain_actions import CheckTimes
from partner_center.orders.fulfil import HeldBack, Waits
from partner_center.orders.ports import Orders
from partner_center.orders.reading import OrderIndex
from partner_center.orders.review import Screenings
from partner_center.validation.ports import AttemptRecord, Challenges
from partner_center.validation.proof_list import ProvenDomains
from tests.fakes.call_guards import MemoryCallGuards
from tests.fakes.challenge_store import MemoryChallenges
from tests.fakes.charge_store import MemoryCharges
from tests.fakes.claim_store import MemoryCheckTimes, MemoryClaims, MemoryWaits
from tests.fakes.contract_store import MemoryContracts
from tests.fakes.order_store import MemoryOrders
from tests.fakes.screening_store import MemoryScreenings
from tests.fakes.tables import Tables


class OrdersAndIndex(Orders, OrderIndex, Protocol):
    """The order store has both."""

    def partner_order(self, reseller_id: str, partner_order_id: str) -> str | None: ...


class ContractsAndLedgers(Contracts, Ledgers, Protocol):
    """The contract store has both."""

    def create(self, contract: Contract, actor: str, entry_id: str) -> None: ...


class ClaimsAndPreflights(Claims, Preflights, Protocol):
    """The claim store has both."""


class ChallengesAndProvenDomains(Challenges, ProvenDomains, Protocol):
    """The challenge store has both."""


class WaitsAndHeldBack(Waits, HeldBack, Protocol):
    """The wait store has both."""


class Stores(Protocol):
    """The stores under test, over the same empty tables, and how a suite looks at what they left there."""

    orders: OrdersAndIndex
    contracts: ContractsAndLedgers
    challenges: ChallengesAndProvenDomains
    claims: ClaimsAndPreflights
    waits: WaitsAndHeldBack
    checks: CheckTimes
    call_guards: CallGuards
    screenings: Screenings
    charges: Charges

    def grant(self, contract: Contract) -> None:
        """A contract comes into being, its granted units on the ledger."""
        ...

    def ledger(self, reseller_id: str, contract_id: str) -> Sequence[tuple[str, int, str]]:
        """Kind, units and order id of each ledger line, in any order; "" for the grant's order."""
        ...

    def amounts(self, reseller_id: str, contract_id: str) -> Sequence[tuple[str, str, str | None]]:
        """Kind, amount and reference of each ledger line that has an amount, in any order."""
        ...

    def events(self, reseller_id: str, order_id: str) -> Sequence[str]:
        """Types of the order's outbox events, oldest first."""
        ...

    def audited(self, reseller_id: str, order_id: str) -> Sequence[str]:
        """Actions of the order's audit records, oldest first."""
        ...

    def attempts(self, reseller_id: str, order_id: str) -> Sequence[AttemptRecord]:
        """The records of all checks of the order, oldest first."""
        ...


@dataclass
class MemoryStores:
    """`Stores` in memory."""

    tables: Tables = field(default_factory=Tables)

    def __post_init__(self) -> None:
        self.orders = MemoryOrders(self.tables)
        self.contracts = MemoryContracts(self.tables)
        self.challenges = MemoryChallenges(self.tables)
        self.claims = MemoryClaims(self.tables)
        self.waits = MemoryWaits(self.tables)
        self.checks = MemoryCheckTimes(self.tables)
        self.call_guards = MemoryCallGuards(self.tables)
        self.screenings = MemoryScreenings(self.tables)
        self.charges = MemoryCharges(self.tables)

    def grant(self, contract: Contract) -> None:
        self.tables.grant(contract, f"led_grant_{contract.contract_id}")

    def ledger(self, reseller_id: str, contract_id: str) -> Sequence[tuple[str, int, str]]:
        entries = self.tables.ledger.get((reseller_id, contract_id), {}).values()
        return [(each.kind.value, each.units, each.order_id) for each in entries]

    def amounts(self, reseller_id: str, contract_id: str) -> Sequence[tuple[str, str, str | None]]:
        entries = self.tables.ledger.get((reseller_id, contract_id), {}).values()
        return [(each.kind.value, str(each.amount.amount), each.reference) for each in entries if each.amount]

    def events(self, reseller_id: str, order_id: str) -> Sequence[str]:
        where = {"reseller_id": reseller_id, "order_id": order_id}
        return [each.type for each in self.tables.events.values() if where.items() <= each.data.items()]

    def audited(self, reseller_id: str, order_id: str) -> Sequence[str]:
        records = self.tables.audit.values()
        return [e.action for e in records if (e.reseller_id, e.order_id) == (reseller_id, order_id)]

    def attempts(self, reseller_id: str, order_id: str) -> Sequence[AttemptRecord]:
        records = sorted(self.tables.attempts.values(), key=lambda each: each.attempt_id)
        return [e for e in records if (e.reseller_id, e.order_id) == (reseller_id, order_id)]
