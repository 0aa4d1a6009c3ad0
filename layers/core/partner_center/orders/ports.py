"""What the orders context needs of the world."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from partner_center.billing.contracts import Contract, LedgerEntry
from partner_center.billing.refunds import StartedRefund
from partner_center.kernel.errors import PartnerCenterError
from partner_center.kernel.events import AuditRecord, Event
from partner_center.orders.content import OrderContent
from partner_center.orders.lifecycle import Successors, is_paid_by_itself
from partner_center.orders.order import Order, OrderHead, OrderStatus
from partner_center.orders.reissue import Beginning, Reissue, Reissued

if TYPE_CHECKING:
    from partner_center.issuance.supersede import Supersession


@dataclass(frozen=True, slots=True)
class RequestGuard:
    """Binds an Idempotency-Key to the answer that took effect: the order as it was placed."""

    method: str
    path: str
    idempotency_key: str
    body_sha256: str
    head: OrderHead


@dataclass(frozen=True, slots=True)
class LineageChange:
    """What becomes of the order before, in the transaction of its renewal or replacement.

    `refund` gives back what was paid for it.
    """

    head: OrderHead
    expected_version: int
    refund: StartedRefund | None = None


@dataclass(frozen=True, slots=True)
class Placement:
    """Everything that one transaction writes when an order is placed; `before` of the order that it follows."""

    head: OrderHead
    content: OrderContent
    guard: RequestGuard | None
    contract: Contract
    hold: LedgerEntry
    event: Event
    audit: AuditRecord
    before: LineageChange | None = None


@dataclass(frozen=True, slots=True)
class ReissueEnd:
    """What changes beside the enrolment when a reissue ends: its row, and its order's head."""

    after: Reissued
    expected_version: int
    """Of the order's head."""

    another_common_name: bool = False


@dataclass(frozen=True, slots=True)
class ReissueBeginning:
    """Everything that one transaction writes when a reissue is asked for."""

    begins: Beginning
    expected_version: int
    """Of the order's head."""

    content: OrderContent
    guard: RequestGuard | None
    event: Event
    audit: AuditRecord


@dataclass(frozen=True, slots=True)
class Completion:
    """What changes when the certificate is stored: the order is issued and its units are used.

    A reissue has `reissue` in place of `use`. `supersessions` have revoked what gives way to the certificate, and
    `replaced` tells of the order that was replaced.
    """

    head: OrderHead
    expected_version: int
    use: LedgerEntry | None
    event: Event
    audit: AuditRecord
    reissue: ReissueEnd | None = None
    supersessions: "Sequence[Supersession]" = ()
    replaced: Event | None = None


@dataclass(frozen=True, slots=True)
class Closing:
    """What changes when a pending order ends without a certificate: its units come back.

    A reissue has `reissue` in place of `release`. `before`: the order that it was to renew or replace may be renewed
    or replaced again. `payer`: the price of the order that paid for that one goes back.
    """

    head: OrderHead
    expected_version: int
    release: LedgerEntry | None
    event: Event
    audit: AuditRecord
    guard: RequestGuard | None = None
    reissue: ReissueEnd | None = None
    before: LineageChange | None = None
    payer: LineageChange | None = None


@dataclass(frozen=True, slots=True)
class Amendment:
    """What changes when an order is amended: a new revision of its content, and with it what it holds.

    `extra_units` come from the contract (negative: go back to it), with `entry` on the ledger; of an order that is
    paid by card the entry's amount is promised on top, or less.
    """

    head: OrderHead
    expected_version: int
    content: OrderContent
    another_key: bool
    another_common_name: bool
    extra_units: int
    entry: LedgerEntry | None
    event: Event
    audit: AuditRecord


@dataclass(frozen=True, slots=True)
class Release:
    """What changes when somebody lets a waiting order go on."""

    head: OrderHead
    expected_version: int
    event: Event
    audit: AuditRecord
    guard: RequestGuard | None = None


class RequestSeenBefore(PartnerCenterError):
    """The Idempotency-Key is already bound."""

    code = "request_seen_before"

    def __init__(self, guard: RequestGuard) -> None:
        super().__init__("This Idempotency-Key is already bound.")
        self.guard = guard


class OrderReader(Protocol):
    """Reads orders of one reseller, and enrolments of their reissues; an unknown or foreign id is None."""

    def head(self, reseller_id: str, order_id: str) -> OrderHead | None: ...

    def content(self, reseller_id: str, order_id: str, revision: int) -> OrderContent: ...

    def reissue(self, reseller_id: str, order_id: str, reissue_id: str) -> Reissue | None: ...


class Orders(OrderReader, Protocol):
    """Writes orders, each change in one transaction with its ledger entry, event and audit record."""

    def guard(
        self, reseller_id: str, method: str, path: str, idempotency_key: str
    ) -> RequestGuard | None: ...

    def partner_order(self, reseller_id: str, partner_order_id: str) -> str | None:
        """The order that bears the reseller's own number already."""
        ...

    def place(self, placement: Placement) -> None:
        """Raises RequestSeenBefore, ContentRefused (number taken, contract no longer serves), ChangedMeanwhile when
        the order before it has moved, TryAgain.
        """
        ...

    def amend(self, amendment: Amendment) -> None:
        """Raises ContentRefused (units that are not left), ChangedMeanwhile when the head is not at
        `expected_version`, TryAgain.
        """
        ...

    def reissue_order(self, beginning: ReissueBeginning) -> None:
        """Raises RequestSeenBefore, and ChangedMeanwhile when the order's head is not at `expected_version`."""
        ...

    def complete(self, completion: Completion) -> None:
        """Raises ChangedMeanwhile when the head is no longer at `expected_version`."""
        ...

    def close(self, closing: Closing) -> None:
        """Raises RequestSeenBefore, and ChangedMeanwhile when the head is not at `expected_version`."""
        ...


class Contracts(Protocol):
    """Reads contracts, at their present state."""

    def find(self, reseller_id: str, contract_id: str) -> Contract | None:
        """None for an unknown id, and for another reseller's."""
        ...

    def of_reseller(self, reseller_id: str) -> Sequence[Contract]: ...


def predecessor(orders: OrderReader, head: OrderHead) -> OrderHead | None:
    """The order that this one renews or replaces, as it is now; None for a new one."""
    return orders.head(head.reseller_id, head.predecessor) if head.predecessor else None


def lineage_of(orders: OrderReader, head: OrderHead) -> tuple[OrderHead | None, OrderHead | None]:
    """What a closing order was to renew or replace, and whose price paid for that, where both are over."""
    previous = predecessor(orders, head)
    over = previous is not None and previous.status is OrderStatus.REVOKED
    return previous, payer_of(orders, previous) if previous is not None and over else None


def successors_of(orders: OrderReader, head: OrderHead) -> Successors:
    """What lives of the orders that were placed after this one, as it is now."""
    return Successors(
        _living(orders, head.reseller_id, head.renewed_by),
        _living(orders, head.reseller_id, head.replaced_by),
    )


def heir_of(orders: OrderReader, head: OrderHead) -> OrderHead | None:
    """What lives for the price of this order: a replacement that is not paid by itself, or what took its place for
    that price.
    """
    return _living(orders, head.reseller_id, head.replaced_by, ends=is_paid_by_itself)


def payer_of(orders: OrderReader, head: OrderHead) -> OrderHead | None:
    """The order whose price paid for this one, which cost nothing, if all between the two are over as well.

    None where it lives: its price goes back, if it does, when it is revoked itself.
    """
    found, seen = head, {head.order_id}
    while not found.has_its_own_price and found.replaces is not None and found.replaces not in seen:
        before = orders.head(head.reseller_id, found.replaces)
        if before is None or before.status is not OrderStatus.REVOKED:
            return None
        found = before
        seen.add(found.order_id)
    return found if found is not head and found.has_its_own_price else None


def _living(
    orders: OrderReader,
    reseller_id: str,
    order_id: str | None,
    ends: Callable[[OrderHead], bool] = lambda _: False,
) -> OrderHead | None:
    """The order, or, where it was revoked, what has taken its place since: a price and the days of a term are given
    to one living order only. None from an order on that `ends` it.
    """
    seen: set[str] = set()
    while order_id is not None and order_id not in seen:
        seen.add(order_id)
        head = orders.head(reseller_id, order_id)
        if head is None or head.status in {OrderStatus.CANCELLED, OrderStatus.REJECTED} or ends(head):
            return None
        if head.status is not OrderStatus.REVOKED:
            return head
        order_id = head.replaced_by or head.renewed_by
    return None


def load(orders: OrderReader, reseller_id: str, order_id: str) -> Order | None:
    """Head and present content, or None for an unknown or foreign id."""
    head = orders.head(reseller_id, order_id)
    if head is None:
        return None
    return Order(head, orders.content(reseller_id, order_id, head.revision))
