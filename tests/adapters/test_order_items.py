"""Heads as items: whole there and back, and small enough for one write unit."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.repairs.capacity import WRITE_UNIT, item_size
from partner_center.adapters import keys
from partner_center.adapters.dynamodb import from_item, to_item
from partner_center.adapters.order_actions import open_index
from partner_center.adapters.order_items import from_micros, head_from_item, head_to_item, to_micros
from partner_center.billing.payments import PaymentStatus
from partner_center.kernel.level import Level
from partner_center.kernel.money import Money
from partner_center.orders.order import Closed, CloseReason, OrderHead, OrderKind, OrderStatus, PaymentKind
from partner_center.orders.restarts import Restarts
from tests.fakes.determined import NOW, CountingIds
from tests.fakes.samples import a_head

IDS = CountingIds()

moments = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
texts = st.text(max_size=64)
counters = st.integers(0, 10**9)
amounts = st.decimals(0, 10**6, places=2)

heads = st.builds(
    OrderHead,
    reseller_id=texts,
    order_id=texts,
    status=st.sampled_from(OrderStatus),
    kind=st.sampled_from(OrderKind),
    product=texts,
    level=st.sampled_from(Level),
    common_name=texts,
    subscriber=texts,
    contract_id=texts,
    payment_kind=st.sampled_from(PaymentKind),
    units=counters,
    net=st.builds(Money, amounts, st.sampled_from(["USD", "EUR"])),
    term_days=counters,
    placed_at=moments,
    revised_at=moments,
    updated_at=moments,
    revision=counters,
    generation=counters,
    attempt=counters,
    version=counters,
    signing=st.booleans(),
    payment=st.sampled_from(PaymentStatus),
    card_id=st.none() | texts,
    payment_attempt=counters,
    settle_at=st.none() | moments,
    payment_misfits=st.booleans(),
    held_back=st.none() | texts,
    unanswered=counters,
    serial=st.none() | texts,
    issued_at=st.none() | moments,
    term_to=st.none() | moments,
    partner_order_id=st.none() | texts,
    customer_id=st.none() | texts,
    closed=st.none() | st.builds(Closed, moments, texts, st.sampled_from(CloseReason)),
    restarts=st.none() | st.builds(Restarts, counters, moments, counters),
)


@given(heads)
def test_a_head_comes_back_as_it_went(head):
    assert head_from_item(from_item(to_item(head_to_item(head)))) == head


@given(moments)
def test_a_moment_comes_back_to_the_microsecond(moment):
    assert from_micros(to_micros(moment)) == moment


@given(st.lists(moments, min_size=2, max_size=2))
def test_moments_sort_as_their_numbers(pair):
    first, second = pair
    assert (first < second) == (to_micros(first) < to_micros(second))


@settings(max_examples=25)
@given(moments, st.integers(-12 * 60, 14 * 60))
def test_a_moment_is_the_same_in_every_zone(moment, minutes):
    elsewhere = moment.astimezone(timezone(timedelta(minutes=minutes)))
    assert to_micros(elsewhere) == to_micros(moment)


def stored(head):
    key = keys.order_head(head.reseller_id, head.order_id)
    return {"pk": {"S": key.pk}, "sk": {"S": key.sk}} | to_item(head_to_item(head) | open_index(head))


def longest_head(**changes):
    """Every field as long as the API lets it be: names and references of 64 characters, full counters."""
    head = a_head(
        order_id=IDS.new("ord", NOW),
        reseller_id=IDS.new("res", NOW),
        product="symantec_secure_site_pro_ev_multi_domain",
        level=Level.EV,
        kind=OrderKind.REPLACEMENT,
        common_name=("a" * 63 + "." + "b" * 63 + ".example.com")[-64:],
        subscriber="customer:" + "c" * 64,
        contract_id=IDS.new("ctr", NOW),
        payment_kind=PaymentKind.PAY_AS_YOU_GO,
        units=100,
        net=Money(Decimal("123456.78"), "USD"),
        term_days=1095,
        revision=12,
        generation=12,
        attempt=12,
        version=120,
        held_back="CAA of www.example.com does not allow partner-center.example.com; see messages",
        unanswered=99,
        serial="7" + "f" * 39,
        issued_at=NOW,
        term_to=NOW,
        partner_order_id="p" * 64,
        customer_id="c" * 64,
    )
    return replace(head, **changes)


NEVER_ISSUED = {"serial": None, "issued_at": None, "term_to": None}


@pytest.mark.parametrize(
    "changes",
    [
        {"signing": True, "restarts": Restarts(99, NOW, 12), **NEVER_ISSUED},
        {"status": OrderStatus.ISSUED},
        {
            **NEVER_ISSUED,
            "status": OrderStatus.CANCELLED,
            "closed": Closed(NOW, f"key:{'0' * 26}", CloseReason.ORGANIZATION),
        },
    ],
    ids=["pending", "issued", "closed"],
)
def test_a_head_costs_one_write_unit_however_long_its_fields(changes):
    assert item_size(stored(longest_head(**changes))) <= WRITE_UNIT


def test_an_ordinary_head_leaves_room():
    assert item_size(stored(a_head(order_id=IDS.new("ord", NOW), contract_id=IDS.new("con", NOW)))) < 600


def test_a_head_stands_in_the_index_of_those_to_look_at_until_it_is_done():
    """One that ended without a certificate leaves it when it was looked at."""
    done = {OrderStatus.ISSUED, OrderStatus.REVOKED, OrderStatus.EXPIRED}
    for status in OrderStatus:
        item = stored(a_head(status=status))
        assert ("open_shard" in item, "check_at" in item) == (status not in done,) * 2


def test_unfinished_orders_spread_over_the_shards():
    shards = {keys.open_shard(IDS.new("ord", NOW)) for _ in range(400)}
    assert len(shards) == keys.OPEN_SHARDS
