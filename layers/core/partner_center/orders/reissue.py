"""A further certificate of an issued order: what it may change, what must be proven for it, how it ends (M42-M46).

A reissue is an enrolment of its own, which goes the way of every order: screening, proofs, preflight, signing
(docs/adr/0015). It costs nothing (M44), so it never holds more than was paid for: other names, but not more of them,
nor dearer ones. The order stays issued whatever becomes of it. Until it is issued or given up it holds one of the
twenty slots of the first 30 days; given up, it gives its slot back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from partner_center.billing.payments import PaymentStatus
from partner_center.catalog.pricing import quote
from partner_center.catalog.products import LineKind, Product
from partner_center.kernel.clock import rfc3339
from partner_center.kernel.errors import Problem, StateConflict
from partner_center.kernel.ids import enrolment_of_reissue, order_of, reissue_of
from partner_center.kernel.money import Money
from partner_center.orders.content import OrderContent
from partner_center.orders.lifecycle import LONGEST_DELAY_HOURS, in_the_first_days, reissue_refusal
from partner_center.orders.order import Order, OrderHead, OrderKind, OrderStatus, PaymentKind, Review


class ReissueStatus(StrEnum):
    """The states of the public interface."""

    PENDING = "pending"
    ISSUED = "issued"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Reissue:
    """One reissue, as its order lists it. `previous` is the serial of the certificate before it.

    `revoke_previous_after_hours` None: that one stays valid, unless names are given up. `serial` is set once it is
    issued, `reason` once it is given up, `ended_at` with either.
    """

    reseller_id: str
    order_id: str
    reissue_id: str
    generation: int
    status: ReissueStatus
    asked_at: datetime
    names: tuple[str, ...]
    previous: str
    revoke_previous_after_hours: int | None = None
    serial: str | None = None
    ended_at: datetime | None = None
    reason: str | None = None

    @property
    def waits(self) -> bool:
        return self.status is ReissueStatus.PENDING

    @property
    def enrolment_id(self) -> str:
        return enrolment_of_reissue(self.order_id, self.reissue_id)

    def as_asked(self) -> "Reissue":
        """As it was when it was asked for, whatever became of it since."""
        return replace(self, status=ReissueStatus.PENDING, serial=None, ended_at=None, reason=None)

    def as_json(self) -> dict[str, Any]:
        hours = self.revoke_previous_after_hours
        return {
            "reissue_id": self.reissue_id,
            "order_id": self.order_id,
            "status": self.status,
            "asked_at": rfc3339(self.asked_at),
            "names": list(self.names),
            "previous": self.previous,
            **({"revoke_previous_after_hours": hours} if hours is not None else {}),
            **({"serial": self.serial} if self.serial else {}),
            **({"ended_at": rfc3339(self.ended_at)} if self.ended_at else {}),
            **({"reason": self.reason} if self.reason else {}),
        }


_OF_THE_ORDER = ("contacts", "agreement", "price", "free_because", "lifecycle", "note")


class ReissueReader(Protocol):
    """Reads what a reissue's enrolment belongs to; an unknown or foreign id is None."""

    def head(self, reseller_id: str, order_id: str) -> OrderHead | None: ...

    def reissue(self, reseller_id: str, order_id: str, reissue_id: str) -> Reissue | None: ...


@dataclass(frozen=True, slots=True)
class Reissued:
    """A reissue with the head of its order.

    `content` is what the order's next revision holds, once the reissue is issued.
    """

    order: OrderHead
    reissue: Reissue
    content: OrderContent | None = None


@dataclass(frozen=True, slots=True)
class Beginning:
    """A reissue that begins: its row, the head of its enrolment, and its order's head."""

    reissue: Reissue
    head: OrderHead
    order: OrderHead


def reissued(orders: ReissueReader, enrolment: OrderHead) -> Reissued | None:
    """What the enrolment of a reissue belongs to; None for an order."""
    reissue_id = reissue_of(enrolment.order_id)
    if reissue_id is None:
        return None
    order_id = order_of(enrolment.order_id)
    order = orders.head(enrolment.reseller_id, order_id)
    reissue = orders.reissue(enrolment.reseller_id, order_id, reissue_id)
    if order is None or reissue is None:
        raise ValueError(f"{enrolment.order_id} belongs to no order")
    return Reissued(order, reissue)


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


def gives_up_names(before: OrderContent, names: Sequence[str]) -> bool:
    """Whether certificates that hold a name which `names` lack are to be revoked (docs/adr/0018)."""
    return not set(before.names) <= set(names)


def begun(
    order: Order,
    after: OrderContent,
    unproven: Sequence[str],
    reissue_id: str,
    moment: datetime,
    revoke_previous_after_hours: int | None = None,
) -> Beginning:
    """The reissue that asks for `after`. Raises StateConflict when it may not be made.

    `unproven` are the names that no proof on file carries today; without any it is issued by itself. Whoever gives up
    a name and says nothing of the certificate before has the longest delay for it.
    """
    head, hours = order.head, revoke_previous_after_hours
    if hours is None and gives_up_names(order.content, after.names):
        hours = LONGEST_DELAY_HOURS
    refusal = reissue_refusal(head, moment, needs_proof=bool(unproven))
    if refusal is not None:
        raise refusal.conflict(head.order_id)
    if head.serial is None:
        raise StateConflict("not_issued", "The order has no certificate yet.", head.order_id)
    if head.renewed_by is not None and not set(after.names) <= set(order.content.names):
        raise StateConflict(
            "already_renewed",
            f"The order is renewed by {head.renewed_by}, to which the days go over that are left: it may be reissued "
            "with its own names only. Reissue the renewal, or place another order.",
            head.order_id,
        )
    reissue = Reissue(
        reseller_id=head.reseller_id,
        order_id=head.order_id,
        reissue_id=reissue_id,
        generation=head.generation + 1,
        status=ReissueStatus.PENDING,
        asked_at=moment,
        names=after.names,
        previous=head.serial,
        revoke_previous_after_hours=hours,
    )
    passes = () if unproven else (reissue_id,)
    noted = replace(
        head,
        generation=reissue.generation,
        open_reissue=reissue_id if unproven else head.open_reissue,
        passing_reissues=(*head.passing_reissues, *passes),
        early_reissues=head.early_reissues + in_the_first_days(head, moment),
        updated_at=moment,
        version=head.version + 1,
    )
    return Beginning(reissue, _enrolment(head, after, reissue, moment), noted)


def _enrolment(head: OrderHead, after: OrderContent, reissue: Reissue, moment: datetime) -> OrderHead:
    """The head that travels through the machine; proofs are those of the order's subscriber."""
    return OrderHead(
        reseller_id=head.reseller_id,
        order_id=reissue.enrolment_id,
        status=OrderStatus.PENDING,
        kind=OrderKind.REISSUE,
        product=head.product,
        level=head.level,
        common_name=after.common_name,
        subscriber=head.subscriber,
        contract_id=head.contract_id,
        payment_kind=PaymentKind.BULK,
        units=0,
        net=Money.of("0", head.net.currency),
        term_days=head.term_days,
        placed_at=moment,
        revised_at=moment,
        updated_at=moment,
        generation=reissue.generation,
        payment=PaymentStatus.NONE,
        review=Review.DUE,
        term_to=head.term_to,
        customer_id=head.customer_id,
    )


def with_certificate(
    found: Reissued, before: OrderContent, content: OrderContent, serial: str, moment: datetime
) -> Reissued:
    """The reissue issued, and its order with this certificate as the newest, whatever became of the order meanwhile.

    What the certificate holds is the order's `content` from now on; who is concerned, what was paid and what was said
    of the order stay as they were `before`.
    """
    done = replace(found.reissue, status=ReissueStatus.ISSUED, serial=serial, ended_at=moment)
    order = _without(found, moment)
    order = replace(
        order,
        serial=serial,
        revision=order.revision + 1,
        revised_at=moment,
        common_name=content.common_name,
    )
    kept = {name: getattr(before, name) for name in _OF_THE_ORDER}
    return Reissued(order, done, replace(content, **kept))


def overtaken(found: Reissued, serial: str, moment: datetime) -> Reissued:
    """The reissue issued, and its order as it is: a reissue whose certificate is newer was completed before."""
    done = replace(found.reissue, status=ReissueStatus.ISSUED, serial=serial, ended_at=moment)
    return Reissued(_without(found, moment), done)


def given_up(found: Reissued, status: OrderStatus, reason: str, moment: datetime) -> Reissued:
    """The reissue cancelled or rejected: its slot is free again, and its order is otherwise untouched."""
    ended = replace(found.reissue, status=ReissueStatus(status.value), reason=reason, ended_at=moment)
    was_early = in_the_first_days(found.order, found.reissue.asked_at)
    order = _without(found, moment)
    return Reissued(replace(order, early_reissues=order.early_reissues - was_early), ended)


def _without(found: Reissued, moment: datetime) -> OrderHead:
    order, reissue_id = found.order, found.reissue.reissue_id
    return replace(
        order,
        open_reissue=None if order.open_reissue == reissue_id else order.open_reissue,
        passing_reissues=tuple(each for each in order.passing_reissues if each != reissue_id),
        updated_at=moment,
        version=order.version + 1,
    )
