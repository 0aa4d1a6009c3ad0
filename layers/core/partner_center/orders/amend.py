"""Amending an order: no new purchase, only what changed is validated again, units move in the same write."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from partner_center.accounts.api_keys import Principal
from partner_center.billing.contracts import EntryKind, LedgerEntry
from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import ContentRefused, NotFound, StateConflict
from partner_center.kernel.events import Chronicle
from partner_center.kernel.ids import Ids
from partner_center.kernel.money import Money
from partner_center.kernel.patience import Patience, while_it_moves
from partner_center.orders.amendment import asks_anew, extra_units, needs_a_pending_order, screens_anew
from partner_center.orders.content import Method, OrderContent, PricePart
from partner_center.orders.enrolment import examine_amendment, examine_particulars, exposed_in
from partner_center.orders.enrolment_gate import EnrolmentGate
from partner_center.orders.examination import Examination
from partner_center.orders.ledger_lines import part_of
from partner_center.orders.order import Order, OrderHead, OrderStatus, PaymentKind, Review
from partner_center.orders.ports import Amendment, Orders, load
from partner_center.validation.challenges import MOST_CHALLENGES, Challenge, barred
from partner_center.validation.ports import ChallengeReader
from partner_center.validation.standing import wanted_of

Precondition = Callable[[Order], None]

MOST_REVISIONS = 500
"""An order keeps every screening and challenge that was made for it, and they are read at once. Nobody who mends an
order gets there; who plays with one would mail its approvers without end."""


@dataclass(frozen=True, slots=True)
class AmendOrder:
    """The use case behind PATCH."""

    orders: Orders
    challenges: ChallengeReader
    gate: EnrolmentGate
    clock: Clock
    ids: Ids
    patience: Patience

    def __call__(
        self,
        principal: Principal,
        request_id: str,
        order_id: str,
        patch: Mapping[str, Any],
        precondition: Precondition = lambda _: None,
    ) -> None:
        """`precondition` sees the order that will be changed, and may raise PreconditionFailed (If-Match).

        Raises NotFound, StateConflict, ContentRefused with every problem, TryAgain; then nothing was written. What
        stands already as the patch wants it is answered as done, whatever became of the order and whatever the
        precondition says: the first answer may have been lost (RFC 9110, 13.1.1). An order that moves meanwhile is
        read again, and the patch judged by what it is then.
        """
        gate = self.gate.asking_once()
        while_it_moves(
            self.patience,
            lambda: self._amend(principal, request_id, order_id, patch, precondition, gate),
        )

    def _amend(
        self,
        principal: Principal,
        request_id: str,
        order_id: str,
        patch: Mapping[str, Any],
        precondition: Precondition,
        gate: EnrolmentGate,
    ) -> None:
        reseller_id, moment = principal.reseller_id, self.clock.now()
        order = load(self.orders, reseller_id, order_id)
        if order is None:
            gate.report_exposed(exposed_in(patch), principal, request_id)
            raise NotFound("There is no such order.")
        asked = self.challenges.of_order(reseller_id, order_id)
        if needs_a_pending_order(patch):
            around = gate.around(principal, order, moment, is_free=order.head.is_reissue)
            around = replace(around, barred=barred(asked), placed=self._price_when_placed(order))
            examination = gate.examined(partial(examine_amendment, patch), around)
        else:
            examination = examine_particulars(patch, order)
        gate.report_exposed(examination.exposed, principal, request_id)
        if patch and examination.content == order.content:
            return
        precondition(order)
        _require_amendable(order.head, patch, moment)
        if examination.content is None:
            raise ContentRefused(examination.problems)
        if examination.content == order.content:
            return
        _require_room(order, examination.content, len(asked))
        chronicle = Chronicle(self.ids, moment, f"key:{principal.key_id}", request_id)
        self.orders.amend(_amendment(order, examination, asked, chronicle))

    def _price_when_placed(self, order: Order) -> Sequence[PricePart]:
        """What an amendment took off keeps the rate, and stays paid for, in case another puts it back."""
        head = order.head
        if head.revision == 1:
            return order.content.price
        return self.orders.content(head.reseller_id, head.order_id, 1).price


def _require_amendable(head: OrderHead, patch: Mapping[str, Any], moment: datetime) -> None:
    """The order's state decides before its content does: what is over cannot be mended."""
    status = head.status_at(moment)
    if head.signing:
        raise StateConflict("issuing", "The certificate is being signed; ask again.", head.order_id)
    if status is OrderStatus.ISSUED and needs_a_pending_order(patch):
        raise StateConflict(
            "already_issued",
            "The certificate is issued: only note, contacts.technical and lifecycle may change. Reissue the "
            "certificate for another key or other names.",
            head.order_id,
        )
    if status not in {OrderStatus.PENDING, OrderStatus.ISSUED}:
        raise StateConflict("order_closed", f"The order is {status}.", head.order_id)


def _require_room(order: Order, after: OrderContent, asked: int) -> None:
    """Notes may be written without end; what is screened and asked anew may not."""
    if order.head.status is not OrderStatus.PENDING or not screens_anew(order.content, after):
        return
    if order.head.revision >= MOST_REVISIONS or asked + len(after.names) > MOST_CHALLENGES:
        raise StateConflict(
            "amended_too_often",
            "The order was amended too often; cancel it and place another.",
            order.head.order_id,
        )


def _returns_to_one_asked(order: Order, after: OrderContent, asked: Sequence[Challenge]) -> bool:
    """Whether an address is chosen that was asked in this round and let go: its old link would come to life."""
    mails = [each for each in asked if each.method == Method.EMAIL and each.round == order.head.round]
    standing = [each for each in mails if any(wanted.asks_like(each) for wanted in wanted_of(order))]
    chosen = wanted_of(replace(order, content=after))
    return any(wanted.asks_like(each) for wanted in chosen for each in mails if each not in standing)


def _amendment(
    order: Order, examination: Examination, asked: Sequence[Challenge], chronicle: Chronicle
) -> Amendment:
    before, after = order.content, examination.content
    if after is None:
        raise ValueError("a refused amendment changes nothing")
    anew = asks_anew(before, after) or _returns_to_one_asked(order, after, asked)
    head = _amended_head(order, after, examination, anew, chronicle.moment)
    extra, amount = head.units - order.head.units, head.net - order.head.net
    ids = (head.reseller_id, head.order_id)
    return Amendment(
        head=head,
        expected_version=order.head.version,
        content=after,
        another_key=after.spki_sha256 != before.spki_sha256,
        another_common_name=after.common_name != before.common_name,
        extra_units=extra,
        entry=_entry(head, extra, amount, chronicle),
        event=chronicle.event("order.amended", *ids, attempt=head.attempt, revision=head.revision),
        audit=chronicle.audit(
            "order.amended",
            *ids,
            revision=head.revision,
            names=" ".join(after.names)[:2000] if after.names != before.names else None,
            spki_sha256=after.spki_sha256 if after.spki_sha256 != before.spki_sha256 else None,
            units=extra or None,
        ),
    )


def _amended_head(
    order: Order, after: OrderContent, examination: Examination, anew: bool, moment: datetime
) -> OrderHead:
    head = order.head
    changed = replace(head, revision=head.revision + 1, updated_at=moment, version=head.version + 1)
    if head.status is not OrderStatus.PENDING or not screens_anew(order.content, after):
        return changed
    quote = examination.quote
    return replace(
        changed,
        common_name=after.common_name,
        units=head.units + extra_units(order, quote),
        net=quote.net if quote and not head.is_reissue else head.net,
        round=head.round + 1 if anew else head.round,
        review=Review.DUE,
        review_since=None,
        review_reason=None,
        held_back=None,
        unanswered=0,
        payment_misfits=False,
        revised_at=moment,
    )


def _entry(head: OrderHead, extra: int, amount: Money, chronicle: Chronicle) -> LedgerEntry | None:
    """What comes on top, or back, of the units, or of the amount that was promised of the card."""
    more: int | Decimal = extra if head.payment_kind is PaymentKind.BULK else amount.amount
    if not more:
        return None
    kind, sign = (EntryKind.HOLD, 1) if more > 0 else (EntryKind.RELEASE, -1)
    return part_of(head, kind, sign * extra, amount.times(sign), chronicle)
