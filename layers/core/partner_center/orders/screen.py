"""The hook in the machine: an order is screened before anything is asked or signed (M66).

An amendment puts the order back here; what a reviewer released stays released.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from partner_center.kernel.clock import Clock
from partner_center.kernel.events import Chronicle
from partner_center.kernel.ids import Ids
from partner_center.orders.fulfil import continues
from partner_center.orders.order import Order, Review, seconds_to_wait
from partner_center.orders.ports import OrderReader, load
from partner_center.orders.review import Screening, Screenings
from partner_center.orders.screening import facts_of, flags_of, unreviewed
from partner_center.validation.challenges import last_mail_at
from partner_center.validation.ports import ChallengeReader

_LONGEST_REASON = 300


class Outcome(StrEnum):
    """Where the order goes from its screening; the machine's choice reads these words."""

    CLEAR = "clear"
    FLAGGED = "flagged"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class ScreenOrder:
    """The machine's step: what do the rules say of the present content? Done before, it changes nothing."""

    orders: OrderReader
    screenings: Screenings
    challenges: ChallengeReader
    clock: Clock
    ids: Ids

    def __call__(
        self, reseller_id: str, order_id: str, attempt: int, correlation_id: str
    ) -> tuple[Outcome, int]:
        """The outcome, and for how many whole seconds the order may wait now.

        Raises ChangedMeanwhile when the order moved in between: the step is to be repeated.
        """
        order = load(self.orders, reseller_id, order_id)
        if order is None or not continues(order.head, attempt):
            return Outcome.OVER, 1
        moment = self.clock.now()
        review = order.head.review
        if review is Review.DUE:
            review = self._screen(order, moment, correlation_id)
        mailed_at = last_mail_at(self.challenges.of_order(reseller_id, order_id))
        wait = seconds_to_wait(order.head, mailed_at, moment)
        return (Outcome.FLAGGED if review is Review.WAITING else Outcome.CLEAR), wait

    def _screen(self, order: Order, moment: datetime, correlation_id: str) -> Review:
        head = order.head
        earlier = self.screenings.of_order(head.reseller_id, head.order_id)
        released = [flag for each in earlier if each.is_released for flag in each.flags]
        flags = flags_of(facts_of(order))
        open_flags = unreviewed(flags, released)
        review = Review.WAITING if open_flags else Review.RELEASED if flags else Review.CLEAR
        reason = " ".join(flag.reason for flag in open_flags)
        screened = replace(
            head,
            review=review,
            review_since=moment,
            review_reason=_shortened(reason) if open_flags else None,
            updated_at=moment,
            version=head.version + 1,
        )
        chronicle = Chronicle(self.ids, moment, "system", correlation_id)
        audit = chronicle.audit(
            "order.screened",
            head.reseller_id,
            head.order_id,
            revision=head.revision,
            review=review,
            flags=" ".join(f"{flag.rule}:{flag.subject}" for flag in flags)[:2000] or None,
        )
        self.screenings.record(screened, head.version, Screening(head.revision, moment, flags), audit)
        return review


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_REASON else text[: _LONGEST_REASON - 3].rstrip() + "..."
