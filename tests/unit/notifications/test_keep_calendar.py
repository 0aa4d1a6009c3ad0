"""The calendar follows an order: when it is reissued by itself, whoever writes last."""

from dataclasses import replace

import pytest

from partner_center.kernel.errors import TryAgain
from partner_center.orders.content import Lifecycle, content_to_json
from partner_center.orders.order import OrderStatus
from tests.fakes.reminding import Reminding
from tests.fakes.samples import ORDER, US

CHOSEN = Lifecycle(auto_reissue=True, key="same", days_before=30)


@pytest.fixture
def reminding():
    return Reminding()


def planned(reminding):
    return reminding.keep.planned.rows.get((US, ORDER))


def chosen(reminding):
    """An issued order whose reseller chose so."""
    reminding.issued()
    content = reminding.world.stores.orders.content(US, ORDER, 1)
    chosen = content_to_json(replace(content, lifecycle=CHOSEN))
    reminding.world.tables.contents[US, ORDER, 1] = chosen
    reminding.tell(ORDER)


def test_an_order_is_planned_when_it_was_issued_and_no_more_once_it_is_revoked(reminding):
    chosen(reminding)
    assert planned(reminding) is not None
    reminding.revoked()
    assert planned(reminding) is None


def test_what_changed_between_reading_and_writing_is_looked_at_again(reminding):
    chosen(reminding)
    plan = reminding.keep.planned.plan

    def late(*row):
        plan(*row)
        reminding.change(status=OrderStatus.REVOKED)

    reminding.keep.planned.plan = late
    with pytest.raises(TryAgain):
        reminding.tell(ORDER)
    reminding.keep.planned.plan = plan
    reminding.tell(ORDER)
    assert planned(reminding) is None
