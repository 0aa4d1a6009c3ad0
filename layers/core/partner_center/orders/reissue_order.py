"""Asking for a reissue: examined like an order, then an enrolment of its own, in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

from partner_center.accounts.api_keys import Principal
from partner_center.issuance.supersede import Supersession
from partner_center.kernel.clock import WHILE_ASKED, Clock
from partner_center.kernel.errors import ContentRefused, NotFound, StateConflict
from partner_center.kernel.events import Chronicle
from partner_center.kernel.ids import REISSUE, Ids
from partner_center.kernel.patience import Patience, while_it_moves
from partner_center.orders.content import OrderContent
from partner_center.orders.deadlines import names_to_prove
from partner_center.orders.enrolment import exposed_in
from partner_center.orders.enrolment_gate import EnrolmentGate
from partner_center.orders.idempotency import Call, replayed
from partner_center.orders.lifecycle import reissue_refusal
from partner_center.orders.order import Order, OrderHead
from partner_center.orders.ports import Orders, RequestSeenBefore, load
from partner_center.orders.reissue import Reissue, begun, gives_up_names, reissue_problems, reissued
from partner_center.orders.reissue_beginning import beginning
from partner_center.orders.reissue_request import DELAY, examine_reissue
from partner_center.validation.ports import ChallengeReader
from partner_center.validation.standing import proofs_on_file

MOST_GIVEN_UP = 2
"""Sets of former names whose certificates may wait to be revoked when others are given up."""


class SupersessionReader(Protocol):
    """What waits to be revoked, or was kept."""

    def of_order(self, reseller_id: str, order_id: str) -> Sequence[Supersession]: ...


@dataclass(frozen=True, slots=True)
class ReissueOrder:
    """The use case behind POST /v1/orders/{order_id}/reissues."""

    orders: Orders
    challenges: ChallengeReader
    supersessions: SupersessionReader
    gate: EnrolmentGate
    clock: Clock
    ids: Ids
    patience: Patience

    def __call__(self, principal: Principal, call: Call, order_id: str, body: Mapping[str, Any]) -> Reissue:
        """The reissue asked for now, or the one that this Idempotency-Key asked for before, as it was then.

        Raises NotFound, StateConflict, ContentRefused with every problem, IdempotencyKeyReused, TryAgain; then
        nothing was written.
        """
        gate = self.gate.asking_once()
        return while_it_moves(self.patience, lambda: self._reissue(principal, call, order_id, body, gate))

    def _reissue(
        self,
        principal: Principal,
        call: Call,
        order_id: str,
        body: Mapping[str, Any],
        gate: EnrolmentGate,
    ) -> Reissue:
        reseller_id, moment = principal.reseller_id, self.clock.now()
        order = load(self.orders, reseller_id, order_id)
        if order is None:
            gate.report_exposed(exposed_in(body), principal, call.request_id)
            raise NotFound("There is no such order.")
        answered = replayed(self.orders, reseller_id, call)
        if answered is not None:
            return self._as_asked(answered)
        after = self._examined(principal, call, order, body, gate)
        if gives_up_names(order.content, after.names) and body.get(DELAY) != 0:
            self._require_few_given_up(order)
        unproven = names_to_prove(after, proofs_on_file(self.challenges, order, moment), moment + WHILE_ASKED)
        begins = begun(order, after, unproven, self.ids.new(REISSUE, moment), moment, body.get(DELAY))
        chronicle = Chronicle(self.ids, moment, f"key:{principal.key_id}", call.request_id)
        try:
            self.orders.reissue_order(
                beginning(begins, order.head, after, call.guard(begins.head), chronicle)
            )
        except RequestSeenBefore as seen:
            return self._as_asked(call.same(seen.guard).head)
        return begins.reissue

    def _examined(
        self,
        principal: Principal,
        call: Call,
        order: Order,
        body: Mapping[str, Any],
        gate: EnrolmentGate,
    ) -> OrderContent:
        """What is asked for. The state decides before the content does: what is over is not reissued."""
        moment = self.clock.now()
        around = gate.around(principal, order, moment, is_free=True)
        examination = gate.examined(partial(examine_reissue, body), around)
        gate.report_exposed(examination.exposed, principal, call.request_id)
        refusal = reissue_refusal(order.head, moment, needs_proof=False)
        if refusal is not None:
            raise refusal.conflict(order.head.order_id)
        content, product = examination.content, gate.catalog.product(order.head.product)
        if content is None or product is None:
            raise ContentRefused(examination.problems)
        if problems := reissue_problems(order, content, product):
            raise ContentRefused(problems)
        return replace(content, price=order.content.price, free_because=order.content.free_because)

    def _require_few_given_up(self, order: Order) -> None:
        """An order serves few more names than it has, for as long as their certificates may last (docs/adr/0018).

        Reissues that are under way count; each moves the head, so of two at once one is judged again.
        """
        ids = (order.head.reseller_id, order.head.order_id)
        found = self.supersessions.of_order(*ids)
        ends = sorted(each.due_at for each in found if each.is_of_former_names and not each.was_kept)
        under_way = [self.orders.reissue(*ids, each) for each in order.head.reissues_under_way]
        giving_up = [each for each in under_way if each and gives_up_names(order.content, each.names)]
        if len(ends) + len(giving_up) < MOST_GIVEN_UP:
            return
        until = f"from {ends[0]:%Y-%m-%d %H:%M} UTC on" if ends else "once the reissues under way have ended"
        raise StateConflict(
            "reissue_limit",
            f"Certificates with names that the order gives up are valid still: give up others {until}, or choose "
            f"{DELAY} 0, which revokes them all.",
            order.head.order_id,
        )

    def _as_asked(self, head: OrderHead) -> Reissue:
        found = reissued(self.orders, head)
        if found is None:
            raise NotFound("There is no such reissue.")
        return found.reissue.as_asked()
