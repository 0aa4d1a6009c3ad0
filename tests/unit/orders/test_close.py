"""How orders end: their units are used or given back, once, whoever comes first."""

from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.issuance.preflight import Outcome
from partner_center.kernel.errors import (
    ChangedMeanwhile,
    IdempotencyKeyReused,
    NotFound,
    StateConflict,
    TryAgain,
)
from partner_center.orders.close import NotStored
from partner_center.orders.order import (
    CloseReason,
    OrderStatus,
    pending_until,
    seconds_left,
)
from partner_center.orders.ports import load
from tests.fakes.determined import MICROSECOND, NOW
from tests.fakes.posted import a_call, a_principal
from tests.fakes.samples import (
    ORDER,
    THEM,
    US,
    a_challenge,
    a_contract,
    a_day,
    a_head,
    a_preflight,
    a_second,
    an_audit,
    an_event,
)
from tests.fakes.world import World


@pytest.fixture
def world():
    world = World()
    world.stores.grant(a_contract(10))
    world.put()
    return world


def cancel(world, order_id=ORDER, key=None, reason=None, reseller_id=US):
    call = a_call({"reason": reason} if reason else {}, key, f"/v1/orders/{order_id}/cancel")
    return world.cancel_order(a_principal(reseller_id), call, order_id, reason)


def claim(world, preflight_id="pre_1"):
    order = load(world.stores.orders, US, ORDER)
    world.stores.claims.claim(order, a_preflight(preflight_id=preflight_id), an_audit(world.ids))


def store_certificate(world, **changes):
    record = replace(world.certify(), **changes)
    world.certificates.records.clear()
    world.certificates.keep(record)
    return record


def overdue(world):
    return world.close_overdue(US, ORDER, "execution-1")


def conflict(world, action):
    with pytest.raises(StateConflict) as refused:
        action(world)
    assert refused.value.order_id == ORDER
    return refused.value.code


# ---- cancelling


def test_a_cancelled_order_gives_its_units_back(world):
    head = cancel(world, reason="changed our minds")
    assert head == world.head()
    assert (head.status, head.version) == (OrderStatus.CANCELLED, 2)
    assert (head.closed.by, head.closed.reason) == ("key:key_1", CloseReason.REQUESTED)
    assert world.counted() == (10, 0, 0)


def test_the_resellers_words_stand_in_the_audit_and_not_in_the_event(world):
    cancel(world, reason="Ärger ☂")
    record = list(world.tables.audit.values())[-1]
    event = list(world.tables.events.values())[-1]
    assert (record.action, record.facts["words"]) == ("order.cancelled", "Ärger ☂")
    assert (event.type, event.data["reason"]) == ("order.cancelled", "requested")
    assert "words" not in event.data


def test_cancelling_again_changes_nothing(world):
    first = cancel(world)
    before = repr(world.tables)
    assert cancel(world) == first
    assert repr(world.tables) == before


def test_an_order_that_timed_out_is_cancelled_already(world):
    world.clock.advance(days=30)
    overdue(world)
    assert cancel(world).closed.reason is CloseReason.TIMED_OUT


@pytest.mark.parametrize("order_id", ["ord_2", "", "x" * 10_000, "☂"])
def test_an_unknown_order_cannot_be_cancelled(world, order_id):
    with pytest.raises(NotFound):
        cancel(world, order_id)


def test_a_foreign_order_is_as_unknown(world):
    before = repr(world.tables)
    with pytest.raises(NotFound) as foreign:
        cancel(world, reseller_id=THEM)
    with pytest.raises(NotFound) as unknown:
        cancel(world, "ord_2", reseller_id=THEM)
    assert foreign.value.detail == unknown.value.detail
    assert repr(world.tables) == before


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"signing": True}, "issuing"),
        ({"status": OrderStatus.ISSUED}, "already_issued"),
        ({"status": OrderStatus.REJECTED}, "order_closed"),
        ({"status": OrderStatus.REVOKED}, "order_closed"),
        ({"status": OrderStatus.EXPIRED}, "order_closed"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_only_a_pending_order_that_is_not_being_signed_can_be_cancelled(world, changes, code):
    world.tables.heads[US, ORDER] = a_head(**changes)
    assert conflict(world, cancel) == code
    assert world.counted() == (8, 2, 0)


def test_a_held_back_order_can_be_cancelled(world):
    order = load(world.stores.orders, US, ORDER)
    preflight = a_preflight(Outcome.HELD_BACK)
    world.stores.claims.hold_back(
        order, preflight, "CAA forbids it", an_audit(world.ids), an_event(world.ids, "order.held_back")
    )
    assert cancel(world).status is OrderStatus.CANCELLED
    assert world.counted() == (10, 0, 0)


# ---- cancelling with an Idempotency-Key


def test_a_key_replays_the_cancellation(world):
    first = cancel(world, key="key-1")
    assert cancel(world, key="key-1") == first


def test_a_key_with_other_words_is_refused(world):
    cancel(world, key="key-1", reason="one")
    with pytest.raises(IdempotencyKeyReused):
        cancel(world, key="key-1", reason="another")


def test_a_key_of_a_refused_cancellation_is_free(world):
    world.tables.heads[US, ORDER] = a_head(signing=True)
    conflict(world, lambda world: cancel(world, key="key-1"))
    assert world.tables.guards == {}


def test_a_key_bound_by_placing_is_free_for_cancelling(world):
    """The path is part of what a key is bound to."""
    world.tables.guards[US, "POST", "/v1/orders", "key-1"] = a_call(key="key-1").guard(a_head())
    assert cancel(world, key="key-1").status is OrderStatus.CANCELLED


def test_of_two_cancellations_at_once_one_counts(world):
    first = []
    world.tables.before["close"].append(lambda: first.append(cancel(world, key="key-1")))
    assert [cancel(world, key="key-1")] == first
    assert world.counted() == (10, 0, 0)
    assert world.stores.events(US, ORDER) == ["order.placed", "order.cancelled"]


def test_of_two_cancellations_at_once_without_a_key_the_second_finds_it_done(world):
    world.tables.before["close"].append(lambda: cancel(world))
    assert cancel(world).status is OrderStatus.CANCELLED
    assert world.counted() == (10, 0, 0)


def test_an_order_claimed_at_the_same_moment_is_not_cancelled(world):
    world.tables.before["close"].append(lambda: claim(world))
    assert conflict(world, lambda world: cancel(world, key="key-1")) == "issuing"
    assert world.counted() == (8, 2, 0)


def test_an_order_cancelled_at_the_same_moment_is_not_claimed(world):
    world.tables.before["claim"].append(lambda: cancel(world))
    with pytest.raises(ChangedMeanwhile):
        claim(world)
    assert world.head().status is OrderStatus.CANCELLED


# ---- overdue

PENDING_UNTIL = {
    "30 days after placing": (a_head(), None, NOW + 30 * a_day),
    "30 days after the last mail": (a_head(), NOW + 5 * a_day, NOW + 35 * a_day),
    "30 days after the last revision": (
        a_head(revised_at=NOW + 9 * a_day),
        NOW + 5 * a_day,
        NOW + 39 * a_day,
    ),
    "a mail before the revision": (a_head(revised_at=NOW + 9 * a_day), NOW + 8 * a_day, NOW + 39 * a_day),
    "90 days after placing at most": (a_head(revised_at=NOW + 80 * a_day), None, NOW + 90 * a_day),
    "whatever mails go out": (a_head(), NOW + 89 * a_day, NOW + 90 * a_day),
}


@pytest.mark.parametrize(("head", "mailed", "end"), PENDING_UNTIL.values(), ids=PENDING_UNTIL.keys())
def test_how_long_an_order_may_be_pending(head, mailed, end):
    assert pending_until(head, mailed) == end
    assert seconds_left(head, mailed, end - a_second) == 1
    assert seconds_left(head, mailed, end - MICROSECOND) == 1
    assert seconds_left(head, mailed, end) == 0
    assert seconds_left(head, mailed, end + a_day) == 0


def test_an_order_whose_time_is_not_up_is_left_alone_and_its_seconds_told(world):
    world.clock.moment = NOW + 30 * a_day - MICROSECOND
    assert overdue(world) == 1
    assert world.head().status is OrderStatus.PENDING
    assert world.counted() == (8, 2, 0)


def test_an_order_whose_time_is_up_is_cancelled_to_the_microsecond(world):
    world.clock.moment = NOW + 30 * a_day
    assert overdue(world) is None
    head = world.head()
    assert (head.status, head.closed.reason) == (OrderStatus.CANCELLED, CloseReason.TIMED_OUT)
    assert (head.closed.by, head.closed.at) == ("system", world.clock.moment)
    assert world.counted() == (10, 0, 0)
    assert world.stores.events(US, ORDER)[-1] == "order.cancelled"


def test_a_later_mail_gives_the_order_more_time(world):
    world.stores.challenges.create(a_challenge(sent_at=NOW + 7 * a_day))
    world.clock.moment = NOW + 30 * a_day
    assert overdue(world) == 7 * 86_400


def test_mails_of_another_order_give_none(world):
    world.stores.challenges.create(a_challenge(order_id="ord_2", sent_at=NOW + 7 * a_day))
    world.clock.moment = NOW + 30 * a_day
    assert overdue(world) is None
    assert world.head().status is OrderStatus.CANCELLED


@pytest.mark.parametrize(
    "changes",
    [{"signing": True}, {"status": OrderStatus.ISSUED}, {"status": OrderStatus.CANCELLED}],
    ids=["signing", "issued", "cancelled"],
)
def test_an_order_that_is_not_open_does_not_time_out(world, changes):
    world.tables.heads[US, ORDER] = a_head(**changes)
    world.clock.advance(days=100)
    before = repr(world.tables)
    assert overdue(world) is None
    assert repr(world.tables) == before


@pytest.mark.parametrize(("reseller_id", "order_id"), [(US, "ord_2"), (THEM, ORDER)])
def test_an_order_that_is_gone_does_not_time_out(world, reseller_id, order_id):
    world.clock.advance(days=100)
    assert world.close_overdue(reseller_id, order_id, "execution-1") is None
    assert world.head().status is OrderStatus.PENDING


def test_an_order_cancelled_while_it_times_out_is_closed_once(world):
    world.clock.advance(days=30)
    world.tables.before["close"].append(lambda: cancel(world))
    with pytest.raises(ChangedMeanwhile):
        overdue(world)
    assert overdue(world) is None
    assert world.head().closed.reason is CloseReason.REQUESTED
    assert world.counted() == (10, 0, 0)


# ---- completing


def complete(world, generation=1, reseller_id=US):
    world.complete_order(reseller_id, ORDER, generation, "execution-1")


def test_a_stored_certificate_completes_the_order(world):
    claim(world)
    store_certificate(world)
    world.clock.advance(minutes=3)
    complete(world)
    head = world.head()
    assert (head.status, head.serial, head.signing) == (OrderStatus.ISSUED, "0a1b", False)
    assert head.version == 3
    assert head.issued_at == NOW + timedelta(minutes=3)
    assert world.counted() == (8, 0, 2)
    assert world.stores.events(US, ORDER)[-1] == "order.issued"


def test_the_term_ends_with_its_last_second(world):
    claim(world)
    store_certificate(world)
    complete(world)
    assert world.head().term_to == NOW + timedelta(days=365, seconds=-1)


def test_completing_again_changes_nothing(world):
    claim(world)
    store_certificate(world)
    complete(world)
    before = repr(world.tables)
    world.clock.advance(hours=1)
    complete(world)
    assert repr(world.tables) == before


@pytest.mark.parametrize(
    "record",
    [None, {"certificate_der": None}, {"generation": 2}, {"order_id": "ord_2"}, {"reseller_id": THEM}],
    ids=["none", "recorded only", "another generation", "another order", "another reseller"],
)
def test_without_a_stored_certificate_nothing_is_issued(world, record):
    claim(world)
    if record is not None:
        store_certificate(world, **record)
    with pytest.raises(NotStored):
        complete(world)
    assert world.counted() == (8, 2, 0)


def test_a_foreign_order_is_not_completed(world):
    store_certificate(world, reseller_id=THEM)
    with pytest.raises(NotStored):
        complete(world, reseller_id=THEM)


@pytest.mark.parametrize("status", [status for status in OrderStatus if status is not OrderStatus.PENDING])
def test_an_order_that_ended_otherwise_is_not_completed(world, status):
    """Its units are not held any more; those of other orders are, and must not be taken for them."""
    world.put(order_id="ord_2")
    world.tables.heads[US, ORDER] = a_head(status=status, serial="ffff")
    store_certificate(world)
    assert conflict(world, complete) == "order_closed"
    assert world.counted() == (6, 4, 0)


def test_of_two_completions_at_once_one_counts(world):
    claim(world)
    store_certificate(world)
    world.tables.before["complete"].append(lambda: complete(world))
    with pytest.raises(ChangedMeanwhile):
        complete(world)
    complete(world)
    assert world.counted() == (8, 0, 2)


def test_a_completion_whose_answer_was_lost_is_complete(world):
    def lost():
        raise TryAgain("The answer was lost on its way.")

    claim(world)
    store_certificate(world)
    world.tables.after["complete"].append(lost)
    with pytest.raises(TryAgain):
        complete(world)
    complete(world)
    assert world.counted() == (8, 0, 2)
    assert world.stores.events(US, ORDER).count("order.issued") == 1


def test_what_held_the_order_back_is_forgotten_when_it_is_issued(world):
    world.tables.heads[US, ORDER] = replace(a_head(), held_back="CAA", signing=True)
    store_certificate(world)
    complete(world)
    assert world.head().held_back is None


@pytest.mark.parametrize(
    "other",
    [{"names": ("www.example.com", "other.example.com")}, {"spki_sha256": "ef" * 32}],
    ids=["names", "key"],
)
def test_a_certificate_of_something_else_does_not_complete_the_order(world, other):
    """However it came to be stored: nobody gets, or pays for, what was not ordered."""
    claim(world)
    store_certificate(world, **other)
    with pytest.raises(StateConflict) as refusal:
        complete(world)
    assert refusal.value.code == "other_certificate"
    assert (world.head().status, world.counted()) == (OrderStatus.PENDING, (8, 2, 0))
