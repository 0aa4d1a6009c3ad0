"""A further certificate of an issued order, over HTTP: asked for, proven, issued, refused, given up."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local.cloud import EmbeddedCloud
from tests.functions.journeys import (
    Reseller,
    Reviewer,
    answer,
    approval_links,
    call,
    csr_for,
    mails,
    publish,
    record,
)
from tests.functions.reissuing import ask, reissued, shown

pytestmark = pytest.mark.cloud

DAY = 86_400


def step_of(reissue: dict[str, Any], name: str) -> dict[str, Any]:
    return next(step for step in reissue["authentication"]["steps"] if step["step"] == name)


# ---- issued by itself


def test_what_is_proven_is_reissued_by_itself_with_another_key(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    order = northwind.issued(name="again.example.com")
    first = order["certificates"][0]
    reply = ask(northwind, order)
    assert (reply.status, reply.json["status"], reply.json["previous"]) == (201, "pending", first["serial"])
    assert reply.headers["location"].endswith(f"/reissues/{reply.json['reissue_id']}")
    done = shown(northwind, reply)
    assert (done["status"], done["authentication"]["status"]) == ("issued", "complete")
    after = northwind.order(order["order_id"])
    newest, former = after["certificates"]
    assert (newest["serial"], newest["reissue_id"]) == (done["serial"], done["reissue_id"])
    assert (former["serial"], former["status"], former.get("reissue_id")) == (first["serial"], "active", None)
    page = northwind.call("GET", f"/v1/certificates/{newest['serial']}").json
    assert (page["reissue_id"], page["generation"]) == (newest["reissue_id"], 2)
    assert newest["spki_sha256"] == after["spki_sha256"] != former["spki_sha256"]
    assert (after["status"], after["term"], after["payment"]) == ("issued", order["term"], order["payment"])
    assert northwind.certified(after) == {"again.example.com"}
    listed = northwind.call("GET", f"/v1/orders/{order['order_id']}/reissues").json
    assert [each["reissue_id"] for each in listed["items"]] == [done["reissue_id"]]
    (mail,) = [each for each in mails(cloud) if done["serial"] in each["text"]]
    assert order["order_id"] in mail["text"]


def test_a_reissue_costs_nothing_and_moves_no_units(northwind: Reseller) -> None:
    contract_id = northwind.new_contract(3)
    order = northwind.issued(name="free.example.com", contract_id=contract_id)
    before = northwind.contract(contract_id)
    reissued(northwind, order)
    assert northwind.contract(contract_id) == before


def test_names_may_change_and_only_new_ones_are_proven(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    order = northwind.issued(name="old.example.com")
    reply = ask(
        northwind,
        order,
        csr=csr_for("new.example.org", label="third"),
        common_name="new.example.org",
        domain_control={"method": "dns_txt"},
    )
    waiting = shown(northwind, reply)
    assert (waiting["status"], waiting["names"]) == ("pending", ["new.example.org"])
    assert waiting["revoke_previous_after_hours"] == 120
    assert step_of(waiting, "domain_verification")["status"] == "in_progress"
    items = northwind.domains(order["order_id"])
    assert items["new.example.org"]["reissue_id"] == waiting["reissue_id"]
    assert "reissue_id" not in items["old.example.com"]
    publish(cloud, items["new.example.org"])
    checked = northwind.looks(order["order_id"])
    assert (checked.status, checked.json["reissue_id"]) == (200, waiting["reissue_id"])
    assert shown(northwind, reply)["status"] == "issued"
    after = northwind.order(order["order_id"])
    assert (after["names"], after["common_name"]) == (["new.example.org"], "new.example.org")
    found = northwind.call("GET", "/v1/orders?common_name=new.example.org").json["items"]
    assert [each["order_id"] for each in found] == [order["order_id"]]


def test_an_approver_is_asked_for_the_reissue_with_the_orders_number(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    order = northwind.issued(name="mailed.example.com")
    before = len(approval_links(cloud, order["order_id"]))
    control = {"method": "email", "approver_email": "admin@example.net"}
    reply = ask(
        northwind,
        order,
        common_name="mailed.example.net",
        csr=csr_for("mailed.example.net"),
        domain_control=control,
    )
    assert reply.status == 201, reply.text
    links = approval_links(cloud, order["order_id"])
    assert len(links) == before + 1
    approvers = northwind.call(
        "GET", f"/v1/orders/{order['order_id']}/domains/mailed.example.net/approvers"
    ).json["items"]
    assert "hostmaster@example.net" in [each["approver_email"] for each in approvers]
    method = {"method": "email", "approver_email": "hostmaster@example.net"}
    path = f"/v1/orders/{order['order_id']}/domains/mailed.example.net"
    changed = northwind.call("PUT", f"{path}/method", method)
    assert (changed.status, changed.json["approver_email"]) == (200, "hostmaster@example.net")
    assert cloud.settle()
    assert call("GET", links[-1]).status == 410
    assert answer(approval_links(cloud, order["order_id"])[-1], "approve").status == 200
    assert cloud.settle()
    assert shown(northwind, reply)["status"] == "issued"


# ---- refused


def test_every_fault_of_a_reissue_is_told_at_once(northwind: Reseller) -> None:
    order = northwind.issued(name="faulty.example.com")
    body = {
        "csr": "none",
        "additional_domains": ["bad_name"],
        "revoke_previous_after_hours": 121,
        "term_days": 3,
    }
    reply = ask(northwind, order, **body)
    assert reply.status == 422
    assert {"csr_malformed", "name_invalid", "delay_out_of_range", "unknown_field"} <= reply.codes
    assert northwind.call("GET", f"/v1/orders/{order['order_id']}/reissues").json["items"] == []


@pytest.fixture(scope="module")
def settled(northwind: Reseller) -> dict[str, Any]:
    """An issued order that is never reissued."""
    return northwind.issued(name="settled.example.com")


@pytest.mark.parametrize(
    ("hours", "code"),
    [
        (-1, "delay_out_of_range"),
        (121, "delay_out_of_range"),
        (10**30, "delay_out_of_range"),
        ("2", "invalid_field"),
        (True, "invalid_field"),
        (1.5, "invalid_field"),
        ([1], "invalid_field"),
    ],
    ids=str,
)
def test_the_hours_that_a_certificate_stays_have_bounds(
    northwind: Reseller, settled: dict[str, Any], hours: Any, code: str
) -> None:
    reply = ask(northwind, settled, revoke_previous_after_hours=hours)
    assert reply.status == 422
    assert [(each["code"], each["field"]) for each in reply.json["problems"]] == [
        (code, "/revoke_previous_after_hours")
    ]


@pytest.mark.parametrize(
    ("names", "code"),
    [
        ([f"host{number}.more.example.com" for number in range(20)], "more_than_ordered"),
        (["*.more.example.com"], "wildcard_not_allowed"),
        (["localhost"], "name_internal"),
    ],
    ids=["more names", "a wildcard", "an internal name"],
)
def test_a_reissue_holds_what_was_paid_for_and_no_more(
    northwind: Reseller, names: list[str], code: str
) -> None:
    order = northwind.issued(name="more.example.com")
    reply = ask(northwind, order, additional_domains=names)
    assert reply.status == 422
    assert code in reply.codes


def test_what_has_no_certificate_is_not_reissued_and_foreign_orders_are_unknown(
    cloud: EmbeddedCloud, northwind: Reseller, contoso: Reseller
) -> None:
    order = northwind.order(northwind.placed(name="early.example.com"))
    reply = ask(northwind, order)
    assert (reply.status, reply.json["code"], reply.json["order_id"]) == (
        409,
        "not_issued",
        order["order_id"],
    )
    assert northwind.order(order["order_id"])["actions"]["reissue"] == {
        "allowed": False,
        "reason": "not_issued",
    }
    northwind.call("POST", f"/v1/orders/{order['order_id']}/cancel")
    assert ask(northwind, order).json["code"] == "order_closed"
    issued = northwind.issued(name="mine.example.com")
    made = reissued(northwind, issued)
    assert ask(contoso, issued).status == 404
    base = f"/v1/orders/{issued['order_id']}/reissues"
    assert contoso.call("GET", base).status == 404
    assert contoso.call("GET", f"{base}/{made['reissue_id']}").status == 404
    assert contoso.call("POST", f"{base}/{made['reissue_id']}/cancel").status == 404


def test_the_enrolment_behind_a_reissue_is_no_order(northwind: Reseller) -> None:
    order = northwind.issued(name="inside.example.com")
    made = reissued(northwind, order)
    for inner in (made["reissue_id"], f"{order['order_id']}-{made['reissue_id']}"):
        assert northwind.call("GET", f"/v1/orders/{inner}").status == 404
        assert northwind.call("POST", f"/v1/orders/{inner}/cancel").status == 404
    found = northwind.call("GET", "/v1/orders?common_name=inside.example.com").json["items"]
    assert len(found) == 1


def test_a_key_makes_one_reissue_however_often_it_is_sent(northwind: Reseller) -> None:
    order = northwind.issued(name="once.example.com")
    same = {"csr": csr_for("once.example.com", label="second"), "idempotency_key": "reissue-1"}
    first, again = ask(northwind, order, **same), ask(northwind, order, **same)
    assert (again.status, again.json) == (201, first.json)
    assert len(northwind.order(order["order_id"])["certificates"]) == 2
    other = ask(northwind, order, csr=csr_for("once.example.com", label="x"), idempotency_key="reissue-1")
    assert (other.status, other.json["code"]) == (422, "idempotency_key_reused")


def test_many_at_once_make_as_many_certificates_as_were_answered(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    order = northwind.issued(name="crowd.example.com")
    with ThreadPoolExecutor(6) as pool:
        replies = list(pool.map(lambda _: ask(northwind, order), range(6)))
    assert {reply.status for reply in replies} <= {201, 409, 503}
    assert cloud.settle()
    made = [reply.json["reissue_id"] for reply in replies if reply.status == 201]
    after = northwind.order(order["order_id"])
    assert made
    assert {each.get("reissue_id") for each in after["certificates"]} == {None, *made}


# ---- a second one, the limit, the end


def test_a_second_that_needs_proof_waits_and_one_that_needs_none_passes(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    order = northwind.issued(name="pass.example.com")
    new = {
        "common_name": "pass.example.org",
        "csr": csr_for("pass.example.org"),
        "domain_control": {"method": "dns_txt"},
    }
    waiting = ask(northwind, order, **new)
    refused = ask(northwind, order, **new)
    assert (refused.status, refused.json["code"]) == (409, "reissue_pending")
    assert reissued(northwind, order)["status"] == "issued"
    path = f"/v1/orders/{order['order_id']}/reissues/{waiting.json['reissue_id']}"
    gone = northwind.call("POST", f"{path}/cancel", {"reason": "not needed"})
    assert (gone.status, gone.json["status"], gone.json["reason"]) == (200, "cancelled", "requested")
    assert northwind.call("POST", f"{path}/cancel").json == gone.json
    assert cloud.settle()
    assert "pass.example.org" not in northwind.domains(order["order_id"])
    assert shown(northwind, ask(northwind, order, **new))["status"] == "pending"


def test_the_twenty_first_in_the_first_days_is_refused_and_a_given_up_one_is_not_counted(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    order = northwind.issued(name="often.example.com")
    new = {
        "common_name": "often.example.org",
        "csr": csr_for("often.example.org"),
        "domain_control": {"method": "dns_txt"},
    }
    waiting = ask(northwind, order, **new)
    path = f"/v1/orders/{order['order_id']}/reissues/{waiting.json['reissue_id']}"
    assert northwind.call("POST", f"{path}/cancel").status == 200
    for _ in range(20):
        assert ask(northwind, order).status == 201
    refused = ask(northwind, order)
    assert (refused.status, refused.json["code"]) == (409, "reissue_limit")
    assert northwind.order(order["order_id"])["actions"]["reissue"]["reason"] == "reissue_limit"
    assert len(northwind.order(order["order_id"])["certificates"]) == 21
    page = northwind.call("GET", f"/v1/orders/{order['order_id']}/reissues?limit=20").json
    rest = northwind.call(
        "GET", f"/v1/orders/{order['order_id']}/reissues?limit=20&cursor={page['next_cursor']}"
    ).json
    assert (len(page["items"]), len(rest["items"]), rest["next_cursor"]) == (20, 1, None)


def test_a_flagged_reissue_is_refused_by_a_reviewer_and_the_order_stays(
    cloud: EmbeddedCloud, northwind: Reseller, rosa: Reviewer
) -> None:
    order = northwind.issued(name="plain.example.com")
    reply = ask(
        northwind, order, common_name="paypal.example.com", csr=csr_for("paypal.example.com", label="second")
    )
    waiting = shown(northwind, reply)
    assert step_of(waiting, "quality_review")["actor"] == "staff"
    task = rosa.task(order["order_id"])
    assert (task["reissue_id"], task["kind"]) == (waiting["reissue_id"], "reissue")
    told = rosa.decides(order["order_id"], "reject")
    assert (told.json["order_id"], told.json["reissue_id"]) == (order["order_id"], waiting["reissue_id"])
    assert cloud.settle()
    refused = shown(northwind, reply)
    assert (refused["status"], refused["reason"]) == ("rejected", "review")
    after = northwind.order(order["order_id"])
    assert (after["status"], after["names"]) == ("issued", ["plain.example.com"])


def test_caa_holds_a_reissue_back_and_a_check_lets_it_go_on(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    order = northwind.issued(name="caa.reissue-held.example.com", approver="admin@reissue-held.example.com")
    record(cloud, "reissue-held.example.com", "CAA", '0 issue "other.example"')
    reply = ask(northwind, order)
    waiting = shown(northwind, reply)
    assert (waiting["status"], step_of(waiting, "issuance")["status"]) == ("pending", "in_progress")
    record(cloud, "reissue-held.example.com", "CAA", '0 issue "geotrust.com"')
    cloud.advance(4000)
    assert northwind.looks(order["order_id"]).status == 200
    assert shown(northwind, reply)["status"] == "issued"


def test_a_reissue_that_nobody_proves_ends_and_the_order_does_not(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    order = northwind.issued(name="slow.example.com")
    new = {
        "common_name": "slow.example.org",
        "csr": csr_for("slow.example.org"),
        "domain_control": {"method": "email", "approver_email": "admin@example.org"},
    }
    reply = ask(northwind, order, **new)
    cloud.advance(31 * DAY)
    ended = shown(northwind, reply)
    assert (ended["status"], ended["reason"]) == ("cancelled", "timed_out")
    assert northwind.order(order["order_id"])["status"] == "issued"


# ---- with revocation


def test_a_revoked_order_ends_its_reissues_and_revokes_their_certificates(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    order = northwind.issued(name="ends.example.com")
    done = reissued(northwind, order)
    new = {
        "common_name": "ends.example.org",
        "csr": csr_for("ends.example.org"),
        "domain_control": {"method": "email", "approver_email": "admin@example.org"},
    }
    waiting = ask(northwind, order, **new)
    links = approval_links(cloud, order["order_id"])
    path = f"/v1/orders/{order['order_id']}/revoke"
    assert northwind.call("POST", path, {"reason": "cessationOfOperation"}).status == 200
    assert cloud.settle()
    gone = shown(northwind, waiting)
    assert (gone["status"], gone["reason"]) == ("cancelled", "order_revoked")
    after = northwind.order(order["order_id"])
    assert (after["status"], after["certificates"][0]["serial"]) == ("revoked", done["serial"])
    assert {each["status"] for each in after["certificates"]} == {"revoked"}
    assert call("GET", links[-1]).status == 410
    assert ask(northwind, order).json["code"] == "order_closed"


def test_one_of_two_certificates_may_be_revoked_and_the_order_runs_on(northwind: Reseller) -> None:
    order = northwind.issued(name="two.example.com")
    done = reissued(northwind, order)
    serial = order["certificates"][0]["serial"]
    reply = northwind.call("POST", f"/v1/certificates/{serial}/revoke", {"reason": "superseded"})
    assert reply.status == 200
    assert northwind.cloud.settle()
    after = northwind.order(order["order_id"])
    assert [(each["serial"], each["status"]) for each in after["certificates"]] == [
        (done["serial"], "active"),
        (serial, "revoked"),
    ]
    assert after["status"] == "issued"


# ---- trouble


def test_a_reissue_whose_execution_is_stopped_is_started_anew_and_issued(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    order = northwind.issued(name="stopped-reissue.example.com")
    new = {
        "common_name": "stopped-reissue.example.org",
        "csr": csr_for("stopped-reissue.example.org"),
        "domain_control": {"method": "email", "approver_email": "admin@example.org"},
    }
    reply = ask(northwind, order, **new)
    enrolment = f"{order['order_id']}-{reply.json['reissue_id']}"
    (running,) = [each for each in cloud.executions() if each["name"].startswith(enrolment)]
    cloud.client("stepfunctions").stop_execution(executionArn=running["arn"])
    cloud.advance(300)
    names = [each["name"] for each in cloud.executions() if each["name"].startswith(enrolment)]
    assert names == [f"{enrolment}-g2-a1", f"{enrolment}-g2-a2"]
    assert answer(approval_links(cloud, order["order_id"])[-1], "approve").status == 200
    assert cloud.settle()
    assert shown(northwind, reply)["status"] == "issued"
    assert len(northwind.order(order["order_id"])["certificates"]) == 2
