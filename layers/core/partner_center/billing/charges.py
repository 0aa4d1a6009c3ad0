"""Which step the money of an order takes next: decided by the order's state and its charges, looking nothing up.

At most one charge of an order is live, which is to say prepared or authorised: the next is prepared when the gateway
has ended the last. So no order is charged twice, whatever is repeated or lost in between (docs/adr/0010).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from partner_center.billing.payments import Charge, ChargeStatus, PaymentStatus
from partner_center.kernel.clock import CLOCKS_DIFFER
from partner_center.orders.order import OrderHead, OrderStatus

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=6)
LONGEST_SERIES = timedelta(days=3)
"""How long moving money is tried again before staff must look; shorter than any authorisation holds."""
_LAST_TRY = LONGEST_SERIES + LONGEST_PAUSE
"""When the last of these attempts is over."""


class Step(StrEnum):
    """What is done next; `nothing`: the money is where it should be, or somebody else must act."""

    NOTHING = "nothing"
    PREPARE = "prepare"
    AUTHORISE = "authorise"
    CAPTURE = "capture"
    CANCEL = "cancel"
    """End a live charge: it does not fit, or nothing is to be paid any more."""
    REFUND = "refund"
    LOOK = "look"
    """Has a refund that is under way arrived?"""
    LOOK_AGAIN = "look_again"
    """Has a refund that had arrived stayed so? A bank may return it days later."""
    ASK_STAFF = "ask_staff"
    """Another amount was taken than the order costs: nothing may be asked for, and nothing signed."""
    RELEASE = "release"
    """Nothing is at the gateway any more; only the order has to say so."""


@dataclass(frozen=True, slots=True)
class Next:
    """The step, and the charge that it is about, if there is one."""

    step: Step
    charge: Charge | None = None


_CLOSED = frozenset({OrderStatus.CANCELLED, OrderStatus.REJECTED})
_LIVE = frozenset({ChargeStatus.PREPARED, ChargeStatus.AUTHORISED})
_AT_REST = frozenset({PaymentStatus.RELEASED, PaymentStatus.REFUND_FAILED})


def next_step(head: OrderHead, charges: Sequence[Charge], moment: datetime) -> Next:
    """The next step of an order that is paid by card; `charges` are all of it, oldest first."""
    live = next((each for each in charges if each.status in _LIVE), None)
    if head.status is OrderStatus.PENDING:
        return _towards_signing(head, charges, live, moment)
    if head.payment is PaymentStatus.REFUNDED:
        return _given_back(charges)
    return _giving_back(head, charges, live) if gives_back(head) else _taking(head, live)


def gives_back(head: OrderHead) -> bool:
    """Whether the order's money goes back to the card: it was closed, or revoked in time."""
    return head.status in _CLOSED or says_refund(head)


def says_refund(head: OrderHead) -> bool:
    """Whether it gives its money back because its payment says so, and for no other reason: that must stay."""
    return head.payment in {PaymentStatus.REFUND_PENDING, PaymentStatus.REFUND_FAILED}


def holds(charge: Charge, moment: datetime) -> bool:
    """Whether an authorisation still holds long enough to sign and then take the money.

    Lives differ by the card's brand, and what remains must outlast the attempts to take the money: half of it, and
    more where half is too little (Visa gives 4 days and 18 hours). A quarter is relied upon however short the life
    is, or the card would be asked anew without end.
    """
    if charge.capture_before is None or charge.authorised_at is None:
        return True
    life = charge.capture_before - charge.authorised_at
    return moment < charge.authorised_at + max(life / 4, min(life / 2, life - _LAST_TRY))


def is_wanted(head: OrderHead, charge: Charge) -> bool:
    """Whether the order wants the money that this charge asks for.

    One that is over wants none; one that was amended, or whose card staff changed, wants another amount or card.
    """
    return not gives_back(head) and _is_asked_for(head, charge)


def waits_its_turn(head: OrderHead, found: Next, moment: datetime) -> bool:
    """Whether this is another try of a refund that failed, and not due yet.

    The gateway tells of every failure; a try for each of them would end in another one, and never rest.
    """
    failed_before = found.step is Step.REFUND and found.charge is not None and found.charge.failed_refunds > 0
    return failed_before and head.settle_at is not None and moment < head.settle_at


def payment_verdict(head: OrderHead, charge: Charge | None, moment: datetime) -> tuple[bool, str]:
    """Whether the order may be signed as far as its money goes, and why; `charge` is its latest attempt."""
    if not (head.is_by_card or head.is_reissue):
        return head.payment is PaymentStatus.HELD, f"{head.units} units: {head.payment}"
    if not head.has_a_price:
        return True, "nothing is owed"
    if charge is None or head.payment not in {PaymentStatus.AUTHORISED, PaymentStatus.CAPTURED}:
        return False, f"the card: {head.payment}"
    if not _is_asked_for(head, charge):
        return False, "another amount or card was authorised than is owed now"
    if charge.status is ChargeStatus.AUTHORISED and not holds(charge, moment):
        return False, "the authorisation is about to run out"
    return charge.status in {ChargeStatus.AUTHORISED, ChargeStatus.CAPTURED}, f"the card: {charge.status}"


def next_try(since: datetime, moment: datetime) -> datetime | None:
    """When to try again what has failed since `since`: after as long again, a minute at least, six hours at most.

    None once three days are over.
    """
    elapsed = moment - since
    if elapsed >= LONGEST_SERIES:
        return None
    return moment + min(max(elapsed, FIRST_PAUSE), LONGEST_PAUSE)


def _towards_signing(
    head: OrderHead, charges: Sequence[Charge], live: Charge | None, moment: datetime
) -> Next:
    """What is being signed keeps the money that was seen by its preflight."""
    if head.signing:
        return Next(Step.NOTHING)
    if live is not None:
        return _held(head, live, moment)
    latest = charges[-1] if charges else None
    if head.has_a_price and head.payment is PaymentStatus.CAPTURED:
        is_paid, _ = payment_verdict(head, latest, moment)
        return Next(Step.NOTHING if is_paid else Step.ASK_STAFF)
    is_answered = (
        head.payment is PaymentStatus.DECLINED and latest is not None and _is_asked_for(head, latest)
    )
    return Next(Step.NOTHING if is_answered or not head.has_a_price else Step.PREPARE)


def _held(head: OrderHead, live: Charge, moment: datetime) -> Next:
    if not head.has_a_price or not _is_asked_for(head, live):
        return Next(Step.CANCEL, live)
    if live.status is ChargeStatus.PREPARED:
        return Next(Step.AUTHORISE, live)
    # What is found authorised here must hold by the preflight's clock, or they send the order to each other.
    return Next(Step.NOTHING) if holds(live, moment + CLOCKS_DIFFER) else Next(Step.CANCEL, live)


def _taking(head: OrderHead, live: Charge | None) -> Next:
    if not head.has_a_price:
        return Next(Step.CANCEL, live) if live else Next(Step.NOTHING)
    if not head.money_is_to_move or head.payment is PaymentStatus.DECLINED:
        return Next(Step.NOTHING)
    if live is None:
        return Next(Step.PREPARE)
    if live.status is ChargeStatus.PREPARED:
        return Next(Step.AUTHORISE if _is_asked_for(head, live) else Step.CANCEL, live)
    is_wanted = head.payment is PaymentStatus.AUTHORISED and _is_asked_for(head, live)
    return Next(Step.CAPTURE if is_wanted else Step.CANCEL, live)


def _giving_back(head: OrderHead, charges: Sequence[Charge], live: Charge | None) -> Next:
    if live is not None:
        return Next(Step.CANCEL, live)
    if head.payment in _AT_REST:
        return Next(Step.NOTHING)
    for charge in charges:
        if charge.status is ChargeStatus.CAPTURED:
            return Next(Step.REFUND, charge)
        if charge.status is ChargeStatus.REFUND_PENDING:
            return Next(Step.LOOK, charge)
    return Next(Step.RELEASE)


def _given_back(charges: Sequence[Charge]) -> Next:
    back = next((each for each in charges if each.status is ChargeStatus.REFUNDED), None)
    return Next(Step.LOOK_AGAIN, back) if back else Next(Step.NOTHING)


def _is_asked_for(head: OrderHead, charge: Charge) -> bool:
    return (charge.amount, charge.card_id) == (head.net, head.card_id or "")
