"""Orders that a card pays, over HTTP from the card form to the refund, with the gateway of the embedded cloud."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from local.cloud import EmbeddedCloud
from partner_center.adapters import keys
from partner_center.adapters.dynamodb import Database
from partner_center.adapters.order_actions import head_update
from partner_center.adapters.order_store import OrderStore
from partner_center.adapters.refund_actions import refund_actions
from partner_center.adapters.tables import TableNames
from partner_center.billing.refunds import started_refund
from partner_center.kernel.events import Chronicle
from partner_center.kernel.ids import RandomIds
from partner_center.orders.order import OrderStatus
from tests.functions.cardholder import a_link, on_file, rows
from tests.functions.journeys import (
    Reseller,
    Reviewer,
    answer,
    approval_links,
    mails,
    order_body,
    staff_key,
)

pytestmark = pytest.mark.cloud

MINUTE, DAY = 60, 86_400
PRICE = {"amount": "149.00", "currency": "USD"}
DECLINED = {"call": "authorise", "kind": "decline", "code": "insufficient_funds"}


@dataclass
class Shop:
    """A reseller who buys with a card, the gateway behind it, and a member of staff of finance."""

    cloud: EmbeddedCloud
    reseller: Reseller
    fay: Reviewer
    contract_id: str
    made: int = 0

    def fault(self, **fault: Any) -> None:
        self.cloud.payments.faults.set(fault)

    def place(self, **more: Any) -> str:
        """An order on the card, not yet approved."""
        self.made += 1
        body = order_body(f"shop-{self.made}.example.com", contract_id=self.contract_id, **more)
        placed = self.reseller.place(body)
        assert placed.status == 201, placed.text
        assert self.cloud.settle()
        return str(placed.json["order_id"])

    def approve(self, order_id: str) -> dict[str, Any]:
        assert answer(approval_links(self.cloud, order_id)[-1], "approve").status == 200
        assert self.cloud.settle()
        return self.reseller.order(order_id)

    def bought(self, **more: Any) -> dict[str, Any]:
        order = self.approve(self.place(**more))
        assert order["status"] == "issued", order
        return order

    def intents(self, order_id: str) -> list[dict[str, Any]]:
        found = self.cloud.payments.journal()["intents"]
        return [each for each in found if each["metadata"]["order_id"] == order_id]

    def taken(self, order_id: str) -> list[int]:
        """What was captured for an order, in cents."""
        return [each["amount_received"] for each in self.intents(order_id) if each["amount_received"]]

    def statuses(self, order_id: str) -> list[str]:
        return [each["status"] for each in self.intents(order_id)]

    def lines(self, order_id: str) -> list[str]:
        """The kinds of the order's lines on the statement, in their order."""
        pk = keys.contract(self.reseller.reseller_id, self.contract_id).pk
        return [row["kind"] for row in rows(self.cloud, pk, "LEDGER#") if row.get("order_id") == order_id]

    def queue(self) -> dict[str, dict[str, Any]]:
        answered = self.fay.call("GET", "/v1/staff/queues/payments?limit=200")
        assert answered.status == 200
        return {item["order_id"]: item for item in answered.json["items"]}

    def update(self, order_id: str, **more: Any) -> Any:
        body = {"reseller_id": self.reseller.reseller_id, **more}
        reply = self.fay.call("PUT", f"/v1/staff/orders/{order_id}/payment-method", body)
        assert self.cloud.settle()
        return reply


@pytest.fixture(scope="module")
def shop(cloud: EmbeddedCloud, northwind: Reseller) -> Shop:
    assert a_link(northwind).gives().status == 200
    contract_id = on_file(northwind).json["contract_id"]
    return Shop(cloud, northwind, Reviewer(cloud, staff_key(cloud, "finance")), contract_id)


@pytest.fixture(autouse=True)
def no_troubles(cloud: EmbeddedCloud) -> Iterator[None]:
    yield
    cloud.payments.faults.clear()


def test_a_card_pays_when_the_certificate_is_issued_and_not_before(shop: Shop) -> None:
    order_id = shop.place()
    placed = shop.reseller.order(order_id)
    assert placed["payment"] == {
        "contract_id": shop.contract_id,
        "kind": "pay_as_you_go",
        "card": {"brand": "visa", "last4": "4242"},
        "status": "none",
    }
    assert shop.intents(order_id) == []
    order = shop.approve(order_id)
    assert (order["status"], order["payment"]["status"]) == ("issued", "captured")
    assert shop.taken(order_id) == [14900]
    assert shop.lines(order_id) == ["hold", "authorise", "use", "capture"]
    step = shop.reseller.step(order_id, "payment")
    assert (step["status"], step["reason"]) == ("complete", "149.00 USD were taken from the card.")


def test_a_declined_card_waits_until_staff_update_the_payment_of_that_order(shop: Shop) -> None:
    shop.fault(**DECLINED)
    order = shop.approve(shop.place())
    order_id = order["order_id"]
    assert (order["status"], order["payment"]["status"]) == ("pending", "declined")
    step = shop.reseller.step(order_id, "payment")
    assert (step["status"], step["actor"]) == ("in_progress", "staff")
    (message,) = shop.reseller.call("GET", f"/v1/orders/{order_id}/messages").json["items"]
    assert message["text"].startswith("The Visa card ending in 4242 was not accepted for 149.00 USD.")
    sent = [each for each in mails(shop.cloud) if order_id in each["text"] and "declined" in each["subject"]]
    assert len(sent) == 1
    assert "insufficient" not in sent[0]["text"]
    task = shop.queue()[order_id]
    assert (task["trouble"], task["decline_code"], task["amount"]) == (
        "declined",
        "insufficient_funds",
        PRICE,
    )
    shop.cloud.advance(DAY)
    assert shop.reseller.order(order_id)["status"] == "pending"
    assert shop.update(order_id).status == 200
    order = shop.reseller.order(order_id)
    assert (order["status"], order["payment"]["status"]) == ("issued", "captured")
    assert shop.taken(order_id) == [14900]
    assert len(shop.intents(order_id)) == 2
    assert shop.lines(order_id) == ["hold", "decline", "authorise", "use", "capture"]
    assert order_id not in shop.queue()


def test_the_technical_contact_is_told_of_the_wait_and_of_no_card(shop: Shop) -> None:
    shop.fault(**DECLINED)
    order = shop.approve(shop.place())
    sent = [each for each in mails(shop.cloud) if order["order_id"] in each["text"]]
    (told,) = [each for each in sent if "is delayed" in each["subject"]]
    assert "4242" not in told["text"]
    assert "149.00" not in told["text"]
    assert shop.update(order["order_id"]).status == 200


def test_a_new_card_of_the_contract_pays_for_future_orders_only(shop: Shop) -> None:
    order_id = shop.place()
    assert a_link(shop.reseller).gives("5555555555554444").status == 200
    later = shop.place()
    assert shop.approve(order_id)["payment"]["card"]["last4"] == "4242"
    assert shop.approve(later)["payment"]["card"]["last4"] == "4444"
    assert a_link(shop.reseller).gives().status == 200


def test_what_a_held_back_order_was_promised_is_let_go_when_it_is_cancelled(shop: Shop) -> None:
    shop.cloud.zone.set("example.com", "CAA", ['0 issue "another-ca.example"'])
    try:
        order = shop.approve(shop.place())
    finally:
        shop.cloud.zone.delete("example.com")
    order_id = order["order_id"]
    assert (order["status"], order["payment"]["status"]) == ("pending", "authorised")
    assert shop.statuses(order_id) == ["requires_capture"]
    cancelled = shop.reseller.call("POST", f"/v1/orders/{order_id}/cancel")
    assert cancelled.status == 200
    assert shop.cloud.settle()
    order = shop.reseller.order(order_id)
    assert (order["status"], order["payment"]["status"]) == ("cancelled", "released")
    assert shop.statuses(order_id) == ["canceled"]
    assert shop.lines(order_id) == ["hold", "authorise", "release", "void"]


def test_a_promise_is_renewed_before_a_held_back_order_is_signed(shop: Shop) -> None:
    shop.cloud.zone.set("example.com", "CAA", ['0 issue "another-ca.example"'])
    order_id = shop.approve(shop.place())["order_id"]
    shop.cloud.advance(10 * DAY)
    shop.cloud.zone.delete("example.com")
    assert shop.reseller.call("POST", f"/v1/orders/{order_id}/domains/check").status == 200
    assert shop.cloud.settle()
    order = shop.reseller.order(order_id)
    assert (order["status"], order["payment"]["status"]) == ("issued", "captured")
    assert shop.taken(order_id) == [14900]
    assert len(shop.intents(order_id)) == 2


@pytest.mark.parametrize("kind", ["lose_before", "lose_after", "fail_before", "fail_after", "throttle"])
@pytest.mark.parametrize("call", ["prepare", "authorise", "capture"])
def test_a_charge_whose_answer_is_lost_charges_once(shop: Shop, call: str, kind: str) -> None:
    shop.fault(call=call, kind=kind, times=4)
    order_id = shop.place()
    answer(approval_links(shop.cloud, order_id)[-1], "approve")
    shop.cloud.settle()
    shop.cloud.advance(30 * MINUTE)
    assert shop.cloud.settle()
    order = shop.reseller.order(order_id)
    assert (order["status"], order["payment"]["status"]) == ("issued", "captured")
    assert shop.taken(order_id) == [14900]
    assert shop.lines(order_id) == ["hold", "authorise", "use", "capture"]


def test_while_the_gateway_is_out_an_issued_order_stays_due_and_then_stands_before_staff(shop: Shop) -> None:
    shop.fault(call="capture", kind="fail_before", times=None)
    order_id = shop.bought()["order_id"]
    assert shop.reseller.order(order_id)["payment"]["status"] == "authorised"
    assert order_id not in shop.queue()
    shop.cloud.advance(4 * DAY)
    assert shop.cloud.settle()
    assert shop.queue()[order_id]["trouble"] == "capture_failed"
    shop.cloud.payments.faults.clear()
    body = {"reseller_id": shop.reseller.reseller_id}
    again = shop.fay.call("POST", f"/v1/staff/orders/{order_id}/settle", body, Idempotency_Key=order_id)
    assert again.status == 200
    assert shop.cloud.settle()
    assert shop.reseller.order(order_id)["payment"]["status"] == "captured"
    assert shop.taken(order_id) == [14900]


@pytest.mark.parametrize("fails", [0, 1], ids=["at once", "after a failure"])
def test_what_is_revoked_within_30_days_is_given_back_once(shop: Shop, fails: int) -> None:
    order_id = shop.bought()["order_id"]
    if fails:
        shop.fault(call="refund", kind="refund_fails", times=fails)
    shop.cloud.advance(20 * DAY)
    revoke(shop, order_id)
    shop.cloud.advance(10 * MINUTE)
    assert shop.cloud.settle()
    assert shop.reseller.order(order_id)["payment"]["status"] == "refunded"
    refunds = refunds_of_order(shop, order_id)
    assert [each["status"] for each in refunds] == ["failed"] * fails + ["succeeded"]
    assert shop.lines(order_id)[-2:] == ["refund", "repay"]


def test_a_refund_that_comes_back_days_later_stands_before_staff_who_give_it_back_again(shop: Shop) -> None:
    order_id = shop.bought()["order_id"]
    revoke(shop, order_id)
    shop.cloud.advance(10 * MINUTE)
    assert shop.cloud.settle()
    assert shop.reseller.order(order_id)["payment"]["status"] == "refunded"
    at_rest = balance(shop)
    (refund,) = refunds_of_order(shop, order_id)
    shop.cloud.advance(5 * DAY)
    shop.cloud.payments.payments.end_refund(refund["id"], "failed", "expired_or_canceled_card")
    assert shop.cloud.settle()
    assert shop.reseller.order(order_id)["payment"]["status"] == "refund_failed"
    assert shop.queue()[order_id]["trouble"] == "refund_failed"
    assert shop.lines(order_id)[-2:] == ["repay", "repay_failed"]
    assert balance(shop) != at_rest
    body = {"reseller_id": shop.reseller.reseller_id}
    again = shop.fay.call("POST", f"/v1/staff/orders/{order_id}/settle", body, Idempotency_Key=order_id)
    assert again.status == 200
    assert shop.cloud.settle()
    assert shop.reseller.order(order_id)["payment"]["status"] == "refunded"
    assert [each["status"] for each in refunds_of_order(shop, order_id)] == ["failed", "succeeded"]
    assert balance(shop) == at_rest


def test_a_refund_that_fails_is_tried_again_in_its_turn_and_then_stands_before_staff(shop: Shop) -> None:
    """The gateway tells of each failure; that is no reason to try at once."""
    order_id = shop.bought()["order_id"]
    shop.fault(call="refund", kind="refund_fails", times=1000)
    revoke(shop, order_id)
    shop.cloud.advance(MINUTE)
    assert shop.cloud.settle()
    assert 1 <= len(refunds_of_order(shop, order_id)) <= 3
    shop.cloud.advance(3.5 * DAY)
    assert shop.cloud.settle()
    assert len(refunds_of_order(shop, order_id)) < 30
    assert shop.reseller.order(order_id)["payment"]["status"] == "refund_failed"
    assert shop.queue()[order_id]["trouble"] == "refund_failed"


def test_what_is_revoked_before_it_was_taken_leaves_nothing_owed(shop: Shop) -> None:
    before = balance(shop)
    shop.fault(call="capture", kind="fail_before", times=1000)
    order_id = shop.bought()["order_id"]
    revoke(shop, order_id)
    shop.cloud.advance(10 * MINUTE)
    assert shop.cloud.settle()
    assert shop.reseller.order(order_id)["payment"]["status"] == "released"
    assert balance(shop) == before


def balance(shop: Shop) -> Any:
    """What the contract stands at after the last line of its statement."""
    path = f"/v1/contracts/{shop.contract_id}/ledger?limit=200"
    return shop.reseller.call("GET", path).json["items"][-1]["balance"]


def refunds_of_order(shop: Shop, order_id: str) -> list[dict[str, Any]]:
    return [each for each in shop.cloud.payments.journal()["refunds"] if refunds_of(shop, order_id, each)]


def refunds_of(shop: Shop, order_id: str, refund: dict[str, Any]) -> bool:
    return refund["payment_intent"] in {each["id"] for each in shop.intents(order_id)}


def revoke(shop: Shop, order_id: str) -> None:
    """As much of a revocation as concerns the money."""
    business, audit = shop.cloud.output("BusinessTable"), ""
    tables = TableNames(business=business, audit=audit)
    database = Database(shop.cloud.client("dynamodb"))
    head = OrderStore(database, tables).head(shop.reseller.reseller_id, order_id)
    assert head is not None
    moment = datetime.fromtimestamp(shop.cloud.clock.now(), UTC)
    chronicle = Chronicle(RandomIds(), moment, "key:key_1", "request-1")
    revoked = replace(head, status=OrderStatus.REVOKED, version=head.version + 1)
    started = started_refund(revoked, chronicle)
    assert started is not None
    database.transact([head_update(business, started.head, head.version), *refund_actions(business, started)])


# ---- who may


@pytest.mark.parametrize("role", ["review", "validation", "partner_support"])
def test_the_desk_of_finance_is_for_finance(shop: Shop, role: str) -> None:
    other = Reviewer(shop.cloud, staff_key(shop.cloud, role))
    body = {"reseller_id": shop.reseller.reseller_id}
    for method, path in (
        ("GET", "/v1/staff/queues/payments"),
        ("PUT", "/v1/staff/orders/ord_none/payment-method"),
        ("POST", "/v1/staff/orders/ord_none/settle"),
    ):
        sent = body if method != "GET" else None
        assert other.call(method, path, sent).status == 403
        assert shop.reseller.call(method, path, sent).status == 403


def test_an_order_of_another_reseller_is_not_found(shop: Shop, contoso: Reseller) -> None:
    order_id = shop.place()
    for reseller_id in (contoso.reseller_id, "nobody"):
        asked = shop.fay.call(
            "PUT", f"/v1/staff/orders/{order_id}/payment-method", {"reseller_id": reseller_id}
        )
        assert asked.status == 404
    assert shop.reseller.call("POST", f"/v1/orders/{order_id}/cancel").status == 200
    assert shop.cloud.settle()


@pytest.mark.parametrize(
    "body",
    [{}, {"reseller_id": 1}, {"reseller_id": "northwind", "number": "4242424242424242"}, []],
    ids=str,
)
def test_a_bad_body_changes_nothing(shop: Shop, body: Any) -> None:
    for method, path in (("PUT", "payment-method"), ("POST", "settle")):
        refused = shop.fay.call(method, f"/v1/staff/orders/ord_1/{path}", body)
        assert refused.status in {400, 422}
        assert "4242" not in refused.text
