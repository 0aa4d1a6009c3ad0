"""A certificate that is not what was ordered: found by the next run, put before the staff, settled by a person."""

from typing import Any

import pytest

from local.cloud import EmbeddedCloud
from partner_center.adapters import keys
from tests.functions.journeys import Reseller, Reviewer, staff_key

pytestmark = pytest.mark.cloud

DAY = 86_400
QUEUE = "/v1/staff/queues/certificates"


@pytest.fixture(scope="module")
def vera(cloud: EmbeddedCloud) -> Reviewer:
    return Reviewer(cloud, staff_key(cloud, "validation"))


def run(cloud: EmbeddedCloud) -> Any:
    return cloud.invoke("CheckCertificatesFunction", {})


def past_the_nightly_run(cloud: EmbeddedCloud) -> None:
    """To four in the morning, if it is earlier: the schedule runs at ten past three, before the test then."""
    now = cloud.clock.utcnow()
    if now.hour < 4:
        cloud.advance((now.replace(hour=4, minute=0) - now).total_seconds())


def tamper(cloud: EmbeddedCloud, key: keys.Key, table: str, **values: Any) -> None:
    """Writes behind everybody's back."""
    cloud.client("dynamodb").update_item(
        TableName=cloud.resource(table),
        Key={"pk": {"S": key.pk}, "sk": {"S": key.sk}},
        UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
        ExpressionAttributeNames={f"#{name}": name for name in values},
        ExpressionAttributeValues={f":{name}": value for name, value in values.items()},
    )


def test_what_was_issued_as_it_should_be_passes(
    cloud: EmbeddedCloud, northwind: Reseller, vera: Reviewer
) -> None:
    northwind.issued(name="clean.example.com")
    cloud.advance(2 * DAY)
    assert vera.call("GET", QUEUE).json == {"items": [], "next_cursor": None}
    assert run(cloud) == {"checked": 0, "objections": 0, "is_complete": True}


def test_a_certificate_of_another_order_is_found_shown_and_settled(
    cloud: EmbeddedCloud, northwind: Reseller, vera: Reviewer
) -> None:
    past_the_nightly_run(cloud)
    first = northwind.issued(name="right.example.com")["certificates"][0]["serial"]
    order = northwind.issued(name="wrong.example.com")
    serial = order["certificates"][0]["serial"]
    table = cloud.resource("IssuanceTable")
    key = keys.serial(first)
    other = cloud.client("dynamodb").get_item(TableName=table, Key={"pk": {"S": key.pk}, "sk": {"S": key.sk}})
    tamper(cloud, keys.serial(serial), "IssuanceTable", certificate_der=other["Item"]["certificate_der"])
    cloud.advance(3600)
    answer = run(cloud)
    assert (answer["checked"], answer["is_complete"]) == (2, True)
    assert answer["objections"] >= 2

    items = vera.call("GET", QUEUE).json["items"]
    grounds = {item["ground"]: item for item in items}
    assert grounds.keys() == {"serial", "content"}
    assert {item["serial"] for item in items} == {serial}
    assert first in grounds["serial"]["detail"]
    assert "right.example.com" in grounds["content"]["detail"]
    assert run(cloud)["objections"] == 0

    for item in items:
        path = f"/v1/staff/objections/{item['objection_id']}/settle"
        settled = vera.call("POST", path, {"evidence": "The row was changed by a test."})
        assert (settled.status, settled.json["serial"]) == (200, serial)
        assert vera.call("POST", path, {"evidence": "Somebody else."}).status == 409
    assert vera.call("GET", QUEUE).json["items"] == []


def test_a_row_that_cannot_be_read_is_shown_and_settled_and_stops_nobody_elses_certificate(
    cloud: EmbeddedCloud, northwind: Reseller, vera: Reviewer
) -> None:
    past_the_nightly_run(cloud)
    damaged = northwind.issued(name="damaged.example.com")["certificates"][0]["serial"]
    northwind.issued(name="whole.example.com")
    tamper(cloud, keys.serial(damaged), "IssuanceTable", status={"S": "of no meaning"})
    cloud.advance(3600)
    assert run(cloud) == {"checked": 2, "objections": 1, "is_complete": True}
    (item,) = vera.call("GET", QUEUE).json["items"]
    assert (item["serial"], item["ground"], item["order_id"]) == (damaged, "unreadable", None)
    path = f"/v1/staff/objections/{item['objection_id']}/settle"
    settled = vera.call("POST", path, {"evidence": "The row was changed by a test."})
    assert (settled.status, settled.json["order_id"]) == (200, None)


def test_only_staff_for_validation_sees_and_settles(
    cloud: EmbeddedCloud, northwind: Reseller, rosa: Reviewer, vera: Reviewer
) -> None:
    body = {"evidence": "x"}
    path = f"/v1/staff/objections/{'ab' * 20}.caa/settle"
    assert rosa.call("GET", QUEUE).status == rosa.call("POST", path, body).status == 403
    assert northwind.call("GET", QUEUE).status == northwind.call("POST", path, body).status == 403
    assert vera.call("POST", path, body).status == 404


@pytest.mark.parametrize(
    "body", [{}, {"evidence": ""}, {"evidence": "x" * 2001}, {"evidence": 1}, {"evidence": "x", "why": "y"}]
)
def test_a_settlement_says_what_was_looked_at(vera: Reviewer, body: dict[str, Any]) -> None:
    assert vera.call("POST", f"/v1/staff/objections/{'ab' * 20}.caa/settle", body).status == 422
