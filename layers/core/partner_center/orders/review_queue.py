"""What reviewers see: the orders that wait for them, longest waiting first, with every flag."""

from dataclasses import dataclass
from typing import Any

from partner_center.kernel.clock import a_business_day_after, rfc3339
from partner_center.orders.content import plain
from partner_center.orders.order import Order
from partner_center.orders.page import Page
from partner_center.orders.ports import OrderReader, load
from partner_center.orders.review import QUEUE, ReviewTask, Screening, Screenings


@dataclass(frozen=True, slots=True)
class ReviewQueue:
    """The use case. The index behind it may be a moment late, so each order is read once more."""

    orders: OrderReader
    screenings: Screenings

    def __call__(self, page: Page) -> dict[str, Any]:
        ids, cursor = self.screenings.waiting(page)
        items = []
        for reseller_id, order_id in ids:
            order = load(self.orders, reseller_id, order_id)
            if order is not None and order.head.awaits_review:
                screening = self.screenings.of_order(reseller_id, order_id)[0]
                items.append(task_as_json(order, screening))
        return {"items": items, "next_cursor": cursor}


def task_as_json(order: Order, screening: Screening) -> dict[str, Any]:
    """One task of the queue."""
    head, content = order.head, order.content
    since = head.review_since or screening.at
    return {
        "task_id": ReviewTask.of(head).task_id,
        "queue": QUEUE,
        "waiting_since": rfc3339(since),
        "due_at": rfc3339(a_business_day_after(since)),
        "flags": [
            {"rule": flag.rule, "subject": flag.subject, "reason": flag.reason} for flag in screening.flags
        ],
        "order_id": head.order_id,
        "reseller_id": head.reseller_id,
        "kind": head.kind,
        "product": head.product,
        "names": list(content.names),
        "contacts": plain(content.contacts),
        "organization": plain(content.organization) if content.organization else None,
        "placed_at": rfc3339(head.placed_at),
    }
