"""What a stranger found who tried to break it: each stays found."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from local.cloud import EmbeddedCloud
from partner_center.kernel.clock import parse_rfc3339
from tests.functions.journeys import Reseller, answer, approval_links, call, order_body

pytestmark = pytest.mark.cloud

DAY = 86_400


@pytest.mark.parametrize("scarce", ["a number of the reseller", "the last unit"])
def test_a_duplicate_at_once_is_never_told_that_its_own_first_request_is_in_the_way(
    cloud: EmbeddedCloud, contoso: Reseller, scarce: str
) -> None:
    for attempt in range(3):
        contract_id = contoso.new_contract(units=1)
        number = f"PO-dup-{attempt}" if scarce == "a number of the reseller" else None
        body = order_body(name="dup.example.com", contract_id=contract_id, partner_order_id=number)
        key = f"dup-{scarce[:6]}-{attempt}"

        def place(_: int, body: dict = body, key: str = key) -> tuple[int, str]:
            reply = contoso.place(body, Idempotency_Key=key)
            return reply.status, reply.text

        with ThreadPoolExecutor(10) as pool:
            replies = list(pool.map(place, range(10)))
        assert {status for status, _ in replies} <= {201, 503}, replies
    assert cloud.settle()


def test_a_contact_whom_no_mail_can_reach_is_refused(northwind: Reseller) -> None:
    body = order_body()
    body["contacts"]["technical"]["email"] = "\u00e4@example.com"
    reply = northwind.place(body)
    assert reply.status == 422
    (problem,) = reply.json["problems"]
    assert (problem["code"], problem["field"]) == ("invalid_field", "/contacts/technical/email")


def test_a_persons_name_plants_no_link_in_the_approval_mail(northwind: Reseller) -> None:
    body = order_body()
    body["contacts"]["technical"]["last_name"] = "http://evil.example.com/approve/xyz"
    reply = northwind.place(body)
    assert (reply.status, reply.codes) == (422, {"invalid_field"})


def test_what_was_no_utf8_is_refused_and_not_repaired(northwind: Reseller) -> None:
    reply = northwind.call("POST", "/v1/orders", b'{"note": "x\xff\xfey"}')
    assert (reply.status, reply.json["code"]) == (400, "malformed")


def test_an_order_ends_within_a_minute_of_the_moment_that_it_names(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    order_id = northwind.placed(name="moment.example.com")
    until = parse_rfc3339(northwind.order(order_id)["pending_until"]).timestamp()
    cloud.advance(until - cloud.clock.now() - 60)
    assert northwind.order(order_id)["status"] == "pending"
    cloud.advance(until - cloud.clock.now() + 65)
    order = northwind.order(order_id)
    assert (order["status"], order["closed"]["reason"]) == ("cancelled", "timed_out")


def test_an_order_whose_term_is_over_has_expired(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    order = northwind.issued(name="term.example.com", partner_order_id="PO-term")
    assert order["status"] == "issued"
    until = parse_rfc3339(order["term"]["to"]).timestamp()
    cloud.advance(until - cloud.clock.now() + 2)
    assert northwind.order(order["order_id"])["status"] == "expired"
    (found,) = northwind.call("GET", "/v1/orders?partner_order_id=PO-term").json["items"]
    assert found["status"] == "expired"


def test_checks_come_at_most_every_thirty_seconds(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    contract_id = northwind.new_contract(units=1)
    cloud.zone.set("often.example.org", "CAA", ['0 issue ";"'])
    order_id = northwind.placed(
        name="often.example.org", approver="admin@example.org", contract_id=contract_id
    )
    answer(approval_links(cloud, order_id)[0], "approve")
    assert cloud.settle()
    path = f"/v1/orders/{order_id}/domains/check"
    assert northwind.call("POST", path).json["check"] in {"under_way", "not_yet"}  # held back again by now?
    assert cloud.settle()
    again = northwind.call("POST", path)
    assert (again.status, again.json["code"]) == (429, "too_many_requests")
    assert 1 <= int(again.headers["retry-after"]) <= 30
    cloud.advance(31)
    assert northwind.call("POST", path, {"bogus": 1}).status == 422
    assert northwind.call("POST", f"{path}?x=1").status == 400
    assert northwind.call("POST", path).status == 200
    assert cloud.settle()
    northwind.call("POST", f"/v1/orders/{order_id}/cancel")


def test_the_demo_tells_contracts_as_they_are(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    contract_id = northwind.new_contract(units=7)
    northwind.placed(name="demo.example.com", contract_id=contract_id)
    told = call("GET", f"{cloud.url}/_local/demo", headers={"Accept": "application/json"}).json
    contracts = {each["contract_id"]: each for each in told["resellers"][0]["contracts"]}
    assert contracts[contract_id] == {"contract_id": contract_id, "kind": "bulk", "units_left": 6}
