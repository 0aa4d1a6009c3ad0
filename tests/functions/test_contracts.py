"""Contracts over HTTP: asked for, activated, ordered on, read as a statement, told of when they run out."""

import csv
import io
import re
from itertools import pairwise

import pytest

from tests.functions.journeys import Reviewer, call, mails, order_body, resellers, staff_key

pytestmark = pytest.mark.cloud

DAY = 86_400
PRODUCT = "geotrust_quickssl_premium"


@pytest.fixture(scope="module")
def fay(cloud):
    """A member of staff with the role finance."""
    return Reviewer(cloud, staff_key(cloud, "finance"))


def asked(reseller, **more):
    reply = reseller.call("POST", "/v1/contracts", {"units": 20, **more})
    assert reply.status == 201, reply.text
    assert reply.headers["location"] == f"/v1/contracts/{reply.json['contract_id']}"
    return reply.json


def activate(fay, contract_id, invoice, **more):
    return fay.call(
        "POST", f"/v1/staff/contracts/{contract_id}/activate", {"invoice_reference": invoice, **more}
    )


def active(northwind, fay, invoice, **more):
    reply = activate(fay, asked(northwind)["contract_id"], invoice, **more)
    assert reply.status == 200, reply.text
    return reply.json["contract_id"]


def read(reseller, contract_id):
    reply = reseller.call("GET", f"/v1/contracts/{contract_id}")
    assert reply.status == 200, reply.text
    return reply.json


def statement(reseller, contract_id, limit=2):
    """All lines, read page by page."""
    found, cursor = [], ""
    while True:
        page = reseller.call("GET", f"/v1/contracts/{contract_id}/ledger?limit={limit}{cursor}").json
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


def on(contract_id, **more):
    return order_body(contract_id=contract_id, domain_control={"method": "dns_txt"}, **more)


def test_a_contract_from_the_request_to_its_first_order(northwind, contoso, fay):
    contract = asked(northwind, brand="geotrust", products=[PRODUCT], note="For 2027.")
    contract_id = contract["contract_id"]
    assert (contract["status"], contract["units_left"], contract["valid_from"]) == ("requested", 0, None)
    refused = northwind.place(on(contract_id))
    assert (refused.status, refused.codes) == (422, {"contract_not_active"})
    queue = fay.call("GET", "/v1/staff/queues/contracts?limit=200").json["items"]
    assert [each for each in queue if each["contract_id"] == contract_id] == [
        {**contract, "reseller_id": "northwind"}
    ]
    prices = [
        {
            "product": PRODUCT,
            "term_days": 365,
            "kind": "base",
            "price": {"amount": "99.00", "currency": "USD"},
        }
    ]
    reply = activate(fay, contract_id, "INV-FIRST", prices=prices, units=30)
    assert reply.status == 200, reply.text
    assert activate(fay, contract_id, "INV-FIRST", prices=prices, units=30).json == reply.json
    assert activate(fay, contract_id, "INV-FIRST", units=31).json["code"] == "already_active"
    assert activate(fay, contract_id, "INV-SECOND").json["code"] == "already_active"
    second = asked(northwind)["contract_id"]
    assert activate(fay, second, "INV-FIRST").json["code"] == "invoice_taken"
    queue = fay.call("GET", "/v1/staff/queues/contracts?limit=200").json["items"]
    assert contract_id not in {each["contract_id"] for each in queue}

    body = on(contract_id, additional_domains=["a.example.com", "b.example.com"])
    looked = northwind.call("POST", "/v1/orders/validate", body).json
    order = northwind.place(body).json
    assert looked["price"] == order["price"]
    assert order["price"]["net"] == {"amount": "197.00", "currency": "USD"}
    now = read(northwind, contract_id)
    assert (now["units_granted"], now["units_left"], now["units_held"]) == (30, 27, 3)
    assert contract_id in {
        each["contract_id"] for each in northwind.call("GET", "/v1/contracts").json["items"]
    }
    for path in (f"/v1/contracts/{contract_id}", f"/v1/contracts/{contract_id}/ledger"):
        assert contoso.call("GET", path).status == 404
        assert northwind.call("GET", path.replace(contract_id, "con_none")).status == 404


def test_the_statement_adds_up_line_by_line(cloud, northwind, fay):
    contract_id = active(northwind, fay, "INV-STATEMENT")
    kept, given_back = (northwind.place(on(contract_id)).json["order_id"] for _ in range(2))
    assert northwind.amend(kept, {"additional_domains": ["more.example.com"]}).status == 200
    assert northwind.call("POST", f"/v1/orders/{given_back}/cancel").status == 200
    assert cloud.settle()
    lines = statement(northwind, contract_id)
    assert [(line["kind"], line["units"], line["order_id"]) for line in lines] == [
        ("grant", 20, None),
        ("hold", 1, kept),
        ("hold", 1, given_back),
        ("hold", 1, kept),
        ("release", 1, given_back),
    ]
    assert all(sum(line["balance"].values()) == 20 for line in lines)
    last = lines[-1]["balance"]
    now = read(northwind, contract_id)
    assert last == {name: now[f"units_{name}"] for name in ("left", "held", "used")}
    assert lines[0]["actor"] == "staff"
    assert {line["actor"].partition(":")[0] for line in lines[1:]} == {"key"}
    assert all(earlier["at"] <= later["at"] for earlier, later in pairwise(lines))
    assert lines == statement(northwind, contract_id, limit=200)


def test_the_statement_as_a_file(northwind, fay):
    contract_id = active(northwind, fay, "=INV+CSV")
    path = f"/v1/contracts/{contract_id}/ledger"
    files = [
        northwind.call("GET", f"{path}?format=csv"),
        northwind.call("GET", path, Accept="text/csv"),
    ]
    for reply in files:
        assert reply.headers["content-type"].startswith("text/csv")
        assert reply.headers["content-disposition"] == f'attachment; filename="ledger-{contract_id}.csv"'
        (row,) = csv.DictReader(io.StringIO(reply.text))
        assert (row["kind"], row["units"], row["left"], row["actor"]) == ("grant", "20", "20", "staff")
        assert row["reference"] == "'=INV+CSV"
    northwind.place(on(contract_id))
    first = northwind.call("GET", f"{path}?format=csv&limit=1")
    (target,) = re.fullmatch(r'<(.+)>; rel="next"', first.headers["link"]).groups()
    (row,) = csv.DictReader(io.StringIO(northwind.call("GET", target).text))
    assert (row["kind"], row["left"], row["held"]) == ("hold", "19", "1")
    assert northwind.call("GET", f"{path}?format=xml").status == 400
    assert northwind.call("GET", path, Accept="text/csv, application/json").json["items"]


def test_roles_decide_who_may_do_what(cloud, northwind, fay):
    contract_id = active(northwind, fay, "INV-ROLES")
    rosa = Reviewer(cloud, staff_key(cloud, "review"))
    assert rosa.call("GET", "/v1/staff/queues/contracts").status == 403
    assert activate(rosa, contract_id, "INV-ROLES").status == 403
    assert fay.call("GET", "/v1/contracts").status == 403
    assert northwind.call("GET", "/v1/staff/queues/contracts").status == 403
    assert activate(fay, contract_id, "INV-ROLES", reseller_id="contoso").status == 404


def test_twenty_may_wait_and_no_more(cloud):
    contoso = resellers(cloud)[1]
    replies = [contoso.call("POST", "/v1/contracts", {"units": 1}) for _ in range(21)]
    assert [reply.status for reply in replies] == [201] * 20 + [409]
    assert replies[-1].json["code"] == "too_many_requested"


@pytest.mark.parametrize("kind", ["bulk", "pay_as_you_go"])
def test_the_demo_makes_contracts_of_both_kinds(cloud, northwind, kind):
    reply = call(
        "POST",
        f"{cloud.url}/_local/demo/contracts",
        f'{{"reseller_id": "northwind", "kind": "{kind}", "units": 7}}'.encode(),
        {"Content-Type": "application/json"},
    )
    left = 7 if kind == "bulk" else 0
    assert reply.json == {"contract_id": reply.json["contract_id"], "kind": kind, "units_left": left}
    assert read(northwind, reply.json["contract_id"])["kind"] == kind
    demo = {each["contract_id"]: each for each in cloud.demo["resellers"][0]["contracts"]}
    assert demo[reply.json["contract_id"]] == reply.json
    assert cloud.demo["resellers"][0]["contracts"][0]["kind"] == "bulk"


def test_the_billing_contact_is_told_once_of_low_units_and_of_the_end(cloud, northwind, fay):
    contract_id = active(northwind, fay, "INV-NOTICED", notices={"units_low": 18, "ends_in_days": [30]})

    def told():
        return [each for each in mails(cloud) if contract_id in each["subject"]]

    cloud.advance(3600)
    assert told() == []
    for _ in range(2):
        assert northwind.place(on(contract_id)).status == 201
    cloud.advance(3600)
    (low,) = told()
    assert low["to"] == ["support@northwind.example.com"]
    assert low["subject"] == f"Contract {contract_id} has 18 of 20 units left"
    cloud.advance(2 * 3600)
    assert len(told()) == 1
    cloud.advance(336 * DAY)
    (_, end) = told()
    assert (
        end["subject"].startswith(f"Contract {contract_id} ends in 30 days, on ")
        or "29 days" in end["subject"]
    )
    cloud.advance(30 * DAY)
    assert len(told()) == 2
    assert northwind.place(on(contract_id)).codes == {"contract_expired"}
