"""Supersessions in tables: found by their order and by their time, and ended once."""

from dataclasses import replace

import pytest

from partner_center.adapters import keys
from partner_center.adapters.dynamodb import Update, to_item
from partner_center.adapters.supersession_store import SupersessionStore, supersession_put
from partner_center.issuance.supersede import SHARDS, Supersession, SupersessionEnd
from partner_center.kernel.errors import TryAgain
from partner_center.validation.ports import Message
from tests.fakes.determined import MICROSECOND, NOW
from tests.fakes.samples import ORDER, THEM, US, a_second

OF_ORDER = Supersession(US, ORDER, None, NOW + MICROSECOND, "ord_2", regardless=True)
OF_CERTIFICATE = Supersession(US, ORDER, "0a1b", NOW, "rei_1")
OF_NAMES = replace(OF_CERTIFICATE, serial_hex=None, successor="rei_2", names=("www.example.com",))
REVOKED, KEPT = SupersessionEnd.REVOKED, SupersessionEnd.KEPT


@pytest.fixture
def store(stores):
    return SupersessionStore(stores.database, stores.tables)


def put(stores, *supersessions):
    for each in supersessions:
        stores.database.write(supersession_put(stores.tables.business, each))


def due(store, moment):
    listed = [each for shard in range(SHARDS) for each in store.due(shard, moment, 25)]
    return [store.get(each) for each in listed]


def rows(stores):
    return stores.rows(stores.tables.business, keys.order_partition(US, ORDER), "SUPERSEDED#")


def test_what_was_written_is_read_again(stores, store):
    theirs = replace(OF_CERTIFICATE, reseller_id=THEM)
    put(stores, OF_ORDER, OF_CERTIFICATE, OF_NAMES, theirs)
    assert store.of_order(US, ORDER) == [OF_ORDER, OF_CERTIFICATE, OF_NAMES]
    assert store.of_order(THEM, ORDER) == [theirs]
    assert store.of_order(US, "ord_8") == []


def test_an_order_may_have_had_any_number_of_reissues(stores, store, dynamodb):
    put(stores, OF_CERTIFICATE)
    ended = {"due_at": 0, "ended_at": 0, "outcome": "revoked"}
    found = (keys.supersession(US, ORDER, f"rei_0{number:04d}") for number in range(1001))
    rows = [to_item({"pk": key.pk, "sk": key.sk} | ended) for key in found]
    for begin in range(0, len(rows), 25):
        puts = [{"PutRequest": {"Item": row}} for row in rows[begin : begin + 25]]
        dynamodb.batch_write_item(RequestItems={stores.tables.business: puts})
    assert store.of_order(US, ORDER) == [OF_CERTIFICATE]


def test_one_successor_takes_a_place_once(stores, store):
    put(stores, OF_ORDER)
    with pytest.raises(TryAgain):
        put(stores, replace(OF_ORDER, due_at=NOW))
    assert store.of_order(US, ORDER) == [OF_ORDER]


def test_it_is_due_from_its_moment_on_longest_first(stores, store):
    put(stores, OF_ORDER, OF_CERTIFICATE)
    assert due(store, NOW - a_second) == []
    assert due(store, NOW) == [OF_CERTIFICATE]
    assert due(store, NOW + a_second) == [OF_CERTIFICATE, OF_ORDER]
    assert sum(len(store.due(shard, NOW + a_second, 1)) for shard in range(SHARDS)) == 1


def test_an_ended_one_waits_no_more_and_keeps_how_it_ended(stores, store):
    put(stores, OF_ORDER, OF_CERTIFICATE)
    store.end(OF_ORDER, REVOKED, NOW)
    store.end(OF_ORDER, KEPT, NOW + a_second, Message("msg_1", NOW, "It stays."))
    assert store.of_order(US, ORDER) == due(store, NOW + a_second) == [OF_CERTIFICATE]
    assert [row.get("outcome") for row in rows(stores)] == ["revoked", None]
    assert stores.rows(stores.tables.business, keys.order_partition(US, ORDER), "MESSAGE#") == []


def test_what_is_kept_is_told_in_the_same_write(stores, store):
    put(stores, OF_CERTIFICATE)
    store.end(OF_CERTIFICATE, KEPT, NOW, Message("msg_1", NOW, "It stays."))
    (told,) = stores.rows(stores.tables.business, keys.order_partition(US, ORDER), "MESSAGE#")
    assert told["text"] == "It stays."
    assert rows(stores)[0]["outcome"] == "kept"


def test_what_is_kept_is_due_no_more_until_it_begins_anew(stores, store):
    put(stores, OF_CERTIFICATE)
    again, told = NOW + a_second, Message("msg_2", NOW, "It goes after all.")
    store.begin_anew(OF_CERTIFICATE, again, told)
    assert due(store, NOW) == [OF_CERTIFICATE]
    store.end(OF_CERTIFICATE, KEPT, NOW)
    (kept,) = store.of_order(US, ORDER)
    assert (kept, due(store, again)) == (replace(OF_CERTIFICATE, was_kept=True), [])
    for _ in range(2):
        store.begin_anew(kept, again, told)
    assert due(store, NOW) == []
    assert due(store, again) == store.of_order(US, ORDER) == [replace(OF_CERTIFICATE, due_at=again)]
    texts = stores.rows(stores.tables.business, keys.order_partition(US, ORDER), "MESSAGE#")
    assert [each["text"] for each in texts] == ["It goes after all."]
    store.end(kept, REVOKED, again)
    assert store.of_order(US, ORDER) == []


def test_what_is_put_off_is_listed_later_and_was_due_when_it_was(stores, store):
    put(stores, OF_CERTIFICATE)
    store.put_off(OF_CERTIFICATE.id, NOW + a_second)
    assert due(store, NOW) == []
    assert due(store, NOW + a_second) == store.of_order(US, ORDER) == [OF_CERTIFICATE]


@pytest.mark.parametrize("end", [REVOKED, KEPT])
def test_what_waits_no_more_is_not_put_off(stores, store, end):
    put(stores, OF_CERTIFICATE)
    store.end(OF_CERTIFICATE, end, NOW)
    before = rows(stores)
    store.put_off(OF_CERTIFICATE.id, NOW + a_second)
    assert rows(stores) == before


def test_a_row_that_cannot_be_read_is_listed_and_put_off_like_any_other(stores, store):
    put(stores, OF_ORDER, OF_CERTIFICATE)
    spoiled = Update(
        stores.tables.business,
        keys.supersession(*OF_CERTIFICATE.id),
        lambda _: KeyError(),
        set={"due_at": "soon"},
    )
    stores.database.write(spoiled)
    (shard,) = [each for each in range(SHARDS) if store.due(each, NOW + a_second, 25)]
    assert store.due(shard, NOW + a_second, 25) == [OF_CERTIFICATE.id, OF_ORDER.id]
    with pytest.raises(TypeError):
        store.get(OF_CERTIFICATE.id)
    store.put_off(OF_CERTIFICATE.id, NOW + 2 * a_second)
    assert store.due(shard, NOW + a_second, 25) == [OF_ORDER.id]
    assert store.get(OF_ORDER.id) == OF_ORDER


def test_what_waits_no_more_and_what_never_was_is_not_read(stores, store):
    assert store.get(OF_ORDER.id) is None
    put(stores, OF_ORDER)
    store.end(OF_ORDER, KEPT, NOW)
    assert store.get(OF_ORDER.id) is None
