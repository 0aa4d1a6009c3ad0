"""The index of orders to look at, and the reconciler's repairs, in DynamoDB, each under its condition."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest

from partner_center.adapters import keys
from partner_center.adapters.open_orders import OpenOrderStore
from partner_center.adapters.order_actions import head_update
from partner_center.billing.contracts import EntryKind, LedgerEntry
from partner_center.kernel.errors import ChangedMeanwhile, TryAgain
from partner_center.orders.close import closing, completion
from partner_center.orders.fulfil import WaitStep
from partner_center.orders.order import CloseReason, OrderStatus
from partner_center.orders.reconcile import Armed
from partner_center.orders.reconcile_order import Restart, Unclaim, UnitsRelease
from partner_center.orders.restarts import Restarts
from tests.fakes.determined import MICROSECOND, NOW, CountingIds
from tests.fakes.samples import ORDER, US, a_chronicle, a_contract, a_head, a_placement, an_audit, an_event

LOOK = NOW + timedelta(hours=2)
SHARDS = range(8)


@pytest.fixture
def ids():
    return CountingIds()


@pytest.fixture
def head(stores, ids):
    stores.grant(a_contract(10))
    stores.orders.place(a_placement(ids))
    return stores.orders.head(US, ORDER)


@pytest.fixture
def open_orders(stores):
    return OpenOrderStore(stores.database, stores.tables)


def due(open_orders, moment, at_most=25):
    return [ids for shard in SHARDS for ids in open_orders.due(shard, moment, at_most)]


def row(stores, order_id=ORDER):
    return stores.database.get(stores.tables.business, keys.order_head(US, order_id))


def a_restart(head, ids):
    changed = replace(
        head, attempt=head.attempt + 1, version=head.version + 1, restarts=Restarts(1, NOW, 1), updated_at=NOW
    )
    return Restart(
        changed, head.version, an_event(ids, "order.restarted"), an_audit(ids, "reconcile.restart")
    )


# ---- found by time


def test_a_placed_order_is_due_by_its_time(open_orders, head):
    assert due(open_orders, LOOK - MICROSECOND) == []
    assert due(open_orders, LOOK) == [(US, ORDER)]


def test_every_order_is_in_one_shard_and_the_longest_due_come_first(stores, ids, open_orders):
    stores.grant(a_contract(1000))
    placed = [f"ord_{number}" for number in range(60)]
    for number, order_id in enumerate(placed):
        moment = NOW + timedelta(hours=number % 7)
        stores.orders.place(a_placement(ids, a_head(order_id=order_id, updated_at=moment)))
    found = [order_id for _, order_id in due(open_orders, NOW + timedelta(days=1), 100)]
    assert sorted(found) == sorted(placed)
    for shard in SHARDS:
        in_shard = [
            int(order_id[4:]) % 7 for _, order_id in open_orders.due(shard, NOW + timedelta(days=1), 100)
        ]
        assert in_shard == sorted(in_shard)
        assert len(open_orders.due(shard, NOW + timedelta(days=1), 2)) == min(2, len(in_shard))


def test_an_issued_order_is_not_found_any_more(stores, ids, open_orders, head):
    stores.orders.complete(completion(head, "0a", a_chronicle(ids)))
    assert due(open_orders, NOW + timedelta(days=400)) == []


def test_a_cancelled_order_is_found_until_it_was_looked_at(stores, ids, open_orders, head):
    stores.orders.close(closing(head, OrderStatus.CANCELLED, CloseReason.REQUESTED, a_chronicle(ids)))
    closed = stores.orders.head(US, ORDER)
    assert due(open_orders, LOOK) == [(US, ORDER)]
    open_orders.leave(closed)
    assert due(open_orders, NOW + timedelta(days=400)) == []
    assert stores.orders.head(US, ORDER) == closed


def test_looking_later_changes_nothing_of_the_order(stores, open_orders, head):
    before = row(stores)
    open_orders.look_later(head, NOW + timedelta(days=1), gets_on=False)
    assert due(open_orders, LOOK) == []
    assert due(open_orders, NOW + timedelta(days=1)) == [(US, ORDER)]
    after = row(stores)
    assert {name for name in after if after[name] != before.get(name)} == {"check_at"}


def test_an_order_that_got_on_forgets_its_restarts(stores, ids, open_orders, head):
    open_orders.restart(a_restart(head, ids))
    restarted = stores.orders.head(US, ORDER)
    assert restarted.restarts == Restarts(1, NOW, 1)
    open_orders.look_later(restarted, LOOK, gets_on=True)
    assert stores.orders.head(US, ORDER) == replace(restarted, restarts=None)


def test_an_order_that_cannot_be_read_is_put_off_unread(stores, open_orders, head):
    key = keys.order_head(US, ORDER)
    stores.database._client.update_item(
        TableName=stores.tables.business,
        Key={"pk": {"S": key.pk}, "sk": {"S": key.sk}},
        UpdateExpression="REMOVE #status",
        ExpressionAttributeNames={"#status": "status"},
    )
    with pytest.raises(KeyError):
        stores.orders.head(US, ORDER)
    open_orders.put_off(US, ORDER, LOOK + timedelta(hours=1))
    assert due(open_orders, LOOK) == []


def test_what_is_not_listed_is_not_put_off(open_orders):
    with pytest.raises(ChangedMeanwhile):
        open_orders.put_off(US, "ord_unknown", LOOK)


@pytest.mark.parametrize("write", ["look_later", "leave", "restart", "release"])
def test_of_an_order_that_moved_nothing_is_written(stores, ids, open_orders, head, write):
    stores.orders.close(closing(head, OrderStatus.CANCELLED, CloseReason.REQUESTED, a_chronicle(ids)))
    before = stores.rows(stores.tables.business, keys.order_partition(US, ORDER))
    entry = LedgerEntry(ids.new("led", NOW), EntryKind.RELEASE, 1, ORDER, "system", NOW)
    writes = {
        "look_later": lambda: open_orders.look_later(head, LOOK, gets_on=True),
        "leave": lambda: open_orders.leave(head),
        "restart": lambda: open_orders.restart(a_restart(head, ids)),
        "release": lambda: open_orders.release(UnitsRelease(head, head.version, entry, an_audit(ids))),
    }
    with pytest.raises(ChangedMeanwhile):
        writes[write]()
    assert stores.rows(stores.tables.business, keys.order_partition(US, ORDER)) == before


# ---- repairs


def test_a_restart_writes_head_event_and_audit_at_once(stores, ids, open_orders, head):
    open_orders.restart(a_restart(head, ids))
    assert stores.orders.head(US, ORDER).attempt == 2
    assert stores.events(US, ORDER)[-1] == "order.restarted"
    assert stores.audited(US, ORDER)[-1] == "reconcile.restart"


def test_an_order_that_nobody_signs_comes_back_and_is_looked_at_when_it_is_started_anew(
    stores, ids, open_orders, head
):
    claimed = replace(head, signing=True, version=2)
    stores.database.write(head_update(stores.tables.business, claimed, 1))
    change = Unclaim(replace(claimed, signing=False, version=3), 2, an_audit(ids, "reconcile.unclaim"))
    later = NOW + timedelta(hours=9)
    open_orders.unclaim(change, later)
    assert stores.orders.head(US, ORDER) == change.head
    assert stores.audited(US, ORDER)[-1] == "reconcile.unclaim"
    assert (due(open_orders, later - MICROSECOND), due(open_orders, later)) == ([], [(US, ORDER)])
    with pytest.raises(ChangedMeanwhile):
        open_orders.unclaim(replace(change, audit=an_audit(ids, "reconcile.unclaim")), later)


@pytest.mark.parametrize("conflicting", [0.0, 0.5])
def test_of_many_restarts_at_once_one_is_written(stores, open_orders, head, contention, conflicting):
    all_are_here = Barrier(6)
    contention(conflicting)

    def restart(number):
        all_are_here.wait()
        try:
            open_orders.restart(a_restart(head, CountingIds(1000 * number)))
        except (ChangedMeanwhile, TryAgain):
            return False
        return True

    with ThreadPoolExecutor(6) as threads:
        written = sum(threads.map(restart, range(1, 7)))
    contention(0.0)
    assert stores.orders.head(US, ORDER).attempt == 1 + written
    assert stores.events(US, ORDER).count("order.restarted") == written <= 1
    assert written == 1 or conflicting


def test_units_are_released_with_their_line(stores, ids, open_orders, head):
    entry = LedgerEntry(ids.new("led", NOW), EntryKind.RELEASE, 2, ORDER, "system", NOW)
    moved = replace(head, version=head.version + 1)
    open_orders.release(UnitsRelease(moved, head.version, entry, an_audit(ids, "reconcile.release")))
    contract = stores.contracts.find(US, "con_1")
    assert (contract.units_left, contract.units_held) == (10, 0)
    assert ("release", 2, ORDER) in stores.ledger(US, "con_1")


def test_more_units_than_the_contract_holds_are_not_released(stores, ids, open_orders, head):
    entry = LedgerEntry(ids.new("led", NOW), EntryKind.RELEASE, 3, ORDER, "system", NOW)
    moved = replace(head, version=head.version + 1)
    with pytest.raises(ChangedMeanwhile):
        open_orders.release(UnitsRelease(moved, head.version, entry, an_audit(ids)))
    assert stores.orders.head(US, ORDER) == head
    assert len(stores.ledger(US, "con_1")) == 2


def test_an_orphan_is_told_once(stores, ids, open_orders, head):
    event = replace(an_event(ids, "serial.orphaned"), event_id="evt_of_the_serial")
    assert open_orders.tell_orphan(event, an_audit(ids, "reconcile.revoke"))
    assert not open_orders.tell_orphan(event, an_audit(ids, "reconcile.revoke"))
    assert stores.events(US, ORDER).count("serial.orphaned") == 1
    assert stores.audited(US, ORDER).count("reconcile.revoke") == 1


def test_a_note_is_an_audit_record(stores, ids, open_orders, head):
    open_orders.note(an_audit(ids, "reconcile.wake"))
    assert stores.audited(US, ORDER)[-1] == "reconcile.wake"


# ---- what an order waits for


def test_the_tokens_of_all_steps_are_read_with_their_attempt(stores, head):
    assert stores.waits.armed(US, ORDER) == {}
    for number, step in enumerate(WaitStep):
        stores.waits.arm(US, ORDER, step, f"token-{number}", number)
    assert stores.waits.armed(US, ORDER) == {
        step: Armed(f"token-{number}", number) for number, step in enumerate(WaitStep)
    }
    assert stores.waits.armed(US, "ord_10") == {}
