"""The next certificate of an order that makes itself, with the same key, when its reseller chose so.

When it is to be made stands in a row that follows the order's state. It is made like any other reissue: names whose
proofs have ended are asked anew, and it is issued once they are proven. An order that waits for a new key is not in
the list: its reseller is reminded (`orders.deadlines`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from partner_center.issuance.record import CertificateRecord
from partner_center.kernel.clock import WHILE_ASKED, Clock
from partner_center.kernel.errors import ChangedMeanwhile, StateConflict, TryAgain
from partner_center.kernel.events import Chronicle
from partner_center.kernel.ids import REISSUE, Ids
from partner_center.kernel.patience import AFTER_TROUBLE
from partner_center.kernel.turns import in_turn
from partner_center.orders.deadlines import (
    covers_the_term,
    is_renewed,
    lifecycle_of,
    live_certificate,
    names_to_prove,
    reissue_opens,
    reissues_with_its_key,
)
from partner_center.orders.order import Order, OrderStatus
from partner_center.orders.ports import Orders, load
from partner_center.orders.reissue import begun
from partner_center.orders.reissue_beginning import beginning
from partner_center.validation.ports import ChallengeReader
from partner_center.validation.standing import proofs_on_file

SHARDS = 8
A_SHARD = 100
"""Orders of one shard that are looked at in one run; the next goes on."""

_ROUNDS = 3
AGAIN_AFTER = timedelta(days=1)
"""A reissue that was asked for may end without a certificate: the next day it is asked for again."""


class Outcome(StrEnum):
    """What became of an order whose time had come."""

    BEGUN = "begun"
    UNDER_WAY = "under_way"
    """Another reissue is on its way, or this one still is."""
    REFUSED = "refused"
    NOT_DUE = "not_due"
    """It was reissued, changed or ended since the row was written."""


class CertificateReader(Protocol):
    """Reads the certificates of an order."""

    def of_order(self, reseller_id: str, order_id: str) -> Sequence[CertificateRecord]: ...


class PlannedReissues(Protocol):
    """When orders are to be reissued by themselves. The newest writer is right: it read the order last."""

    def plan(self, reseller_id: str, order_id: str, moment: datetime | None) -> None:
        """`moment` None: not at all."""
        ...

    def due(self, shard: int, moment: datetime, at_most: int) -> Sequence[tuple[str, str]]:
        """Reseller and order ids of a shard whose time has come, longest first."""
        ...

    def put_off(self, reseller_id: str, order_id: str, moment: datetime) -> None:
        """One whose time has come is due again at `moment`, and not before. Raises TryAgain."""
        ...


def reissues_itself_at(
    order: Order, certificates: Sequence[CertificateRecord], *, renewed: bool = False
) -> datetime | None:
    """When the order's next certificate is to be made by itself; None when none is, as of an order that was renewed.

    Without any certificate that was not revoked a person must say what is to be done.
    """
    chosen, current = lifecycle_of(order.content), live_certificate(certificates, order.content.names)
    runs = order.head.status is OrderStatus.ISSUED
    by_itself = reissues_with_its_key(order.content, certificates)
    if renewed or not (runs and by_itself) or current is None or covers_the_term(current, order.head):
        return None
    return reissue_opens(current.not_before, current.not_after, chosen.days_before)


@dataclass(frozen=True, slots=True)
class ReissueByItself:
    """The use case. It decides from the order's state, so a row that came late or twice does no harm."""

    orders: Orders
    certificates: CertificateReader
    challenges: ChallengeReader
    planned: PlannedReissues
    clock: Clock
    ids: Ids

    def due(self) -> Iterator[tuple[str, str]]:
        """Everything whose time has come; a run that was missed loses nothing. Raises TryAgain."""
        moment = self.clock.now()
        for shard in in_turn(range(SHARDS), moment):
            yield from in_turn(self.planned.due(shard, moment, A_SHARD), moment, shard)

    def put_off(self, reseller_id: str, order_id: str) -> None:
        """One that cannot even be read stands in nobody's way for a while. Raises TryAgain."""
        self.planned.put_off(reseller_id, order_id, self.clock.now() + AFTER_TROUBLE)

    def __call__(self, reseller_id: str, order_id: str, correlation_id: str) -> Outcome:
        """Raises TryAgain. Of two runs at once one asks; the other finds it under way."""
        moment = self.clock.now()
        order = load(self.orders, reseller_id, order_id)
        opens = self._opens(order, moment)
        if order is None or opens is None or opens > moment:
            self._plan_anew(reseller_id, order_id, opens)
            return Outcome.NOT_DUE
        outcome = Outcome.UNDER_WAY
        if not order.head.reissues_under_way:
            outcome = self._ask(order, Chronicle(self.ids, moment, "system", correlation_id))
        self.planned.plan(reseller_id, order_id, moment + AGAIN_AFTER)
        return outcome

    def _plan_anew(self, reseller_id: str, order_id: str, opens: datetime | None) -> None:
        """Until what is read is what was written: the order may have changed in between, and the handler of its event
        have planned it before. Raises TryAgain, with the row due again.
        """
        for _ in range(_ROUNDS):
            self.planned.plan(reseller_id, order_id, opens)
            now = self._opens(load(self.orders, reseller_id, order_id), self.clock.now())
            if now == opens:
                return
            opens = now
        self.planned.plan(reseller_id, order_id, self.clock.now())
        raise TryAgain("The order is changing at this moment; look again.")

    def _opens(self, order: Order | None, moment: datetime) -> datetime | None:
        """When it is reissued by itself; None for one that is not, or has ended."""
        if order is None or order.head.status_at(moment) is not OrderStatus.ISSUED:
            return None
        head = order.head
        found = self.certificates.of_order(head.reseller_id, head.order_id)
        return reissues_itself_at(order, found, renewed=is_renewed(self.orders, head))

    def _ask(self, order: Order, chronicle: Chronicle) -> Outcome:
        moment, content = chronicle.moment, order.content
        unproven = names_to_prove(
            content, proofs_on_file(self.challenges, order, moment), moment + WHILE_ASKED
        )
        try:
            begins = begun(order, content, unproven, self.ids.new(REISSUE, moment), moment)
        except StateConflict:
            return Outcome.REFUSED
        try:
            self.orders.reissue_order(beginning(begins, order.head, content, None, chronicle))
        except ChangedMeanwhile:
            return Outcome.UNDER_WAY
        return Outcome.BEGUN
