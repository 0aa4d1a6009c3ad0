"""Which proofs on file serve another order, which never do, and what a reseller reads of them."""

from typing import Any
from urllib.parse import quote

import pytest

from local.cloud import EmbeddedCloud
from tests.functions.journeys import PRODUCT, Reseller, approval_links, mails, publish

pytestmark = pytest.mark.cloud

DAY = 86_400
WILDCARD = f"{PRODUCT}_wildcard"


def proven(reseller: Reseller, name: str, method: str = "dns_txt", **more: Any) -> dict[str, Any]:
    """An order that was issued because what it said was published."""
    order_id = reseller.placed(name=name, domain_control={"method": method}, **more)
    for item in reseller.domains(order_id).values():
        if item["status"] == "pending":
            publish(reseller.cloud, item)
    return reseller.proves(order_id)


def again(reseller: Reseller, name: str, method: str = "dns_txt", **more: Any) -> dict[str, Any]:
    """The one name of another order, as it stands once nothing is under way; nothing was published for it."""
    order_id = reseller.placed(name=name, domain_control={"method": method}, **more)
    item = reseller.domains(order_id)[name]
    return item | {"order": reseller.order(order_id)}


def cancelled(reseller: Reseller, item: dict[str, Any]) -> None:
    """What waits for ever is looked at for ever, whenever a test moves the clock."""
    assert reseller.call("POST", f"/v1/orders/{item['order']['order_id']}/cancel").status == 200
    assert reseller.cloud.settle()


def test_a_customer_who_proved_a_name_is_not_asked_again(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    name = "known.reuse.example.net"
    first = proven(northwind, name, customer_id="reuse-a")
    evidence = northwind.domains(first["order_id"])[name]["evidence"]
    item = again(northwind, name, customer_id="reuse-a")
    second = item["order"]
    assert (second["status"], item["status"]) == ("issued", "valid")
    assert northwind.certified(second) == {name}
    assert item["attempts"] == []
    assert item["evidence"] | {"caa": None} == evidence | {"caa": None}
    assert item["evidence"]["caa"]["quorum"] == "6/6", "CAA is asked afresh at every signing"
    (mail,) = [mail for mail in mails(cloud) if second["order_id"] in mail["text"]]
    assert mail["attachments"], "the certificate is all that was mailed"


@pytest.mark.parametrize(
    "who", [{"customer_id": "reuse-other"}, {"customer_id": "Reuse-Owner"}, {}], ids=["other", "case", "none"]
)
def test_another_customer_of_the_reseller_is_asked(
    cloud: EmbeddedCloud, northwind: Reseller, who: dict[str, str]
) -> None:
    name = "owned.reuse.example.net"
    if not northwind.call("GET", f"/v1/domains?name={name}").json["items"]:
        proven(northwind, name, customer_id="reuse-owner")
    item = again(northwind, name, **who)
    assert (item["order"]["status"], item["status"], item["evidence"]) == ("pending", "pending", None)
    cancelled(northwind, item)


def test_another_reseller_is_asked_though_its_customer_has_the_same_id(
    cloud: EmbeddedCloud, northwind: Reseller, contoso: Reseller
) -> None:
    name = "elsewhere.reuse.example.net"
    ours = northwind.domains(proven(northwind, name, customer_id="same-id")["order_id"])[name]
    item = again(contoso, name, customer_id="same-id")
    assert (item["order"]["status"], item["status"]) == ("pending", "pending")
    assert northwind.looks(item["order"]["order_id"]).status == 404
    assert contoso.looks(item["order"]["order_id"]).status == 200
    attempt = contoso.domains(item["order"]["order_id"])[name]["attempts"][0]
    assert attempt["result"] == "failed", "what was published for another reseller is another value"
    assert ours["evidence"]["quorum"] == "6/6"
    cancelled(contoso, item)


@pytest.mark.parametrize(
    ("method", "shown", "asked", "serves"),
    [
        ("dns_txt", "up-txt", "www.up-txt", True),
        ("dns_txt", "up-txt", "*.up-txt", True),
        ("dns_cname", "www.up-cname", "up-cname", False),
        ("dns_cname", "www.up-cname", "xwww.up-cname", False),
        ("http_file", "file", "file", True),
        ("http_file", "file", "www.file", False),
        ("http_file", "file", "*.file", False),
        ("dns_persist", "persist", "persist", True),
        ("dns_persist", "persist", "www.persist", False),
        ("dns_persist", "persist", "*.persist", False),
    ],
)
def test_a_proof_serves_what_its_method_says_and_never_a_name_above(
    cloud: EmbeddedCloud, northwind: Reseller, method: str, shown: str, asked: str, serves: bool
) -> None:
    """BR 3.2.2.4.7, .18, .22; a proof for a name below once issued for its parent (2015)."""
    zone, customer = "scope.example.net", f"scope-{method}-{shown}"
    if not northwind.call("GET", f"/v1/domains?name={shown}.{zone}").json["items"]:
        proven(northwind, f"{shown}.{zone}", method, customer_id=customer)
    wildcard = asked.startswith("*.")
    item = again(
        northwind,
        f"{asked}.{zone}",
        customer_id=customer,
        product=WILDCARD if wildcard else PRODUCT,
        additional_domains=[],
    )
    assert (item["status"] == "valid") is serves
    assert (item["order"]["status"] == "issued") is serves, item
    if not serves:
        cancelled(northwind, item)


def test_a_persistent_record_is_read_again_after_10_days(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    name = "standing.reuse.example.net"
    first = proven(northwind, name, "dns_persist", customer_id="standing")
    before = northwind.domains(first["order_id"])[name]["evidence"]
    cloud.advance(10 * DAY + 60)
    item = again(northwind, name, "dns_persist", customer_id="standing")
    assert item["status"] == "pending"
    order = northwind.proves(item["order"]["order_id"])
    evidence = northwind.domains(order["order_id"])[name]["evidence"]
    assert evidence["checked_at"] > before["checked_at"]
    assert northwind.certified(order) == {name}


def test_an_approval_serves_the_names_below_its_domain(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    domain, customer = "approved.reuse.example.net", "reuse-mail"
    northwind.issued(name=f"a.{domain}", approver=f"admin@{domain}", customer_id=customer)
    order_id = northwind.placed(name=f"b.{domain}", approver=f"admin@{domain}", customer_id=customer)
    assert northwind.order(order_id)["status"] == "issued"
    assert approval_links(cloud, order_id) == []


# ---- GET /v1/domains


def test_proofs_are_listed_by_the_beginning_of_their_name_in_pages_and_to_their_reseller_only(
    cloud: EmbeddedCloud, northwind: Reseller, contoso: Reseller
) -> None:
    names = [f"{label}.example.com" for label in ("listed-a", "listed-b", "listed-c")]
    order_id = northwind.placed(
        name=names[0],
        additional_domains=names[1:],
        domain_control={"method": "dns_txt"},
        customer_id="listing",
    )
    for item in northwind.domains(order_id).values():
        publish(cloud, item)
    northwind.proves(order_id)
    whole = northwind.call("GET", "/v1/domains?name=LISTED-").json
    assert ([each["name"] for each in whole["items"]], whole["next_cursor"]) == (names, None)
    assert {each["customer_id"] for each in whole["items"]} == {"listing"}
    assert {each["order_id"] for each in whole["items"]} == {order_id}
    assert {(each["method"], each["br_section"]) for each in whole["items"]} == {("dns_txt", "3.2.2.4.7")}
    assert all(each["valid_until"] > each["checked_at"] for each in whole["items"])

    pages, cursor = [], ""
    while cursor is not None:
        more = f"&cursor={quote(cursor)}" if cursor else ""
        page = northwind.call("GET", f"/v1/domains?name=listed-&limit=2{more}").json
        pages.append([each["name"] for each in page["items"]])
        cursor = page["next_cursor"]
    assert pages == [names[:2], names[2:]]
    assert contoso.call("GET", "/v1/domains?name=listed-").json["items"] == []
    assert northwind.call("GET", "/v1/domains?name=isted-").json["items"] == [], "beginnings only"
    assert northwind.call("GET", "/v1/domains?name=listed-b.example.com").json["items"] == [whole["items"][1]]


def test_a_cursor_leads_on_in_the_readers_own_list_only(
    cloud: EmbeddedCloud, northwind: Reseller, contoso: Reseller
) -> None:
    for reseller, customer in ((northwind, "cursor-n"), (contoso, "cursor-c")):
        for label in ("cursor-a", "cursor-b"):
            proven(reseller, f"{label}.example.com", customer_id=customer)
    cursor = quote(northwind.call("GET", "/v1/domains?name=cursor-&limit=1").json["next_cursor"])
    foreign = contoso.call("GET", f"/v1/domains?name=cursor-&cursor={cursor}")
    assert foreign.status == 200
    assert {each["customer_id"] for each in foreign.json["items"]} == {"cursor-c"}
    other_list = northwind.call("GET", f"/v1/domains?name=listed-&cursor={cursor}")
    assert (other_list.status, other_list.json["code"]) == (400, "malformed")
