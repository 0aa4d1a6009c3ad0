"""Right before signing the order's card is asked for the money; taken it is after the certificate is stored (M58)."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from partner_center.billing.charge_steps import MoveMoney
from partner_center.billing.charges import Step
from partner_center.billing.payments import PaymentStatus
from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import TryAgain
from partner_center.orders.fulfil import Woken, continues
from partner_center.orders.order import OrderHead, seconds_to_wait
from partner_center.orders.ports import OrderReader
from partner_center.validation.challenges import last_mail_at
from partner_center.validation.ports import ChallengeReader

MOST_STEPS = 10
"""More than any way from one state of the money to another takes."""


class Outcome(StrEnum):
    """Where the order goes from here; the machine's choice reads these words."""

    AUTHORISED = "authorised"
    """The money is there, or none is owed."""
    DECLINED = "declined"
    """Staff must see to the money: the card was declined, or another amount was taken."""
    SCREEN_AGAIN = "screen_again"
    """Its content was amended and not screened since: nothing was asked."""
    OVER = "over"


@dataclass(frozen=True, slots=True)
class AuthorisePayment:
    """The machine's step: is the money of this order authorised, and for long enough?

    Done before, it asks nothing. A lost answer is looked up; an authorisation that no longer fits is let go, and
    another one asked for.
    """

    orders: OrderReader
    challenges: ChallengeReader
    move_money: MoveMoney
    clock: Clock
    alarm: Callable[[str], None]
    """Rung before an order is put before staff."""

    def __call__(
        self, reseller_id: str, order_id: str, attempt: int, correlation_id: str
    ) -> tuple[Outcome, int]:
        """The outcome, and for how many whole seconds the order may still wait (at least 1).

        Raises ChangedMeanwhile and TryAgain, then the step is to be repeated, and PaymentRefused.
        """
        for _ in range(MOST_STEPS):
            head = self.orders.head(reseller_id, order_id)
            if head is None or not continues(head, attempt):
                return Outcome.OVER, 1
            if not head.is_screened:
                return Outcome.SCREEN_AGAIN, 1
            found = self.move_money.standing(reseller_id, order_id)
            if found is None or found.next.step is Step.NOTHING:
                return self._outcome(found.head if found else head)
            if found.next.step is Step.ASK_STAFF and found.head.payment_misfits:
                return Outcome.DECLINED, self._seconds_left(found.head)
            if continues(found.head, attempt):
                if found.next.step is Step.ASK_STAFF:
                    self.alarm(order_id)
                self.move_money(found, correlation_id)
        raise TryAgain("The payment does not come to rest.", 60)

    def _outcome(self, head: OrderHead) -> tuple[Outcome, int]:
        declined = head.payment is PaymentStatus.DECLINED
        return (Outcome.DECLINED if declined else Outcome.AUTHORISED), self._seconds_left(head)

    def _seconds_left(self, head: OrderHead) -> int:
        mailed_at = last_mail_at(self.challenges.of_order(head.reseller_id, head.order_id))
        return seconds_to_wait(head, mailed_at, self.clock.now())


def payment_answer(head: OrderHead) -> Woken | None:
    """While staff must see to the money: None until the order's payment is updated, or the order changes."""
    if not head.is_screened:
        return Woken.AMENDED
    return None if head.awaits_payment else Woken.PAYMENT_UPDATED
