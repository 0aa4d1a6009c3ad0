"""Between the order and its machine: waits that lose no wake-up, and events that are never lost.

A wait stores its task token first and then reads the state again; an answer writes the state first and its
event wakes whoever waits. Whichever comes last sees both, so no order of the two leaves an execution asleep.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from partner_center.kernel.clock import WHILE_ASKED, Clock
from partner_center.kernel.events import Event
from partner_center.orders.order import OrderHead, OrderStatus
from partner_center.orders.ports import OrderReader, load
from partner_center.orders.under_way import with_present_contacts
from partner_center.validation.authenticate import OpenValidation
from partner_center.validation.ports import Challenges
from partner_center.validation.standing import read_lasting


class WaitStep(StrEnum):
    """Where the machine waits for people or the world."""

    REVIEW = "review"
    DOMAINS = "domains"
    PAYMENT = "payment"
    HELD_BACK = "held_back"


class Woken(StrEnum):
    """What a waiting execution is told, and decides by where it goes; what it does there it reads from the order."""

    PROVEN = "proven"
    TO_BE_PAID = "to_be_paid"
    """Proven as well, and a card pays for it: the money comes before the last look."""
    RELEASED = "released"
    PAYMENT_UPDATED = "payment_updated"
    AMENDED = "amended"
    """The order changed, or what carried one of its names has ended: its story begins again with the screening, and
    keeps what is proven and what is being asked."""
    OVER = "over"


class Waits(Protocol):
    """Keeps the task token of each step that waits; arming again replaces it."""

    def arm(self, reseller_id: str, order_id: str, step: WaitStep, token: str, attempt: int) -> None: ...

    def token(self, reseller_id: str, order_id: str, step: WaitStep) -> str | None: ...


class Machine(Protocol):
    """The state machine, from outside."""

    def start(self, reseller_id: str, order_id: str, generation: int, attempt: int) -> None:
        """Starts the execution of this name; one that exists already is success. Raises TryAgain."""
        ...

    def wake(self, token: str, word: Woken) -> bool:
        """Answers a wait: whether somebody waited on the token; nobody is success too. Raises TryAgain."""
        ...

    def is_awaited(self, token: str) -> bool:
        """Whether somebody waits on the token; it is not answered. Raises TryAgain."""
        ...


class Bus(Protocol):
    """Publishes events for everyone else."""

    def publish(self, event: Event) -> None: ...


@dataclass(frozen=True, slots=True)
class AwaitDomains:
    """The machine's step: open the validation, then wait until every name is proven."""

    orders: OrderReader
    challenges: Challenges
    open_validation: OpenValidation
    waits: Waits
    machine: Machine
    clock: Clock

    def __call__(self, reseller_id: str, order_id: str, attempt: int, token: str) -> None:
        """Safe to run again: the newest token counts, no mail is sent twice. Raises TryAgain.

        An older attempt arms nothing, nor does a run that the machine has given up and repeated with another token,
        though it may have been overtaken while it mailed.
        """
        order = load(self.orders, reseller_id, order_id)
        if order is None or not continues(order.head, attempt):
            self.machine.wake(token, Woken.OVER)
            return
        if not order.head.is_screened:
            self.machine.wake(token, Woken.AMENDED)
            return
        self.open_validation(with_present_contacts(self.orders, order))
        head = self.orders.head(reseller_id, order_id)
        if head is None or not continues(head, attempt):
            self.machine.wake(token, Woken.OVER)
            return
        if not self.machine.is_awaited(token):
            return
        self.waits.arm(reseller_id, order_id, WaitStep.DOMAINS, token, attempt)
        word = domains_answer(self.orders, self.challenges, reseller_id, order_id, self.clock.now())
        if word is not None:
            self.machine.wake(token, word)


@dataclass(frozen=True, slots=True)
class AwaitAnswer:
    """The machine's step that does nothing but wait, until the order's head answers."""

    orders: OrderReader
    waits: Waits
    machine: Machine
    step: WaitStep
    answer: Callable[[OrderHead], Woken | None]

    def __call__(self, reseller_id: str, order_id: str, attempt: int, token: str) -> None:
        """Safe to run again. An older attempt arms nothing: it would take the newer one's place."""
        word = self._answer(reseller_id, order_id, attempt)
        if word is not Woken.OVER:
            self.waits.arm(reseller_id, order_id, self.step, token, attempt)
            word = self._answer(reseller_id, order_id, attempt)
        if word is not None:
            self.machine.wake(token, word)

    def _answer(self, reseller_id: str, order_id: str, attempt: int) -> Woken | None:
        head = self.orders.head(reseller_id, order_id)
        return self.answer(head) if head is not None and continues(head, attempt) else Woken.OVER


def release_answer(head: OrderHead) -> Woken | None:
    """After a preflight that was held back: None until somebody asks for a check."""
    if not head.is_screened:
        return Woken.AMENDED
    return Woken.RELEASED if head.held_back is None else None


@dataclass(frozen=True, slots=True)
class RelayEvent:
    """What each event of the outbox sets in motion. Repeating one is harmless."""

    orders: OrderReader
    challenges: Challenges
    waits: Waits
    machine: Machine
    bus: Bus
    clock: Clock

    def __call__(self, event: Event) -> None:
        """Raises TryAgain when a service is out: the record is then delivered again.

        It is published whatever became of the rest: nobody who listens to the bus needs Step Functions, and who
        hears of it again with the next delivery does nothing twice.
        """
        try:
            self._set_in_motion(event)
        finally:
            self.bus.publish(event)

    def _set_in_motion(self, event: Event) -> None:
        reseller_id, order_id = str(event.data.get("reseller_id")), event.enrolment_id
        match event.type:
            case "order.placed" | "reissue.placed" | "order.restarted":
                generation, attempt = int(event.data["generation"] or 1), int(event.data["attempt"] or 1)
                self.machine.start(reseller_id, order_id, generation, attempt)
            case "domain.approved" | "domain.proven":
                self._answer_domains(reseller_id, order_id)
            case "order.amended":
                head = self.orders.head(reseller_id, order_id)
                if head is not None and head.status is OrderStatus.PENDING and not head.is_screened:
                    self._wake(reseller_id, order_id, list(WaitStep), Woken.AMENDED)
            case "order.released":
                self._wake(reseller_id, order_id, [WaitStep.REVIEW], Woken.RELEASED)
            case "order.check_requested":
                self._wake(reseller_id, order_id, [WaitStep.HELD_BACK], Woken.RELEASED)
                self._answer_domains(reseller_id, order_id)
            case "order.payment_updated":
                self._wake(reseller_id, order_id, [WaitStep.PAYMENT], Woken.PAYMENT_UPDATED)
            case "order.cancelled" | "order.rejected" | "reissue.cancelled" | "reissue.rejected":
                self._wake(reseller_id, order_id, list(WaitStep), Woken.OVER)

    def _answer_domains(self, reseller_id: str, order_id: str) -> None:
        word = domains_answer(self.orders, self.challenges, reseller_id, order_id, self.clock.now())
        if word is not None:
            self._wake(reseller_id, order_id, [WaitStep.DOMAINS], word)

    def _wake(self, reseller_id: str, order_id: str, steps: Sequence[WaitStep], word: Woken) -> None:
        for step in steps:
            token = self.waits.token(reseller_id, order_id, step)
            if token is not None:
                self.machine.wake(token, word)


class HeldBack(Protocol):
    """Lifts what a preflight held back."""

    def release(self, head: OrderHead, event: Event) -> None:
        """Raises ChangedMeanwhile when the head has moved."""
        ...


def released_head(head: OrderHead, moment: datetime) -> OrderHead:
    """The head once its reseller has asked for a check at `moment`."""
    return replace(
        head,
        held_back=None,
        checked_at=moment,
        checked_refusal=head.caa_refusal or "",
        version=head.version + 1,
        updated_at=moment,
    )


def domains_answer(
    orders: OrderReader, challenges: Challenges, reseller_id: str, order_id: str, moment: datetime
) -> Woken | None:
    """What a wait for domains may be told now, read afresh; None while somebody is asked about all that is unproven.

    A name that is asked anew because CAA refused its proofs is unproven, until a check is asked for: CAA may permit
    them by now, and only a preflight looks. What nobody is asked about, since a proof ended while the order waited
    for others, is asked by the step itself when it begins anew; it never leaves such a name, so it goes to sleep.
    What ends while clocks may differ about it counts as ended, here and in the step.
    """
    order = load(orders, reseller_id, order_id)
    if order is None or order.head.status is not OrderStatus.PENDING:
        return Woken.OVER
    if not order.head.is_screened:
        return Woken.AMENDED
    found = read_lasting(challenges, order, moment, WHILE_ASKED)
    if not (found.is_proven or found.may_pass_by_now(order.head)):
        return Woken.AMENDED if found.leaves_out_a_name(moment) else None
    return Woken.TO_BE_PAID if order.head.has_a_price else Woken.PROVEN


def continues(head: OrderHead, attempt: int) -> bool:
    """Tasks of an older attempt, or of an order that is over, do nothing."""
    return head.status is OrderStatus.PENDING and head.attempt == attempt
