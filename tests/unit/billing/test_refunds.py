"""What is revoked within 30 days of its first certificate is paid back, once (M50)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.billing.contracts import EntryKind
from partner_center.billing.payments import PaymentStatus
from partner_center.billing.refunds import refund_due, started_refund
from partner_center.kernel.money import Money
from partner_center.orders.order import OrderStatus, PaymentKind
from tests.fakes.determined import MICROSECOND, NOW, CountingIds
from tests.fakes.samples import a_chronicle, a_head

BULK = a_head(status=OrderStatus.REVOKED, payment=PaymentStatus.CAPTURED, issued_at=NOW)
CARD = replace(BULK, payment_kind=PaymentKind.PAY_AS_YOU_GO, units=0, card_id="card_1")
THIRTY_DAYS = timedelta(days=30)


@pytest.mark.parametrize(
    ("after", "due"),
    [
        (timedelta(), True),
        (THIRTY_DAYS - MICROSECOND, True),
        (THIRTY_DAYS, False),
        (THIRTY_DAYS + MICROSECOND, False),
    ],
    ids=str,
)
@pytest.mark.parametrize("head", [BULK, CARD], ids=["bulk", "card"])
def test_it_is_due_until_before_30_days_are_over(head, after, due):
    assert refund_due(head, NOW + after) is due


def test_what_was_never_issued_is_not_refunded():
    assert not refund_due(replace(CARD, issued_at=None), NOW)


@pytest.mark.parametrize(
    ("payment", "due"),
    [
        (PaymentStatus.NONE, True),
        (PaymentStatus.AUTHORISED, True),
        (PaymentStatus.DECLINED, True),
        (PaymentStatus.CAPTURED, True),
        (PaymentStatus.RELEASED, False),
        (PaymentStatus.REFUND_PENDING, False),
        (PaymentStatus.REFUNDED, False),
        (PaymentStatus.REFUND_FAILED, False),
    ],
)
def test_it_is_due_once_also_while_the_price_is_still_owed(payment, due):
    assert refund_due(replace(CARD, payment=payment), NOW) is due


def test_what_cost_nothing_is_not_refunded():
    assert not refund_due(replace(CARD, net=Money.of("0"), payment=PaymentStatus.NONE), NOW)


def test_units_go_back_at_once():
    started = started_refund(BULK, a_chronicle(CountingIds(), actor="key:key_1"))
    assert started.head == replace(BULK, payment=PaymentStatus.REFUNDED)
    assert started.units_back == 2
    assert (started.entry.kind, started.entry.units, started.entry.amount) == (EntryKind.REFUND, 2, None)
    assert (started.entry.order_id, started.entry.actor, started.entry.at) == ("ord_1", "key:key_1", NOW)


def test_a_card_gets_its_money_when_it_is_moved_next():
    started = started_refund(CARD, a_chronicle(CountingIds()))
    assert started.head == replace(
        CARD, payment=PaymentStatus.REFUND_PENDING, settle_at=NOW, payment_since=NOW
    )
    assert started.units_back == 0
    assert (started.entry.units, started.entry.amount) == (0, CARD.net)


def test_a_revocation_that_refunds_nothing_writes_nothing_beside_itself():
    late = a_chronicle(CountingIds(), NOW + THIRTY_DAYS)
    assert started_refund(BULK, late) is None
