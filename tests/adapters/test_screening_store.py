"""Screenings in DynamoDB keep every promise of the orders context; and what only the tables know."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.repairs.capacity import METER
from partner_center.adapters import keys
from partner_center.adapters.cursors import encode_cursor
from partner_center.adapters.queues import start_of
from partner_center.kernel.errors import ChangedMeanwhile, Malformed, PartnerCenterError, TryAgain
from partner_center.orders.order import OrderStatus, Review
from partner_center.orders.page import Page
from partner_center.orders.review import Verdict
from tests.fakes.contract_orders import units
from tests.fakes.contract_screenings import FLAGS, LATER, ScreeningsContract
from tests.fakes.determined import CountingIds
from tests.fakes.samples import ORDER, US, a_contract, a_guard, a_head, a_placement

contract = ScreeningsContract()


class TestScreeningsInDynamoDb(ScreeningsContract):
    """The promises, kept by DynamoDB."""


def flagged(stores, ids, number=1):
    head = a_head(order_id=f"ord_{number}", review=Review.DUE, review_since=None)
    stores.orders.place(a_placement(ids, head))
    return contract.screened(stores, ids, head, *FLAGS)


@pytest.fixture
def ids():
    return CountingIds()


@pytest.fixture
def waiting(stores, ids):
    """One order that waits: its head and its screening."""
    stores.grant(a_contract())
    return flagged(stores, ids)


# ---- the index


def row(stores, order_id=ORDER):
    return stores.database.get(stores.tables.business, keys.order_head(US, order_id))


def test_only_an_order_that_waits_has_the_attributes_of_the_index(stores, ids, waiting):
    head, screening = waiting
    micros = int(LATER.timestamp()) * 1_000_000
    assert (row(stores)["queue"], row(stores)["queued_at"]) == ("quality-review", micros)
    contract.decide(stores, ids, Verdict.APPROVE, head, screening)
    assert not {"queue", "queued_at"} & row(stores).keys()
    assert row(stores)["open_shard"]


def test_a_rejected_order_leaves_the_queue_and_is_looked_at_once_more(stores, ids, waiting):
    contract.decide(stores, ids, Verdict.REJECT, *waiting)
    assert not {"queue", "queued_at"} & row(stores).keys()
    assert {"open_shard", "check_at"} <= row(stores).keys()
    assert row(stores)["review"] == "waiting"  # what became of it stands in its status


def test_placing_puts_no_order_into_the_queue(stores, ids):
    """Even one that says it waits: only a screening does."""
    stores.grant(a_contract())
    stores.orders.place(a_placement(ids, a_head(review=Review.WAITING)))
    assert contract.waiting(stores) == []


# ---- cursors

FORGED = {
    "no time": "#R#res_1#O#ord_1",
    "a time that is none": "now#R#res_1#O#ord_1",
    "a negative time": "-1#R#res_1#O#ord_1",
    "a fraction": "1.5#R#res_1#O#ord_1",
    "other digits": "٣#R#res_1#O#ord_1",
    "a power": "²#R#res_1#O#ord_1",
    "a number that no table holds": "9" * 39 + "#R#res_1#O#ord_1",
    "an endless number": "9" * 900 + "#R#res_1#O#ord_1",
    "no partition": "1#",
    "another table's partition": "1#KEY#0",
    "another index": "OPEN#1#R#res_1",
    "too long": "1#R#" + "x" * 2000,
}


@pytest.mark.parametrize("sort_key", FORGED.values(), ids=FORGED.keys())
def test_a_forged_cursor_is_malformed(stores, waiting, sort_key):
    with pytest.raises(Malformed):
        stores.screenings.waiting(Page(1, encode_cursor(sort_key)))


@pytest.mark.parametrize(
    ("sort_key", "found"),
    [
        ("0#R#res_1#O#ord_0", [ORDER]),
        ("0#R#nobody#O#nothing", [ORDER]),
        ("0#R#" + "x" * 900, [ORDER]),
        ("9" * 18 + "#R#res_1#O#ord_1", []),
    ],
    ids=["an order that is not there", "a stranger's", "a long one", "the end of time"],
)
def test_a_forged_cursor_that_reads_like_ours_only_says_where_in_the_queue_to_go_on(
    stores, waiting, sort_key, found
):
    listed, _ = stores.screenings.waiting(Page(1, encode_cursor(sort_key)))
    assert [order_id for _, order_id in listed] == found


@given(st.text(max_size=80))
def test_whatever_comes_as_a_cursor_is_a_place_in_the_queue_or_malformed(text):
    for cursor in (text, encode_cursor(text), encode_cursor(f"1#R#{text}")):
        try:
            start = start_of("quality-review", cursor)
        except Malformed:
            continue
        assert start["queue"] == keys.REVIEW_QUEUE
        assert start["sk"] == "HEAD"
        assert 0 <= start["queued_at"] < 10**18


# ---- at once


def at_once(count, run):
    all_are_here = Barrier(count)

    def go(number):
        all_are_here.wait(timeout=10)
        return run(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(go, range(count)))


@pytest.mark.parametrize("verdicts", [[Verdict.APPROVE], [Verdict.REJECT], list(Verdict)], ids=str)
def test_of_many_reviewers_at_once_one_decides(stores, ids, waiting, verdicts):
    head, screening = waiting

    def run(number):
        verdict = verdicts[number % len(verdicts)]
        try:
            contract.decide(stores, CountingIds(1000 * (number + 1)), verdict, head, screening)
        except (ChangedMeanwhile, TryAgain):
            return None
        return verdict

    (decided,) = [verdict for verdict in at_once(6, run) if verdict]
    (present,) = stores.screenings.of_order(US, ORDER)
    assert present.decision.verdict is decided
    status = stores.orders.head(US, ORDER).status
    assert status is (OrderStatus.PENDING if decided is Verdict.APPROVE else OrderStatus.REJECTED)
    assert units(stores) == ((8, 2, 0) if decided is Verdict.APPROVE else (10, 0, 0))


def test_of_many_screenings_at_once_one_is_recorded(stores, ids):
    stores.grant(a_contract())
    head = a_head(review=Review.DUE, review_since=None)
    stores.orders.place(a_placement(ids, head))

    def run(number):
        try:
            contract.screened(stores, CountingIds(1000 * (number + 1)), head, *FLAGS)
        except (ChangedMeanwhile, TryAgain):
            return 0
        return 1

    assert sum(at_once(6, run)) == 1
    assert stores.orders.head(US, ORDER).version == 2


@pytest.mark.parametrize("conflicting", [0.5, 1.0], ids=["now and then", "always"])
def test_under_contention_a_decision_is_made_whole_or_not_at_all(stores, ids, contention, conflicting):
    stores.grant(a_contract(100))
    flagged_ones = [flagged(stores, ids, number) for number in range(12)]
    contention(conflicting, seed=7)
    decided = 0
    for number, (head, screening) in enumerate(flagged_ones):
        try:
            contract.decide(
                stores,
                ids,
                Verdict.REJECT,
                head,
                screening,
                lambda made, number=number: a_guard(made, f"key-{number}"),
            )
        except TryAgain:
            continue
        decided += 1
    contention(0.0)
    assert units(stores) == (100 - 2 * (12 - decided), 2 * (12 - decided), 0)
    assert len(contract.waiting(stores)) == 12 - decided
    guards = [stores.orders.guard(US, "POST", "/v1/orders", f"key-{number}") for number in range(12)]
    assert sum(guard is not None for guard in guards) == decided
    assert decided > 0 if conflicting < 1 else decided == 0


# ---- sizes


def test_a_hundred_flags_and_the_longest_words_fit(stores, ids):
    stores.grant(a_contract())
    head = a_head(review=Review.DUE, review_since=None)
    stores.orders.place(a_placement(ids, head))
    flags = tuple(replace(FLAGS[1], subject=f"{number:0>253}", reason="x" * 600) for number in range(200))
    moved, screening = contract.screened(stores, ids, head, *flags)
    decided = contract.decided(screening, note="☂" * 2000)
    stores.screenings.release(contract.release_of(ids, moved), decided)
    assert list(stores.screenings.of_order(US, ORDER)) == [decided]


def test_screening_costs_few_write_units(stores, ids):
    stores.grant(a_contract())
    head = a_head(review=Review.DUE, review_since=None)
    stores.orders.place(a_placement(ids, head))
    METER.reset()
    contract.screened(stores, ids, head)
    assert sum(METER.write_units.values()) <= 8


def test_a_transaction_that_is_refused_leaves_every_row_as_it_was(stores, ids, waiting):
    head, screening = waiting

    def rows():
        tables = stores.tables
        found = {}
        for table in (tables.business, tables.audit):
            for item in stores.database._client.scan(TableName=table)["Items"]:
                found[table, item["pk"]["S"], item["sk"]["S"]] = item
        return found

    before = rows()
    stale = replace(head, version=head.version - 1)
    for verdict in Verdict:
        with pytest.raises(PartnerCenterError):
            contract.decide(stores, ids, verdict, stale, screening, a_guard)
        assert rows() == before
