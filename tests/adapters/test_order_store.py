"""Orders in DynamoDB keep every promise of the orders context; and what only the tables know."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.repairs.capacity import METER
from partner_center.adapters import keys
from partner_center.adapters.cursors import decode_cursor, encode_cursor
from partner_center.adapters.dynamodb import Put
from partner_center.adapters.order_actions import GUARD_LIFETIME
from partner_center.adapters.records import EVENT_LIFETIME
from partner_center.adapters.supersession_store import SupersessionStore
from partner_center.kernel.errors import ContentRefused, Malformed, PartnerCenterError, TryAgain
from partner_center.orders.order import FIRST_LOOK
from partner_center.orders.page import Page
from tests.fakes.contract_amendments import AmendmentsContract
from tests.fakes.contract_orders import OrdersContract
from tests.fakes.contract_reissues import ReissuesContract
from tests.fakes.determined import NOW, CountingIds
from tests.fakes.samples import (
    ORDER,
    US,
    a_content,
    a_contract,
    a_guard,
    a_head,
    a_placement,
    an_amendment,
)


class TestOrdersInDynamoDb(OrdersContract):
    """The promises, kept by DynamoDB."""


class TestReissuesInDynamoDb(ReissuesContract):
    """The same of reissues."""

    def test_what_an_overtaken_one_revokes_waits_in_two_rows(self, stores, order, begin, ids):
        stores.orders.reissue_order(begin(content=a_content("shop.example.com")))
        change = self.issue(stores, ids, is_overtaken=True)
        stores.orders.complete(change)
        found = SupersessionStore(stores.database, stores.tables).of_order(US, ORDER)
        assert set(found) == set(change.supersessions)
        assert len(found) == 2


class TestAmendmentsInDynamoDb(AmendmentsContract):
    """The same of amendments."""


def all_rows(stores):
    tables = stores.tables
    found = {}
    for table in (tables.business, tables.audit, tables.validation):
        for item in stores.database._client.scan(TableName=table)["Items"]:
            found[table, item["pk"]["S"], item["sk"]["S"]] = item
    return found


@pytest.fixture
def fullest():
    """A placement with every row that there can be."""
    head = a_head(partner_order_id="PO-1")
    return a_placement(CountingIds(), head, guard=a_guard(head))


def test_placing_takes_at_most_ten_actions(stores, fullest):
    actions = stores.orders._placing(fullest)
    assert len(actions) <= 10
    assert len({(action.table, action.key) for action in actions}) == len(actions)


def test_placing_never_replaces_anything(stores, fullest):
    kinds = {type(action) for action in stores.orders._placing(fullest)}
    assert Put in kinds
    stores.grant(a_contract())
    stores.orders.place(fullest)
    before = all_rows(stores)
    with pytest.raises(PartnerCenterError):
        stores.orders.place(fullest)
    assert all_rows(stores) == before


def test_placing_costs_few_write_units(stores, fullest):
    """Head, guard and small rows take one unit each, doubled by the transaction; the content takes its size."""
    stores.grant(a_contract())
    METER.reset()
    stores.orders.place(fullest)
    assert sum(METER.write_units.values()) <= 30


@pytest.mark.parametrize("conflicting", [0.5, 1.0], ids=["now and then", "always"])
def test_under_contention_an_order_is_placed_whole_or_not_at_all(stores, contention, conflicting):
    stores.grant(a_contract(100))
    ids, placed = CountingIds(), 0
    contention(conflicting, seed=11)
    for number in range(20):
        head = a_head(order_id=f"ord_{number}")
        try:
            stores.orders.place(a_placement(ids, head, guard=a_guard(head, f"key-{number}")))
        except TryAgain:
            continue
        placed += 1
    contention(0.0)
    (contract,) = stores.contracts.of_reseller(US)
    assert (contract.units_left, contract.units_held) == (100 - 2 * placed, 2 * placed)
    heads = [stores.orders.head(US, f"ord_{number}") for number in range(20)]
    guards = [stores.orders.guard(US, "POST", "/v1/orders", f"key-{number}") for number in range(20)]
    assert sum(head is not None for head in heads) == sum(guard is not None for guard in guards) == placed
    assert placed > 0 if conflicting < 1 else placed == 0


def test_of_many_at_once_only_as_many_are_placed_as_there_are_units(stores):
    stores.grant(a_contract(6))
    all_are_here = Barrier(8)
    placements = [
        a_placement(CountingIds(1000 * number), a_head(order_id=f"ord_{number}")) for number in range(8)
    ]

    def run(placement):
        all_are_here.wait(timeout=10)
        try:
            stores.orders.place(placement)
        except ContentRefused:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(run, placements)) == 3
    (contract,) = stores.contracts.of_reseller(US)
    assert (contract.units_left, contract.units_held) == (0, 6)


def test_of_many_requests_with_one_key_one_places_an_order(stores):
    stores.grant(a_contract(100))
    all_are_here = Barrier(6)

    def run(number):
        head = a_head(order_id=f"ord_{number}")
        all_are_here.wait(timeout=10)
        try:
            stores.orders.place(a_placement(CountingIds(1000 * number), head, guard=a_guard(head)))
        except PartnerCenterError as error:
            return error.code
        return "placed"

    with ThreadPoolExecutor(6) as pool:
        told = sorted(pool.map(run, range(6)))
    assert told == ["placed"] + ["request_seen_before"] * 5


def test_rows_that_end_by_themselves_say_when(stores, fullest):
    stores.grant(a_contract())
    stores.orders.place(fullest)
    expiring = {
        key[2]: int(item["expires_at"]["N"]) for key, item in all_rows(stores).items() if "expires_at" in item
    }
    event = f"EVENT#{fullest.event.event_id}"
    assert expiring == {
        event: int((NOW + EVENT_LIFETIME).timestamp()),
        # The guard of the request; the guard of the reseller's number stays for ever.
        "GUARD": int((NOW + GUARD_LIFETIME).timestamp()),
    }


def test_unfinished_orders_are_found_by_when_they_must_be_looked_at(stores):
    stores.grant(a_contract())
    stores.orders.place(a_placement(CountingIds()))
    found = stores.database._client.query(
        TableName=stores.tables.business,
        IndexName="open",
        KeyConditionExpression="open_shard = :shard",
        ExpressionAttributeValues={":shard": {"S": keys.open_shard(ORDER)}},
    )["Items"]
    assert [item["sk"]["S"] for item in found] == ["HEAD"]
    assert int(found[0]["check_at"]["N"]) == int((NOW + 2 * FIRST_LOOK).timestamp() * 1_000_000)


def test_a_finished_order_leaves_the_index(stores):
    ids = CountingIds()
    stores.grant(a_contract())
    head = a_placement(ids).head
    stores.orders.place(a_placement(ids))
    stores.orders.complete(OrdersContract.completion_of(head, ids))
    row = stores.database.get(stores.tables.business, keys.order_head(US, ORDER))
    assert "open_shard" not in row
    assert "check_at" not in row


def test_a_hundred_names_and_a_long_csr_fit(stores):
    names = tuple(f"{number:02d}{'x' * 58}.example.com" for number in range(100))
    stores.grant(a_contract())
    content = a_content(*names, csr_der="30" * 8192)
    stores.orders.place(a_placement(CountingIds(), a_head(common_name=names[0]), content=content))
    assert stores.orders.content(US, ORDER, 1) == content


def test_changing_a_head_takes_one_unit_twice(stores):
    """A transaction doubles; the index of unfinished orders takes its part beside the table."""
    ids = CountingIds()
    stores.grant(a_contract())
    placement = a_placement(ids)
    stores.orders.place(placement)
    METER.reset()
    stores.orders.complete(OrdersContract.completion_of(placement.head, ids))
    assert sum(METER.write_units.values()) <= 12


# ---- amending


@pytest.fixture
def placed(stores):
    """An order of two units on a contract of ten."""
    stores.grant(a_contract())
    stores.orders.place(a_placement(CountingIds()))
    return stores.orders.head(US, ORDER)


def fullest_amendment(head, extra=1, number=1):
    change = an_amendment(CountingIds(1000 * number), head, f"{number}.example.com", extra=extra)
    return replace(change, another_key=True)


@pytest.mark.parametrize("extra", [1, -1])
def test_an_amendment_takes_at_most_eight_actions_and_replaces_nothing_but_the_head(stores, placed, extra):
    before = all_rows(stores)
    stores.orders.amend(fullest_amendment(placed, extra))
    after = all_rows(stores)
    changed = {key for key, row in after.items() if before.get(key) != row}
    assert len(changed) == 8
    assert {sk for _, _, sk in changed & before.keys()} == {"HEAD"}
    assert before.keys() <= after.keys()


def test_each_content_that_brings_another_key_makes_it_known(stores, placed):
    change = fullest_amendment(placed)
    stores.orders.amend(change)
    back = replace(fullest_amendment(change.head, number=2), another_key=True)
    stores.orders.amend(back)
    key = keys.key_of_order(change.content.spki_sha256, US, ORDER, 0)
    rows = stores.rows(stores.tables.business, key.pk, "ORDER#")
    assert [row["sk"].rpartition("#")[2] for row in rows] == ["000001", "000002", "000003"]
    assert {(row["reseller_id"], row["order_id"]) for row in rows} == {(US, ORDER)}


def test_an_amended_order_stays_in_the_index_of_unfinished_ones_at_its_place(stores, placed):
    stores.orders.amend(fullest_amendment(placed))
    row = stores.database.get(stores.tables.business, keys.order_head(US, ORDER))
    assert row["open_shard"] == keys.open_shard(ORDER)
    assert row["check_at"] == int((NOW + 2 * FIRST_LOOK).timestamp() * 1_000_000)


def test_an_amendment_that_is_refused_leaves_every_row_as_it_was(stores, placed):
    before = all_rows(stores)
    for refused in (
        fullest_amendment(placed, extra=9),
        fullest_amendment(placed, extra=-3),
        replace(fullest_amendment(placed), expected_version=7),
    ):
        with pytest.raises(PartnerCenterError):
            stores.orders.amend(refused)
        assert all_rows(stores) == before


def test_of_many_amendments_at_once_one_is_written(stores, placed):
    all_are_here = Barrier(6)

    def run(number):
        all_are_here.wait(timeout=10)
        try:
            stores.orders.amend(fullest_amendment(placed, number=number + 1))
        except PartnerCenterError as error:
            return error.code
        return "amended"

    with ThreadPoolExecutor(6) as pool:
        told = sorted(pool.map(run, range(6)))
    assert told.count("amended") == 1
    assert set(told) <= {"amended", "changed_meanwhile", "try_again"}
    (contract,) = stores.contracts.of_reseller(US)
    assert (contract.units_left, contract.units_held) == (7, 3)
    assert stores.orders.head(US, ORDER).revision == 2


@pytest.mark.parametrize("conflicting", [0.5, 1.0], ids=["now and then", "always"])
def test_under_contention_an_order_is_amended_whole_or_not_at_all(stores, placed, contention, conflicting):
    contention(conflicting, seed=5)
    head, written = placed, 0
    for number in range(1, 9):
        change = fullest_amendment(head, number=number)
        try:
            stores.orders.amend(change)
        except TryAgain:
            continue
        head, written = change.head, written + 1
    contention(0.0)
    assert stores.orders.head(US, ORDER) == head
    assert stores.orders.content(US, ORDER, head.revision).names == (head.common_name,)
    (contract,) = stores.contracts.of_reseller(US)
    assert (contract.units_left, contract.units_held) == (8 - written, 2 + written)
    assert written > 0 if conflicting < 1 else written == 0


def test_amending_costs_few_write_units(stores, placed):
    METER.reset()
    stores.orders.amend(fullest_amendment(placed))
    assert sum(METER.write_units.values()) <= 24


# ---- cursors


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.text(min_size=1, max_size=200).filter(lambda text: text.isprintable()))
def test_a_cursor_brings_its_sort_key_back(sort_key):
    assert decode_cursor(encode_cursor(sort_key), sort_key[:3]) == sort_key


@given(st.text(max_size=80))
def test_whatever_comes_as_a_cursor_is_a_sort_key_of_the_list_or_malformed(cursor):
    try:
        assert decode_cursor(cursor, "MESSAGE#").startswith("MESSAGE#")
    except Malformed:
        assert True


@pytest.mark.parametrize(
    "cursor",
    ["\x00", "YQ\n", "Y Q", "YQ==", "YQ=", encode_cursor("a" * 1025), encode_cursor("\U0001f600" * 257)],
    ids=["NUL", "line feed", "blank", "padded", "half padded", "too long", "too long in octets"],
)
def test_a_cursor_that_we_would_not_have_spelt_so_is_malformed(cursor):
    with pytest.raises(Malformed):
        decode_cursor(cursor, "")


def test_a_forged_cursor_does_not_leave_the_resellers_partition(stores):
    """The partition comes from the caller's key; a cursor only says where in it to go on."""
    stores.grant(a_contract())
    stores.grant(a_contract(reseller_id="res_2"))
    stores.orders.place(a_placement(CountingIds()))
    foreign = a_head(reseller_id="res_2", order_id="ord_9")
    stores.orders.place(a_placement(CountingIds(500), foreign))
    cursor = encode_cursor("a")
    rows, _ = stores.orders.by_common_name(US, "", Page(200, cursor))
    assert [order_id for _, order_id in rows] == [ORDER]


def test_an_expired_guard_is_gone_only_when_dynamodb_removed_it(stores, fullest):
    """Expiry is DynamoDB's own work, up to days late; until then the key stays bound, which is the safe side."""
    stores.grant(a_contract())
    stores.orders.place(fullest)
    late = replace(fullest, head=replace(fullest.head, updated_at=NOW + GUARD_LIFETIME + timedelta(days=1)))
    with pytest.raises(PartnerCenterError):
        stores.orders.place(late)
