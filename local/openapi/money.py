"""An order whose card was declined, as staff see it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, cast

from local.openapi.story import APPROVED, PLACED, RESELLER, Story
from partner_center.billing.payment_queue import PaymentQueue, payment_as_json
from partner_center.billing.payments import Card, Charge, ChargeStatus, PaymentStatus
from partner_center.orders.order import OrderHead, PaymentKind
from partner_center.orders.page import Page

_CARD = Card(
    card_id="card_01m83xj880tnm8mmpnb81erjqa",
    reseller_id=RESELLER,
    brand="visa",
    last4="4242",
    exp_month=12,
    exp_year=2027,
    token="",
    customer="",
    added_at=PLACED,
    usable_until=PLACED + timedelta(days=365),
)


def examples(story: Story) -> dict[str, Any]:
    """Examples of requests and answers about money by the name under which the document holds them."""
    unpaid = replace(
        story.placed.head,
        payment_kind=PaymentKind.PAY_AS_YOU_GO,
        units=0,
        payment=PaymentStatus.DECLINED,
        payment_attempt=1,
        payment_since=APPROVED,
        card_id=_CARD.card_id,
    )
    shelf = cast(Any, _Shelf(unpaid))
    updated = replace(unpaid, payment=PaymentStatus.NONE)
    return {
        "PaymentQueue": PaymentQueue(shelf, shelf, shelf)(Page(50, None)),
        "PaymentMethodRequest": {"reseller_id": RESELLER},
        "SettleRequest": {"reseller_id": RESELLER},
        "PaymentState": payment_as_json(updated),
    }


@dataclass(frozen=True)
class _Shelf:
    """As much of `OrderReader`, `Charges` and `Cards` as the queue of payments looks at."""

    unpaid: OrderHead

    def head(self, _reseller_id: str, _order_id: str) -> OrderHead:
        return self.unpaid

    def waiting(self, _page: Page) -> tuple[Sequence[tuple[str, str]], str | None]:
        return [(self.unpaid.reseller_id, self.unpaid.order_id)], None

    def charge(self, reseller_id: str, order_id: str, payment_attempt: int) -> Charge:
        return Charge(
            reseller_id,
            order_id,
            payment_attempt,
            _CARD.card_id,
            self.unpaid.net,
            ChargeStatus.DECLINED,
            "",
            APPROVED,
            APPROVED,
            decline_code="insufficient_funds",
        )

    def card(self, _reseller_id: str, _card_id: str) -> Card:
        return _CARD
