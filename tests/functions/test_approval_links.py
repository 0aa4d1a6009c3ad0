"""The approval link and its bad inputs: scanners, double answers, old links, strangers."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from local.cloud import EmbeddedCloud
from tests.functions.journeys import Reseller, answer, approval_links, bounce, call, mails, order_body

pytestmark = pytest.mark.cloud

DAY = 86_400
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def link_of(cloud: EmbeddedCloud, northwind: Reseller, name: str) -> tuple[str, str]:
    order_id = northwind.placed(name=name)
    (link,) = approval_links(cloud, order_id)
    return order_id, link


def test_a_mail_scanner_that_follows_links_approves_nothing(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    order_id, link = link_of(cloud, northwind, "scanner.example.com")
    for method in ("GET", "HEAD", "GET", "HEAD"):
        reply = call(method, link, headers={"User-Agent": "MailScanner/1.0"})
        assert reply.status == 200
        assert reply.headers["cache-control"] == "no-store"
    assert call("GET", f"{link}?decision=approve").status == 200
    assert cloud.settle()
    assert northwind.order(order_id)["status"] == "pending"


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"", "application/x-www-form-urlencoded"),
        (b"decision=maybe", "application/x-www-form-urlencoded"),
        (b"decision=approve&decision=decline", "application/x-www-form-urlencoded"),
        (b"decision=approve", "text/plain"),
        (b'{"decision": "approve"}', "application/json"),
        (b"decision=approve&x=" + b"y" * 5000, "application/x-www-form-urlencoded"),
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
    ],
    ids=["nothing", "another-word", "both", "plain-text", "json", "too-long", "not-ascii"],
)
def test_only_the_forms_own_answer_counts(
    cloud: EmbeddedCloud, northwind: Reseller, body: bytes, media_type: str
) -> None:
    order_id, link = link_of(cloud, northwind, "form.example.com")
    reply = call("POST", link, body, {"Content-Type": media_type})
    assert reply.status == 400
    assert "text/html" in reply.headers["content-type"]
    assert cloud.settle()
    assert northwind.order(order_id)["status"] == "pending"


def test_a_link_that_reached_nobody_is_not_waited_for(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    order_id = northwind.placed(name="bounced.example.com")
    (mail,) = [each for each in cloud.mails() if order_id in each.text]
    bounce(cloud, mail)
    step = northwind.step(order_id, "domain_verification")
    assert (step["status"], step["actor"]) == ("in_progress", "reseller")
    assert step["next_action"].startswith(
        f"The mail to {mail.to[0]} could not be delivered, so nobody is asked"
    )
    path = f"/v1/orders/{order_id}/domains/bounced.example.com"
    again = northwind.call("POST", f"{path}/resend")
    assert (again.status, again.json["code"]) == (429, "too_many_requests")
    assert 3000 < int(again.headers["retry-after"]) <= 3600
    other = {"method": "email", "approver_email": "webmaster@example.com"}
    assert northwind.call("PUT", f"{path}/method", other).status == 200
    assert cloud.settle()
    assert northwind.step(order_id, "domain_verification")["actor"] == "approver"


def test_a_link_answers_once(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    order_id, link = link_of(cloud, northwind, "once.example.com")
    assert answer(link, "approve").status == 200
    for reply in (answer(link, "approve"), answer(link, "decline"), call("GET", link)):
        assert reply.status == 410
        assert order_id not in reply.text
        assert "example.com" not in reply.text.replace("partner-center.example.com", "")
    assert cloud.settle()
    assert northwind.order(order_id)["status"] == "issued"


def test_of_two_answers_at_once_one_counts(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    order_id, link = link_of(cloud, northwind, "race.example.com")
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: answer(link, "approve"), range(8)))
    assert sorted({reply.status for reply in replies} - {503}) == [200, 410]
    assert sum(reply.status == 200 for reply in replies) == 1
    assert cloud.settle()
    assert len(northwind.order(order_id)["certificates"]) == 1


def test_a_declined_name_is_told_and_its_link_is_used(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    order_id, link = link_of(cloud, northwind, "decline.example.com")
    assert answer(link, "decline").status == 200
    assert answer(link, "approve").status == 410
    assert cloud.settle()
    step = northwind.step(order_id, "domain_verification")
    assert (step["status"], step["actor"]) == ("in_progress", "reseller")
    assert "declined" in step["next_action"]
    (message,) = northwind.call("GET", f"/v1/orders/{order_id}/messages").json["items"]
    assert "admin@example.com declined" in message["text"]
    (domain,) = northwind.call("GET", f"/v1/orders/{order_id}/domains").json["items"]
    assert domain["status"] == "declined"


@pytest.mark.parametrize("token", ["x", "a" * 27, "a" * 4000, "%00", "..%2f..", "<script>"])
def test_a_link_nobody_sent_is_404(cloud: EmbeddedCloud, token: str) -> None:
    quoted = token.replace("<", "%3C").replace(">", "%3E")
    for reply in (
        call("GET", f"{cloud.url}/approve/{quoted}"),
        call("POST", f"{cloud.url}/approve/{quoted}", b"decision=approve", FORM),
    ):
        assert reply.status == 404
        assert "<script" not in reply.text


def test_the_link_stands_only_in_the_mail(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    order_id, link = link_of(cloud, northwind, "secret.example.com")
    token = link.rpartition("/")[2]
    for path in (f"/v1/orders/{order_id}", f"/v1/orders/{order_id}/domains"):
        assert token not in northwind.call("GET", path).text
    client = cloud.client("dynamodb")
    for table in client.list_tables()["TableNames"]:
        assert token not in str(client.scan(TableName=table)["Items"]), table
    for execution in cloud.executions():
        assert token not in str(execution)


def test_an_order_whose_mail_nobody_answers_ends_by_itself(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    contract_id = northwind.new_contract(units=3)
    before = northwind.contract(contract_id)
    reply = northwind.place(order_body(name="silence.example.com", contract_id=contract_id))
    order_id = reply.json["order_id"]
    assert cloud.settle()
    (link,) = approval_links(cloud, order_id)
    cloud.advance(30 * DAY - 3600)
    assert call("GET", link).status == 200
    assert northwind.order(order_id)["status"] == "pending"
    cloud.advance(2 * 3600)
    order = northwind.order(order_id)
    assert (order["status"], order["closed"]["reason"]) == ("cancelled", "timed_out")
    assert order["payment"]["status"] == "released"
    assert northwind.contract(contract_id)["left"] == before["left"]
    assert call("GET", link).status == 410
    assert answer(link, "approve").status == 410


def test_what_caa_forbids_waits_until_it_is_mended(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    cloud.zone.set("held.example.org", "CAA", ['0 issue "another-ca.example"'])
    order_id = northwind.placed(name="held.example.org", approver="admin@example.org")
    (link,) = approval_links(cloud, order_id)
    answer(link, "approve")
    assert cloud.settle()
    step = northwind.step(order_id, "issuance")
    assert (step["status"], step["actor"]) == ("in_progress", "reseller")
    assert "held.example.org" in step["reason"]
    northwind.call("POST", f"/v1/orders/{order_id}/domains/check")
    assert cloud.settle()
    assert northwind.order(order_id)["status"] == "pending", "CAA still forbids it"
    cloud.zone.delete("held.example.org")
    cloud.advance(31)
    assert northwind.call("POST", f"/v1/orders/{order_id}/domains/check").status == 200
    assert cloud.settle()
    assert northwind.order(order_id)["status"] == "issued"


@pytest.mark.parametrize(
    "trouble",
    [{"rcode": "SERVFAIL", "dnssec": "secure"}, {"dnssec": "bogus"}],
    ids=["servfail-in-a-signed-zone", "bogus"],
)
def test_caa_that_cannot_be_looked_up_is_no_permission(
    cloud: EmbeddedCloud, northwind: Reseller, trouble: dict[str, str]
) -> None:
    name = f"www.trouble-{trouble['dnssec']}.com"
    cloud.zone.set(name, "CAA", ['0 issue "geotrust.com"'], **trouble)
    order_id = northwind.placed(name=name, approver=f"admin@{name}")
    answer(approval_links(cloud, order_id)[0], "approve")
    assert cloud.settle(30)
    order = northwind.order(order_id)
    assert (order["status"], order["certificates"]) == ("pending", [])
    northwind.call("POST", f"/v1/orders/{order_id}/cancel")
    assert cloud.settle()


def test_one_mail_a_challenge_however_often_the_step_runs(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    order_id = northwind.placed(name="retry.example.com")
    (execution,) = [each for each in cloud.executions() if order_id in each["name"]]
    for _ in range(3):
        cloud.invoke(
            "AwaitDomainsFunction",
            {
                "reseller_id": northwind.reseller_id,
                "order_id": order_id,
                "generation": 1,
                "attempt": 1,
                "execution": execution["name"],
                "token": "dead",
            },
        )
    assert len([mail for mail in mails(cloud) if order_id in mail["text"]]) == 1
