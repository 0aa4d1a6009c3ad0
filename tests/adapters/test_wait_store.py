"""Waits in DynamoDB keep every promise of the machine's waits."""

import pytest

from partner_center.kernel.errors import TryAgain
from tests.fakes.contract_challenges import WaitsContract
from tests.fakes.determined import CountingIds
from tests.fakes.samples import ORDER, US, a_contract, a_head, a_placement, an_event


class TestWaitsInDynamoDb(WaitsContract):
    """The promises, kept by DynamoDB."""


def test_a_release_under_contention_leaves_the_order_held_back(stores, contention):
    stores.grant(a_contract())
    head = a_head(held_back="CAA")
    stores.orders.place(a_placement(CountingIds(), head))
    contention(1.0)
    with pytest.raises(TryAgain):
        stores.waits.release(head, an_event(CountingIds(500)))
    contention(0.0)
    assert stores.orders.head(US, ORDER) == head
    assert stores.events(US, ORDER) == ["order.placed"]
