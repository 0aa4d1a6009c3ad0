"""What moving money needs of the world, beside the gateway."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from partner_center.billing.contracts import Contract, LedgerEntry
from partner_center.billing.payments import Charge
from partner_center.kernel.events import AuditRecord, Event
from partner_center.orders.order import OrderHead
from partner_center.orders.page import Page
from partner_center.orders.ports import RequestGuard
from partner_center.validation.ports import Message


@dataclass(frozen=True, slots=True)
class PaymentChange:
    """What one transaction writes when the money of an order moves, or is known to stand elsewhere.

    `head` is at `expected_version` + 1. A `charge` of version 1 is new; any other was at the version before.
    """

    head: OrderHead
    expected_version: int
    charge: Charge | None = None
    entry: LedgerEntry | None = None
    event: Event | None = None
    audit: AuditRecord | None = None
    message: Message | None = None
    guard: RequestGuard | None = None


class ChargeReader(Protocol):
    """Reads the payment attempts of an order."""

    def charge(self, reseller_id: str, order_id: str, payment_attempt: int) -> Charge | None: ...


class Charges(ChargeReader, Protocol):
    """Keeps payment attempts, each change in one transaction with all that belongs to it."""

    def of_order(self, reseller_id: str, order_id: str) -> Sequence[Charge]:
        """All of them, oldest first."""
        ...

    def record(self, change: PaymentChange) -> None:
        """Raises RequestSeenBefore, and ChangedMeanwhile when head or charge is not at the version before."""
        ...

    def due(self, shard: int, moment: datetime, at_most: int) -> Sequence[tuple[str, str]]:
        """Reseller and order ids of those whose money is to be moved by now, longest due first."""
        ...

    def put_off(self, reseller_id: str, order_id: str, moment: datetime) -> None:
        """One that is due is so again at `moment`, and not before; the order is not read. Raises TryAgain."""
        ...

    def waiting(self, page: Page) -> tuple[Sequence[tuple[str, str]], str | None]:
        """Reseller and order ids of those whose money staff must see to, longest waiting first."""
        ...


class ContractReader(Protocol):
    """Reads contracts; an unknown or foreign id is None."""

    def find(self, reseller_id: str, contract_id: str) -> Contract | None: ...

    def of_reseller(self, reseller_id: str) -> Sequence[Contract]: ...
