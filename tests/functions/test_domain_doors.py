"""The doors of domain control when they are pushed at: at once, again, too soon, and with what cannot be chosen."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from local.cloud import EmbeddedCloud
from partner_center.kernel.clock import parse_rfc3339
from tests.functions.journeys import (
    Reseller,
    Reviewer,
    answer,
    approval_links,
    call,
    mails,
    order_body,
    publish,
)

pytestmark = pytest.mark.cloud


@pytest.mark.parametrize("number", range(5))
def test_what_the_machine_does_to_an_order_refuses_no_request(
    cloud: EmbeddedCloud, northwind: Reseller, number: int
) -> None:
    """Each change sends the machine to move the order's head, while the next request reads it already."""
    name = f"moving{number}.example.net"
    order_id = northwind.place(order_body(name, f"admin@{name}")).json["order_id"]
    method, order = f"/v1/orders/{order_id}/domains/{name}/method", f"/v1/orders/{order_id}"
    replies = [
        northwind.call("PUT", method, {"method": "dns_txt"}),
        northwind.amend(order_id, {"note": "first"}),
        northwind.call("PUT", method, {"method": "email", "approver_email": f"postmaster@{name}"}),
        northwind.amend(order_id, {"note": "second"}),
        northwind.call("PUT", method, {"method": "dns_cname"}),
        northwind.call("POST", f"{order}/cancel"),
    ]
    assert [reply.status for reply in replies] == [200] * 6, [reply.text for reply in replies]
    assert cloud.settle()
    assert northwind.order(order_id)["status"] == "cancelled"


def test_whoever_says_which_state_it_saw_is_told_that_it_moved(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    order_id = northwind.placed(name="seen.example.net", approver="admin@seen.example.net")
    etag = northwind.call("GET", f"/v1/orders/{order_id}").headers["etag"]
    assert northwind.amend(order_id, {"note": "first"}).status == 200
    refused = northwind.amend(order_id, {"note": "second"}, If_Match=etag)
    assert (refused.status, refused.json["code"]) == (412, "changed_meanwhile")
    assert northwind.order(order_id)["note"] == "first"
    assert cloud.settle()


def test_an_address_that_declined_is_offered_and_taken_for_no_name_of_the_order(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    first, second, who = "one.barred.example.net", "two.barred.example.net", "admin@barred.example.net"
    order_id = northwind.placed(name=first, approver=who, additional_domains=[second])
    path = f"/v1/orders/{order_id}/domains/{second}"
    offered = northwind.call("GET", f"{path}/approvers").json["items"]
    assert who in {each["approver_email"] for each in offered}
    (link,) = approval_links(cloud, order_id)
    assert answer(link, "decline").status == 200
    assert cloud.settle()

    offered = northwind.call("GET", f"{path}/approvers").json["items"]
    assert who not in {each["approver_email"] for each in offered}
    assert len(offered) == 14
    for address in (who, who.upper()):
        chosen = northwind.call("PUT", f"{path}/method", {"method": "email", "approver_email": address})
        assert (chosen.status, chosen.codes) == (422, {"approver_not_allowed"}), chosen.text
    resent = northwind.call("POST", f"{path}/resend")
    assert (resent.status, resent.json["code"]) == (409, "approver_declined")
    assert northwind.amend(order_id, {"note": "still here"}).status == 200
    other = {"method": "email", "approver_email": f"webmaster@{second}"}
    assert northwind.call("PUT", f"{path}/method", other).json["status"] == "pending"
    assert northwind.domains(order_id)[first]["status"] == "declined"
    assert cloud.settle()


def test_names_by_mail_are_asked_about_every_thirty_seconds_at_most(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    first, second = "one.hasty.example.net", "two.hasty.example.net"
    order_id = northwind.placed(name=first, approver="admin@hasty.example.net", additional_domains=[second])
    whole = f"/v1/orders/{order_id}/domains/check"
    one, other = (f"/v1/orders/{order_id}/domains/{name}/check" for name in (first, second))
    for path, status in ((one, 200), (one, 429), (other, 200), (whole, 429)):
        reply = northwind.call("POST", path)
        assert reply.status == status, (path, reply.text)
    assert 0 < int(reply.headers["retry-after"]) <= 30
    cloud.advance(31)
    told = northwind.call("POST", whole)
    assert (told.status, told.json["check"]) == (200, "not_yet")
    for path in (whole, one, other):
        assert northwind.call("POST", path).status == 429
    assert northwind.call("POST", f"/v1/orders/{order_id}/cancel").status == 200


class NoneIsDue:
    """The checks that are due by themselves do not begin: on a slow machine one would come before the reseller's."""

    def choose(self, function_name: str, _event: object) -> dict[str, object] | None:
        return {"withheld": True} if function_name.endswith("BeginDueChecksFunction") else None


def test_a_check_that_proves_the_last_name_says_that_the_order_goes_on(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    name = "word.example.net"
    order_id = northwind.placed(name=name, domain_control={"method": "dns_txt"})
    assert northwind.looks(order_id).json["check"] == "not_yet"
    publish(cloud, northwind.domains(order_id)[name])
    cloud.runtime.faults = NoneIsDue()
    try:
        assert northwind.looks(order_id).json["check"] == "under_way"
    finally:
        cloud.runtime.faults = None
    assert northwind.order(order_id)["status"] == "issued"


def test_a_mail_that_is_asked_for_in_the_last_hour_brings_a_link_that_lives(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    name = "lastminute.example.net"
    order_id = northwind.placed(name=name, approver=f"admin@{name}")
    (former,) = approval_links(cloud, order_id)
    ends = parse_rfc3339(northwind.domains(order_id)[name]["expires_at"]).timestamp()
    cloud.advance(ends - cloud.clock.now() - 600)
    resent = northwind.call("POST", f"/v1/orders/{order_id}/domains/{name}/resend")
    assert resent.status == 200
    until = parse_rfc3339(resent.json["expires_at"])
    assert until.timestamp() > ends + 29 * 86_400
    _, link = approval_links(cloud, order_id)
    assert link != former
    mail = [mail["text"] for mail in mails(cloud) if order_id in mail["text"]][-1]
    assert f"{until.day} {until:%B %Y, %H:%M} UTC" in mail
    assert (call("GET", former).status, answer(former, "approve").status) == (410, 410)
    assert answer(link, "approve").status == 200
    assert cloud.settle()
    assert northwind.order(order_id)["status"] == "issued"


def test_a_note_that_comes_while_a_reviewer_reads_outdates_nothing(
    cloud: EmbeddedCloud, northwind: Reseller, rosa: Reviewer
) -> None:
    order_id = northwind.placed(name="paypal.reviewed.example.net", approver="admin@reviewed.example.net")
    task = rosa.task(order_id)
    assert northwind.amend(order_id, {"note": "This is really us."}).status == 200
    assert rosa.task(order_id)["task_id"] == task["task_id"]
    body = {"decision": "approve", "evidence": "Called the registrant."}
    assert rosa.call("POST", f"/v1/staff/tasks/{task['task_id']}/decide", body).status == 200
    assert cloud.settle()
    assert len(approval_links(cloud, order_id)) == 1
    assert northwind.call("POST", f"/v1/orders/{order_id}/cancel").status == 200


@pytest.mark.parametrize("method", ["email", "dns_txt"])
def test_of_many_mails_that_are_asked_for_at_once_one_goes_out(
    cloud: EmbeddedCloud, northwind: Reseller, method: str
) -> None:
    """The mailbox that a reseller names is not the reseller's to fill."""
    name = f"{method.replace('_', '-')}.bombed.example.net"
    control = {"method": method} | ({"approver_email": f"admin@{name}"} if method == "email" else {})
    order_id = northwind.placed(name=name, domain_control=control)
    cloud.advance(60)
    with ThreadPoolExecutor(8) as pool:
        path = f"/v1/orders/{order_id}/domains/{name}/resend"
        replies = list(pool.map(lambda _: northwind.call("POST", path), range(8)))
    assert sorted({reply.status for reply in replies}) == [200, 429], [reply.text for reply in replies]
    assert all(0 < int(reply.headers["retry-after"]) <= 30 for reply in replies if reply.status == 429)
    assert len([mail for mail in mails(cloud) if order_id in mail["text"]]) == 2
    assert northwind.call("POST", f"/v1/orders/{order_id}/cancel").status == 200


def test_of_two_methods_that_are_chosen_at_once_one_stands_whole(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    name = "twice.example.net"
    order_id = northwind.placed(name=name, approver=f"admin@{name}")
    path, choices = f"/v1/orders/{order_id}/domains/{name}/method", ["dns_txt", "http_file"] * 3
    with ThreadPoolExecutor(6) as pool:
        replies = list(pool.map(lambda method: northwind.call("PUT", path, {"method": method}), choices))
    assert {reply.status for reply in replies} <= {200, 503}, [reply.text for reply in replies]
    assert cloud.settle()
    item = northwind.domains(order_id)[name]
    assert item["method"] in {"dns_txt", "http_file"}
    publish(cloud, item)
    assert northwind.certified(northwind.proves(order_id)) == {name}
