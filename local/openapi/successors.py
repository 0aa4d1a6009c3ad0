"""Examples of what follows an order: its renewal and its replacement, placed by the application's own code."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from local.openapi.story import (
    ISSUED,
    CountedIds,
    OneOrder,
    SetClock,
    Story,
    a_contract,
    a_principal,
    examiner,
)
from partner_center.kernel.patience import Patience
from partner_center.orders.content import OrderContent
from partner_center.orders.idempotency import Call, body_digest
from partner_center.orders.order import Order, OrderHead, OrderKind
from partner_center.orders.ports import Orders
from partner_center.orders.succeed import PlaceSuccessor
from partner_center.orders.view import order_as_json
from partner_center.validation.standing import standing

RENEWED = ISSUED + timedelta(days=340)
REPLACED = ISSUED + timedelta(days=9)


@dataclass
class AfterTheIssue(OneOrder):
    """The stores, with one order that was issued."""

    issued: Order | None = None

    def head(self, _reseller_id: str, order_id: str) -> OrderHead | None:
        is_it = self.issued is not None and self.issued.head.order_id == order_id
        return self.issued.head if self.issued is not None and is_it else None

    def content(self, _reseller_id: str, _order_id: str, _revision: int) -> OrderContent:
        if self.issued is None:
            raise LookupError("nothing was issued")
        return self.issued.content


def examples(story: Story) -> dict[str, Any]:
    """Requests and answers, by the names under which the document holds them."""
    agreement = story.request["agreement"]
    renewal = {"agreement": agreement}
    replacement = {
        "agreement": agreement,
        "additional_domains": ["shop.example.com"],
        "revoke_original_after_hours": 24,
    }
    return {
        "RenewalRequest": renewal,
        "ReplacementRequest": replacement,
        "OrderRenewing": _placed(story, OrderKind.RENEWAL, renewal, RENEWED),
        "OrderReplacing": _placed(story, OrderKind.REPLACEMENT, replacement, REPLACED),
    }


def _placed(story: Story, kind: OrderKind, body: dict[str, Any], moment: datetime) -> dict[str, Any]:
    ids = CountedIds()
    desk = AfterTheIssue(a_contract(ids), issued=story.issued)
    place = PlaceSuccessor(cast(Orders, desk), examiner(desk), SetClock(moment), ids, Patience())
    order_id = story.issued.head.order_id
    call = Call("POST", f"/v1/orders/{order_id}/{kind}s", None, body_digest(body), "request-1")
    order = place(a_principal(ids), call, order_id, kind, body)
    return order_as_json(order, standing(order, [], [], moment), [], moment)
