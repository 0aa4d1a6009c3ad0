"""What every store of screenings promises, in memory and on DynamoDB.

To run the suite on a store: subclass `ScreeningsContract` in a test module under a name that begins with Test, and
define there a fixture `stores` that yields a `tests.fakes.stores.Stores` over EMPTY tables, anew for each test.
"""

from dataclasses import replace

import pytest

from partner_center.kernel.errors import ChangedMeanwhile, Malformed, TryAgain
from partner_center.orders.close import closing, completion
from partner_center.orders.flags import Flag
from partner_center.orders.order import CloseReason, Order, OrderStatus, Review
from partner_center.orders.page import Page
from partner_center.orders.ports import Release, RequestSeenBefore
from partner_center.orders.review import Decision, Screening, Verdict
from tests.fakes.contract_orders import OrdersContract, units
from tests.fakes.determined import MICROSECOND, NOW, CountingIds
from tests.fakes.samples import (
    ORDER,
    THEM,
    US,
    a_chronicle,
    a_content,
    a_contract,
    a_guard,
    a_head,
    a_placement,
    a_preflight,
    a_second,
    an_amendment,
    an_audit,
    an_event,
)

FLAGS = (
    Flag("webmail_domain", "gmx.de", "Anybody may have a mailbox there ☂."),
    Flag("lookalike_name", "*.paypal.example.com", "It bears paypal."),
)
LATER = NOW + a_second


class ScreeningsContract:
    """Recording, deciding, waiting."""

    @pytest.fixture
    def ids(self):
        return CountingIds()

    @pytest.fixture
    def place(self, stores, ids):
        def place(order_id=ORDER, reseller_id=US):
            head = a_head(order_id=order_id, reseller_id=reseller_id, review=Review.DUE, review_since=None)
            stores.orders.place(a_placement(ids, head))
            return head

        return place

    @pytest.fixture(autouse=True)
    def head(self, stores, place):
        """A pending order of two units that was placed now and is to be screened."""
        stores.grant(a_contract(100))
        stores.grant(a_contract(100, reseller_id=THEM))
        return place()

    def screened(self, stores, ids, head, *flags, at=LATER, **changes):
        """The order flagged (clear without flags) and what was recorded of it."""
        review = Review.WAITING if flags else Review.CLEAR
        moved = replace(
            head,
            review=review,
            review_since=at,
            review_reason="x" if flags else None,
            updated_at=at,
            version=head.version + 1,
            **changes,
        )
        screening = Screening(head.revision, at, flags)
        stores.screenings.record(
            moved, head.version, screening, an_audit(ids, "order.screened", head.order_id)
        )
        return moved, screening

    def decided(self, screening, verdict=Verdict.APPROVE, note="Known ☂."):
        return replace(
            screening, decision=Decision(LATER, "staff:rosa.reviewer", verdict, "Called.\nTwice.", note)
        )

    def release_of(self, ids, head, **more):
        moved = replace(
            head,
            review=Review.RELEASED,
            review_since=LATER,
            review_reason=None,
            updated_at=LATER,
            version=head.version + 1,
        )
        chronicle = a_chronicle(ids, LATER, "staff:rosa.reviewer")
        where = (head.reseller_id, head.order_id)
        event = chronicle.event("order.released", *where, attempt=1, revision=head.revision)
        return Release(moved, head.version, event, chronicle.audit("order.released", *where), **more)

    def rejection_of(self, ids, head):
        chronicle = a_chronicle(ids, LATER, "staff:rosa.reviewer")
        return closing(head, OrderStatus.REJECTED, CloseReason.REVIEW, chronicle)

    def decide(self, stores, ids, verdict, head, screening, guard=None):
        """One decision; `guard` is made of the head that it leaves."""
        if verdict is Verdict.APPROVE:
            change, write = self.release_of(ids, head), stores.screenings.release
        else:
            change, write = self.rejection_of(ids, head), stores.screenings.reject
        change = replace(change, guard=guard(change.head) if guard else None)
        write(change, self.decided(screening, verdict))
        return change.head

    @staticmethod
    def waiting(stores, limit=200, cursor=None):
        found, _ = stores.screenings.waiting(Page(limit, cursor))
        return [order_id for _, order_id in found]

    # ---- recording

    @pytest.mark.parametrize("flags", [(), FLAGS], ids=["clear", "flagged"])
    def test_a_screening_reads_as_it_was_recorded(self, stores, ids, head, flags):
        moved, screening = self.screened(stores, ids, head, *flags, at=NOW + MICROSECOND)
        assert list(stores.screenings.of_order(US, ORDER)) == [screening]
        assert stores.orders.head(US, ORDER) == moved
        assert stores.audited(US, ORDER) == ["order.placed", "order.screened"]
        assert stores.events(US, ORDER) == ["order.placed"]

    def test_a_foreign_order_has_no_screenings(self, stores, ids, head):
        self.screened(stores, ids, head, *FLAGS)
        assert list(stores.screenings.of_order(THEM, ORDER)) == []
        assert list(stores.screenings.of_order(US, "ord_2")) == []

    def test_screenings_are_read_newest_first(self, stores, ids, head):
        for _ in range(12):
            moved, _ = self.screened(stores, ids, head)
            change = an_amendment(ids, moved)
            stores.orders.amend(change)
            head = change.head
        revisions = [each.revision for each in stores.screenings.of_order(US, ORDER)]
        assert revisions == list(range(12, 0, -1))

    def test_a_head_that_moved_is_not_screened(self, stores, ids, head):
        stores.orders.amend(an_amendment(ids, head))
        before = stores.orders.head(US, ORDER)
        with pytest.raises(ChangedMeanwhile):
            self.screened(stores, ids, head, *FLAGS)
        assert stores.orders.head(US, ORDER) == before
        assert list(stores.screenings.of_order(US, ORDER)) == []
        assert self.waiting(stores) == []

    def test_a_revision_is_screened_once(self, stores, ids, head):
        moved, screening = self.screened(stores, ids, head, *FLAGS)
        with pytest.raises(ChangedMeanwhile):
            self.screened(stores, ids, moved)
        assert stores.orders.head(US, ORDER) == moved
        assert list(stores.screenings.of_order(US, ORDER)) == [screening]

    def test_an_order_that_is_not_there_is_not_screened(self, stores, ids, head):
        with pytest.raises(ChangedMeanwhile):
            self.screened(stores, ids, replace(head, order_id="ord_2"), *FLAGS)
        assert list(stores.screenings.of_order(US, "ord_2")) == []

    # ---- deciding

    @pytest.mark.parametrize("note", ["Known ☂.", None])
    def test_a_release_is_kept_with_its_decision(self, stores, ids, head, note):
        head, screening = self.screened(stores, ids, head, *FLAGS)
        release = self.release_of(ids, head)
        decided = self.decided(screening, note=note)
        stores.screenings.release(replace(release, guard=a_guard(release.head)), decided)
        assert list(stores.screenings.of_order(US, ORDER)) == [decided]
        assert stores.orders.head(US, ORDER) == release.head
        assert stores.events(US, ORDER) == ["order.placed", "order.released"]
        assert stores.audited(US, ORDER) == ["order.placed", "order.screened", "order.released"]
        assert stores.orders.guard(US, "POST", "/v1/orders", "key-1").head == release.head
        assert units(stores) == (98, 2, 0)

    def test_a_rejection_gives_units_back_and_is_kept_with_its_decision(self, stores, ids, head):
        head, screening = self.screened(stores, ids, head, *FLAGS)
        left = self.decide(stores, ids, Verdict.REJECT, head, screening, a_guard)
        assert list(stores.screenings.of_order(US, ORDER)) == [self.decided(screening, Verdict.REJECT)]
        assert stores.orders.head(US, ORDER) == left
        assert stores.events(US, ORDER) == ["order.placed", "order.rejected"]
        assert stores.audited(US, ORDER) == ["order.placed", "order.screened", "order.rejected"]
        assert stores.orders.guard(US, "POST", "/v1/orders", "key-1").head == left
        assert units(stores) == (100, 0, 0)

    @pytest.mark.parametrize("second", Verdict)
    @pytest.mark.parametrize("first", Verdict)
    def test_of_two_decisions_about_one_state_one_is_written(self, stores, ids, head, first, second):
        head, screening = self.screened(stores, ids, head, *FLAGS)
        left = self.decide(stores, ids, first, head, screening)
        with pytest.raises(ChangedMeanwhile):
            self.decide(stores, ids, second, head, screening)
        self.stands(stores, left, first, screening)

    @pytest.mark.parametrize("second", Verdict)
    def test_a_screening_is_decided_once_whatever_the_head_says(self, stores, ids, head, second):
        head, screening = self.screened(stores, ids, head, *FLAGS)
        left = self.decide(stores, ids, Verdict.APPROVE, head, screening)
        with pytest.raises(ChangedMeanwhile):
            self.decide(stores, ids, second, left, screening)
        self.stands(stores, left, Verdict.APPROVE, screening)

    @pytest.mark.parametrize("second", Verdict)
    @pytest.mark.parametrize("first", Verdict)
    def test_a_bound_key_refuses_before_anything_else(self, stores, ids, head, first, second):
        head, screening = self.screened(stores, ids, head, *FLAGS)
        left = self.decide(stores, ids, first, head, screening, a_guard)
        with pytest.raises(RequestSeenBefore) as seen:
            self.decide(stores, ids, second, head, screening, lambda made: a_guard(made, body="body-2"))
        assert seen.value.guard == a_guard(left)
        self.stands(stores, left, first, screening)

    @pytest.mark.parametrize("verdict", Verdict)
    def test_what_was_never_screened_is_not_decided(self, stores, ids, head, verdict):
        with pytest.raises(ChangedMeanwhile):
            self.decide(stores, ids, verdict, head, Screening(1, NOW, FLAGS), a_guard)
        assert stores.orders.head(US, ORDER) == head
        assert stores.orders.guard(US, "POST", "/v1/orders", "key-1") is None
        assert list(stores.screenings.of_order(US, ORDER)) == []
        assert units(stores) == (98, 2, 0)

    @pytest.mark.parametrize("verdict", Verdict)
    def test_an_identifier_drawn_twice_decides_nothing(self, stores, ids, head, verdict):
        """What a transaction that is cancelled at one of its last actions leaves: nothing."""
        head, screening = self.screened(stores, ids, head, *FLAGS)
        record = an_audit(ids, "order.noted")
        stores.orders.amend(replace(an_amendment(ids, head), audit=record))
        head = stores.orders.head(US, ORDER)
        make = self.release_of if verdict is Verdict.APPROVE else self.rejection_of
        change = make(ids, head)
        write = stores.screenings.release if verdict is Verdict.APPROVE else stores.screenings.reject
        with pytest.raises(TryAgain):
            write(replace(change, audit=record, guard=a_guard(change.head)), self.decided(screening, verdict))
        assert stores.orders.head(US, ORDER) == head
        assert list(stores.screenings.of_order(US, ORDER)) == [screening]
        assert stores.orders.guard(US, "POST", "/v1/orders", "key-1") is None
        assert units(stores) == (98, 2, 0)

    def stands(self, stores, left, verdict, screening):
        assert stores.orders.head(US, ORDER) == left
        assert list(stores.screenings.of_order(US, ORDER)) == [self.decided(screening, verdict)]
        assert len(stores.events(US, ORDER)) == 2
        assert units(stores) == ((98, 2, 0) if verdict is Verdict.APPROVE else (100, 0, 0))

    # ---- waiting

    @pytest.fixture
    def several(self, stores, ids, place, head):
        """Five that wait, of two resellers, not in the order of their ids; and one that is clear."""
        self.screened(stores, ids, head)
        wait = {"ord_5": (1, US), "ord_2": (2, THEM), "ord_4": (3, US), "ord_3": (4, US), "ord_6": (5, THEM)}
        for order_id, (seconds, reseller_id) in sorted(wait.items()):
            placed = place(order_id, reseller_id)
            self.screened(stores, ids, placed, *FLAGS, at=NOW + seconds * a_second)
        return [(reseller_id, order_id) for order_id, (_, reseller_id) in wait.items()]

    def test_whoever_waits_longest_comes_first(self, stores, several):
        found, cursor = stores.screenings.waiting(Page(200, None))
        assert (list(found), cursor) == (several, None)

    @pytest.mark.parametrize("limit", [1, 2, 3, 5, 200])
    def test_those_who_wait_are_read_page_by_page(self, stores, several, limit):
        assert OrdersContract.walk(stores.screenings.waiting, limit) == several

    def test_a_cursor_goes_on_behind_one_who_left_meanwhile(self, stores, ids, several):
        first, cursor = stores.screenings.waiting(Page(2, None))
        assert list(first) == several[:2]
        head = stores.orders.head(*several[3])
        (screening,) = stores.screenings.of_order(*several[3])
        self.decide(stores, ids, Verdict.APPROVE, head, screening)
        rest, _ = stores.screenings.waiting(Page(200, cursor))
        assert list(rest) == [several[2], several[4]]

    @pytest.mark.parametrize("cursor", ["nonsense", "☂", "AAAA", "=", "x" * 5000, "UiNyZXNfMSNPI29yZF8x"])
    def test_a_cursor_that_is_none_of_ours_is_malformed(self, stores, several, cursor):
        with pytest.raises(Malformed):
            stores.screenings.waiting(Page(2, cursor))

    def test_a_cursor_of_another_list_is_malformed(self, stores, ids, place, several):
        _, cursor = stores.orders.by_common_name(US, "", Page(1, None))
        assert cursor
        with pytest.raises(Malformed):
            stores.screenings.waiting(Page(1, cursor))

    LEAVING = ("release", "reject", "cancel", "amend", "complete")

    @pytest.mark.parametrize("how", LEAVING)
    def test_whatever_ends_the_wait_takes_the_order_out_in_the_same_write(self, stores, ids, head, how):
        head, screening = self.screened(stores, ids, head, *FLAGS)
        assert self.waiting(stores) == [ORDER]
        match how:
            case "release":
                self.decide(stores, ids, Verdict.APPROVE, head, screening)
            case "reject":
                self.decide(stores, ids, Verdict.REJECT, head, screening)
            case "cancel":
                chronicle = a_chronicle(ids, LATER)
                stores.orders.close(closing(head, OrderStatus.CANCELLED, CloseReason.REQUESTED, chronicle))
            case "amend":
                stores.orders.amend(an_amendment(ids, head))
            case "complete":
                stores.orders.complete(completion(head, "0a", a_chronicle(ids, LATER)))
        assert self.waiting(stores) == []

    @pytest.mark.parametrize("move", ["claim", "hold_back", "note"])
    def test_who_still_waits_stays_where_it_was(self, stores, ids, several, move):
        """Whatever else is written of the head: its place in the queue is since when it waits."""
        where = several[2]
        head = stores.orders.head(*where)
        if move == "note":
            change = an_amendment(ids, head)
            kept = {"review": head.review, "review_since": head.review_since}
            stores.orders.amend(replace(change, head=replace(change.head, **kept)))
        else:
            order = Order(head, a_content(head.common_name))
            audit = an_audit(ids, "preflight", head.order_id)
            event = an_event(ids, "order.held_back", head.order_id)
            more = {"claim": [audit], "hold_back": ["CAA", audit, event]}
            getattr(stores.claims, move)(order, a_preflight(), *more[move])
        found, _ = stores.screenings.waiting(Page(200, None))
        assert list(found) == several

    def test_an_order_that_waits_again_is_listed_once_at_its_new_place(self, stores, ids, several):
        where = several[0]
        change = an_amendment(ids, stores.orders.head(*where))
        stores.orders.amend(change)
        self.screened(stores, ids, change.head, *FLAGS, at=NOW + 9 * a_second)
        found, _ = stores.screenings.waiting(Page(200, None))
        assert list(found) == [*several[1:], where]
