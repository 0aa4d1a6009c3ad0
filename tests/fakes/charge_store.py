"""Payment attempts and cards in memory, with the preconditions of adapters/charge_store.py."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from partner_center.billing.charge_ports import PaymentChange
from partner_center.billing.payments import Card, Charge
from partner_center.kernel.errors import ChangedMeanwhile, Malformed, TryAgain
from partner_center.orders.order import OrderHead
from partner_center.orders.page import Page
from tests.fakes.order_store import MemoryOrders
from tests.fakes.tables import Tables


@dataclass
class MemoryCharges:
    """`Charges` of the billing context."""

    tables: Tables

    def __post_init__(self) -> None:
        self.orders = MemoryOrders(self.tables)

    def charge(self, reseller_id: str, order_id: str, payment_attempt: int) -> Charge | None:
        return self.tables.charges.get((reseller_id, order_id, payment_attempt))

    def of_order(self, reseller_id: str, order_id: str) -> Sequence[Charge]:
        rows = sorted(self.tables.charges.items())
        return [each for key, each in rows if key[:2] == (reseller_id, order_id)]

    def due(self, shard: int, moment: datetime, at_most: int) -> Sequence[tuple[str, str]]:
        heads = [
            (head.settle_at, head.reseller_id, head.order_id)
            for head in self.tables.heads.values()
            if _moves_by_itself(head) and head.settle_at and head.settle_at <= moment
        ]
        found = [(reseller, order_id) for _, reseller, order_id in sorted(heads) if _shard(order_id) == shard]
        return found[:at_most]

    def put_off(self, reseller_id: str, order_id: str, moment: datetime) -> None:
        head = self.tables.heads.get((reseller_id, order_id))
        if head is not None and _moves_by_itself(head) and head.settle_at is not None:
            self.tables.heads[reseller_id, order_id] = replace(head, settle_at=moment)

    def waiting(self, page: Page) -> tuple[Sequence[tuple[str, str]], str | None]:
        heads = [
            head for head in self.tables.heads.values() if not head.awaits_review and head.awaits_payment
        ]
        heads.sort(key=lambda head: (head.payment_since or head.placed_at, head.order_id))
        if page.cursor is not None and not page.cursor.isdigit():
            raise Malformed("This cursor belongs to another list.")
        start = int(page.cursor or 0)
        end = start + page.limit
        found = [(head.reseller_id, head.order_id) for head in heads[start:end]]
        return found, str(end) if end < len(heads) else None

    def record(self, change: PaymentChange) -> None:
        with self.tables.writing("payment"):
            head, charge = change.head, change.charge
            self.orders.require_unbound(change.guard)
            self.orders.require_version(head, change.expected_version)
            if charge is not None:
                self._require_version(charge)
            self.tables.require_new(change.event, change.audit, change.entry)
            messages = self.tables.messages[head.reseller_id, head.order_id]
            if change.message is not None and change.message.message_id in messages:
                raise TryAgain("An identifier was drawn twice; nothing was written.")
            self.orders.move(head, change.expected_version)
            if charge is not None:
                self.tables.charges[charge.reseller_id, charge.order_id, charge.payment_attempt] = charge
            if change.entry is not None:
                self.tables.ledger[head.reseller_id, head.contract_id][change.entry.entry_id] = change.entry
            if change.message is not None:
                messages[change.message.message_id] = change.message
            self.orders.bind(change.guard)
            self.tables.accompany(change.event, change.audit)

    def _require_version(self, charge: Charge) -> None:
        present = self.charge(charge.reseller_id, charge.order_id, charge.payment_attempt)
        if (present.version if present else 0) != charge.version - 1:
            raise ChangedMeanwhile("The payment changed meanwhile; read it again.")


@dataclass
class MemoryCards:
    """`Cards` of the billing context."""

    tables: Tables

    def card(self, reseller_id: str, card_id: str) -> Card | None:
        return self.tables.cards.get((reseller_id, card_id))

    def keep(self, card: Card) -> None:
        self.tables.cards[card.reseller_id, card.card_id] = card


def _moves_by_itself(head: OrderHead) -> bool:
    return not (head.awaits_review or head.awaits_payment) and head.money_is_to_move


def _shard(order_id: str) -> int:
    return int(sha256(order_id.encode()).hexdigest(), 16) % 8
