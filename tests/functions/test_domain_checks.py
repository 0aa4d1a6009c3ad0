"""Looks that nobody asks for, mails sent again, and values that grow old."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from local.cloud import EmbeddedCloud
from tests.functions.journeys import Reseller, answer, approval_links, call, mails, publish

pytestmark = pytest.mark.cloud

MINUTE, HOUR, DAY = 60, 3600, 86_400


def item_of(reseller: Reseller, order_id: str) -> dict[str, Any]:
    (item,) = reseller.domains(order_id).values()
    return item


def looked_at(item: dict[str, Any]) -> list[datetime]:
    """When, oldest first."""
    return sorted(datetime.fromisoformat(each["at"]) for each in item["attempts"])


def gaps(times: list[datetime]) -> list[timedelta]:
    return [later - earlier for earlier, later in pairwise(times)]


def test_what_is_published_is_looked_for_ever_more_rarely_until_its_value_ends(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    """At first every few minutes, then every 12 hours; a value of 30 days is replaced when asked for."""
    name = "patience.example.net"
    order_id = northwind.placed(name=name, domain_control={"method": "dns_txt"})
    first = item_of(northwind, order_id)

    cloud.advance(18 * MINUTE, runs=30)
    early = gaps(looked_at(item_of(northwind, order_id)))[:3]
    for gap, wanted in zip(early, (1, 2, 4), strict=True):
        minutes = timedelta(minutes=wanted)
        # It is found with the minute after. One that fails after it was claimed comes again a minute later and is
        # counted twice, so the next pause is doubled once more.
        assert minutes <= gap <= 2 * minutes + timedelta(seconds=65), early
    assert early == sorted(early)
    cloud.advance(4 * DAY, runs=30)
    late = gaps(looked_at(item_of(northwind, order_id)))
    step_of_the_clock = timedelta(days=4) / 30
    longest = timedelta(hours=12)
    assert all(longest <= gap <= longest + 2 * step_of_the_clock for gap in late), late

    cloud.advance(11 * DAY)
    told_again = northwind.call("POST", f"/v1/orders/{order_id}/domains/{name}/resend")
    assert told_again.status == 200
    assert told_again.json["publish"] == first["publish"]
    cloud.advance(15 * DAY + HOUR)
    assert northwind.order(order_id)["status"] == "pending", "its time runs from the last mail"
    item = item_of(northwind, order_id)
    assert item["status"] == "expired"
    assert northwind.step(order_id, "domain_verification")["actor"] == "reseller"
    publish(cloud, first)
    assert northwind.looks(order_id).status == 200
    assert item_of(northwind, order_id)["status"] == "expired", "an old value proves nothing"
    assert looked_at(item_of(northwind, order_id)) == looked_at(item), "nobody looks for it any more"

    renewed = northwind.call("POST", f"/v1/orders/{order_id}/domains/{name}/resend")
    assert (renewed.status, renewed.json["status"]) == (200, "pending")
    assert renewed.json["publish"]["value"] != first["publish"]["value"]
    (*_, mail) = [mail for mail in mails(cloud) if order_id in mail["text"]]
    assert renewed.json["publish"]["value"] in mail["text"]
    assert first["publish"]["value"] not in mail["text"]
    publish(cloud, renewed.json)
    assert northwind.certified(northwind.proves(order_id)) == {name}


def test_a_mail_sent_again_goes_to_the_same_person_with_the_same_link(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    name = "again.example.net"
    order_id = northwind.placed(name=name, approver=f"admin@{name}")
    path = f"/v1/orders/{order_id}/domains/{name}/resend"
    early = northwind.call("POST", path)
    assert (early.status, early.json["code"]) == (429, "too_many_requests")
    assert 0 < int(early.headers["retry-after"]) <= 30
    cloud.advance(float(early.headers["retry-after"]))
    before = item_of(northwind, order_id)
    sent = northwind.call("POST", path)
    assert (sent.status, sent.json["expires_at"]) == (200, before["expires_at"])
    assert sent.json["sent_at"] > before["sent_at"]
    first, second = [mail for mail in mails(cloud) if order_id in mail["text"]]
    assert (first["to"], first["text"]) == (second["to"], second["text"])
    assert len(set(approval_links(cloud, order_id))) == 1
    assert northwind.call("POST", path).status == 429
    assert answer(approval_links(cloud, order_id)[0], "approve").status == 200
    assert cloud.settle()
    assert northwind.order(order_id)["status"] == "issued"
    closed = northwind.call("POST", path)
    assert (closed.status, closed.json["code"]) == (409, "order_closed")


def test_another_approver_gets_another_link_and_the_former_one_is_dead(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    name = "recipient.example.net"
    order_id = northwind.placed(name=name, approver=f"admin@{name}")
    (former,) = approval_links(cloud, order_id)
    chosen = {"method": "email", "approver_email": f"postmaster@{name}"}
    changed = northwind.call("PUT", f"/v1/orders/{order_id}/domains/{name}/method", chosen)
    assert (changed.status, changed.json["approver_email"]) == (200, f"postmaster@{name}")
    assert cloud.settle()
    _, link = approval_links(cloud, order_id)
    assert link != former
    assert mails(cloud)[-1]["to"] == [f"postmaster@{name}"]
    assert (call("GET", former).status, answer(former, "approve").status) == (410, 410)
    assert northwind.order(order_id)["status"] == "pending"
    assert answer(link, "approve").status == 200
    assert cloud.settle()
    assert northwind.order(order_id)["status"] == "issued"


def test_a_link_of_30_days_ends_and_a_mail_sent_again_brings_another(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    name = "late.example.net"
    order_id = northwind.placed(name=name, approver=f"admin@{name}")
    (former,) = approval_links(cloud, order_id)
    path = f"/v1/orders/{order_id}/domains/{name}/resend"
    cloud.advance(29 * DAY)
    assert northwind.call("POST", path).status == 200
    cloud.advance(1 * DAY + HOUR)
    assert item_of(northwind, order_id)["status"] == "expired"
    assert (call("GET", former).status, answer(former, "approve").status) == (410, 410)
    assert northwind.call("POST", path).status == 200
    link = approval_links(cloud, order_id)[-1]
    assert link != former
    assert answer(link, "approve").status == 200
    assert cloud.settle()
    assert northwind.order(order_id)["status"] == "issued"


def test_two_looks_within_30_seconds_are_one(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    name = "hasty.example.net"
    order_id = northwind.placed(name=name, domain_control={"method": "dns_txt"})
    assert northwind.looks(order_id).status == 200
    before = looked_at(item_of(northwind, order_id))
    for path in (f"/v1/orders/{order_id}/domains/check", f"/v1/orders/{order_id}/domains/{name}/check"):
        early = northwind.call("POST", path)
        assert (early.status, early.json["code"]) == (429, "too_many_requests")
        assert 0 < int(early.headers["retry-after"]) <= 30
    assert looked_at(item_of(northwind, order_id)) == before
    publish(cloud, item_of(northwind, order_id))
    northwind.proves(order_id)


def test_of_many_looks_at_once_one_is_made(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    name = "crowd.example.net"
    order_id = northwind.placed(name=name, domain_control={"method": "dns_txt"})
    publish(cloud, item_of(northwind, order_id))
    path = f"/v1/orders/{order_id}/domains/check"
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: northwind.call("POST", path), range(8)))
    assert {reply.status for reply in replies} <= {200, 409, 429}
    assert cloud.settle()
    assert northwind.order(order_id)["status"] == "issued"
    assert len(northwind.order(order_id)["certificates"]) == 1
    assert [each["result"] for each in item_of(northwind, order_id)["attempts"]] == ["valid"]
    assert len(northwind.call("GET", f"/v1/domains?name={name}").json["items"]) == 1
