"""After its end an order's money follows: taken when it was issued, let go or given back otherwise (M58, M59, M50).

Not a step of the machine: what is to be done follows from the order's state and its charges alone, so it can be done
at any time, by anybody, any number of times (docs/adr/0010).
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from partner_center.billing.charge_ports import Charges, PaymentChange
from partner_center.billing.charge_steps import MoveMoney, Standing
from partner_center.billing.charges import Step, next_try, waits_its_turn
from partner_center.billing.payments import ChargeStatus, PaymentRefused, PaymentStatus
from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import ChangedMeanwhile, TryAgain
from partner_center.kernel.patience import AFTER_TROUBLE
from partner_center.kernel.turns import in_turn
from partner_center.orders.order import OrderHead, OrderStatus

MOST_STEPS = 10
SHARDS = 8
A_SHARD = 5
"""Orders of one shard that are settled in one run; the next run, a minute later, goes on."""
_AT_REST = frozenset({Step.NOTHING, Step.LOOK_AGAIN})
_OF_A_REFUND = frozenset({Step.REFUND, Step.LOOK})


class Settled(StrEnum):
    """How a settlement ended."""

    DONE = "done"
    """The money is where it should be, or staff have it in hand already."""
    LATER = "later"
    GIVEN_UP = "given_up"
    """Staff must look: the order is in their queue."""


@dataclass(frozen=True, slots=True)
class SettlePayment:
    """Does with the money of one order what its state demands.

    `alarm` is given the id of an order that will stand before staff, right before that is written: afterwards the
    order says that staff know of it, and nobody would ring for it again.
    """

    charges: Charges
    move_money: MoveMoney
    clock: Clock
    alarm: Callable[[str], None]

    def __call__(self, reseller_id: str, order_id: str, correlation_id: str) -> Settled:
        """Trouble with the gateway is noted on the order and tried again later.

        What stands before staff stays there whatever trouble a late or repeated event meets with it: only they have
        it tried again for days.

        Raises TryAgain when not even that can be written. An order at rest notes no trouble: when it cannot be seen
        whether what was given back stayed so, TryAgain or PaymentRefused has the message come again.
        """
        for _ in range(MOST_STEPS):
            found = self.move_money.standing(reseller_id, order_id)
            if found is None or found.head.status is OrderStatus.PENDING:
                return Settled.DONE
            if found.next.step in _AT_REST:
                return self._rest(found, correlation_id)
            if waits_its_turn(found.head, found.next, self.clock.now()):
                return Settled.LATER
            try:
                ended = self._take(found, correlation_id)
            except ChangedMeanwhile:
                continue
            except PaymentRefused as refused:
                return self._give_up(found, refused.reason, correlation_id)
            except TryAgain:
                break
            if ended is not None:
                return ended
        return self._put_off(reseller_id, order_id, correlation_id)

    def _take(self, found: Standing, correlation_id: str) -> Settled | None:
        """The step that comes next; None when another may follow it."""
        change = self.move_money.asked(found, correlation_id)
        given_up = _comes_before_staff(found.head, change.head)
        if given_up:
            self.alarm(found.head.order_id)
        self.move_money.written(found, change)
        if given_up:
            return Settled.GIVEN_UP
        if change.charge is not None and change.charge.status is ChargeStatus.REFUND_PENDING:
            return Settled.LATER if change.head.settle_at else Settled.DONE
        return Settled.DONE if change.head.payment is PaymentStatus.REFUNDED else None

    def _rest(self, found: Standing, correlation_id: str) -> Settled:
        """What needs no step is not looked at again, but for a refund: who has us look may know that it failed."""
        looks = found.next.step is Step.LOOK_AGAIN
        returned = self.move_money.returned(found, correlation_id) if looks else None
        if returned is not None:
            return self._taken_back(returned)
        if found.head.settle_at is not None:
            self._settle_at(found.head, None)
        return Settled.DONE

    def _put_off(self, reseller_id: str, order_id: str, correlation_id: str) -> Settled:
        found = self.move_money.standing(reseller_id, order_id)
        if found is None or found.next.step in _AT_REST or found.head.awaits_payment:
            return Settled.DONE
        moment = self.clock.now()
        later = next_try(found.head.payment_since or moment, moment)
        if later is None:
            return self._give_up(found, "tried_too_long", correlation_id)
        self._settle_at(found.head, later)
        return Settled.LATER

    def _give_up(self, found: Standing, reason: str, correlation_id: str) -> Settled:
        """A refund has failed only of what was taken: a promise that cannot be let go runs out by itself."""
        head = found.head
        if head.awaits_payment:
            return Settled.DONE
        payment = PaymentStatus.REFUND_FAILED if found.next.step in _OF_A_REFUND else head.payment
        self.alarm(head.order_id)
        self._write(self.move_money.record(head, correlation_id).given_up(payment, reason))
        return Settled.GIVEN_UP

    def _taken_back(self, returned: PaymentChange) -> Settled:
        self.alarm(returned.head.order_id)
        try:
            self.charges.record(returned)
        except ChangedMeanwhile as error:
            raise TryAgain("The order is changing at this moment; nothing was written.") from error
        return Settled.GIVEN_UP

    def _settle_at(self, head: OrderHead, moment: datetime | None) -> None:
        moved = replace(head, version=head.version + 1, updated_at=self.clock.now(), settle_at=moment)
        self._write(PaymentChange(moved, head.version))

    def _write(self, change: PaymentChange) -> None:
        """Whoever moved the order meanwhile has said what is to be done next."""
        with suppress(ChangedMeanwhile):
            self.charges.record(change)


def _comes_before_staff(before: OrderHead, after: OrderHead) -> bool:
    """Whether the order joins the queue of staff for money that would not move; a declined card has its own words."""
    declined = after.payment is PaymentStatus.DECLINED
    return after.awaits_payment and not (declined or before.awaits_payment)


@dataclass(frozen=True, slots=True)
class DueSettlements:
    """The orders whose money is to be moved by now. A missed run loses nothing: what was due then is due now."""

    charges: Charges
    clock: Clock

    def __call__(self) -> Iterator[tuple[str, str]]:
        """Reseller and order ids. Raises TryAgain."""
        moment = self.clock.now()
        for shard in in_turn(range(SHARDS), moment):
            yield from in_turn(self.charges.due(shard, moment, A_SHARD), moment, shard)

    def put_off(self, reseller_id: str, order_id: str) -> None:
        """One whose order cannot even be read stands in nobody's way for a while. Raises TryAgain."""
        self.charges.put_off(reseller_id, order_id, self.clock.now() + AFTER_TROUBLE)
