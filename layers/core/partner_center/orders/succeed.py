"""Renewing and replacing an order: another order, placed by the ordinary transaction, which the one before names."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from partner_center.accounts.api_keys import Principal
from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import ContentRefused, NotFound, Problem, StateConflict
from partner_center.kernel.events import Chronicle
from partner_center.kernel.ids import Ids
from partner_center.kernel.patience import Patience, while_it_moves
from partner_center.orders.enrolment import exposed_in
from partner_center.orders.examination import Accepted, Examination
from partner_center.orders.examine import ExamineOrder
from partner_center.orders.idempotency import Call, replayed
from partner_center.orders.lifecycle import LONGEST_DELAY_HOURS, delay_refusal
from partner_center.orders.order import Order, OrderHead, OrderKind
from partner_center.orders.place import new_head, placement_of
from partner_center.orders.ports import LineageChange, Orders, RequestSeenBefore, load, successors_of
from partner_center.orders.succession import Succession, without_unused_choices

DELAY = "revoke_original_after_hours"
"""The one field that the body of a replacement has besides those of an order."""


@dataclass(frozen=True, slots=True)
class PlaceSuccessor:
    """The use case behind POST /v1/orders/{id}/renewals and /replacements."""

    orders: Orders
    examiner: ExamineOrder
    clock: Clock
    ids: Ids
    patience: Patience

    def __call__(
        self, principal: Principal, call: Call, order_id: str, kind: OrderKind, body: Mapping[str, Any]
    ) -> Order:
        """The order placed now, or the one that this Idempotency-Key placed before, as it was then.

        Raises NotFound, StateConflict, ContentRefused with every problem, IdempotencyKeyReused, TryAgain; then
        nothing was written. Of two at once the second finds the order renewed or replaced.
        """
        return while_it_moves(self.patience, lambda: self._place(principal, call, order_id, kind, body))

    def _place(
        self, principal: Principal, call: Call, order_id: str, kind: OrderKind, body: Mapping[str, Any]
    ) -> Order:
        reseller_id = principal.reseller_id
        answered = replayed(self.orders, reseller_id, call)
        if answered is not None:
            return self._as_placed(answered)
        moment = self.clock.now()
        try:
            succession = self._permitted(principal, call, order_id, kind, body, moment)
        except StateConflict:
            answered = replayed(self.orders, reseller_id, call)
            if answered is None:
                raise
            return self._as_placed(answered)  # meanwhile the first request of this key renewed or replaced it
        hours, rest, wrong = _delay(body, kind)
        examination = self._examined(principal, call.request_id, succession, rest, moment)
        problems = (*wrong, *_in_our_words(examination.problems, kind))
        if problems or examination.accepted is None:
            answered = replayed(self.orders, reseller_id, call)
            if (
                answered is not None
            ):  # meanwhile the first request of this key took the number or the last units
                return self._as_placed(answered)
            raise ContentRefused(problems)
        return self._written(principal, call, succession, examination.accepted, hours, moment)

    def _permitted(
        self,
        principal: Principal,
        call: Call,
        order_id: str,
        kind: OrderKind,
        body: Mapping[str, Any],
        moment: datetime,
    ) -> Succession:
        """The order before, if its state allows this; a private key in the body is reported all the same."""
        before = load(self.orders, principal.reseller_id, order_id)
        if before is None:
            self.examiner.gate.report_exposed(exposed_in(body), principal, call.request_id)
            raise NotFound("There is no such order.")
        succession = Succession(before, kind)
        refusal = succession.refusal(successors_of(self.orders, before.head), moment)
        if refusal is not None:
            self.examiner.gate.report_exposed(exposed_in(body), principal, call.request_id)
            raise refusal.conflict(order_id)
        return succession

    def _examined(
        self,
        principal: Principal,
        request_id: str,
        succession: Succession,
        given: Mapping[str, Any],
        moment: datetime,
    ) -> Examination:
        """The examination of a posted order. Copied choices for names that are left out are left out too."""
        body: Mapping[str, Any] = succession.body(given)
        examination = self.examiner(principal, request_id, body, moment, succession)
        fitting = body if "domain_control" in given else without_unused_choices(body, examination.names.names)
        if fitting is body:
            return examination
        return self.examiner(principal, request_id, fitting, moment, succession)

    def _written(
        self,
        principal: Principal,
        call: Call,
        succession: Succession,
        accepted: Accepted,
        hours: int | None,
        moment: datetime,
    ) -> Order:
        placed = new_head(accepted, principal, self.ids.new("ord", moment), moment)
        head = replace(succession.follows(placed, moment), revoke_original_after_hours=hours)
        before = succession.before.head
        chronicle = Chronicle(self.ids, moment, f"key:{principal.key_id}", call.request_id)
        placement = replace(
            placement_of(head, accepted, call.guard(head), chronicle),
            before=LineageChange(succession.precedes(head), before.version),
        )
        try:
            self.orders.place(placement)
        except RequestSeenBefore as seen:
            return self._as_placed(call.same(seen.guard).head)
        return Order(head, accepted.content)

    def _as_placed(self, head: OrderHead) -> Order:
        return Order(head, self.orders.content(head.reseller_id, head.order_id, head.revision))


def _delay(
    body: Mapping[str, Any], kind: OrderKind
) -> tuple[int | None, Mapping[str, Any], tuple[Problem, ...]]:
    """The hours that a replacement leaves its original, the body without them, and what is wrong with them.

    What is no number stays in the body: it may be anything, a private key too.
    """
    if kind is not OrderKind.REPLACEMENT:
        return None, body, ()
    hours = body.get(DELAY, 0)
    if not isinstance(hours, int) or isinstance(hours, bool):
        return None, body, ()
    rest = {name: value for name, value in body.items() if name != DELAY}
    refusal = delay_refusal(hours)
    return hours, rest, (Problem(refusal.code, refusal.detail, f"/{DELAY}"),) if refusal else ()


def _in_our_words(problems: tuple[Problem, ...], kind: OrderKind) -> tuple[Problem, ...]:
    """What the shape of an order does not know of a replacement is known here."""
    if kind is not OrderKind.REPLACEMENT:
        return problems
    told = Problem(
        "invalid_field", f"This must be a whole number of 0 to {LONGEST_DELAY_HOURS}.", f"/{DELAY}"
    )
    return tuple(
        told if (each.field, each.code) == (told.field, "unknown_field") else each for each in problems
    )
