"""Orders in memory, with the preconditions of adapters/order_store.py in the same order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TypeVar

from partner_center.billing.contracts import (
    Contract,
    ContractKind,
    EntryKind,
    LedgerEntry,
    contract_problems,
)
from partner_center.kernel.errors import ChangedMeanwhile, ContentRefused, Malformed, TryAgain
from partner_center.kernel.ids import order_of
from partner_center.orders.content import OrderContent, content_from_json, content_to_json
from partner_center.orders.order import OrderHead, OrderStatus, PaymentKind
from partner_center.orders.page import Page
from partner_center.orders.ports import (
    Amendment,
    Closing,
    Completion,
    LineageChange,
    Placement,
    ReissueBeginning,
    ReissueEnd,
    RequestGuard,
    RequestSeenBefore,
)
from partner_center.orders.refusals import duplicate_partner_order
from partner_center.orders.reissue import Reissue
from partner_center.validation.ports import Message
from tests.fakes.tables import Line, Tables

Row = TypeVar("Row")


@dataclass
class MemoryOrders:
    """`Orders` and `OrderIndex` of the orders context."""

    tables: Tables

    # ---- reading

    def head(self, reseller_id: str, order_id: str) -> OrderHead | None:
        return self.tables.heads.get((reseller_id, order_id))

    def content(self, reseller_id: str, order_id: str, revision: int) -> OrderContent:
        text = self.tables.contents.get((reseller_id, order_id, revision))
        if text is None:
            raise TryAgain("The order's content cannot be read at the moment.")
        return content_from_json(text)

    def reissue(self, reseller_id: str, order_id: str, reissue_id: str) -> Reissue | None:
        return self.tables.reissues.get((reseller_id, order_id, reissue_id))

    def reissues(self, reseller_id: str, order_id: str, page: Page) -> tuple[Sequence[Reissue], str | None]:
        found = {
            f"REISSUE#{key[2]}": each
            for key, each in self.tables.reissues.items()
            if key[:2] == (reseller_id, order_id)
        }
        rows, cursor = paged(sorted(found.items(), reverse=True), "REISSUE#", page)
        return [each for _, each in rows], cursor

    def is_running(self, reseller_id: str, order_id: str) -> bool:
        head = self.head(reseller_id, order_id)
        return head is not None and head.status is OrderStatus.ISSUED

    def is_claimed(self, reseller_id: str, enrolment_id: str, revision: int) -> bool:
        head = self.head(reseller_id, enrolment_id)
        return head is not None and head.is_claimed(revision)

    def guard(self, reseller_id: str, method: str, path: str, idempotency_key: str) -> RequestGuard | None:
        return self.tables.guards.get((reseller_id, method, path, idempotency_key))

    def partner_order(self, reseller_id: str, partner_order_id: str) -> str | None:
        return self.tables.partner_orders.get((reseller_id, partner_order_id))

    def by_common_name(
        self, reseller_id: str, prefix: str, page: Page
    ) -> tuple[Sequence[tuple[str, str]], str | None]:
        rows = sorted(
            (f"{name}#{order_id}", (name, order_id))
            for owner, name, order_id in self.tables.searched
            if owner == reseller_id and f"{name}#{order_id}".startswith(prefix)
        )
        found, cursor = paged(rows, prefix, page)
        return [row for _, row in found], cursor

    def messages(self, reseller_id: str, order_id: str, page: Page) -> tuple[Sequence[Message], str | None]:
        rows = sorted(self.tables.messages.get((reseller_id, order_id), {}).items(), reverse=True)
        found, cursor = paged([(f"MESSAGE#{key}", message) for key, message in rows], "MESSAGE#", page)
        return [message for _, message in found], cursor

    # ---- writing

    def place(self, placement: Placement) -> None:
        with self.tables.writing("place"):
            head, number = placement.head, placement.head.partner_order_id
            self.require_unbound(placement.guard)
            taken_by = self.partner_order(head.reseller_id, number) if number is not None else None
            if taken_by is not None:
                raise ContentRefused([duplicate_partner_order(taken_by)])
            if placement.before is not None:
                self.require_version(placement.before.head, placement.before.expected_version)
            contract = self._contract_that_serves(placement)
            self.tables.require_new(placement.event, placement.audit, placement.hold)
            if (head.reseller_id, head.order_id) in self.tables.heads:
                raise TryAgain("An identifier was drawn twice; nothing was written.")
            self.bind(placement.guard)
            self.move_before(placement.before)
            if number is not None:
                self.tables.partner_orders[head.reseller_id, number] = head.order_id
            moved = {"units_left": -head.units, "units_held": head.units}
            self.tables.enter(contract, placement.hold, moved)
            self.tables.heads[head.reseller_id, head.order_id] = head
            self.tables.searched.add((head.reseller_id, head.common_name, head.order_id))
            self.write_content(head, placement.content)
            self._know_key(head, placement.content)
            self.tables.accompany(placement.event, placement.audit)

    def amend(self, amendment: Amendment) -> None:
        with self.tables.writing("amend"):
            head, entry, extra = amendment.head, amendment.entry, amendment.extra_units
            key = (head.reseller_id, head.contract_id)
            contract = self.tables.contracts.get(key)
            more = entry is not None and entry.kind is EntryKind.HOLD
            if more and not (contract and contract.is_valid(head.updated_at) and _suffices(contract, extra)):
                problems = contract_problems(contract, head.product, extra, head.updated_at)
                raise ContentRefused([replace(each, field=None) for each in problems])
            if extra < 0 and (contract is None or contract.units_held < -extra):
                raise ChangedMeanwhile(f"Contract {head.contract_id} does not hold {-extra} units.")
            self.require_version(head, amendment.expected_version)
            self.tables.require_new(amendment.event, amendment.audit, entry)
            self.write_content(head, amendment.content)
            self.move(head, amendment.expected_version)
            if contract is not None and entry is not None:
                self.tables.enter(contract, entry, {"units_left": -extra, "units_held": extra})
            if amendment.another_key:
                self._know_key(head, amendment.content)
            if amendment.another_common_name:
                self.tables.searched.add((head.reseller_id, head.common_name, head.order_id))
            self.tables.accompany(amendment.event, amendment.audit)

    def reissue_order(self, beginning: ReissueBeginning) -> None:
        with self.tables.writing("reissue_order"):
            begins = beginning.begins
            head, order, reissue = begins.head, begins.order, begins.reissue
            self.require_unbound(beginning.guard)
            self.require_version(order, beginning.expected_version)
            self.tables.require_new(beginning.event, beginning.audit)
            if (head.reseller_id, head.order_id) in self.tables.heads:
                raise TryAgain("An identifier was drawn twice; nothing was written.")
            self.bind(beginning.guard)
            self.move(order, beginning.expected_version)
            self.tables.reissues[head.reseller_id, order.order_id, reissue.reissue_id] = reissue
            self.tables.heads[head.reseller_id, head.order_id] = head
            self.write_content(head, beginning.content)
            self._know_key(head, beginning.content)
            self.tables.accompany(beginning.event, beginning.audit)

    def complete(self, completion: Completion) -> None:
        with self.tables.writing("complete"):
            units = completion.head.units
            moved = {"units_held": -units, "units_used": units}
            self.tables.enter_all(self._end(completion, completion.use, moved))
            self.tables.accompany(completion.replaced, None)
            self.tables.supersessions += completion.supersessions

    def close(self, closing: Closing, also: Callable[[], None] = lambda: None) -> None:
        """`also`: what else the same transaction demands."""
        with self.tables.writing("close"):
            self.require_unbound(closing.guard)
            self.require_version(closing.head, closing.expected_version)
            also()
            for each in filter(None, (closing.before, closing.payer)):
                self.require_version(each.head, each.expected_version)
            units = closing.head.units
            released = self._end(closing, closing.release, {"units_held": -units, "units_left": units})
            refunds = (self._moved_before(each) for each in (closing.before, closing.payer) if each)
            self.tables.enter_all([*released, *chain(*refunds)])
            self.bind(closing.guard)

    def move(self, head: OrderHead, expected_version: int) -> None:
        """Writes the head over one at `expected_version`. Raises ChangedMeanwhile."""
        self.require_version(head, expected_version)
        self.tables.name("heads", head.reseller_id, head.order_id)
        self.tables.heads[head.reseller_id, head.order_id] = head

    def move_before(self, before: LineageChange | None) -> None:
        """The order that is renewed or replaced, with what is given back for it."""
        if before is not None:
            self.tables.enter_all(self._moved_before(before))

    def _moved_before(self, before: LineageChange) -> list[Line]:
        self.move(before.head, before.expected_version)
        if before.refund is None:
            return []
        contract = self.tables.contracts[before.head.reseller_id, before.head.contract_id]
        units = before.refund.units_back
        if contract.units_used < units:
            raise ChangedMeanwhile(f"Contract {contract.contract_id} has not used {units} units.")
        return [(contract, before.refund.entry, {"units_used": -units, "units_left": units})]

    def require_version(self, head: OrderHead, expected_version: int) -> None:
        present = self.head(head.reseller_id, head.order_id)
        if present is None or present.version != expected_version:
            raise ChangedMeanwhile("The order changed meanwhile; read it again.")

    def write_content(self, head: OrderHead, content: OrderContent) -> None:
        """The content of the head's revision. Raises ChangedMeanwhile when that revision has one."""
        key = (head.reseller_id, head.order_id, head.revision)
        if key in self.tables.contents:
            raise ChangedMeanwhile("The order changed meanwhile; read it again.")
        self.tables.contents[key] = content_to_json(content)

    def _know_key(self, head: OrderHead, content: OrderContent) -> None:
        row = (content.spki_sha256, head.reseller_id, order_of(head.order_id), head.revision)
        self.tables.known_keys.add(row)

    def _end(
        self, change: Completion | Closing, entry: LedgerEntry | None, moved: dict[str, int]
    ) -> list[Line]:
        """The order, or the reissue, as it ends; what is to be entered for it is the caller's."""
        head = change.head
        self.require_version(head, change.expected_version)
        if change.reissue is not None:
            self._end_reissue(change, change.reissue)
        if entry is None:
            return []
        contract = self.tables.contracts.get((head.reseller_id, head.contract_id))
        is_bulk = head.payment_kind is PaymentKind.BULK
        if contract is None or (is_bulk and contract.units_held < head.units):
            raise ChangedMeanwhile(f"Contract {head.contract_id} does not hold {entry.units} units.")
        self.tables.require_new(change.event, change.audit, entry)
        self.move(head, change.expected_version)
        self.tables.accompany(change.event, change.audit)
        return [(contract, entry, moved)]

    def _end_reissue(self, change: Completion | Closing, end: ReissueEnd) -> None:
        order, reissue = end.after.order, end.after.reissue
        key = (reissue.reseller_id, reissue.order_id, reissue.reissue_id)
        self.require_version(order, end.expected_version)
        if not self.tables.reissues[key].waits:
            raise ChangedMeanwhile("The order changed meanwhile; read it again.")
        self.tables.require_new(change.event, change.audit)
        if end.after.content is not None:
            self.write_content(order, end.after.content)
        self.move(change.head, change.expected_version)
        self.move(order, end.expected_version)
        self.tables.reissues[key] = reissue
        if end.another_common_name:
            self.tables.searched.add((order.reseller_id, order.common_name, order.order_id))
        self.tables.accompany(change.event, change.audit)

    def _contract_that_serves(self, placement: Placement) -> Contract:
        head = placement.head
        contract = self.tables.contracts.get((head.reseller_id, placement.contract.contract_id))
        if contract is not None and not (head.units or head.net.amount):
            return contract
        if (
            contract is not None
            and contract.is_valid(head.placed_at)
            and _suffices(contract, head.units)
            and (contract.kind is ContractKind.BULK or contract.card_id == head.card_id)
        ):
            return contract
        problems = contract_problems(contract, head.product, head.units, head.placed_at)
        raise ContentRefused(problems) if problems else TryAgain("The contract changed; ask again.")

    def require_unbound(self, guard: RequestGuard | None) -> None:
        bound = self.tables.guards.get(_guard_key(guard)) if guard is not None else None
        if bound is not None:
            raise RequestSeenBefore(bound)

    def bind(self, guard: RequestGuard | None) -> None:
        if guard is not None:
            self.tables.guards[_guard_key(guard)] = guard


def _suffices(contract: Contract, units: int) -> bool:
    return contract.kind is not ContractKind.BULK or contract.units_left >= units


def _guard_key(guard: RequestGuard) -> tuple[str, str, str, str]:
    return (guard.head.reseller_id, guard.method, guard.path, guard.idempotency_key)


def paged(
    rows: Sequence[tuple[str, Row]], prefix: str, page: Page
) -> tuple[list[tuple[str, Row]], str | None]:
    """A page of rows already in order. The cursor is the last key, marked; anything else is refused."""
    start = 0
    if page.cursor is not None:
        key = page.cursor.removeprefix("after:")
        if key == page.cursor or not key.startswith(prefix):
            raise Malformed("This cursor belongs to another list.")
        start = [each for each, _ in rows].index(key) + 1
    found = list(rows[start : start + page.limit])
    more = start + page.limit < len(rows)
    return found, f"after:{found[-1][0]}" if more else None
