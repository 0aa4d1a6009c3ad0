"""A payment gateway in memory, with the troubles of a real one; its promises are in `contract_payments`."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from partner_center.billing.payments import (
    Card,
    Intent,
    IntentStatus,
    PaymentGateway,
    PaymentPurpose,
    PaymentRefused,
    Refund,
    RefundStatus,
)
from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import TryAgain
from partner_center.kernel.money import Money
from tests.fakes.determined import NOW, FixedClock

LASTS = timedelta(days=7)
"""How long an authorisation holds, when nobody says otherwise."""


def a_card(card_id: str = "card_1", **changes: object) -> Card:
    """A Visa card of the usual reseller, good for a year; its token names it."""
    card = Card(
        card_id=card_id,
        reseller_id="res_1",
        brand="visa",
        last4="4242",
        exp_month=12,
        exp_year=2030,
        token=f"pm_{card_id}",
        customer="cus_1",
        added_at=NOW,
        usable_until=NOW + timedelta(days=365),
    )
    return replace(card, **changes)  # type: ignore[arg-type]


@dataclass
class _Payment:
    purpose: PaymentPurpose
    amount: Money
    card: Card
    status: IntentStatus = IntentStatus.UNCONFIRMED
    decline_code: str | None = None
    capture_before: datetime | None = None
    refunds: dict[int, str] = field(default_factory=dict)


@dataclass
class MemoryGateway:
    """`PaymentGateway`: keeps its payments, and takes each effect once, as the real one does.

    A card whose token stands in `declines` is declined with that code; one in `unknown` is refused. A call named in
    `lost_before` raises TryAgain in place of its effect, one in `lost_after` when it has taken effect, once for each
    time it is named. `out` refuses every call while it says why. `failing_refunds` is the code with which the next
    refunds end, so many times. `before` and `after` may stop any call, whose name they are given, for good.
    """

    clock: Clock = field(default_factory=FixedClock)
    lasts: timedelta = LASTS
    declines: dict[str, str] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    lost_before: list[str] = field(default_factory=list)
    lost_after: list[str] = field(default_factory=list)
    out: str | None = None
    failing_refunds: list[str] = field(default_factory=list)
    slow_refunds: bool = False
    """Refunds stay pending until `arrive`."""
    before: Callable[[str], None] = lambda call: None
    after: Callable[[str], None] = lambda call: None
    calls: list[str] = field(default_factory=list)
    payments: dict[str, _Payment] = field(default_factory=dict)
    refunds: dict[str, tuple[str, Refund]] = field(default_factory=dict)

    def prepare(self, purpose: PaymentPurpose, amount: Money, card: Card) -> str:
        self._begin("prepare")
        if card.token in self.unknown:
            raise PaymentRefused("resource_missing", "The gateway does not know this card.")
        if amount.amount <= 0:
            raise PaymentRefused("parameter_invalid_integer", "No payment is made of nothing.")
        intent_id = self._intent_of(purpose, amount, card)
        if intent_id is None:
            intent_id = f"pi_{len(self.payments) + 1:04d}"
            self.payments[intent_id] = _Payment(purpose, amount, card)
        self._end("prepare")
        return intent_id

    def authorise(self, intent_id: str, purpose: PaymentPurpose) -> Intent:
        self._begin("authorise")
        payment = self._payment(intent_id, purpose)
        if payment.status is IntentStatus.UNCONFIRMED:
            payment.decline_code = self.declines.get(payment.card.token)
            payment.status = IntentStatus.DECLINED if payment.decline_code else IntentStatus.AUTHORISED
            if payment.status is IntentStatus.AUTHORISED:
                payment.capture_before = self.clock.now() + self.lasts
        self._end("authorise")
        return self._seen(intent_id)

    def capture(self, intent_id: str, purpose: PaymentPurpose) -> Intent:
        self._begin("capture")
        payment = self._payment(intent_id, purpose)
        if payment.status in {IntentStatus.UNCONFIRMED, IntentStatus.DECLINED}:
            raise PaymentRefused("payment_intent_unexpected_state", "Nothing was authorised.")
        if payment.status is IntentStatus.AUTHORISED:
            payment.status = IntentStatus.CAPTURED
        self._end("capture")
        return self._seen(intent_id)

    def cancel(self, intent_id: str, purpose: PaymentPurpose) -> Intent:
        self._begin("cancel")
        payment = self._payment(intent_id, purpose)
        if payment.status is not IntentStatus.CAPTURED:
            payment.status = IntentStatus.CANCELLED
        self._end("cancel")
        return self._seen(intent_id)

    def refund(self, intent_id: str, purpose: PaymentPurpose, refund_attempt: int) -> Refund:
        self._begin("refund")
        payment = self._payment(intent_id, purpose)
        if payment.status is not IntentStatus.CAPTURED:
            raise PaymentRefused("charge_not_captured", "Nothing was taken that could be given back.")
        if refund_attempt not in payment.refunds:
            if self._given_back(payment):
                raise PaymentRefused("charge_already_refunded", "It was given back before.")
            refund_id = f"re_{len(self.refunds) + 1:04d}"
            payment.refunds[refund_attempt] = refund_id
            self.refunds[refund_id] = (intent_id, self._new_refund(refund_id, payment.amount))
        self._end("refund")
        return self.refunds[payment.refunds[refund_attempt]][1]

    def intent(self, intent_id: str) -> Intent:
        self._begin("intent")
        self._payment(intent_id)
        self._end("intent")
        return self._seen(intent_id)

    def refund_of(self, refund_id: str) -> Refund:
        self._begin("refund_of")
        if refund_id not in self.refunds:
            raise PaymentRefused("resource_missing", "There is no such refund.")
        self._end("refund_of")
        return self.refunds[refund_id][1]

    def arrive(self) -> None:
        """Refunds that are on their way arrive, or come back with the code of a failing one."""
        for refund_id, (intent_id, refund) in self.refunds.items():
            if refund.status is RefundStatus.PENDING:
                self.refunds[refund_id] = (intent_id, self._ended(refund))

    def return_refunds(self, code: str = "expired_or_canceled_card", of: str | None = None) -> None:
        """Refunds that had arrived, of one order or of all, come back from the card's bank."""
        for refund_id, (intent_id, refund) in self.refunds.items():
            concerns = of is None or self.payments[intent_id].purpose.order_id == of
            if concerns and refund.status is RefundStatus.SUCCEEDED:
                failed = replace(refund, status=RefundStatus.FAILED, failure_code=code)
                self.refunds[refund_id] = (intent_id, failed)

    def taken(self, order_id: str) -> list[Money]:
        """What was captured for an order, a charge at a time."""
        return [each.amount for each in self._of(order_id) if each.status is IntentStatus.CAPTURED]

    def given_back(self, order_id: str) -> list[Money]:
        """What was refunded of an order, a charge at a time."""
        return [each.amount for each in self._of(order_id) if self._given_back(each)]

    def held(self, order_id: str) -> list[Money]:
        """What is authorised for an order and neither taken nor let go."""
        self._run_out()
        return [each.amount for each in self._of(order_id) if each.status is IntentStatus.AUTHORISED]

    def _of(self, order_id: str) -> list[_Payment]:
        return [each for each in self.payments.values() if each.purpose.order_id == order_id]

    def _begin(self, call: str) -> None:
        self.calls.append(call)
        self._run_out()
        if self.out is not None:
            raise TryAgain(self.out)
        if call in self.lost_before:
            self.lost_before.remove(call)
            raise TryAgain("The gateway did not answer.")
        self.before(call)

    def _end(self, call: str) -> None:
        self.after(call)
        if call in self.lost_after:
            self.lost_after.remove(call)
            raise TryAgain("The answer of the gateway was lost.")

    def _run_out(self) -> None:
        for payment in self.payments.values():
            over = payment.capture_before is not None and self.clock.now() >= payment.capture_before
            if over and payment.status is IntentStatus.AUTHORISED:
                payment.status = IntentStatus.CANCELLED

    def _intent_of(self, purpose: PaymentPurpose, amount: Money, card: Card) -> str | None:
        asked = (purpose, amount, card.token)
        made = {(each.purpose, each.amount, each.card.token): id_ for id_, each in self.payments.items()}
        return made.get(asked)

    def _payment(self, intent_id: str, purpose: PaymentPurpose | None = None) -> _Payment:
        payment = self.payments.get(intent_id)
        if payment is None:
            raise PaymentRefused("resource_missing", "There is no such payment.")
        if purpose is not None and payment.purpose != purpose:
            raise AssertionError(f"{intent_id} is not for {purpose}")
        return payment

    def _new_refund(self, refund_id: str, amount: Money) -> Refund:
        refund = Refund(refund_id, RefundStatus.PENDING, amount)
        return refund if self.slow_refunds else self._ended(refund)

    def _ended(self, refund: Refund) -> Refund:
        if self.failing_refunds:
            return replace(refund, status=RefundStatus.FAILED, failure_code=self.failing_refunds.pop(0))
        return replace(refund, status=RefundStatus.SUCCEEDED)

    def _given_back(self, payment: _Payment) -> bool:
        refunds = [self.refunds[refund_id][1] for refund_id in payment.refunds.values()]
        return any(refund.status is not RefundStatus.FAILED for refund in refunds)

    def _seen(self, intent_id: str) -> Intent:
        payment = self.payments[intent_id]
        nothing = payment.amount.times(0)
        return Intent(
            intent_id,
            payment.status,
            payment.amount,
            captured=payment.amount if payment.status is IntentStatus.CAPTURED else nothing,
            refunded=payment.amount if self._given_back(payment) else nothing,
            decline_code=payment.decline_code if payment.status is IntentStatus.DECLINED else None,
            capture_before=payment.capture_before if payment.status is IntentStatus.AUTHORISED else None,
        )


class Bank(Protocol):
    """A gateway under test, and the hand of the test on what stands behind it."""

    gateway: PaymentGateway

    def now(self) -> datetime:
        """The hour by which authorisations run out."""
        ...

    def card(self, decline_code: str | None = None) -> Card:
        """A card on file with the gateway; one that declines payments if there is a code."""
        ...

    def unknown_card(self) -> Card:
        """One of which the gateway knows nothing."""
        ...

    def lose_answer(self, call: str, effect: bool) -> None:
        """The next call of this method ends without an answer, with or without its effect."""
        ...

    def be_out(self, out: bool) -> None:
        """While it is out, the gateway answers nobody."""
        ...

    def run_out(self, intent_id: str) -> None:
        """The authorisation reaches its end."""
        ...

    def fail_next_refund(self, code: str) -> None:
        """The next new refund ends as failed."""
        ...


@dataclass
class MemoryBank:
    """`Bank` over a `MemoryGateway`."""

    clock: FixedClock = field(default_factory=FixedClock)
    cards: int = 0

    def __post_init__(self) -> None:
        self.gateway = MemoryGateway(self.clock)

    def now(self) -> datetime:
        return self.clock.now()

    def card(self, decline_code: str | None = None) -> Card:
        self.cards += 1
        card = a_card(f"card_{self.cards}")
        if decline_code is not None:
            self.gateway.declines[card.token] = decline_code
        return card

    def unknown_card(self) -> Card:
        card = a_card("card_unknown")
        self.gateway.unknown.add(card.token)
        return card

    def lose_answer(self, call: str, effect: bool) -> None:
        (self.gateway.lost_after if effect else self.gateway.lost_before).append(call)

    def be_out(self, out: bool) -> None:
        self.gateway.out = "The gateway is out." if out else None

    def run_out(self, intent_id: str) -> None:
        self.clock.moment += self.gateway.lasts

    def fail_next_refund(self, code: str) -> None:
        self.gateway.failing_refunds.append(code)
