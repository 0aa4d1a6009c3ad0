"""When what was paid for a revoked order is given back."""

from dataclasses import replace

import pytest

from partner_center.billing.payments import PaymentStatus
from partner_center.billing.refunds import refund_due
from partner_center.orders.order import OrderStatus
from tests.fakes.determined import MICROSECOND, NOW
from tests.fakes.samples import a_day, a_head

ISSUED = a_head(status=OrderStatus.ISSUED, issued_at=NOW, payment=PaymentStatus.CAPTURED)

CASES = {
    "at once": ({}, NOW, True),
    "in the last moment of 30 days": ({}, NOW + 30 * a_day - MICROSECOND, True),
    "when 30 days are over": ({}, NOW + 30 * a_day, False),
    "after a year": ({}, NOW + 365 * a_day, False),
    "a card that was authorised and not charged yet": ({"payment": PaymentStatus.AUTHORISED}, NOW, True),
    "a card that was declined": ({"payment": PaymentStatus.DECLINED}, NOW, False),
    "free of charge": ({"payment": PaymentStatus.NONE}, NOW, False),
    "refunded already": ({"payment": PaymentStatus.REFUNDED}, NOW, False),
    "on its way back already": ({"payment": PaymentStatus.REFUND_PENDING}, NOW, False),
    "never issued": ({"issued_at": None}, NOW, False),
}


@pytest.mark.parametrize(("changes", "moment", "due"), CASES.values(), ids=CASES.keys())
def test_money_comes_back_within_30_days_of_the_first_certificate(changes, moment, due):
    assert refund_due(replace(ISSUED, **changes), moment) is due
