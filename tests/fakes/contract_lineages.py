"""What every order store promises of an order that renews or replaces another, in memory and on DynamoDB.

To run the suite on a store: as `tests.fakes.contract_orders.OrdersContract`.
"""

from dataclasses import replace

import pytest

from partner_center.billing.payments import PaymentStatus
from partner_center.issuance.record import Reason
from partner_center.kernel.errors import ChangedMeanwhile
from partner_center.kernel.money import Money
from partner_center.orders.close import closing, completion
from partner_center.orders.order import CloseReason, OrderKind, OrderStatus, Revoked
from partner_center.orders.ports import LineageChange, RequestSeenBefore, load, predecessor, successors_of
from partner_center.orders.succession import Succession
from tests.fakes.contract_orders import units
from tests.fakes.determined import NOW, CountingIds
from tests.fakes.samples import (
    ORDER,
    US,
    a_chronicle,
    a_contract,
    a_guard,
    a_head,
    a_placement,
    a_second,
    an_order,
)

NEW = "ord_2"
FREE = {"units": 0, "net": Money.of("0.00")}


class LineagesContract:
    """The two heads of a lineage move together, or not at all."""

    @pytest.fixture
    def ids(self):
        return CountingIds()

    @pytest.fixture
    def original(self, stores, ids):
        """An issued order of two units; eight are left."""
        stores.grant(a_contract())
        head = a_head()
        stores.orders.place(a_placement(ids, head))
        stores.orders.complete(completion(head, "0a1b", a_chronicle(ids)))
        return stores.orders.head(US, ORDER)

    @pytest.fixture
    def follow(self, stores, ids):
        """Places an order that follows another one, as that was read."""

        def follow(before, kind, guard=None, **changes):
            succession = Succession(an_order(before), kind)
            head = succession.follows(a_head(order_id=NEW, **changes), NOW)
            change = LineageChange(succession.precedes(head), before.version)
            placement = a_placement(ids, head, guard=guard)
            stores.orders.place(replace(placement, before=change))
            return head

        return follow

    @pytest.mark.parametrize("kind", [OrderKind.RENEWAL, OrderKind.REPLACEMENT])
    def test_both_heads_name_each_other_after_one_write(self, stores, original, follow, kind):
        head = follow(original, kind)
        assert stores.orders.head(US, NEW) == head
        former = stores.orders.head(US, ORDER)
        assert predecessor(stores.orders, head) == former
        successors = successors_of(stores.orders, former)
        assert head in {successors.renewal, successors.replacement}
        assert former.version == original.version + 1
        assert load(stores.orders, US, ORDER).head == former

    def test_all_that_a_replacement_knows_is_kept(self, stores, original, follow):
        head = follow(original, OrderKind.REPLACEMENT, revoke_original_after_hours=120, **FREE)
        kept = stores.orders.head(US, NEW)
        assert (kept.term_from, kept.term_to) == (original.issued_at, original.term_to)
        assert (kept.revoke_original_after_hours, kept) == (120, head)

    @pytest.mark.parametrize("kind", [OrderKind.RENEWAL, OrderKind.REPLACEMENT])
    def test_an_order_that_moved_is_followed_by_none_that_read_it_before(
        self, stores, original, follow, kind
    ):
        follow(original, kind)
        with pytest.raises(ChangedMeanwhile):
            follow(original, kind, partner_order_id="PO-9")
        assert units(stores) == (6, 2, 2)
        assert stores.orders.partner_order(US, "PO-9") is None

    def test_a_bound_key_says_more_than_an_order_that_moved(self, stores, original, follow):
        guard = a_guard(a_head(order_id=NEW), "key-2")
        follow(original, OrderKind.RENEWAL, guard)
        with pytest.raises(RequestSeenBefore):
            follow(original, OrderKind.RENEWAL, guard)

    def test_what_is_free_moves_no_unit_until_its_end(self, stores, original, follow, ids):
        head = follow(original, OrderKind.REPLACEMENT, **FREE)
        assert units(stores) == (8, 0, 2)
        former = stores.orders.head(US, ORDER)
        stores.orders.complete(completion(head, "0b", a_chronicle(ids, NOW + a_second), former))
        assert units(stores) == (8, 0, 2)
        assert stores.events(US, ORDER)[-1] == "order.replaced"
        assert stores.events(US, NEW) == ["order.placed", "order.issued"]
        assert [kind for kind, _, order_id in stores.ledger(US, "con_1") if order_id == NEW] == [
            "hold",
            "use",
        ]

    def test_what_is_free_needs_no_unit_that_is_left(self, stores, original, follow):
        for number in range(4):
            stores.orders.place(
                a_placement(CountingIds(100 * number + 500), a_head(order_id=f"ord_x{number}"))
            )
        assert units(stores) == (0, 8, 2)
        follow(original, OrderKind.REPLACEMENT, **FREE)

    @pytest.mark.parametrize("kind", [OrderKind.RENEWAL, OrderKind.REPLACEMENT])
    def test_closing_gives_the_place_free(self, stores, original, follow, ids, kind):
        head = follow(original, kind)
        change = self.closing_of(head, stores.orders.head(US, ORDER), ids)
        stores.orders.close(change)
        former = stores.orders.head(US, ORDER)
        assert (former.renewed_by, former.replaced_by) == (None, None)
        assert units(stores) == (8, 0, 2)

    def test_closing_waits_for_a_former_that_moved(self, stores, original, follow, ids):
        head = follow(original, OrderKind.RENEWAL)
        with pytest.raises(ChangedMeanwhile):
            stores.orders.close(self.closing_of(head, replace(original, renewed_by=NEW), ids))
        assert stores.orders.head(US, NEW).status is OrderStatus.PENDING
        assert units(stores) == (6, 2, 2)

    def test_closing_gives_back_what_was_paid_for_one_that_was_revoked_meanwhile(
        self, stores, original, follow, ids
    ):
        head = follow(original, OrderKind.REPLACEMENT, **FREE)
        former = stores.orders.head(US, ORDER)
        revoked = replace(
            former, status=OrderStatus.REVOKED, revoked=Revoked(NOW, "key:key_1", Reason.SUPERSEDED)
        )
        change = self.closing_of(head, revoked, ids)
        assert change.before.refund is not None
        stores.orders.close(change)
        assert stores.orders.head(US, ORDER).payment is PaymentStatus.REFUNDED
        assert ("refund", 2, ORDER) in stores.ledger(US, "con_1")
        (contract,) = stores.contracts.of_reseller(US)
        assert (contract.units_left, contract.units_held, contract.units_used) == (10, 0, 0)

    def test_what_was_held_and_what_was_paid_on_one_contract_go_back_together(
        self, stores, original, follow, ids
    ):
        head = follow(original, OrderKind.REPLACEMENT, units=3)
        former = stores.orders.head(US, ORDER)
        revoked = replace(
            former, status=OrderStatus.REVOKED, revoked=Revoked(NOW, "key:key_1", Reason.SUPERSEDED)
        )
        assert units(stores) == (5, 3, 2)
        stores.orders.close(self.closing_of(head, revoked, ids))
        assert stores.orders.head(US, ORDER).payment is PaymentStatus.REFUNDED
        assert {("release", 3, NEW), ("refund", 2, ORDER)} <= set(stores.ledger(US, "con_1"))
        (contract,) = stores.contracts.of_reseller(US)
        assert (contract.units_left, contract.units_held, contract.units_used) == (10, 0, 0)

    @staticmethod
    def closing_of(head, previous, ids):
        chronicle = a_chronicle(ids, NOW + a_second)
        return closing(head, OrderStatus.CANCELLED, CloseReason.REQUESTED, chronicle, previous=previous)
