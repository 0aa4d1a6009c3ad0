"""What a renewal or a replacement takes over from the order before it, and what it leaves of it (M47, M51).

Either is an order like any other: posted, judged, priced, screened and validated by the same code. Only what it takes
over is decided here. Proofs belong to a subscriber, so they go over to an order of the same lineage, or of the same
customer, and to no other (BR 4.2.1).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from partner_center.catalog.pricing import Quote, price_of_replacement
from partner_center.catalog.products import Product
from partner_center.kernel.errors import Problem
from partner_center.orders.amendment import posted
from partner_center.orders.content import PricePart
from partner_center.orders.lifecycle import (
    Refusal,
    Successors,
    followed,
    renewal_refusal,
    replacement_is_free,
    replacement_refusal,
)
from partner_center.orders.order import Order, OrderHead, OrderKind

_OF_THE_ORDER_ALONE = ("agreement", "contract_id")
"""What is not copied: each order needs the applicant's own acceptance, and a contract that serves on its day."""

_FREE = "A replacement in the first 30 days is free,"
_ELSE = "leave it as it is, or place another order."


@dataclass(frozen=True, slots=True)
class Succession:
    """An order that is to renew, or replace, the order `before`."""

    before: Order
    kind: OrderKind

    def refusal(self, successors: Successors, moment: datetime) -> Refusal | None:
        """Why this may not be done now."""
        head, renewal, replacement = self.before.head, successors.renewal, successors.replacement
        if self.kind is OrderKind.RENEWAL:
            return renewal_refusal(head, renewal, moment, replacement)
        return replacement_refusal(head, replacement, moment, renewal)

    def body(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The body as it would have been posted: each field that is given, else that of the order before."""
        copied = posted(self.before) | {"customer_id": self.before.head.customer_id}
        kept = {
            name: value
            for name, value in copied.items()
            if name not in _OF_THE_ORDER_ALONE and value is not None
        }
        return kept | dict(given)

    def is_free(self, moment: datetime) -> bool:
        """A replacement within 30 days of the begin of the term that was paid for (M47)."""
        return self.kind is OrderKind.REPLACEMENT and replacement_is_free(self.before.head, moment)

    def priced(self, price: Quote, moment: datetime) -> Quote:
        began_at = self.before.head.term_began_at
        if self.kind is OrderKind.RENEWAL or began_at is None:
            return price
        return price_of_replacement(price, began_at, moment)

    def problems(
        self, product: Product, term_days: int | None, price: Quote | None, moment: datetime
    ) -> Iterator[Problem]:
        """What costs nothing holds no more than was paid for: another product, term or more names are bought."""
        if not self.is_free(moment):
            return
        head = self.before.head
        if product.code != head.product:
            detail = f"{_FREE} and of the same product ({head.product}); {_ELSE}"
            yield Problem("more_than_ordered", detail, "/product")
        elif term_days is not None and term_days != head.term_days:
            detail = f"{_FREE} and for the same term ({head.term_days} days); {_ELSE}"
            yield Problem("more_than_ordered", detail, "/term_days")
        else:
            yield from more_than_paid(self.before.content.price, price)

    def follows(self, head: OrderHead, moment: datetime) -> OrderHead:
        """The new order's `head`, as one that follows: its lineage, its subscriber, and its term if it is free.

        Another customer than before, or none where there was one, is another subscriber, who proves its names anew.
        """
        before = self.before.head
        if head.customer_id == before.customer_id:
            head = replace(head, subscriber=before.subscriber)
        if self.kind is OrderKind.RENEWAL:
            return replace(head, kind=self.kind, renewal_of=before.order_id)
        head = replace(head, kind=self.kind, replaces=before.order_id)
        if not self.is_free(moment):
            return head
        return replace(head, term_from=before.term_began_at, term_to=before.term_to)

    def precedes(self, successor: OrderHead) -> OrderHead:
        """The head of the order before, which names its successor from now on."""
        if self.kind is OrderKind.RENEWAL:
            return followed(self.before.head, successor.placed_at, renewed_by=successor.order_id)
        return followed(self.before.head, successor.placed_at, replaced_by=successor.order_id)


def without_unused_choices(body: Mapping[str, Any], names: tuple[str, ...]) -> Mapping[str, Any]:
    """The body without copied choices for names that the order does not have any more."""
    control = body.get("domain_control") or {}
    chosen = control.get("names", {})
    if not names:
        return body
    kept = {name: choice for name, choice in chosen.items() if name in names}
    return {**body, "domain_control": {**control, "names": kept}} if kept != chosen else body


def more_than_paid(paid: Sequence[PricePart], price: Quote | None) -> Iterator[Problem]:
    """Each kind of name of which there are more than were paid for."""
    before: Mapping[str, PricePart] = {part.kind: part for part in paid}
    for line in price.lines if price else ():
        quantity = before[line.kind].quantity if line.kind in before else 0
        if line.quantity > quantity:
            yield Problem(
                "more_than_ordered",
                f"What costs nothing holds no more than was paid for: {quantity} of kind {line.kind}, not "
                f"{line.quantity}. Leave names out, or place another order.",
                "/additional_domains",
            )
