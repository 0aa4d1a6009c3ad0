"""What a refund adds to a revocation's transaction: units back on the contract, and a line, once."""

from dataclasses import replace

import pytest

from partner_center.adapters import keys
from partner_center.adapters.order_actions import head_update
from partner_center.adapters.refund_actions import refund_actions
from partner_center.billing.payments import PaymentStatus
from partner_center.billing.refunds import started_refund
from partner_center.kernel.errors import ChangedMeanwhile
from partner_center.orders.close import completion
from partner_center.orders.order import OrderStatus
from tests.fakes.contract_charges import a_card_contract, a_card_head
from tests.fakes.determined import NOW, CountingIds
from tests.fakes.samples import ORDER, US, a_chronicle, a_contract, a_head, a_placement


@pytest.fixture
def ids():
    return CountingIds()


def issued(stores, ids, head, contract):
    stores.grant(contract)
    stores.orders.place(a_placement(ids, head, contract))
    stores.orders.complete(completion(head, "0a1b", a_chronicle(ids)))
    return stores.orders.head(US, ORDER)


def revoke(stores, ids, head):
    revoked = replace(head, status=OrderStatus.REVOKED, version=head.version + 1)
    started = started_refund(revoked, a_chronicle(ids))
    table = stores.tables.business
    stores.database.transact(
        [head_update(table, started.head, head.version), *refund_actions(table, started)]
    )


def counters(stores):
    item = stores.database.get(stores.tables.business, keys.contract(US, "con_1"))
    return item["units_left"], item["units_held"], item["units_used"]


def test_units_come_back_once(stores, ids):
    head = issued(stores, ids, a_head(), a_contract(10))
    assert counters(stores) == (8, 0, 2)
    revoke(stores, ids, head)
    assert counters(stores) == (10, 0, 0)
    with pytest.raises(ChangedMeanwhile):
        revoke(stores, ids, head)
    assert counters(stores) == (10, 0, 0)
    assert [line for line in stores.ledger(US, "con_1") if line[0] == "refund"] == [("refund", 2, ORDER)]
    assert stores.orders.head(US, ORDER).payment is PaymentStatus.REFUNDED


def test_units_that_were_not_used_do_not_come_back(stores, ids):
    head = issued(stores, ids, a_head(), a_contract(10))
    with pytest.raises(ChangedMeanwhile):
        revoke(stores, ids, replace(head, units=3))
    assert counters(stores) == (8, 0, 2)


def test_a_card_gets_a_line_and_is_due_at_once(stores, ids):
    head = issued(stores, ids, a_card_head(), a_card_contract())
    revoke(stores, ids, head)
    after = stores.orders.head(US, ORDER)
    assert (after.payment, after.settle_at) == (PaymentStatus.REFUND_PENDING, NOW)
    assert ("refund", "149.00", None) in stores.amounts(US, "con_1")
    assert counters(stores) == (0, 0, 0)
    shards = [stores.charges.due(shard, NOW, 10) for shard in range(8)]
    assert [(US, ORDER)] in shards
