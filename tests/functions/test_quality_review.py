"""Flagged orders and their reviewer, over HTTP and through the real machine: nobody is asked before a release."""

from typing import Any

import pytest

from local.cloud import EmbeddedCloud
from partner_center.accounts.staff import StaffRole
from tests.functions.journeys import (
    Reseller,
    Reviewer,
    answer,
    approval_links,
    call,
    csr_for,
    staff_key,
)

pytestmark = pytest.mark.cloud

DAY = 86_400
QUEUE = "/v1/staff/queues/quality-review"


def waits(rosa: Reviewer, order_id: str) -> bool:
    """Whether the order is in the queue, on whichever page."""
    cursor = ""
    while True:
        page = rosa.call("GET", f"{QUEUE}?limit=2{cursor}").json
        if order_id in [item["order_id"] for item in page["items"]]:
            return True
        if page["next_cursor"] is None:
            return False
        cursor = f"&cursor={page['next_cursor']}"


def flagged(cloud: EmbeddedCloud, reseller: Reseller, name: str, **more: Any) -> str:
    order_id = reseller.placed(name=name, **more)
    step = reseller.step(order_id, "quality_review")
    assert (step["status"], step["actor"]) == ("in_progress", "staff")
    assert step["due_at"]
    assert approval_links(cloud, order_id) == []
    return order_id


def test_a_flagged_order_is_released_asked_approved_and_issued(
    cloud: EmbeddedCloud, northwind: Reseller, rosa: Reviewer
) -> None:
    order_id = flagged(cloud, northwind, "paypal.example.com")
    assert "Validation follows" in northwind.step(order_id, "domain_verification")["next_action"]
    task = rosa.task(order_id)
    assert (task["names"], task["reseller_id"]) == (["paypal.example.com"], northwind.reseller_id)
    assert [flag["rule"] for flag in task["flags"]] == ["lookalike_name"]

    reply = rosa.decides(order_id, "approve")
    assert (reply.status, reply.json) == (
        200,
        {"task_id": task["task_id"], "order_id": order_id, "decision": "approve", "order_status": "pending"},
    )
    assert not waits(rosa, order_id)
    assert cloud.settle()
    assert northwind.step(order_id, "quality_review")["status"] == "complete"
    (link,) = approval_links(cloud, order_id)
    assert answer(link, "approve").status == 200
    assert cloud.settle()
    order = northwind.order(order_id)
    assert (order["status"], order["certificates"][0]["names"]) == ("issued", ["paypal.example.com"])
    assert "rosa" not in str(order)


def test_a_rejected_order_ends_without_a_mail_and_its_units_come_back(
    cloud: EmbeddedCloud, northwind: Reseller, rosa: Reviewer
) -> None:
    contract_id = northwind.new_contract(units=3)
    order_id = flagged(cloud, northwind, "mail.gmx.de", approver="admin@gmx.de", contract_id=contract_id)
    assert northwind.contract(contract_id)["held"] == 1
    reply = rosa.decides(order_id, "reject")
    assert (reply.status, reply.json["order_status"]) == (200, "rejected")
    assert cloud.settle()
    order = northwind.order(order_id)
    assert (order["status"], order["closed"]["by"], order["closed"]["reason"]) == (
        "rejected",
        "staff",
        "review",
    )
    assert order["authentication"]["status"] == "failed"
    assert approval_links(cloud, order_id) == []
    contract = northwind.contract(contract_id)
    assert (contract["left"], contract["held"], contract["entries_release"]) == (3, 0, 1)
    assert not waits(rosa, order_id)
    execution = next(each for each in cloud.executions() if order_id in str(each))
    assert execution["status"] == "SUCCEEDED"
    assert northwind.amend(order_id, {"note": "x"}).json["code"] == "order_closed"
    assert northwind.call("POST", f"/v1/orders/{order_id}/cancel").json["code"] == "order_closed"


def test_an_order_amended_to_an_innocent_name_waits_for_nobody(
    cloud: EmbeddedCloud, northwind: Reseller, rosa: Reviewer
) -> None:
    order_id = flagged(cloud, northwind, "netflix.example.com")
    task = rosa.task(order_id)["task_id"]
    assert northwind.amend(order_id, {"csr": csr_for("netfilter.example.com")}).status == 200
    assert not waits(rosa, order_id)
    assert cloud.settle()
    assert northwind.step(order_id, "quality_review")["status"] == "not_required"
    body = {"decision": "reject", "evidence": "x"}
    late = rosa.call("POST", f"/v1/staff/tasks/{task}/decide", body)
    assert (late.status, late.json["code"]) == (409, "task_outdated")
    (link,) = approval_links(cloud, order_id)
    answer(link, "approve")
    assert cloud.settle()
    assert northwind.order(order_id)["certificates"][0]["names"] == ["netfilter.example.com"]


def test_an_innocent_order_amended_to_a_flagged_name_waits_and_its_link_is_dead(
    cloud: EmbeddedCloud, northwind: Reseller, rosa: Reviewer
) -> None:
    order_id = northwind.placed(name="plain.example.com")
    (link,) = approval_links(cloud, order_id)
    assert northwind.amend(order_id, {"csr": csr_for("faceb00k.example.com")}).status == 200
    assert answer(link, "approve").status == 410
    assert cloud.settle()
    assert waits(rosa, order_id)
    assert approval_links(cloud, order_id) == [link]
    rosa.decides(order_id, "approve")
    assert cloud.settle()
    answer(approval_links(cloud, order_id)[-1], "approve")
    assert cloud.settle()
    assert northwind.order(order_id)["status"] == "issued"


def test_proven_is_not_released_and_what_was_released_stays_so(
    cloud: EmbeddedCloud, northwind: Reseller, rosa: Reviewer
) -> None:
    """The proof of example.com carries every name below it; the rules are asked all the same."""
    first = northwind.issued(name="proven.example.com", customer_id="c-proven")
    assert first["status"] == "issued"
    order_id = northwind.placed(name="whatsapp.example.com", customer_id="c-proven")
    assert northwind.order(order_id)["status"] == "pending"
    assert waits(rosa, order_id)
    rosa.decides(order_id, "approve")
    assert cloud.settle()
    assert northwind.order(order_id)["status"] == "issued"
    assert approval_links(cloud, order_id) == []


def test_a_decision_is_made_once_and_answered_again(
    cloud: EmbeddedCloud, northwind: Reseller, rosa: Reviewer
) -> None:
    order_id = flagged(cloud, northwind, "spotify.example.com")
    path = f"/v1/staff/tasks/{rosa.task(order_id)['task_id']}/decide"
    body = {"decision": "approve", "evidence": "Called the registrant."}
    first = rosa.call("POST", path, body, Idempotency_Key="review-1")
    again = rosa.call("POST", path, body, Idempotency_Key="review-1")
    assert (first.status, first.json) == (again.status, again.json)
    other = rosa.call("POST", path, body | {"decision": "reject"}, Idempotency_Key="review-1")
    assert (other.status, other.json["code"]) == (422, "idempotency_key_reused")
    without = rosa.call("POST", path, body)
    assert (without.status, without.json["code"]) == (409, "already_decided")
    assert cloud.settle()
    assert len(approval_links(cloud, order_id)) == 1
    assert northwind.call("POST", f"/v1/orders/{order_id}/cancel").status == 200


def test_a_flagged_order_that_nobody_decides_ends_by_itself(
    cloud: EmbeddedCloud, northwind: Reseller, rosa: Reviewer
) -> None:
    order_id = flagged(cloud, northwind, "dropbox.example.com")
    cloud.advance(29 * DAY)
    assert waits(rosa, order_id)
    cloud.advance(DAY + 60)
    order = northwind.order(order_id)
    assert (order["status"], order["closed"]["reason"]) == ("cancelled", "timed_out")
    assert not waits(rosa, order_id)


def test_a_cancelled_order_leaves_the_queue(
    cloud: EmbeddedCloud, northwind: Reseller, rosa: Reviewer
) -> None:
    order_id = flagged(cloud, northwind, "instagram.example.com")
    task = rosa.task(order_id)["task_id"]
    assert northwind.call("POST", f"/v1/orders/{order_id}/cancel").status == 200
    assert not waits(rosa, order_id)
    body = {"decision": "approve", "evidence": "x"}
    late = rosa.call("POST", f"/v1/staff/tasks/{task}/decide", body)
    assert (late.status, late.json["code"]) == (409, "order_closed")
    assert cloud.settle()


# ---- who may


@pytest.mark.parametrize("role", [role for role in StaffRole if role is not StaffRole.REVIEW])
def test_only_reviewers_see_the_queue_and_decide(cloud: EmbeddedCloud, role: StaffRole) -> None:
    other = Reviewer(cloud, staff_key(cloud, role.value))
    assert other.call("GET", QUEUE).status == 403
    assert other.call("POST", "/v1/staff/tasks/none/decide", {"nothing": 1}).status == 403


def test_a_reviewers_key_opens_nothing_of_a_resellers(
    cloud: EmbeddedCloud, northwind: Reseller, rosa: Reviewer
) -> None:
    order_id = northwind.placed(name="not-hers.example.com")
    for method, path in (
        ("GET", f"/v1/orders/{order_id}"),
        ("PATCH", f"/v1/orders/{order_id}"),
        ("POST", f"/v1/orders/{order_id}/cancel"),
        ("GET", "/v1/products"),
    ):
        reply = rosa.call(method, path, {} if method == "PATCH" else None)
        assert (reply.status, reply.json["code"]) == (403, "forbidden"), path
    northwind.call("POST", f"/v1/orders/{order_id}/cancel")


def test_a_reseller_decides_nothing(cloud: EmbeddedCloud, northwind: Reseller, rosa: Reviewer) -> None:
    order_id = flagged(cloud, northwind, "linkedin.example.com")
    path = f"/v1/staff/tasks/{rosa.task(order_id)['task_id']}/decide"
    reply = northwind.call("POST", path, {"decision": "approve", "evidence": "It is us."})
    assert (reply.status, reply.json["code"]) == (403, "forbidden")
    assert northwind.call("GET", QUEUE).status == 403
    assert call("GET", f"{cloud.url}{QUEUE}").status == 401
    assert waits(rosa, order_id)
    northwind.call("POST", f"/v1/orders/{order_id}/cancel")


@pytest.mark.parametrize(
    "cursor",
    ["x", "%00", "%E2%98%82", "MQ", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTkjUiNyI1", "x" * 3000],
)
def test_a_cursor_that_is_none_of_ours_is_malformed(rosa: Reviewer, cursor: str) -> None:
    reply = rosa.call("GET", f"{QUEUE}?cursor={cursor}")
    assert (reply.status, reply.json["code"]) == (400, "malformed")


@pytest.mark.parametrize(
    ("task_id", "status"),
    [
        ("none", 404),
        ("quality-review.res_1.ord_1.1", 404),
        ("quality-review.res_1.ord_1.01", 404),
        ("quality-review.northwind.ord_1%23HEAD.1", 404),
        ("quality-review...1", 404),
        ("x" * 300, 404),
    ],
)
def test_a_task_that_is_none_is_not_found(rosa: Reviewer, task_id: str, status: int) -> None:
    body = {"decision": "approve", "evidence": "x"}
    assert rosa.call("POST", f"/v1/staff/tasks/{task_id}/decide", body).status == status
