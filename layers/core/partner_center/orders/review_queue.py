"""What reviewers see: the orders that wait for them, longest waiting first, with every flag."""

from dataclasses import dataclass
from typing import Any

from partner_center.kernel.clock import a_business_day_after, rfc3339
from partner_center.kernel.ids import order_of, reissue_of
from partner_center.orders.content import plain
from partner_center.orders.order import Order
from partner_center.orders.page import Page, gathered
from partner_center.orders.ports import OrderReader, load
from partner_center.orders.review import QUEUE, ReviewTask, Screening, Screenings

_AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class ReviewQueue:
    """The use case. The index behind it may be a moment late, so each order is read once more."""

    orders: OrderReader
    screenings: Screenings

    def __call__(self, page: Page) -> dict[str, Any]:
        """A page of the queue; one of very large orders has fewer items than it might."""
        return gathered(page, self.screenings.waiting, self._tasks, _AT_ONCE)

    def _tasks(self, ids: tuple[str, str]) -> list[dict[str, Any]]:
        """The order's task, if it waits."""
        reseller_id, order_id = ids
        order = load(self.orders, reseller_id, order_id)
        if order is None or not order.head.awaits_review:
            return []
        return [task_as_json(order, self.screenings.of_order(reseller_id, order_id)[0])]


def task_as_json(order: Order, screening: Screening) -> dict[str, Any]:
    """One task of the queue."""
    head, content = order.head, order.content
    since = head.review_since or screening.at
    return {
        "task_id": ReviewTask.of(head, screening).task_id,
        "queue": QUEUE,
        "waiting_since": rfc3339(since),
        "due_at": rfc3339(a_business_day_after(since)),
        "flags": [
            {"rule": flag.rule, "subject": flag.subject, "reason": flag.reason} for flag in screening.flags
        ],
        "order_id": order_of(head.order_id),
        **({"reissue_id": reissue_of(head.order_id)} if head.is_reissue else {}),
        "reseller_id": head.reseller_id,
        "kind": head.kind,
        "product": head.product,
        "names": list(content.names),
        "contacts": plain(content.contacts),
        "organization": plain(content.organization) if content.organization else None,
        "placed_at": rfc3339(head.placed_at),
    }
