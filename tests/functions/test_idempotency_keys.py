"""Idempotency-Keys over HTTP, on the routes that leave no order, contract or link to answer with."""

import json
from typing import Any

import pytest

from local.cloud import EmbeddedCloud
from tests.functions.journeys import Reply, Reseller, Reviewer, approval_links, call, key_of, staff_key
from tests.functions.objecting import objected
from tests.functions.test_blocked_keys import private_key

pytestmark = pytest.mark.cloud

REPORT = {
    "reporter_email": "again@example.net",
    "category": "misuse",
    "serials": ["0a1b"],
    "text": "It serves a copy of our sign-in page.",
}
PROOF = {"proof": {"private_key": private_key(key_of("proven-again"))}}
NOTE = {"decision": "note", "grounds": "We asked the subscriber."}
REUSED = (422, "idempotency_key_reused")


@pytest.fixture
def vera(cloud: EmbeddedCloud) -> Reviewer:
    return Reviewer(cloud, staff_key(cloud, "validation"))


def anybody(cloud: EmbeddedCloud, path: str, body: dict[str, Any], key: str) -> Reply:
    headers = {"Content-Type": "application/json", "Idempotency-Key": key}
    reply = call("POST", f"{cloud.url}{path}", json.dumps(body).encode(), headers)
    assert cloud.settle()
    return reply


def told(reply: Reply) -> tuple[int, str]:
    return reply.status, reply.json["code"]


@pytest.mark.parametrize("key", ["", "x" * 256, "caf\u00e9".encode().decode("latin-1")])
def test_a_malformed_key_is_refused(
    cloud: EmbeddedCloud, northwind: Reseller, vera: Reviewer, key: str
) -> None:
    domains = "/v1/orders/ord_1/domains"
    replies = [
        *(
            northwind.call("POST", f"{domains}/{route}", Idempotency_Key=key)
            for route in ("check", "www.example.com/check", "www.example.com/resend")
        ),
        vera.call("POST", "/v1/staff/objections/0a.caa/settle", {"evidence": "x"}, Idempotency_Key=key),
        vera.call("POST", "/v1/staff/problem-reports/rep_1/decide", NOTE, Idempotency_Key=key),
        anybody(cloud, "/v1/problem-reports", REPORT, key),
        anybody(cloud, "/v1/compromised-keys", PROOF, key),
    ]
    assert [told(each) for each in replies] == [(400, "malformed")] * len(replies)


def test_a_check_or_a_mail_whose_answer_was_lost_is_answered_and_not_made_again(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    order_id = northwind.placed(name="again.example.com")
    path = f"/v1/orders/{order_id}/domains"
    cloud.advance(31)
    for route in ("check", "again.example.com/check", "again.example.com/resend"):
        first = northwind.call("POST", f"{path}/{route}", Idempotency_Key="again")
        again = northwind.call("POST", f"{path}/{route}", Idempotency_Key="again")
        assert (first.status, again.status, again.json) == (200, 200, first.json)
        cloud.advance(31)
    sent = len(approval_links(cloud, order_id))
    assert sent == 2
    assert northwind.call("POST", f"{path}/again.example.com/resend", Idempotency_Key="again").status == 200
    assert len(approval_links(cloud, order_id)) == sent
    northwind.call("POST", f"/v1/orders/{order_id}/cancel")
    for route in ("check", "again.example.com/check", "again.example.com/resend"):
        assert northwind.call("POST", f"{path}/{route}", Idempotency_Key="again").status == 200
        assert told(northwind.call("POST", f"{path}/{route}", Idempotency_Key="other"))[0] == 409


def test_what_an_objection_came_to_is_bound_to_its_note(
    cloud: EmbeddedCloud, northwind: Reseller, vera: Reviewer
) -> None:
    path = f"/v1/staff/objections/{objected(cloud, northwind.issued(name='objected.example.com'))}/settle"
    said = {"evidence": "Looked.", "note": "a defect"}
    first, again = (vera.call("POST", path, said, Idempotency_Key="k") for _ in range(2))
    assert (again.status, again.json) == (200, first.json)
    assert told(vera.call("POST", path, said | {"note": "another"}, Idempotency_Key="k")) == REUSED
    assert told(vera.call("POST", path, said | {"note": "another"})) == (409, "already_settled")


def test_a_report_is_one_and_a_decision_about_it_too(cloud: EmbeddedCloud, vera: Reviewer) -> None:
    first = anybody(cloud, "/v1/problem-reports", REPORT, "k")
    cloud.advance(60)
    again = anybody(cloud, "/v1/problem-reports", REPORT, "k")
    assert (first.status, again.status, again.json) == (202, 202, first.json)
    assert told(anybody(cloud, "/v1/problem-reports", REPORT | {"text": "Otherwise."}, "k")) == REUSED
    assert [mail.subject for mail in cloud.mails() if "again@example.net" in mail.to] == [
        f"We have your report {first.json['report_id']}"
    ]

    path = f"/v1/staff/problem-reports/{first.json['report_id']}/decide"
    noted = vera.call("POST", path, NOTE, Idempotency_Key="k")
    other = vera.call("POST", path, NOTE | {"grounds": "And the host."}, Idempotency_Key="l")
    assert vera.call("POST", path, NOTE, Idempotency_Key="k").json == noted.json
    assert told(vera.call("POST", path, NOTE | {"grounds": "x"}, Idempotency_Key="k")) == REUSED
    dismissed = vera.call("POST", path, {"decision": "dismiss", "grounds": "It is fine."})
    assert dismissed.json["decisions"][:2] == other.json["decisions"]
    assert len(dismissed.json["decisions"]) == 3


def test_a_key_that_is_proven_again_is_answered_alike(cloud: EmbeddedCloud) -> None:
    first, again = (anybody(cloud, "/v1/compromised-keys", PROOF, "k") for _ in range(2))
    assert (first.status, again.status) == (202, 202)
    assert again.json["spki_sha256"] == first.json["spki_sha256"]
