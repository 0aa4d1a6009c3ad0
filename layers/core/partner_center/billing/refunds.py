"""When money or units of a revoked order are given back (M50)."""

from datetime import datetime, timedelta
from typing import Protocol

from partner_center.billing.payments import PaymentStatus

REFUND_PERIOD = timedelta(days=30)

_TAKEN = frozenset({PaymentStatus.CAPTURED, PaymentStatus.AUTHORISED})


class Paid(Protocol):
    """As much of an order's head as the rule reads."""

    @property
    def issued_at(self) -> datetime | None: ...

    @property
    def payment(self) -> PaymentStatus: ...


def refund_due(head: Paid, moment: datetime) -> bool:
    """Whether an order revoked at `moment` is refunded: before 30 days from its first certificate's issue are over.

    Only what was taken, or is promised by a card, is given back. One of several certificates is no order.
    """
    if head.issued_at is None or head.payment not in _TAKEN:
        return False
    return moment < head.issued_at + REFUND_PERIOD
