"""Placing an order: examined, priced, units held, all in one transaction, once per Idempotency-Key."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from partner_center.accounts.api_keys import Principal
from partner_center.billing.contracts import ContractKind, EntryKind
from partner_center.billing.payments import PaymentStatus
from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import ContentRefused
from partner_center.kernel.events import Chronicle
from partner_center.kernel.ids import Ids
from partner_center.orders.examination import Accepted
from partner_center.orders.examine import ExamineOrder
from partner_center.orders.idempotency import Call, replayed
from partner_center.orders.ledger_lines import line_of
from partner_center.orders.order import Order, OrderHead, OrderKind, OrderStatus, PaymentKind
from partner_center.orders.ports import Orders, Placement, RequestGuard, RequestSeenBefore


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """The use case, with everything it needs."""

    orders: Orders
    examiner: ExamineOrder
    clock: Clock
    ids: Ids

    def __call__(self, principal: Principal, call: Call, body: Mapping[str, Any]) -> Order:
        """The order placed now, or the one that this Idempotency-Key placed before, as it was then.

        Raises ContentRefused with every problem, IdempotencyKeyReused, TryAgain; then nothing was written.
        """
        reseller_id = principal.reseller_id
        answered = replayed(self.orders, reseller_id, call)
        if answered is not None:
            return self._as_placed(answered)
        moment = self.clock.now()
        examination = self.examiner(principal, call.request_id, body, moment)
        if examination.accepted is None:
            # Meanwhile the first request of this key may have taken the number or the last units.
            answered = replayed(self.orders, reseller_id, call)
            if answered is not None:
                return self._as_placed(answered)
            raise ContentRefused(examination.problems)
        head = new_head(examination.accepted, principal, self.ids.new("ord", moment), moment)
        chronicle = Chronicle(self.ids, moment, f"key:{principal.key_id}", call.request_id)
        try:
            self.orders.place(placement_of(head, examination.accepted, call.guard(head), chronicle))
        except RequestSeenBefore as seen:
            return self._as_placed(call.same(seen.guard).head)
        return Order(head, examination.accepted.content)

    def _as_placed(self, head: OrderHead) -> Order:
        return Order(head, self.orders.content(head.reseller_id, head.order_id, head.revision))


def new_head(accepted: Accepted, principal: Principal, order_id: str, moment: datetime) -> OrderHead:
    """The head of an order that is placed now."""
    request, bulk = accepted.request, accepted.contract.kind is ContractKind.BULK
    return OrderHead(
        reseller_id=principal.reseller_id,
        order_id=order_id,
        status=OrderStatus.PENDING,
        kind=OrderKind.NEW,
        product=accepted.product.code,
        level=accepted.product.level,
        common_name=accepted.content.common_name,
        subscriber=f"customer:{request.customer_id}" if request.customer_id else f"lineage:{order_id}",
        contract_id=accepted.contract.contract_id,
        payment_kind=PaymentKind.BULK if bulk else PaymentKind.PAY_AS_YOU_GO,
        units=accepted.quote.units if bulk else 0,
        payment=PaymentStatus.HELD if bulk else PaymentStatus.NONE,
        card_id=accepted.contract.card_id,
        net=accepted.quote.net,
        term_days=accepted.term_days,
        placed_at=moment,
        revised_at=moment,
        updated_at=moment,
        partner_order_id=request.partner_order_id,
        customer_id=request.customer_id,
    )


def placement_of(
    head: OrderHead, accepted: Accepted, guard: RequestGuard | None, chronicle: Chronicle
) -> Placement:
    """All that placing it writes."""
    ids = (head.reseller_id, head.order_id)
    return Placement(
        head=head,
        content=accepted.content,
        guard=guard,
        contract=accepted.contract,
        hold=line_of(head, EntryKind.HOLD, chronicle),
        event=chronicle.event("order.placed", *ids, generation=head.generation, attempt=head.attempt),
        audit=chronicle.audit(
            "order.placed",
            *ids,
            product=head.product,
            renewal_of=head.renewal_of,
            replaces=head.replaces,
            names=" ".join(accepted.content.names)[:2000],
            spki_sha256=accepted.content.spki_sha256,
            agreement_sha256=accepted.content.agreement.sha256,
        ),
    )
