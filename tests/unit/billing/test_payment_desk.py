"""Staff of finance put another card on one order, or have its money tried again; nobody else does (M61, M62)."""

from dataclasses import replace

import pytest

from partner_center.billing.payment_queue import payment_as_json
from partner_center.billing.payments import ChargeStatus, PaymentStatus
from partner_center.kernel.errors import (
    ContentRefused,
    IdempotencyKeyReused,
    NotFound,
    StateConflict,
    TryAgain,
)
from partner_center.kernel.money import Money
from partner_center.orders.order import OrderStatus
from partner_center.orders.page import Page
from tests.fakes.payments import a_card
from tests.fakes.posted import a_call
from tests.fakes.samples import ORDER, THEM, US, a_day, a_staff
from tests.unit.billing.money_world import MoneyWorld

FINANCE = a_staff("fay.finance")


@pytest.fixture
def world():
    world = MoneyWorld()
    world.order_by_card()
    return world


@pytest.fixture
def declined(world):
    world.gateway.declines["pm_card_1"] = "insufficient_funds"
    world.authorise()
    return world


def call(body=None, key=None):
    return replace(a_call(body or {}, key), method="PUT", path=f"/v1/staff/orders/{ORDER}/payment-method")


def change(world, card_id=None, key=None, reseller_id=US, order_id=ORDER):
    sent = call({"reseller_id": reseller_id, "card_id": card_id}, key)
    return world.payment_desk.change_method(FINANCE, sent, reseller_id, order_id, card_id)


# ---- another card


def test_the_card_of_that_order_changes_and_that_of_the_contract_does_not(declined):
    head = change(declined, "card_2")
    assert (head.card_id, head.payment, head.payment_since) == (
        "card_2",
        PaymentStatus.NONE,
        declined.clock.moment,
    )
    assert declined.stores.contracts.find(US, "con_1").card_id == "card_1"
    assert declined.head() == head
    assert declined.stores.events(US, ORDER)[-1] == "order.payment_updated"
    record = list(declined.tables.audit.values())[-1]
    assert (record.action, record.actor) == ("payment.updated", "staff:fay.finance")
    assert record.facts == {"card_id": "card_2", "card_before": "card_1"}


def test_without_a_card_the_contracts_present_one_is_taken(declined):
    contract = declined.tables.contracts[US, "con_1"]
    declined.tables.contracts[US, "con_1"] = replace(contract, card_id="card_2")
    assert change(declined).card_id == "card_2"


def test_once_the_contract_has_ended_with_its_card_that_of_the_running_one_is_taken(declined):
    contract = declined.tables.contracts[US, "con_1"]
    declined.clock.moment = contract.valid_to
    declined.cards.keep(a_card(usable_until=contract.valid_to))
    another = replace(
        contract,
        contract_id="con_2",
        card_id="card_2",
        valid_from=declined.clock.moment,
        valid_to=declined.clock.moment + a_day,
    )
    declined.cards.keep(a_card("card_2", usable_until=another.valid_to))
    with pytest.raises(ContentRefused) as refused:
        change(declined)
    assert refused.value.problems[0].code == "card_expired"
    declined.stores.grant(another)
    head = change(declined)
    assert (head.card_id, head.contract_id) == ("card_2", "con_1")


def test_a_card_may_be_given_before_the_first_was_asked(world):
    assert change(world, "card_2").card_id == "card_2"


def test_the_cards_of_others_are_unknown(declined):
    declined.cards.keep(a_card("card_9", reseller_id=THEM))
    with pytest.raises(ContentRefused) as refused:
        change(declined, "card_9")
    assert [(each.code, each.field) for each in refused.value.problems] == [("unknown_card", "/card_id")]


def test_a_card_that_its_reseller_let_go_pays_for_no_order_that_has_another(declined):
    """Exchanged or removed it is for the orders that have it; the same may be tried again on these."""
    other = declined.tables.contracts[US, "con_other"]
    declined.tables.contracts[US, "con_other"] = replace(other, card_id=None)
    with pytest.raises(ContentRefused) as refused:
        change(declined, "card_2")
    assert [(each.code, each.field) for each in refused.value.problems] == [("unknown_card", "/card_id")]
    contract = declined.tables.contracts[US, "con_1"]
    declined.tables.contracts[US, "con_1"] = replace(contract, card_id=None)
    assert change(declined, "card_1").card_id == "card_1"


def test_a_card_that_can_be_used_no_longer_is_refused(declined):
    declined.cards.keep(a_card("card_2", usable_until=declined.clock.moment))
    with pytest.raises(ContentRefused) as refused:
        change(declined, "card_2")
    assert refused.value.problems[0].code == "card_expired"


def test_a_contract_without_a_card_has_none_to_take(declined):
    contract = declined.tables.contracts[US, "con_1"]
    declined.tables.contracts[US, "con_1"] = replace(contract, card_id=None)
    with pytest.raises(ContentRefused) as refused:
        change(declined)
    assert refused.value.problems[0].code == "no_card"


@pytest.mark.parametrize("ids", [(THEM, ORDER), (US, "ord_none"), ("res_none", "ord_none")])
def test_an_order_that_is_not_that_resellers_is_not_found(declined, ids):
    for ask in (
        lambda: change(declined, None, None, *ids),
        lambda: declined.payment_desk.try_again(FINANCE, call(), *ids),
    ):
        with pytest.raises(NotFound):
            ask()


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ({"payment": PaymentStatus.AUTHORISED}, "payment_not_due"),
        ({"signing": True}, "issuing"),
        ({"net": Money.of("0")}, "payment_not_due"),
        ({"payment_kind": "bulk", "payment": PaymentStatus.HELD}, "payment_not_due"),
        ({"status": OrderStatus.ISSUED, "payment": PaymentStatus.CAPTURED}, "payment_not_due"),
        ({"status": OrderStatus.CANCELLED, "payment": PaymentStatus.AUTHORISED}, "payment_not_due"),
        ({"status": OrderStatus.CANCELLED, "payment": PaymentStatus.RELEASED}, "payment_not_due"),
        ({"status": OrderStatus.REVOKED, "payment": PaymentStatus.REFUND_PENDING}, "payment_not_due"),
        ({"status": OrderStatus.REVOKED, "payment": PaymentStatus.REFUND_FAILED}, "payment_not_due"),
    ],
    ids=str,
)
def test_no_card_is_put_where_none_is_to_be_asked(declined, state, code):
    declined.tables.heads[US, ORDER] = replace(declined.head(), **state)
    before = repr(declined.tables)
    with pytest.raises(StateConflict) as refused:
        change(declined, "card_2")
    assert (refused.value.code, refused.value.order_id) == (code, ORDER)
    assert repr(declined.tables) == before


def test_of_an_issued_order_the_old_promise_is_let_go_and_the_price_taken_from_the_new_card(world):
    world.authorise()
    world.issue()
    change(world, "card_2")
    world.settle()
    assert [len(world.gateway.taken(ORDER)), len(world.gateway.held(ORDER))] == [1, 0]
    assert [each.card_id for each in world.stores.charges.of_order(US, ORDER)] == ["card_1", "card_2"]
    assert world.kinds() == ["hold", "authorise", "use", "void", "authorise", "capture"]
    world.assert_money_is_at_rest()


def test_a_price_that_was_taken_after_all_is_not_taken_again(world):
    """The capture took effect, its answer was lost, and staff gave another card meanwhile."""
    world.authorise()
    world.issue()
    world.gateway.lost_after.append("capture")
    world.settle()
    change(world, "card_2")
    world.settle()
    assert len(world.gateway.taken(ORDER)) == 1
    assert len(world.gateway.payments) == 1
    world.assert_money_is_at_rest()


# ---- once for each Idempotency-Key


def test_the_same_request_is_answered_as_before(declined):
    first = change(declined, "card_2", key="key-1")
    declined.authorise()
    assert change(declined, "card_2", key="key-1") == first
    assert declined.stores.events(US, ORDER).count("order.payment_updated") == 1
    with pytest.raises(IdempotencyKeyReused):
        change(declined, None, key="key-1")


def test_two_at_once_with_one_key_are_one(declined):
    other = lambda: change(declined, "card_2", key="key-1")  # noqa: E731
    declined.tables.before["payment"].append(other)
    first = change(declined, "card_2", key="key-1")
    assert first == declined.head()
    assert declined.stores.events(US, ORDER).count("order.payment_updated") == 1


def test_two_different_changes_at_once_write_one(declined):
    declined.tables.before["payment"].append(lambda: change(declined, "card_1"))
    with pytest.raises(TryAgain):
        change(declined, "card_2")
    assert declined.head().card_id == "card_1"


# ---- another try


def test_only_what_was_given_up_is_tried_again(world):
    with pytest.raises(StateConflict) as refused:
        world.try_again()
    assert refused.value.code == "payment_not_due"
    world.authorise()
    world.issue()
    with pytest.raises(StateConflict):
        world.try_again()  # it is being tried by itself


def test_a_declined_card_is_asked_again_by_its_own_request(declined):
    with pytest.raises(StateConflict) as refused:
        declined.try_again()
    assert refused.value.code == "payment_declined"


@pytest.mark.parametrize("over", [OrderStatus.CANCELLED, OrderStatus.REJECTED])
def test_of_what_is_over_a_declined_card_is_let_go_by_another_try(declined, over):
    """Nobody puts a card on it, so this is the step that works; orders that came to this are on record."""
    declined.tables.heads[US, ORDER] = replace(declined.head(), status=over)
    assert declined.payment_queue_ids() == {ORDER}
    declined.try_again()
    declined.settle()
    assert declined.head().payment is PaymentStatus.RELEASED
    assert declined.payment_queue_ids() == set()


def test_another_try_is_recorded_with_its_person(world):
    world.authorise()
    world.issue()
    world.tables.heads[US, ORDER] = replace(world.head(), settle_at=None)
    head = world.try_again()
    assert (head.settle_at, head.payment_since) == (world.clock.moment, world.clock.moment)
    record = list(world.tables.audit.values())[-1]
    assert (record.action, record.actor) == ("payment.tried_again", "staff:fay.finance")
    assert world.payment_queue_ids() == set()


def test_an_answer_names_no_token_of_the_gateway(declined):
    assert payment_as_json(change(declined, "card_2")) == {
        "order_id": ORDER,
        "reseller_id": US,
        "order_status": "pending",
        "payment": "none",
        "payment_attempt": 1,
        "card_id": "card_2",
    }


# ---- the queue


def stands_as(world, status, payment, latest, **changes):
    """The order and its latest payment attempt, as they are on record."""
    state = {"status": OrderStatus(status), "payment": PaymentStatus(payment)}
    world.tables.heads[US, ORDER] = replace(world.head(), **state, **changes)
    charge = world.tables.charges[US, ORDER, 1]
    world.tables.charges[US, ORDER, 1] = replace(charge, status=ChargeStatus(latest))


def queue(world, limit=50, cursor=None):
    return world.payment_queue(Page(limit, cursor))


def test_the_queue_says_what_is_wrong_and_what_to_do(declined):
    ((item,), cursor) = queue(declined).values()
    assert cursor is None
    assert item["trouble"] == "declined"
    assert f"PUT /v1/staff/orders/{ORDER}/payment-method" in item["next_action"]
    assert item["card"] == {"brand": "visa", "last4": "4242"}
    assert item["decline_code"] == "insufficient_funds"
    assert item["amount"] == {"amount": "149.00", "currency": "USD"}
    assert (item["order_id"], item["reseller_id"], item["order_status"]) == (ORDER, US, "pending")
    assert (item["waiting_since"], item["due_at"]) == ("2026-11-23T10:00:00Z", "2026-11-24T10:00:00Z")
    assert not {"pm_card_1", "cus_1"} & {str(value) for value in item.values()}


@pytest.mark.parametrize(
    ("status", "payment", "latest", "trouble"),
    [
        ("issued", "authorised", "authorised", "capture_failed"),
        ("issued", "none", "voided", "capture_failed"),
        ("issued", "declined", "declined", "declined"),
        ("cancelled", "authorised", "authorised", "release_failed"),
        ("cancelled", "declined", "declined", "release_failed"),
        ("cancelled", "refund_failed", "captured", "refund_failed"),
        ("revoked", "refund_pending", "authorised", "release_failed"),
        ("revoked", "refund_pending", "refund_pending", "refund_failed"),
        ("revoked", "refund_failed", "authorised", "release_failed"),
        ("revoked", "refund_failed", "captured", "refund_failed"),
    ],
)
def test_each_trouble_has_its_name(declined, status, payment, latest, trouble):
    stands_as(declined, status, payment, latest, settle_at=None)
    (item,) = queue(declined)["items"]
    assert item["trouble"] == trouble
    assert item["next_action"].endswith(".")


def test_a_payment_that_was_taken_and_misfits_is_for_staff_of_a_pending_order(declined):
    stands_as(declined, "pending", "captured", "captured", payment_misfits=True)
    (item,) = queue(declined)["items"]
    assert item["trouble"] == "capture_failed"
    assert "amended back" in item["next_action"]


def test_what_left_the_queue_a_moment_ago_is_not_shown(declined):
    """The index may be a moment late."""
    declined.stores.charges.waiting = lambda _: ([(US, ORDER), (US, "ord_gone")], None)
    assert [each["order_id"] for each in queue(declined)["items"]] == [ORDER]
    change(declined, "card_2")
    assert queue(declined)["items"] == []
