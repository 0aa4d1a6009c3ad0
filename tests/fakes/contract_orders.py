"""What every order store promises, in memory and on DynamoDB.

To run the suite on a store: subclass `OrdersContract` in a test module under a name that begins with Test, and
define there a fixture `stores` that yields a `tests.fakes.stores.Stores` over EMPTY tables, anew for each test:

    class TestOrdersInDynamoDb(OrdersContract):
        "The promises, kept by DynamoDB."

    @pytest.fixture
    def stores(...) -> Stores: ...
"""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.billing.contracts import EntryKind
from partner_center.kernel.errors import ChangedMeanwhile, ContentRefused, Malformed, TryAgain
from partner_center.kernel.money import Money
from partner_center.orders.close import closing, completion
from partner_center.orders.order import CloseReason, OrderStatus
from partner_center.orders.page import Page
from partner_center.orders.ports import RequestSeenBefore
from tests.fakes.determined import MICROSECOND, NOW, CountingIds
from tests.fakes.samples import (
    ORDER,
    THEM,
    US,
    a_card_contract,
    a_card_head,
    a_chronicle,
    a_content,
    a_contract,
    a_guard,
    a_head,
    a_placement,
    a_second,
)


def units(stores, reseller_id=US, contract_id="con_1"):
    """Left, held and used; and the ledger must say the same."""
    (contract,) = (c for c in stores.contracts.of_reseller(reseller_id) if c.contract_id == contract_id)
    counted = (contract.units_left, contract.units_held, contract.units_used)
    by_kind = Counter()
    for kind, count, _ in stores.ledger(reseller_id, contract_id):
        by_kind[kind] += count
    used, released = by_kind["use"], by_kind["release"]
    held = by_kind["hold"] - used - released
    assert counted == (by_kind["grant"] - held - used, held, used)
    assert contract.units_granted == sum(counted) == by_kind["grant"]
    return counted


def promised(stores, reseller_id=US, contract_id="con_1"):
    """The ledger's lines of orders, in their order."""
    lines, _ = stores.contracts.entries(reseller_id, contract_id, None, 100)
    return [line for line in lines if line.order_id]


def codes(refused):
    return [problem.code for problem in refused.value.problems]


class Placing:
    """What a suite begins with: a contract of ten units, and a way to place orders."""

    @pytest.fixture
    def ids(self):
        return CountingIds()

    @pytest.fixture
    def place(self, stores, ids):
        def place(head=None, **more):
            placement = a_placement(ids, head, **more)
            stores.orders.place(placement)
            return placement.head

        return place

    @pytest.fixture
    def granted(self, stores):
        stores.grant(a_contract())

    @pytest.fixture
    def by_card(self, stores, place):
        """Places an order on a contract whose card it bears."""

        def by_card(**changes):
            contract = a_card_contract()
            stores.grant(contract)
            return place(a_card_head(**changes), contract=contract)

        return by_card


class OrdersContract(Placing):
    """Reading, placing, completing, closing, searching."""

    # ---- placing

    def test_what_was_placed_reads_as_it_was_placed(self, stores, place, granted):
        moment = NOW + 123_457 * MICROSECOND
        head = a_head(placed_at=moment, revised_at=moment, updated_at=moment, partner_order_id="PO-1")
        content = a_content("www.example.com", "*.example.com", organization=None)
        place(head, content=content)
        assert stores.orders.head(US, ORDER) == head
        assert stores.orders.content(US, ORDER, 1) == content

    def test_placing_holds_units_and_tells_the_outbox_and_the_audit(self, stores, place, granted):
        place()
        assert units(stores) == (8, 2, 0)
        assert sorted(stores.ledger(US, "con_1")) == [("grant", 10, ""), ("hold", 2, ORDER)]
        assert stores.events(US, ORDER) == ["order.placed"]
        assert stores.audited(US, ORDER) == ["order.placed"]

    def test_a_foreign_order_reads_as_an_unknown_one(self, stores, place, granted):
        place()
        assert stores.orders.head(THEM, ORDER) is None
        assert stores.orders.head(US, "ord_2") is None
        assert stores.events(THEM, ORDER) == []

    def test_a_content_that_is_not_there_yet_is_to_be_read_again(self, stores, place, granted):
        place()
        with pytest.raises(TryAgain):
            stores.orders.content(US, ORDER, 2)
        with pytest.raises(TryAgain):
            stores.orders.content(THEM, ORDER, 1)

    def test_an_order_id_drawn_twice_writes_nothing(self, stores, place, granted):
        place()
        with pytest.raises(TryAgain):
            place(a_head(common_name="other.example.com", partner_order_id="PO-1"))
        assert stores.orders.head(US, ORDER).common_name == "www.example.com"
        assert stores.orders.partner_order(US, "PO-1") is None
        assert units(stores) == (8, 2, 0)

    # ---- the Idempotency-Key's guard

    def test_the_guard_keeps_the_head_as_it_was_placed(self, stores, place, granted):
        head = a_head()
        place(head, guard=a_guard(head))
        assert stores.orders.guard(US, "POST", "/v1/orders", "key-1") == a_guard(head)

    @pytest.mark.parametrize(
        "other",
        [
            (THEM, "POST", "/v1/orders", "key-1"),
            (US, "PATCH", "/v1/orders", "key-1"),
            (US, "POST", "/v1/orders/x", "key-1"),
            (US, "POST", "/v1/orders", "KEY-1"),
        ],
        ids=["reseller", "method", "path", "key"],
    )
    def test_a_guard_is_bound_to_reseller_method_path_and_key(self, stores, place, granted, other):
        head = a_head()
        place(head, guard=a_guard(head))
        assert stores.orders.guard(*other) is None

    def test_a_bound_key_refuses_before_anything_else_and_writes_nothing(self, stores, place):
        stores.grant(a_contract(2))
        first = a_head(partner_order_id="PO-1")
        place(first, guard=a_guard(first))
        second = a_head(order_id="ord_2", partner_order_id="PO-1")
        with pytest.raises(RequestSeenBefore) as seen:
            place(second, guard=a_guard(second, body="body-2"))
        assert seen.value.guard == a_guard(first)
        assert stores.orders.head(US, "ord_2") is None
        assert units(stores) == (0, 2, 0)

    def test_a_refused_placement_binds_no_key(self, stores, place):
        stores.grant(a_contract(1))
        head = a_head()
        with pytest.raises(ContentRefused):
            place(head, guard=a_guard(head))
        assert stores.orders.guard(US, "POST", "/v1/orders", "key-1") is None

    # ---- the reseller's own number

    def test_a_number_is_one_resellers_and_one_orders(self, stores, place, granted):
        place(a_head(partner_order_id="PO-1"))
        with pytest.raises(ContentRefused) as refused:
            place(a_head(order_id="ord_2", partner_order_id="PO-1"))
        (problem,) = refused.value.problems
        assert (problem.code, problem.order_id) == ("duplicate_partner_order_id", ORDER)
        assert stores.orders.partner_order(US, "PO-1") == ORDER
        assert stores.orders.head(US, "ord_2") is None
        assert units(stores) == (8, 2, 0)

    def test_another_reseller_may_use_the_same_number(self, stores, place, granted):
        stores.grant(a_contract(reseller_id=THEM))
        place(a_head(partner_order_id="PO-1"))
        place(a_head(reseller_id=THEM, order_id="ord_2", partner_order_id="PO-1"))
        assert stores.orders.partner_order(THEM, "PO-1") == "ord_2"

    # ---- the contract

    @pytest.mark.parametrize(
        ("contract", "expected"),
        [
            ({"contract_id": "con_2"}, ["no_contract"]),
            ({"reseller_id": THEM}, ["no_contract"]),
            ({"valid_from": NOW + MICROSECOND}, ["contract_expired"]),
            ({"valid_to": NOW}, ["contract_expired"]),
            ({"units": 1}, ["insufficient_units"]),
            ({"units": 0}, ["insufficient_units"]),
            ({"units": 1, "valid_to": NOW}, ["contract_expired", "insufficient_units"]),
        ],
        ids=["another id", "another reseller's", "not yet", "ended", "one short", "empty", "both"],
    )
    def test_a_contract_that_does_not_serve_any_more_refuses(self, stores, place, contract, expected):
        stores.grant(a_contract(**contract))
        with pytest.raises(ContentRefused) as refused:
            place()
        assert codes(refused) == expected
        assert stores.orders.head(US, ORDER) is None
        assert stores.events(US, ORDER) == []
        assert stores.audited(US, ORDER) == []

    @pytest.mark.parametrize(
        "contract",
        [
            {"valid_from": NOW},
            {"valid_to": NOW + MICROSECOND},
            {"units": 2},
        ],
        ids=["its first moment", "its last moment", "its last units"],
    )
    def test_a_contract_serves_to_its_very_limits(self, stores, place, contract):
        stores.grant(a_contract(**contract))
        place()
        assert units(stores)[1] == 2

    # ---- a contract on a card

    def test_an_order_by_card_promises_its_amount_and_moves_no_units(self, stores, by_card):
        head = by_card()
        (line,) = promised(stores)
        assert (line.kind, line.units, line.amount) == (EntryKind.HOLD, 0, Money.of("149.00"))
        assert stores.orders.head(US, ORDER) == head
        contract = stores.contracts.find(US, "con_1")
        assert (contract.units_left, contract.units_held, contract.units_used) == (0, 0, 0)

    @pytest.mark.parametrize(
        ("contract", "expected"),
        [
            ({"card_id": "card_2"}, None),
            ({"card_id": None}, ["no_card"]),
            ({"valid_to": NOW}, ["card_expired"]),
            ({"valid_to": NOW, "card_id": "card_2"}, ["card_expired"]),
            ({"contract_id": "con_2"}, ["no_contract"]),
        ],
        ids=["another card meanwhile", "no card", "a card no more", "neither", "no contract"],
    )
    def test_a_card_that_is_not_the_contracts_any_more_refuses(self, stores, place, contract, expected):
        """Another card since the gate looked: nothing is wrong with the order, which is to be sent again."""
        stores.grant(a_card_contract(**contract))
        with pytest.raises(ContentRefused if expected else TryAgain) as refused:
            place(a_card_head(), contract=a_card_contract())
        assert expected is None or codes(refused) == expected
        assert stores.orders.head(US, ORDER) is None
        assert stores.events(US, ORDER) == stores.audited(US, ORDER) == []

    def test_what_was_promised_is_owed_when_the_order_is_issued(self, stores, by_card, ids):
        stores.orders.complete(self.completion_of(by_card(), ids))
        assert [(line.kind, line.amount) for line in promised(stores)] == [
            (EntryKind.HOLD, Money.of("149.00")),
            (EntryKind.USE, Money.of("149.00")),
        ]

    def test_and_promised_no_more_when_it_is_closed(self, stores, by_card, ids):
        stores.orders.close(self.closing_of(by_card(), ids))
        assert [(line.kind, line.amount) for line in promised(stores)][1:] == [
            (EntryKind.RELEASE, Money.of("149.00"))
        ]

    def test_a_contract_reads_as_it_was_granted(self, stores):
        contract = a_contract(7, products=frozenset({"thawte_ssl123"}), valid_to=NOW + MICROSECOND)
        stores.grant(contract)
        stores.grant(a_contract(contract_id="con_2"))
        stores.grant(a_contract(contract_id="con_3", reseller_id=THEM))
        assert [each.contract_id for each in stores.contracts.of_reseller(US)] == ["con_1", "con_2"]
        assert stores.contracts.of_reseller(US)[0] == contract
        assert stores.contracts.of_reseller("res_3") == []

    # ---- completing and closing

    def test_completing_uses_what_was_held(self, stores, place, granted, ids):
        head = place(a_head(held_back="CAA", signing=True))
        change = completion(head, "0a1b", a_chronicle(ids, NOW + a_second, "system"))
        stores.orders.complete(change)
        assert stores.orders.head(US, ORDER) == change.head
        assert change.head.held_back is None
        assert units(stores) == (8, 0, 2)
        assert stores.events(US, ORDER) == ["order.placed", "order.issued"]
        assert stores.audited(US, ORDER) == ["order.placed", "order.issued"]

    def test_closing_gives_back_what_was_held(self, stores, place, granted, ids):
        head = place()
        change = self.closing_of(head, ids)
        stores.orders.close(replace(change, guard=a_guard(change.head, "key-2")))
        assert stores.orders.head(US, ORDER) == change.head
        assert units(stores) == (10, 0, 0)
        assert stores.events(US, ORDER) == ["order.placed", "order.cancelled"]
        assert stores.orders.guard(US, "POST", "/v1/orders", "key-2").head == change.head

    def test_a_bound_key_closes_nothing(self, stores, place, granted, ids):
        head = place()
        other = place(a_head(order_id="ord_2"), guard=a_guard(a_head(order_id="ord_2"), "key-2"))
        change = self.closing_of(head, ids)
        with pytest.raises(RequestSeenBefore) as seen:
            stores.orders.close(replace(change, guard=a_guard(change.head, "key-2")))
        assert seen.value.guard.head == other
        assert stores.orders.head(US, ORDER) == head

    @pytest.mark.parametrize("first", ["complete", "close"])
    @pytest.mark.parametrize("second", ["complete", "close"])
    def test_an_order_ends_once(self, stores, place, granted, ids, first, second):
        """Both saw the same version; the second to write learns that it changed, and moves no unit."""
        head = place()
        place(a_head(order_id="ord_2"))  # its held units must not be taken for this order's
        changes = {"complete": self.completion_of, "close": self.closing_of}
        getattr(stores.orders, first)(changes[first](head, ids))
        after = stores.orders.head(US, ORDER)
        with pytest.raises(ChangedMeanwhile):
            getattr(stores.orders, second)(changes[second](head, ids))
        assert stores.orders.head(US, ORDER) == after
        assert len(stores.events(US, ORDER)) == len(stores.audited(US, ORDER)) == 2
        assert units(stores) == ((6, 2, 2) if first == "complete" else (8, 2, 0))

    @pytest.mark.parametrize("change", ["complete", "close"])
    def test_units_that_are_not_held_move_nowhere(self, stores, place, granted, ids, change):
        head = replace(place(), units=3)
        changes = {"complete": self.completion_of, "close": self.closing_of}
        with pytest.raises(ChangedMeanwhile):
            getattr(stores.orders, change)(changes[change](head, ids))
        assert units(stores) == (8, 2, 0)
        assert stores.orders.head(US, ORDER).status is OrderStatus.PENDING

    @pytest.mark.parametrize("change", ["complete", "close"])
    def test_an_order_that_is_not_there_does_not_end(self, stores, granted, ids, change):
        changes = {"complete": self.completion_of, "close": self.closing_of}
        with pytest.raises(ChangedMeanwhile):
            getattr(stores.orders, change)(changes[change](a_head(), ids))
        assert stores.orders.head(US, ORDER) is None

    @staticmethod
    def completion_of(head, ids):
        return completion(head, "0a1b", a_chronicle(ids, NOW + a_second, "system"))

    @staticmethod
    def closing_of(head, ids):
        chronicle = a_chronicle(ids, NOW + a_second)
        return closing(head, OrderStatus.CANCELLED, CloseReason.REQUESTED, chronicle)

    # ---- searching

    NAMES = ("a.example.com", "b.example.com", "b.example.com", "bb.example.com", "www.example.com")

    @pytest.fixture
    def several(self, stores, place, granted):
        stores.grant(a_contract(reseller_id=THEM))
        for number, name in enumerate(self.NAMES):
            place(a_head(order_id=f"ord_{number}", common_name=name))
        place(a_head(reseller_id=THEM, order_id="ord_9", common_name="b.example.com"))

    @pytest.mark.parametrize(
        ("prefix", "found"),
        [
            ("", ["ord_0", "ord_1", "ord_2", "ord_3", "ord_4"]),
            ("b", ["ord_1", "ord_2", "ord_3"]),
            ("b.example.com", ["ord_1", "ord_2"]),
            ("example.com", []),
            ("z", []),
        ],
    )
    @pytest.mark.parametrize("limit", [1, 2, 200])
    def test_orders_are_found_by_the_beginning_of_their_name(self, stores, several, prefix, found, limit):
        rows = self.walk(lambda page: stores.orders.by_common_name(US, prefix, page), limit)
        assert [order_id for _, order_id in rows] == found

    def test_a_search_stays_with_its_reseller(self, stores, several):
        rows, cursor = stores.orders.by_common_name(THEM, "", Page(200, None))
        assert ([order_id for _, order_id in rows], cursor) == (["ord_9"], None)

    @pytest.mark.parametrize("cursor", ["nonsense", "☂", "AAAA", "=", "x" * 5000])
    def test_a_cursor_that_is_none_of_ours_is_malformed(self, stores, several, cursor):
        with pytest.raises(Malformed):
            stores.orders.by_common_name(US, "b", Page(2, cursor))

    def test_a_cursor_belongs_to_its_search(self, stores, several):
        _, cursor = stores.orders.by_common_name(US, "a", Page(1, None))
        _, cursor = (None, cursor) if cursor else stores.orders.by_common_name(US, "", Page(1, None))
        with pytest.raises(Malformed):
            stores.orders.by_common_name(US, "b", Page(1, cursor))

    @staticmethod
    def walk(read, limit):
        found, cursor, pages = [], None, 0
        while pages == 0 or cursor is not None:
            items, cursor = read(Page(limit, cursor))
            assert len(items) <= limit
            found, pages = [*found, *items], pages + 1
            assert pages < 20
        return found

    def test_the_last_possible_moment_survives_the_table(self, stores, place, granted):
        """No rounding of times: one microsecond decides whether a link or an order has ended."""
        moment = NOW + timedelta(days=29, microseconds=999_999)
        head = place(a_head(revised_at=moment, issued_at=moment, term_to=moment + MICROSECOND))
        assert stores.orders.head(US, ORDER) == head
