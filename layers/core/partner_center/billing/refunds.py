"""Giving back what was paid for an order that is revoked soon after it was issued (M50)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from partner_center.billing.contracts import EntryKind, LedgerEntry
from partner_center.billing.payments import PaymentStatus
from partner_center.kernel.events import Chronicle
from partner_center.orders.ledger_lines import line_of
from partner_center.orders.order import OrderHead

REFUND_WINDOW = timedelta(days=30)

_GIVEN_BACK = frozenset(
    {
        PaymentStatus.RELEASED,
        PaymentStatus.REFUND_PENDING,
        PaymentStatus.REFUNDED,
        PaymentStatus.REFUND_FAILED,
    }
)


@dataclass(frozen=True, slots=True)
class StartedRefund:
    """A revoked order with its money on the way back, and the ledger's line about it.

    `units_back` go from used to left on the contract, in the transaction of the revocation. A card's money follows:
    the head says when it is to be moved.
    """

    head: OrderHead
    entry: LedgerEntry
    units_back: int


def refund_due(head: OrderHead, moment: datetime, *, lives_on: bool = False) -> bool:
    """Whether revoking the whole order at `moment` gives its price back: before 30 days from its first certificate
    are over, and once.

    Nothing goes back while a replacement lives for its price (`lives_on`), since that would be had for nothing (M47).
    """
    if lives_on:
        return False
    if head.issued_at is None or moment >= head.issued_at + REFUND_WINDOW or head.payment in _GIVEN_BACK:
        return False
    return head.has_its_own_price


def started_refund(
    revoked: OrderHead,
    chronicle: Chronicle,
    revoked_at: datetime | None = None,
    *,
    lives_on: bool = False,
) -> StartedRefund | None:
    """What to write beside the revocation of an order, which `revoked` is already the head of; None for no refund.

    `revoked_at`: of one that was revoked earlier, when it could not be given back yet.

    Of a bulk contract the units are back at once. Of a card it is only said here that the price is to be given back,
    whether or not it was taken meanwhile: what was not taken is let go.
    """
    moment = chronicle.moment
    if not refund_due(revoked, revoked_at or moment, lives_on=lives_on):
        return None
    entry = line_of(revoked, EntryKind.REFUND, chronicle)
    if revoked.is_by_card:
        waiting = replace(
            revoked, payment=PaymentStatus.REFUND_PENDING, payment_since=moment, settle_at=moment
        )
        return StartedRefund(waiting, entry, 0)
    return StartedRefund(replace(revoked, payment=PaymentStatus.REFUNDED), entry, revoked.units)
