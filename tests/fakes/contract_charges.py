"""What every store of charges promises, in memory and on DynamoDB.

To run the suite on a store: subclass `ChargesContract` in a test module under a name that begins with Test, and
define there a fixture `stores` that yields a `tests.fakes.stores.Stores` over EMPTY tables, anew for each test.
"""

from dataclasses import replace

import pytest

from partner_center.billing.charge_ports import PaymentChange
from partner_center.billing.contracts import ContractKind, EntryKind, LedgerEntry
from partner_center.billing.payments import Charge, ChargeStatus, PaymentStatus
from partner_center.billing.settle import SHARDS
from partner_center.kernel.errors import ChangedMeanwhile, Malformed, TryAgain
from partner_center.kernel.money import Money
from partner_center.orders.order import Closed, CloseReason, OrderHead, OrderStatus, PaymentKind
from partner_center.orders.page import Page
from partner_center.orders.ports import RequestSeenBefore
from partner_center.validation.ports import Message
from tests.fakes.determined import MICROSECOND, NOW, CountingIds
from tests.fakes.samples import (
    ORDER,
    THEM,
    US,
    a_contract,
    a_guard,
    a_head,
    a_placement,
    a_second,
    an_audit,
    an_event,
)

PRICE = Money.of("149.00")
LATER = NOW + a_second


def a_card_contract(**changes):
    """A pay-as-you-go contract; it has no units."""
    return a_contract(0, **{"kind": ContractKind.PAY_AS_YOU_GO, "card_id": "card_1", **changes})


def a_card_head(**changes):
    """A pending order that a card pays, and that asked none yet."""
    usual = {"payment_kind": PaymentKind.PAY_AS_YOU_GO, "units": 0, "card_id": "card_1"}
    return a_head(**{**usual, "payment": PaymentStatus.NONE, **changes})


def a_charge(head: OrderHead, **changes) -> Charge:
    """The next payment attempt of an order, prepared a second after now."""
    usual = Charge(
        reseller_id=head.reseller_id,
        order_id=head.order_id,
        payment_attempt=head.payment_attempt + 1,
        card_id="card_1",
        amount=head.net,
        status=ChargeStatus.PREPARED,
        intent_id="pi_0001",
        created_at=LATER,
        updated_at=LATER,
    )
    return replace(usual, **changes)


def moved(head: OrderHead, **changes) -> OrderHead:
    """The head at its next version."""
    return replace(head, **{"version": head.version + 1, **changes})


class ChargesContract:
    """Payment attempts, the queues, and that each change is one."""

    @pytest.fixture
    def ids(self):
        return CountingIds()

    @pytest.fixture
    def place(self, stores, ids):
        def place(order_id=ORDER, reseller_id=US, **changes):
            head = a_card_head(order_id=order_id, reseller_id=reseller_id)
            stores.orders.place(a_placement(ids, head, a_card_contract(reseller_id=reseller_id)))
            return self.put(stores, head, **changes) if changes else head

        return place

    @pytest.fixture(autouse=True)
    def head(self, stores, place):
        stores.grant(a_card_contract())
        stores.grant(a_card_contract(reseller_id=THEM))
        return place()

    def put(self, stores, head, **changes):
        """The order as it is after `changes`."""
        after = moved(head, **changes)
        stores.charges.record(PaymentChange(after, head.version))
        return after

    def whole(self, ids, head, charge):
        """A change with everything that may belong to one."""
        after = moved(head, payment=PaymentStatus.DECLINED, payment_attempt=1, payment_since=LATER)
        entry = LedgerEntry(
            ids.new("led", LATER), EntryKind.DECLINE, 0, head.order_id, "system", LATER, PRICE, "pi_0001"
        )
        return PaymentChange(
            after,
            head.version,
            charge,
            entry,
            an_event(ids, "order.payment_declined"),
            an_audit(ids, "payment.declined"),
            Message(ids.new("msg", LATER), LATER, "Not accepted ☂."),
            a_guard(after),
        )

    # ---- what is written

    def test_a_change_writes_all_that_belongs_to_it(self, stores, ids, head):
        charge = a_charge(head, status=ChargeStatus.DECLINED, decline_code="insufficient_funds")
        change = self.whole(ids, head, charge)
        stores.charges.record(change)
        assert stores.orders.head(US, ORDER) == change.head
        assert stores.charges.charge(US, ORDER, 1) == charge
        assert stores.charges.of_order(US, ORDER) == [charge]
        assert ("decline", "149.00", "pi_0001") in stores.amounts(US, "con_1")
        assert stores.events(US, ORDER) == ["order.placed", "order.payment_declined"]
        assert stores.audited(US, ORDER) == ["order.placed", "payment.declined"]
        (message,), _ = stores.orders.messages(US, ORDER, Page(10, None))
        assert message == change.message
        guard = change.guard
        assert stores.orders.guard(US, guard.method, guard.path, guard.idempotency_key) == guard

    def test_a_charge_keeps_everything_that_is_known_of_it(self, stores, head):
        first = a_charge(head)
        stores.charges.record(PaymentChange(moved(head), 1, first))
        known = replace(
            first,
            status=ChargeStatus.REFUNDED,
            authorised_at=NOW,
            capture_before=LATER,
            captured_at=LATER + MICROSECOND,
            decline_code="x",
            refund_id="re_1",
            refunded_at=LATER,
            failed_refunds=2,
            updated_at=LATER + a_second,
            version=2,
        )
        stores.charges.record(PaymentChange(moved(head, version=3), 2, known))
        assert stores.charges.charge(US, ORDER, 1) == known
        bare = replace(first, version=3)
        stores.charges.record(PaymentChange(moved(head, version=4), 3, bare))
        assert stores.charges.charge(US, ORDER, 1) == bare

    def test_attempts_are_in_their_order_and_of_one_order_alone(self, stores, head, place):
        other, foreign = place("ord_2"), place(ORDER, THEM)
        for number in range(1, 12):
            before = stores.orders.head(US, ORDER)
            stores.charges.record(
                PaymentChange(moved(before), before.version, a_charge(head, payment_attempt=number))
            )
        for neighbour in (other, foreign):
            stores.charges.record(PaymentChange(moved(neighbour), 1, a_charge(neighbour)))
        found = stores.charges.of_order(US, ORDER)
        assert [each.payment_attempt for each in found] == list(range(1, 12))
        assert stores.charges.of_order(THEM, ORDER) == [a_charge(foreign)]
        assert stores.charges.of_order(THEM, "ord_2") == []
        assert stores.charges.charge(THEM, "ord_2", 1) is None

    # ---- what is demanded

    def assert_nothing_was_written(self, stores, head):
        assert stores.orders.head(US, ORDER) == head
        assert stores.charges.of_order(US, ORDER) == []
        assert stores.events(US, ORDER) == ["order.placed"]
        assert stores.audited(US, ORDER) == ["order.placed"]
        assert stores.orders.messages(US, ORDER, Page(10, None)) == ([], None)
        assert "decline" not in {kind for kind, _, _ in stores.amounts(US, "con_1")}

    def test_an_order_that_moved_meanwhile_keeps_its_money_where_it_is(self, stores, ids, head):
        change = self.whole(ids, head, a_charge(head))
        with pytest.raises(ChangedMeanwhile):
            stores.charges.record(replace(change, expected_version=2))
        self.assert_nothing_was_written(stores, head)

    @pytest.mark.parametrize("version", [2, 3])
    def test_a_charge_that_is_not_there_does_not_change(self, stores, ids, head, version):
        with pytest.raises(ChangedMeanwhile):
            stores.charges.record(self.whole(ids, head, a_charge(head, version=version)))
        self.assert_nothing_was_written(stores, head)

    @pytest.mark.parametrize("version", [1, 3])
    def test_a_charge_that_moved_meanwhile_does_not_change(self, stores, ids, head, version):
        charge = a_charge(head)
        stores.charges.record(PaymentChange(moved(head), 1, charge))
        before = stores.orders.head(US, ORDER)
        with pytest.raises(ChangedMeanwhile):
            stores.charges.record(self.whole(ids, before, replace(charge, version=version)))
        assert stores.charges.of_order(US, ORDER) == [charge]
        assert stores.orders.head(US, ORDER) == before

    def test_the_same_request_is_bound_once(self, stores, ids, head):
        stores.charges.record(self.whole(ids, head, a_charge(head)))
        before = stores.orders.head(US, ORDER)
        with pytest.raises(RequestSeenBefore):
            stores.charges.record(self.whole(ids, before, None))
        assert stores.orders.head(US, ORDER) == before

    @pytest.mark.parametrize("part", ["entry", "event", "audit", "message"])
    def test_an_identifier_is_used_once(self, stores, ids, head, part):
        first = self.whole(ids, head, a_charge(head))
        stores.charges.record(first)
        before = stores.orders.head(US, ORDER)
        second = PaymentChange(moved(before), before.version, **{part: getattr(first, part)})
        with pytest.raises(TryAgain):
            stores.charges.record(second)
        assert stores.orders.head(US, ORDER) == before

    # ---- the queues

    def due(self, stores, moment=LATER, at_most=10):
        return [found for shard in range(SHARDS) for found in stores.charges.due(shard, moment, at_most)]

    def waiting(self, stores):
        return stores.charges.waiting(Page(10, None))[0]

    ISSUED = {"status": OrderStatus.ISSUED, "payment": PaymentStatus.AUTHORISED, "payment_since": LATER}

    def test_money_is_due_from_its_time_on(self, stores, head):
        self.put(stores, head, **self.ISSUED, settle_at=LATER)
        assert self.due(stores, LATER - MICROSECOND) == []
        assert self.due(stores) == self.due(stores, LATER + a_second) == [(US, ORDER)]
        assert self.waiting(stores) == []

    def test_the_longest_due_comes_first_and_no_more_than_asked(self, stores, head, place):
        self.put(stores, head, **self.ISSUED, settle_at=LATER)
        same_shard = [
            name for name in (f"ord_{number}" for number in range(2, 60)) if self.shares_shard(name)
        ][:2]
        for seconds, name in enumerate(same_shard, 1):
            place(name, **self.ISSUED, settle_at=LATER - seconds * a_second)
        assert self.due(stores) == [(US, same_shard[1]), (US, same_shard[0]), (US, ORDER)]
        assert self.due(stores, at_most=2) == [(US, same_shard[1]), (US, same_shard[0])]

    def test_what_is_put_off_is_due_later_and_lets_others_go_first(self, stores, head):
        self.put(stores, head, **self.ISSUED, settle_at=LATER)
        before = stores.orders.head(US, ORDER).version
        stores.charges.put_off(US, ORDER, LATER + a_second)
        assert self.due(stores) == []
        assert self.due(stores, LATER + a_second) == [(US, ORDER)]
        assert stores.orders.head(US, ORDER).version == before, "nobody else's write fails for it"

    def test_what_is_not_due_at_all_is_not_put_off(self, stores, head):
        self.put(stores, head, **self.ISSUED, settle_at=None)
        stores.charges.put_off(US, ORDER, LATER)
        stores.charges.put_off(US, "ord_unknown", LATER)
        assert self.due(stores) == []

    @staticmethod
    def shares_shard(name):
        from partner_center.adapters.keys import settle_shard  # noqa: PLC0415

        return settle_shard(name) == settle_shard(ORDER)

    CLOSED = Closed(LATER, "system", CloseReason.TIMED_OUT)

    @pytest.mark.parametrize(
        ("changes", "queue"),
        [
            ({"payment": PaymentStatus.AUTHORISED}, None),
            ({"payment": PaymentStatus.DECLINED}, "payments"),
            ({"payment": PaymentStatus.CAPTURED, "payment_misfits": True}, "payments"),
            (ISSUED | {"payment": PaymentStatus.CAPTURED, "payment_misfits": True}, None),
            (ISSUED, "payments"),
            (ISSUED | {"settle_at": NOW}, "due"),
            (ISSUED | {"payment": PaymentStatus.DECLINED}, "payments"),
            (ISSUED | {"payment": PaymentStatus.CAPTURED}, None),
            (ISSUED | {"payment": PaymentStatus.NONE, "net": Money.of("0")}, None),
            (ISSUED | {"status": OrderStatus.REVOKED, "settle_at": NOW}, "due"),
            (
                {"status": OrderStatus.REVOKED, "payment": PaymentStatus.REFUND_PENDING, "settle_at": NOW},
                "due",
            ),
            ({"status": OrderStatus.REVOKED, "payment": PaymentStatus.REFUND_FAILED}, "payments"),
            ({"status": OrderStatus.REVOKED, "payment": PaymentStatus.REFUNDED}, None),
            ({"status": OrderStatus.CANCELLED, "payment": PaymentStatus.AUTHORISED, "settle_at": NOW}, "due"),
            ({"status": OrderStatus.CANCELLED, "payment": PaymentStatus.AUTHORISED}, "payments"),
            ({"status": OrderStatus.REJECTED, "payment": PaymentStatus.RELEASED}, None),
        ],
        ids=str,
    )
    def test_an_order_is_in_the_queue_that_its_money_puts_it_in(self, stores, head, changes, queue):
        self.put(stores, head, **{"payment_since": NOW, **changes})
        assert self.due(stores) == ([(US, ORDER)] if queue == "due" else [])
        assert self.waiting(stores) == ([(US, ORDER)] if queue == "payments" else [])

    def test_what_needs_nobody_any_more_leaves_its_queue(self, stores, head):
        declined = self.put(stores, head, payment=PaymentStatus.DECLINED, payment_since=NOW)
        assert self.waiting(stores) == [(US, ORDER)]
        self.put(stores, declined, payment=PaymentStatus.NONE)
        assert self.waiting(stores) == []

    def test_staff_see_the_longest_waiting_first_page_by_page_whoever_they_belong_to(
        self, stores, head, place
    ):
        declined = {"payment": PaymentStatus.DECLINED}
        place("ord_2", **declined, payment_since=LATER)
        place("ord_3", THEM, **declined, payment_since=NOW)
        self.put(stores, head, **declined, payment_since=LATER + a_second)
        first, cursor = stores.charges.waiting(Page(2, None))
        rest, end = stores.charges.waiting(Page(2, cursor))
        assert [*first, *rest] == [(THEM, "ord_3"), (US, "ord_2"), (US, ORDER)]
        assert end is None

    @pytest.mark.parametrize("cursor", ["nonsense", "☂", "LTE", "a" * 3000])
    def test_a_cursor_of_another_list_is_refused(self, stores, cursor):
        with pytest.raises(Malformed):
            stores.charges.waiting(Page(2, cursor))
