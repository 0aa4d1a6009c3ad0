"""Problem reports over HTTP: from anybody to the staff's decision, the CRL and the reporter's mails."""

import json
from typing import Any

import pytest

from local.cloud import EmbeddedCloud
from tests.functions.journeys import Reply, Reseller, Reviewer, call, staff_key
from tests.functions.test_blocked_keys import serial_of
from tests.functions.test_revocation import entry_of

pytestmark = pytest.mark.cloud

HOUR = 3600


@pytest.fixture
def vera(cloud: EmbeddedCloud) -> Reviewer:
    return Reviewer(cloud, staff_key(cloud, "validation"))


def report(cloud: EmbeddedCloud, reporter: str, **more: Any) -> Reply:
    body = {
        "reporter_email": reporter,
        "category": "misuse",
        "serials": ["0a1b"],
        "text": "It serves a copy of our sign-in page.",
    }
    body = {name: value for name, value in (body | more).items() if value is not None}
    media = {"Content-Type": "application/json"}
    reply = call("POST", f"{cloud.url}/v1/problem-reports", json.dumps(body).encode(), media)
    assert cloud.settle()
    return reply


def queue(vera: Reviewer) -> list[dict[str, Any]]:
    return list(vera.call("GET", "/v1/staff/queues/problem-reports?limit=200").json["items"])


def decide(vera: Reviewer, report_id: str, **decision: Any) -> Reply:
    reply = vera.call("POST", f"/v1/staff/problem-reports/{report_id}/decide", decision)
    assert vera.cloud.settle()
    return reply


def mails_to(cloud: EmbeddedCloud, address: str) -> list[str]:
    return [mail.subject for mail in cloud.mails() if mail.to == [address] or address in mail.to]


def test_a_report_travels_from_anybody_to_the_crl(
    cloud: EmbeddedCloud, northwind: Reseller, vera: Reviewer
) -> None:
    order = northwind.issued(name="misused.example.com")
    serial = serial_of(order)
    shown = ":".join(serial[at : at + 2] for at in range(0, len(serial), 2)).upper()
    taken = report(cloud, "first@example.net", serials=[shown])
    assert taken.status == 202
    report_id = taken.json["report_id"]
    assert mails_to(cloud, "first@example.net") == [f"We have your report {report_id}"]

    (task,) = [each for each in queue(vera) if each["report_id"] == report_id]
    assert (task["serials"], task["status"]) == ([serial], "received")
    noted = decide(vera, report_id, decision="note", grounds="We asked the subscriber.")
    assert (noted.status, noted.json["status"]) == (200, "noted")
    assert report_id in [each["report_id"] for each in queue(vera)]

    done = decide(
        vera,
        report_id,
        decision="revoke",
        grounds="The page is a copy.",
        serials=[shown],
        reason="privilegeWithdrawn",
    )
    assert (done.status, done.json["status"]) == (200, "revoked")
    assert report_id not in [each["report_id"] for each in queue(vera)]
    revoked = northwind.order(order["order_id"])
    assert (revoked["status"], revoked["revoked"]["by"]) == ("revoked", "staff")
    at, reason = entry_of(northwind, serial) or ("", None)
    assert (at, reason) == (revoked["certificates"][0]["revoked_at"], "privilegeWithdrawn")
    assert mails_to(cloud, "first@example.net")[1:] == [f"About your report {report_id}"] * 2
    texts = [mail.text for mail in cloud.mails() if "first@example.net" in mail.to]
    assert "We asked the subscriber." in texts[1]
    assert "The page is a copy." in texts[2]
    assert not any("sign-in page" in text for text in texts), "none of the reporter's words"
    told = northwind.call("GET", f"/v1/orders/{order['order_id']}/messages").json["items"]
    assert any("privilegeWithdrawn" in each["text"] for each in told)


def test_the_most_urgent_report_stands_ahead(cloud: EmbeddedCloud, vera: Reviewer) -> None:
    before = {each["report_id"] for each in queue(vera)}
    first = report(cloud, "one@example.net").json["report_id"]
    cloud.advance(HOUR)
    second = report(cloud, "two@example.net", category="key_compromise").json["report_id"]
    decide(vera, first, decision="note", grounds="It takes five days.")
    found = [each["report_id"] for each in queue(vera) if each["report_id"] not in before]
    assert found == [second, first]
    for each in (first, second):
        assert (
            decide(vera, each, decision="dismiss", grounds="Nothing is wrong.").json["status"] == "dismissed"
        )
    assert {each["report_id"] for each in queue(vera)} == before


def test_a_decision_is_taken_once(cloud: EmbeddedCloud, vera: Reviewer) -> None:
    report_id = report(cloud, "once@example.net").json["report_id"]
    first = decide(vera, report_id, decision="dismiss", grounds="It is fine.")
    again = decide(vera, report_id, decision="dismiss", grounds="It is fine.")
    assert (again.status, again.json) == (200, first.json)
    other = decide(vera, report_id, decision="note", grounds="Or is it?")
    assert (other.status, other.json["code"]) == (409, "already_decided")
    assert len(mails_to(cloud, "once@example.net")) == 2


def test_unknown_serials_are_named_and_nothing_is_revoked(
    cloud: EmbeddedCloud, northwind: Reseller, vera: Reviewer
) -> None:
    serial = serial_of(northwind.issued(name="not-yet.example.com"))
    report_id = report(cloud, "typo@example.net").json["report_id"]
    reply = decide(
        vera, report_id, decision="revoke", grounds="x", serials=[serial, "ffff"], reason="keyCompromise"
    )
    assert (reply.status, [each["field"] for each in reply.json["problems"]]) == (422, ["/serials/1"])
    assert entry_of(northwind, serial) is None
    assert decide(vera, report_id, decision="dismiss", grounds="A test.").status == 200


@pytest.mark.parametrize("role", ["review", "partner_support", "finance"])
def test_only_validation_decides(cloud: EmbeddedCloud, role: str) -> None:
    other = Reviewer(cloud, staff_key(cloud, role))
    assert other.call("GET", "/v1/staff/queues/problem-reports").status == 403
    assert decide(other, "rep_1", decision="note", grounds="x").status == 403


def test_resellers_see_no_reports(northwind: Reseller) -> None:
    assert northwind.call("GET", "/v1/staff/queues/problem-reports").status == 403


def test_an_unknown_report_is_not_found(vera: Reviewer) -> None:
    assert decide(vera, "rep_00000000000000000000000000", decision="note", grounds="x").status == 404


BAD = {
    "no address": {"reporter_email": "nobody"},
    "two addresses": {"reporter_email": "a@example.net, b@example.net"},
    "a header in the address": {"reporter_email": "a@example.net\r\nBcc: b@example.net"},
    "no category": {"category": None},
    "an unknown category": {"category": "boredom"},
    "the subscriber's own request": {"category": "subscribers_request"},
    "nothing named": {"serials": None},
    "no serial": {"serials": ["not hexadecimal"]},
    "too many serials": {"serials": ["0a"] * 51},
    "no text": {"text": "  "},
    "an endless text": {"text": "x" * 4001},
    "control characters": {"text": "a\x00b"},
    "an unknown field": {"phone": "1"},
}


@pytest.mark.parametrize("more", BAD.values(), ids=BAD.keys())
def test_what_is_no_report_is_refused(cloud: EmbeddedCloud, more: dict[str, Any]) -> None:
    reply = report(cloud, more.pop("reporter_email", "bad@example.net"), **more)
    assert reply.status == 422
    assert mails_to(cloud, "bad@example.net") == []
