"""What every order store promises of reissues, in memory and on DynamoDB.

To run the suite on a store: subclass `ReissuesContract` as `OrdersContract` is.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.kernel.errors import ChangedMeanwhile, Malformed
from partner_center.orders.close import CompleteOrder, closing, reissue_completion
from partner_center.orders.order import CloseReason, Order, OrderStatus
from partner_center.orders.page import Page
from partner_center.orders.ports import ReissueBeginning, RequestSeenBefore, load
from partner_center.orders.reissue import ReissueStatus, begun, reissued
from tests.fakes.contract_orders import Placing, units
from tests.fakes.determined import NOW, FixedClock
from tests.fakes.outside import MemoryCertificates
from tests.fakes.samples import (
    ORDER,
    THEM,
    US,
    a_chronicle,
    a_content,
    a_day,
    a_guard,
    a_head,
    a_preflight,
    a_record,
    a_second,
    an_audit,
)

RUNNING = {
    "status": OrderStatus.ISSUED,
    "serial": "0a1b",
    "issued_at": NOW,
    "term_to": NOW + 365 * a_day - a_second,
}
WHEN = NOW + a_day
ENROLMENT = f"{ORDER}-rei_1"
REQUESTED = (OrderStatus.CANCELLED, CloseReason.REQUESTED)


class ReissuesContract(Placing):
    """An enrolment of its own beside the order; whatever moves both is one write."""

    @pytest.fixture
    def begin(self, stores, ids):
        def begin(reissue_id="rei_1", unproven=(), content=None, **more):
            order = Order(stores.orders.head(US, ORDER), stores.orders.content(US, ORDER, 1))
            after = content or order.content
            begins = begun(order, after, unproven, reissue_id, WHEN)
            ours = (US, begins.head.order_id)
            chronicle = a_chronicle(ids, WHEN)
            beginning = ReissueBeginning(
                begins=begins,
                expected_version=order.head.version,
                content=after,
                guard=None,
                event=chronicle.event("reissue.placed", *ours, generation=2, attempt=1),
                audit=chronicle.audit("reissue.placed", *ours),
            )
            return replace(beginning, **more)

        return begin

    @pytest.fixture
    def order(self, place, granted):
        return place(a_head(**RUNNING))

    def test_a_reissue_reads_as_it_was_asked_for_beside_its_order(self, stores, order, begin):
        beginning = begin()
        stores.orders.reissue_order(beginning)
        assert stores.orders.head(US, ENROLMENT) == beginning.begins.head
        assert stores.orders.content(US, ENROLMENT, 1) == beginning.content
        assert stores.orders.reissue(US, ORDER, "rei_1") == beginning.begins.reissue
        assert stores.orders.head(US, ORDER) == beginning.begins.order
        assert stores.events(US, ORDER) == ["order.placed", "reissue.placed"]
        assert stores.audited(US, ORDER) == ["order.placed", "reissue.placed"]
        assert units(stores) == (8, 2, 0)

    def test_a_foreign_reissue_reads_as_an_unknown_one(self, stores, order, begin):
        stores.orders.reissue_order(begin())
        assert stores.orders.reissue(THEM, ORDER, "rei_1") is None
        assert stores.orders.reissue(US, "ord_2", "rei_1") is None
        assert stores.orders.head(THEM, ENROLMENT) is None

    def test_of_two_at_once_one_is_told_that_the_order_moved(self, stores, order, begin):
        first, second = begin("rei_1"), begin("rei_2")
        stores.orders.reissue_order(first)
        with pytest.raises(ChangedMeanwhile):
            stores.orders.reissue_order(second)
        assert stores.orders.reissue(US, ORDER, "rei_2") is None
        assert stores.orders.head(US, f"{ORDER}-rei_2") is None

    def test_a_bound_key_refuses_before_anything_else(self, stores, order, begin):
        beginning = begin()
        bound = replace(beginning, guard=a_guard(beginning.begins.head))
        stores.orders.reissue_order(bound)
        with pytest.raises(RequestSeenBefore) as seen:
            stores.orders.reissue_order(bound)
        assert seen.value.guard.head == beginning.begins.head

    def test_reissues_are_listed_newest_first_page_by_page(self, stores, order, begin):
        for number in range(1, 4):
            stores.orders.reissue_order(begin(f"rei_{number}"))
        found, cursor = stores.orders.reissues(US, ORDER, Page(2, None))
        assert [each.reissue_id for each in found] == ["rei_3", "rei_2"]
        rest, end = stores.orders.reissues(US, ORDER, Page(2, cursor))
        assert ([each.reissue_id for each in rest], end) == (["rei_1"], None)
        assert stores.orders.reissues(THEM, ORDER, Page(2, None)) == ([], None)
        with pytest.raises(Malformed):
            stores.orders.reissues(US, ORDER, Page(2, "x"))

    def issue(self, stores, ids, serial="0b", *, is_overtaken=False):
        """What completes the reissue."""
        reissue = Order(stores.orders.head(US, ENROLMENT), stores.orders.content(US, ENROLMENT, 1))
        found = reissued(stores.orders, reissue.head)
        before = stores.orders.content(US, ORDER, found.order.revision)
        return reissue_completion(
            reissue, found, before, serial, a_chronicle(ids, WHEN + a_second), is_overtaken=is_overtaken
        )

    def test_one_that_is_completed_after_a_newer_leaves_its_order_as_it_is(self, stores, order, begin, ids):
        stores.orders.reissue_order(begin(content=a_content("shop.example.com")))
        before = stores.orders.head(US, ORDER)
        change = self.issue(stores, ids, is_overtaken=True)
        stores.orders.complete(change)
        row, after = stores.orders.reissue(US, ORDER, "rei_1"), stores.orders.head(US, ORDER)
        assert (row.status, row.serial) == (ReissueStatus.ISSUED, "0b")
        assert (after.serial, after.revision) == (before.serial, before.revision)
        assert (after.common_name, after.reissues_under_way) == (before.common_name, ())
        found = {each.serial_hex: each.due_at - (WHEN + a_second) for each in change.supersessions}
        assert found == dict.fromkeys((before.serial, "0b"), timedelta(hours=120)), "as chosen, and its own"
        assert [each.is_of_former_names for each in change.supersessions] == [False, True]

    @pytest.mark.parametrize(
        ("stored_after", "serial"), [(0, "0b"), (2, "0a1b")], ids=["the newest", "overtaken"]
    )
    def test_the_order_holds_what_was_stored_last_whichever_is_completed_last(
        self, stores, order, begin, ids, stored_after, serial
    ):
        """`stored_after`: when the certificate that the order has was stored; this one was after one second."""
        stores.orders.reissue_order(begin(content=a_content("shop.example.com")))
        certificates = MemoryCertificates()
        there = a_record(stored_at=WHEN + stored_after * a_second)
        certificates.keep(there)
        certificates.keep(
            a_record(
                serial_hex="0b",
                generation=2,
                reissue_id="rei_1",
                names=("shop.example.com",),
                stored_at=WHEN + a_second,
            )
        )
        clock = FixedClock()
        clock.moment = WHEN + 3 * a_second
        CompleteOrder(stores.orders, certificates, clock, ids)(US, ENROLMENT, 2, "execution-2")
        after = stores.orders.head(US, ORDER)
        names = stores.orders.content(US, ORDER, after.revision).names
        assert (after.serial, names == ("shop.example.com",)) == (serial, serial == "0b")
        assert stores.orders.reissue(US, ORDER, "rei_1").serial == "0b"

    def test_an_issued_reissue_moves_enrolment_row_and_order_in_one_write(self, stores, order, begin, ids):
        stores.orders.reissue_order(begin(content=a_content("shop.example.com")))
        stores.orders.complete(self.issue(stores, ids))
        row = stores.orders.reissue(US, ORDER, "rei_1")
        assert (row.status, row.serial, row.ended_at) == (ReissueStatus.ISSUED, "0b", WHEN + a_second)
        enrolment, after = stores.orders.head(US, ENROLMENT), stores.orders.head(US, ORDER)
        assert (enrolment.status, enrolment.serial) == (OrderStatus.ISSUED, "0b")
        assert (after.serial, after.reissues_under_way, after.common_name) == ("0b", (), "shop.example.com")
        assert stores.orders.content(US, ORDER, after.revision).names == ("shop.example.com",)
        found, _ = stores.orders.by_common_name(US, "shop", Page(10, None))
        assert found == [("shop.example.com", ORDER)]
        assert units(stores) == (8, 2, 0)

    def test_what_is_given_up_leaves_the_order_and_its_units_alone(self, stores, order, begin, ids):
        stores.orders.reissue_order(begin(unproven=["www.example.com"]))
        head = stores.orders.head(US, ENROLMENT)
        found = reissued(stores.orders, head)
        stores.orders.close(closing(head, *REQUESTED, a_chronicle(ids, WHEN + a_second), found=found))
        row, after = stores.orders.reissue(US, ORDER, "rei_1"), stores.orders.head(US, ORDER)
        assert (row.status, row.reason) == (ReissueStatus.CANCELLED, "requested")
        assert stores.orders.head(US, ENROLMENT).status is OrderStatus.CANCELLED
        assert (after.status, after.serial, after.early_reissues) == (OrderStatus.ISSUED, "0a1b", 0)
        assert units(stores) == (8, 2, 0)
        assert stores.events(US, ORDER)[-1] == "reissue.cancelled"

    @pytest.mark.parametrize("which", ["reissue", "order"])
    def test_nothing_is_written_when_reissue_or_order_moved_meanwhile(self, stores, order, begin, ids, which):
        stores.orders.reissue_order(begin())
        change = self.issue(stores, ids)
        if which == "reissue":
            stale = replace(change, expected_version=change.expected_version - 1)
        else:
            stale = replace(change, reissue=replace(change.reissue, expected_version=1))
        before = (stores.orders.head(US, ENROLMENT), stores.orders.head(US, ORDER))
        with pytest.raises(ChangedMeanwhile):
            stores.orders.complete(stale)
        assert (stores.orders.head(US, ENROLMENT), stores.orders.head(US, ORDER)) == before
        assert stores.orders.reissue(US, ORDER, "rei_1").waits

    def test_a_running_order_is_one_that_is_issued(self, stores, order):
        assert stores.orders.is_running(US, ORDER)
        assert not stores.orders.is_running(THEM, ORDER)
        assert not stores.orders.is_running(US, "ord_2")

    def test_a_reissue_is_claimed_for_one_revision_from_its_preflight_on(self, stores, order, begin, ids):
        stores.orders.reissue_order(begin())
        assert not stores.orders.is_claimed(US, ENROLMENT, 1)
        stores.claims.claim(load(stores.orders, US, ENROLMENT), a_preflight(), an_audit(ids))
        assert stores.orders.is_claimed(US, ENROLMENT, 1)
        assert not stores.orders.is_claimed(US, ENROLMENT, 2)
        assert not stores.orders.is_claimed(THEM, ENROLMENT, 1)
        assert not stores.orders.is_claimed(US, ORDER, 1)
