"""A further certificate of an issued order: what it may change, what must be proven for it, how it ends (M42-M46).

It costs nothing (M44), so it never holds more than was paid for: other names, but not more of them, nor dearer ones.
The order stays issued whatever becomes of it. Until it is issued or given up it holds one of the twenty slots of the
first 30 days; given up, it gives its slot back.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from partner_center.catalog.pricing import quote
from partner_center.catalog.products import LineKind, Product
from partner_center.kernel.clock import rfc3339
from partner_center.kernel.errors import Problem, StateConflict
from partner_center.kernel.events import AuditRecord, Event
from partner_center.orders.content import OrderContent
from partner_center.orders.deadlines import names_to_prove
from partner_center.orders.lifecycle import (
    Reissues,
    delay_refusal,
    in_the_first_days,
    reissue_refusal,
)
from partner_center.orders.order import Order, OrderHead
from partner_center.orders.ports import RequestGuard
from partner_center.validation.challenges import Proof


class ReissueStatus(StrEnum):
    """The states of the public interface."""

    PENDING = "pending"
    ISSUED = "issued"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


_GIVEN_UP = {ReissueStatus.REJECTED, ReissueStatus.CANCELLED}


@dataclass(frozen=True, slots=True)
class Reissue:
    """One reissue. `revision` is the content that it asks for, `previous` the serial of the certificate before.

    `revoke_previous_after_hours` None: that one stays valid. `unproven` are the names that waited for proof when it
    was asked for. `serial` is set once it is issued, `reason` once it is given up.
    """

    reseller_id: str
    order_id: str
    reissue_id: str
    generation: int
    revision: int
    status: ReissueStatus
    asked_at: datetime
    names: tuple[str, ...]
    previous: str
    unproven: tuple[str, ...] = ()
    revoke_previous_after_hours: int | None = None
    serial: str | None = None
    ended_at: datetime | None = None
    reason: str | None = None

    @property
    def waits(self) -> bool:
        return self.status is ReissueStatus.PENDING

    def as_json(self) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "reissue_id": self.reissue_id,
            "status": self.status,
            "asked_at": rfc3339(self.asked_at),
            "names": list(self.names),
            "previous": self.previous,
            "serial": self.serial,
            "reason": self.reason,
        }
        return {name: value for name, value in shown.items() if value is not None}


@dataclass(frozen=True, slots=True)
class ReissueChange:
    """What one transaction writes when a reissue begins or ends: the reissue, the head, what accompanies them.

    `content` is there when it begins.
    """

    reissue: Reissue
    head: OrderHead
    expected_version: int
    event: Event
    audit: AuditRecord
    content: OrderContent | None = None
    guard: RequestGuard | None = None


class ReissueStore(Protocol):
    """Keeps the reissues of orders. Every write demands the head at `expected_version`: of two at once one wins."""

    def begin(self, change: ReissueChange) -> None:
        """Raises RequestSeenBefore, and ChangedMeanwhile when the head has moved."""
        ...

    def end(self, change: ReissueChange) -> None:
        """Raises ChangedMeanwhile when the head has moved or the reissue waits no more."""
        ...

    def find(self, reseller_id: str, order_id: str, reissue_id: str) -> Reissue | None: ...

    def of_order(self, reseller_id: str, order_id: str) -> Sequence[Reissue]:
        """Oldest first."""
        ...


def counted(head: OrderHead, reissues: Iterable[Reissue]) -> Reissues:
    """The slots that are taken, and whether a reissue waits for proof."""
    standing = [each for each in reissues if each.status not in _GIVEN_UP]
    return Reissues(
        early=sum(in_the_first_days(head, each.asked_at) for each in standing),
        waiting=any(each.waits and each.unproven for each in standing),
    )


def reissue_problems(order: Order, after: OrderContent, product: Product) -> tuple[Problem, ...]:
    """What is wrong with the names that the reissue asks for: more, or dearer ones, than the order paid for."""
    paid = {part.kind: part.quantity for part in order.content.price}
    wanted = quote(product, after.names, order.head.term_days)
    if wanted is None:
        return ()  # what the product does not hold at all is told by the gate of its names
    counts: Mapping[LineKind, int] = {line.kind: line.quantity for line in wanted.lines}
    more = [kind for kind, quantity in counts.items() if quantity > paid.get(kind, 0)]
    return tuple(
        Problem(
            "more_than_ordered",
            f"The order paid for {paid.get(kind, 0)} of kind {kind}, and these names need {counts[kind]}: a reissue "
            "is free, so it holds no more. Leave names out, or place another order.",
            "/additional_domains",
        )
        for kind in more
    )


def begun(
    order: Order,
    after: OrderContent,
    reissues: Sequence[Reissue],
    proofs: Sequence[Proof],
    reissue_id: str,
    moment: datetime,
    revoke_previous_after_hours: int | None = None,
) -> Reissue:
    """The reissue that asks for `after`. Raises StateConflict when it may not be made, ValueError for a bad delay.

    Only what no proof on file carries today must be proven; without any such name it is issued by itself.
    """
    head = order.head
    unproven = names_to_prove(after, proofs, moment)
    refusal = reissue_refusal(head, counted(head, reissues), moment, needs_proof=bool(unproven))
    if refusal is not None:
        raise refusal.conflict(head.order_id)
    if revoke_previous_after_hours is not None and (bad := delay_refusal(revoke_previous_after_hours)):
        raise ValueError(bad.detail)
    if head.serial is None:
        raise StateConflict("not_issued", "The order has no certificate yet.", head.order_id)
    return Reissue(
        reseller_id=head.reseller_id,
        order_id=head.order_id,
        reissue_id=reissue_id,
        generation=max([head.generation, *(each.generation for each in reissues)]) + 1,
        revision=head.revision + 1,
        status=ReissueStatus.PENDING,
        asked_at=moment,
        names=after.names,
        previous=head.serial,
        unproven=unproven,
        revoke_previous_after_hours=revoke_previous_after_hours,
    )


def issued(reissue: Reissue, serial: str, moment: datetime) -> Reissue:
    """The reissue with its certificate. Raises StateConflict when it waits no more."""
    _require_waiting(reissue)
    return replace(reissue, status=ReissueStatus.ISSUED, serial=serial, ended_at=moment)


def given_up(reissue: Reissue, status: ReissueStatus, reason: str, moment: datetime) -> Reissue:
    """The reissue cancelled or rejected; the order is untouched. Raises StateConflict when it waits no more."""
    if status not in _GIVEN_UP:
        raise ValueError(f"{status} is no end without a certificate")
    _require_waiting(reissue)
    return replace(reissue, status=status, reason=reason, ended_at=moment)


def _require_waiting(reissue: Reissue) -> None:
    if not reissue.waits:
        raise StateConflict("reissue_closed", f"The reissue is {reissue.status}.", reissue.order_id)
