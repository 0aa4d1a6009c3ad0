"""What a reissue takes the place of is revoked when it was to be, and what holds names that it gave up, over HTTP."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest

from local.cloud import EmbeddedCloud
from tests.functions.journeys import Reply, Reseller, csr_for, mails
from tests.functions.reissuing import ask, reissued, shown

pytestmark = pytest.mark.cloud

DAY = 86_400


def test_a_name_that_is_given_up_is_served_for_five_more_days(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    """One name that was paid for is one host, however often it is reissued."""
    order = northwind.issued(name="a.hosts.example.com", approver="admin@example.com")
    kept = reissued(northwind, order)
    assert "revoke_previous_after_hours" not in kept
    for host in ("b", "c"):
        name = f"{host}.hosts.example.com"
        made = reissued(northwind, order, csr=csr_for(name, label=host), common_name=name)
        assert (made["status"], made["revoke_previous_after_hours"]) == ("issued", 120)
        cloud.advance(DAY)
    (mail,) = [each["text"] for each in mails(cloud) if made["serial"] in each["text"]]
    ends = datetime.fromisoformat(made["ended_at"]) + timedelta(hours=120)
    assert f"is revoked on {ends.day} {ends:%B %Y, %H:%M} UTC" in mail

    def standing() -> list[tuple[str, str]]:
        found = northwind.order(order["order_id"])["certificates"]
        return [(each["names"][0][0], each["status"]) for each in found]

    assert standing() == [("c", "active"), ("b", "active"), ("a", "active"), ("a", "active")]
    cloud.advance(3 * DAY + 600)
    assert standing() == [("c", "active"), ("b", "active"), ("a", "revoked"), ("a", "revoked")]
    cloud.advance(DAY)
    assert standing() == [("c", "active"), ("b", "revoked"), ("a", "revoked"), ("a", "revoked")]
    assert northwind.order(order["order_id"])["status"] == "issued"


def test_a_third_set_of_former_names_waits_or_ends_them_all(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    """However often an order is reissued, it does not serve more and more hosts for the price of one."""
    order = northwind.issued(name="a.sets.example.com", approver="admin@example.com")

    def to(host: str, **more: Any) -> Reply:
        name = f"{host}.sets.example.com"
        return ask(northwind, order, csr=csr_for(name, label=host), common_name=name, **more)

    assert [to("b").status, to("c", revoke_previous_after_hours=100).status] == [201, 201]
    refused = to("d")
    assert (refused.status, refused.json["code"]) == (409, "reissue_limit")
    assert "revoke_previous_after_hours 0" in refused.json["detail"]
    assert to("c").status == 201, "the same names are no change"
    assert shown(northwind, to("e", revoke_previous_after_hours=0))["status"] == "issued"
    found = northwind.order(order["order_id"])["certificates"]
    assert [each["names"][0][0] for each in found if each["status"] == "active"] == ["e"]
    assert to("f").status == 201


def test_of_many_at_once_the_newest_certificate_is_what_the_order_says(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    """Whichever is completed last; and what holds other names goes."""
    order = northwind.issued(name="a.race.example.com", approver="admin@example.com")
    path = f"/v1/orders/{order['order_id']}/reissues"

    def to(host: str) -> Reply:
        name = f"{host}.race.example.com"
        return northwind.call("POST", path, {"csr": csr_for(name, label=host), "common_name": name})

    with ThreadPoolExecutor(5) as pool:
        replies = list(pool.map(to, "bcdef"))
    assert cloud.settle()
    refused = [reply.json["code"] for reply in replies if reply.status == 409]
    assert {reply.status for reply in replies} <= {201, 409, 503}, [reply.text for reply in replies]
    assert set(refused) <= {"reissue_limit"}, "two sets of former names, under way or done"
    assert sum(reply.status == 201 for reply in replies) <= 2
    after = northwind.order(order["order_id"])
    assert after["names"] == after["certificates"][0]["names"]
    assert len(after["certificates"]) == 1 + sum(reply.status == 201 for reply in replies)
    cloud.advance(5 * DAY + 600)
    after = northwind.order(order["order_id"])
    assert [each["names"] for each in after["certificates"] if each["status"] == "active"] == [after["names"]]
    found = northwind.call("GET", f"/v1/orders?common_name={after['common_name']}").json["items"]
    assert [each["order_id"] for each in found] == [order["order_id"]]


def test_the_certificate_before_is_revoked_when_the_reseller_said(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    order = northwind.issued(name="rolled.example.com")
    first = order["certificates"][0]["serial"]
    second = reissued(northwind, order, revoke_previous_after_hours=0)["serial"]
    third = reissued(northwind, order, revoke_previous_after_hours=5)["serial"]

    def standing() -> dict[str, tuple[str, str | None]]:
        found = northwind.order(order["order_id"])["certificates"]
        return {each["serial"]: (each["status"], each.get("reason")) for each in found}

    superseded = ("revoked", "superseded")
    assert standing() == {third: ("active", None), second: ("active", None), first: superseded}
    cloud.advance(5 * 3600 + 600)
    assert standing() == {third: ("active", None), second: superseded, first: superseded}
    assert northwind.order(order["order_id"])["status"] == "issued"
    assert northwind.order(order["order_id"])["payment"]["status"] == "captured"
