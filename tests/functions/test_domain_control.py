"""Control of a domain by each method, as a reseller lives it: read what to publish, publish it, be issued."""

from typing import Any

import pytest

from local.cloud import EmbeddedCloud
from partner_center.validation.quorum import SITES, in_order
from tests.functions.journeys import (
    PRODUCT,
    Reseller,
    answer,
    approval_links,
    call,
    mails,
    order_body,
    page,
    publish,
    record,
    value_of,
)

pytestmark = pytest.mark.cloud

SITE_IDS = [site.id for site in in_order(SITES)]
WILDCARD = f"{PRODUCT}_wildcard"


def ordered(reseller: Reseller, names: dict[str, dict[str, Any]], **more: Any) -> str:
    """The id of an order for `names`, each with its method."""
    control = {"method": "dns_txt", "names": names}
    first, *others = names
    return reseller.placed(name=first, additional_domains=others, domain_control=control, **more)


def everyone(result: str) -> list[dict[str, str]]:
    return [{"id": site, "result": result} for site in SITE_IDS]


@pytest.mark.parametrize(
    ("method", "section", "dnssec", "by_itself"),
    [
        ("dns_txt", "3.2.2.4.7", "secure", False),
        ("dns_cname", "3.2.2.4.7", "insecure", True),
        ("http_file", "3.2.2.4.18", "insecure", True),
        ("dns_persist", "3.2.2.4.22", "secure", False),
    ],
)
def test_what_the_instructions_say_proves_the_name_whether_asked_for_or_found(
    cloud: EmbeddedCloud,
    northwind: Reseller,
    method: str,
    section: str,
    dnssec: str,
    by_itself: bool,
) -> None:
    name = f"{method.replace('_', '-')}.proven.example.org"
    order_id = ordered(northwind, {name: {"method": method}})
    item = northwind.domains(order_id)[name]
    assert (item["status"], item["evidence"], item["valid_until"]) == ("pending", None, None)
    (mail,) = [mail for mail in mails(cloud) if order_id in mail["text"]]
    assert mail["to"] == ["ada@example.com"]
    assert all(str(told) in mail["text"] for told in item["publish"].values())

    publish(cloud, item, dnssec=dnssec)
    if by_itself:
        cloud.advance(120)
        assert cloud.settle()
    else:
        assert northwind.looks(order_id).status == 200
    if dnssec == "secure":
        cloud.zone.delete(item["publish"]["name"])  # else all of example.org is a signed zone to other tests
    order = northwind.order(order_id)
    assert order["status"] == "issued", northwind.domains(order_id)
    assert northwind.certified(order) == {name}

    item = northwind.domains(order_id)[name]
    evidence, caa = item["evidence"], item["evidence"]["caa"]
    assert (item["status"], item["attempts"][0]["result"]) == ("valid", "valid")
    assert item["attempts"][0]["perspectives"] == everyone("passed")
    assert item["valid_until"] > evidence["checked_at"]
    assert (evidence["method"], evidence["br_section"], evidence["dnssec"]) == (method, section, dnssec)
    assert (evidence["authorization_domain"], evidence["quorum"]) == (name, "6/6")
    assert [(each["region"], each["result"]) for each in evidence["perspectives"][:1]] == [
        ("eu-west-1", "passed")
    ]
    assert len({each["registry"] for each in evidence["perspectives"]}) > 1
    assert (caa["allowed"], caa["quorum"], caa["found_at"]) == (True, "6/6", None)


def test_a_persistent_record_names_the_account_of_one_customer_and_serves_no_other(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    """BR 3.2.2.4.22: `accounturi` is the subscriber's, not the reseller's."""
    name = "account.proven.example.org"
    first = ordered(northwind, {name: {"method": "dns_persist"}}, customer_id="persist-a")
    publish(cloud, northwind.domains(first)[name])
    northwind.proves(first)
    other = ordered(northwind, {name: {"method": "dns_persist"}}, customer_id="persist-b")
    assert northwind.looks(other).status == 200
    attempt = northwind.domains(other)[name]["attempts"][0]
    assert "names another account" in attempt["detail"]
    assert attempt["perspectives"] == everyone("refused")
    publish(cloud, northwind.domains(other)[name])
    assert northwind.certified(northwind.proves(other)) == {name}


@pytest.mark.parametrize(
    ("published", "section"),
    [(None, "3.2.2.4.4"), ("CAA", "3.2.2.4.13"), ("TXT", "3.2.2.4.14")],
    ids=["constructed", "caa", "txt"],
)
def test_whoever_may_approve_is_mailed_and_speaks_for_the_domain_asked_about(
    cloud: EmbeddedCloud, northwind: Reseller, published: str | None, section: str
) -> None:
    domain = f"{(published or 'none').lower()}.contact.example.org"
    name, approver = f"www.{domain}", "ops@mailbox.example.net" if published else f"hostmaster@{domain}"
    if published == "CAA":
        record(cloud, domain, "CAA", f'0 contactemail "{approver}"')
    elif published == "TXT":
        record(cloud, f"_validation-contactemail.{domain}", "TXT", approver)
    order_id = northwind.placed(name=name, approver=approver, customer_id=f"contact-{section}")
    (mail,) = [mail for mail in mails(cloud) if order_id in mail["text"]]
    assert mail["to"] == [approver]
    offered = northwind.call("GET", f"/v1/orders/{order_id}/domains/{name}/approvers")
    assert approver in offered.text
    (link,) = approval_links(cloud, order_id)
    assert answer(link, "approve").status == 200
    assert cloud.settle()

    order, item = northwind.order(order_id), northwind.domains(order_id)[name]
    assert order["status"] == "issued", item
    assert northwind.certified(order) == {name}
    evidence = item["evidence"]
    assert (evidence["method"], evidence["br_section"]) == ("email", section)
    assert evidence["authorization_domain"] == domain
    assert evidence["quorum"] == ("6/6" if published else None)
    assert evidence["caa"]["allowed"]
    listed = northwind.call("GET", "/v1/domains?name=mailbox.example.net").json["items"]
    assert listed == [], "the approver's own mail domain is proven by nothing (2025)"


def test_an_address_that_dns_does_not_name_is_refused_when_ordered(northwind: Reseller) -> None:
    body = order_body("www.unnamed.example.org", approver="ops@mailbox.example.net")
    reply = northwind.place(body)
    assert (reply.status, reply.codes) == (422, {"approver_not_allowed"})


def test_names_of_one_order_are_proven_each_by_its_own_method(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    by_mail, by_dns = "mail.mixed.example.net", "dns.mixed.example.org"
    order_id = ordered(
        northwind,
        {
            by_mail: {"method": "email", "approver_email": f"webmaster@{by_mail}"},
            by_dns: {"method": "dns_cname"},
        },
    )
    publish(cloud, northwind.domains(order_id)[by_dns])
    assert northwind.looks(order_id).status == 200
    assert northwind.order(order_id)["status"] == "pending"
    assert northwind.step(order_id, "domain_verification")["reason"] == "1 of 2 names are proven."
    (link,) = approval_links(cloud, order_id)
    assert answer(link, "approve").status == 200
    assert cloud.settle()
    order, items = northwind.order(order_id), northwind.domains(order_id)
    assert order["status"] == "issued", items
    assert northwind.certified(order) == {by_mail, by_dns}
    methods = {name: item["evidence"]["br_section"] for name, item in items.items()}
    assert methods == {by_mail: "3.2.2.4.4", by_dns: "3.2.2.4.7"}


def test_a_method_chosen_anew_ends_the_former_value_and_proves(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    name = "changed.example.net"
    order_id = ordered(northwind, {name: {"method": "email", "approver_email": f"admin@{name}"}})
    (link,) = approval_links(cloud, order_id)
    path = f"/v1/orders/{order_id}/domains/{name}/method"
    chosen = northwind.call("PUT", path, {"method": "dns_txt"})
    assert (chosen.status, chosen.json["method"], chosen.json["approver_email"]) == (200, "dns_txt", None)
    assert cloud.settle()
    assert call("GET", link).status == 410
    assert answer(link, "approve").status == 410
    former = northwind.domains(order_id)[name]

    assert northwind.call("PUT", path, {"method": "http_file"}).status == 200
    assert cloud.settle()
    publish(cloud, former)
    assert northwind.looks(order_id).status == 200
    item = northwind.domains(order_id)[name]
    assert (item["method"], item["status"]) == ("http_file", "pending")
    assert item["publish"]["body"] != former["publish"]["value"]
    publish(cloud, item)
    assert northwind.certified(northwind.proves(order_id)) == {name}
    assert northwind.domains(order_id)[name]["evidence"]["method"] == "http_file"


def test_a_wildcard_and_its_base_name_share_one_value_and_one_look(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    base = "shared.example.net"
    order_id = northwind.placed(
        name=f"*.{base}", additional_domains=[base], product=WILDCARD, domain_control={"method": "dns_txt"}
    )
    items = northwind.domains(order_id)
    assert {name: item["shared_with"] for name, item in items.items()} == {
        f"*.{base}": [base],
        base: [f"*.{base}"],
    }
    assert items[base]["publish"] == items[f"*.{base}"]["publish"]
    assert items[base]["publish"]["name"] == f"_partner-center.{base}"
    publish(cloud, items[base])
    assert northwind.certified(northwind.proves(order_id)) == {base, f"*.{base}"}
    listed = northwind.call("GET", f"/v1/domains?name={base}").json["items"]
    assert [each["order_id"] for each in listed] == [order_id], "one proof"


def test_a_file_is_no_method_for_a_wildcard(northwind: Reseller) -> None:
    body = order_body("*.file.example.net", product=WILDCARD, domain_control={"method": "http_file"})
    reply = northwind.place(body)
    assert (reply.status, reply.codes) == (422, {"method_not_for_wildcard"})


# ---- what is not right


def wrong_value(cloud: EmbeddedCloud, item: dict[str, Any]) -> None:
    record(cloud, item["publish"]["name"], "TXT", f"{value_of(item)[:-1]}0", "unrelated")


def nothing(cloud: EmbeddedCloud, item: dict[str, Any]) -> None:
    """What most names publish."""


def bogus(cloud: EmbeddedCloud, item: dict[str, Any]) -> None:
    record(cloud, item["publish"]["name"], "TXT", value_of(item), dnssec="bogus")


def no_answer(cloud: EmbeddedCloud, item: dict[str, Any]) -> None:
    record(cloud, item["publish"]["name"], "CNAME", rcode="SERVFAIL")


def alias_of_everything(cloud: EmbeddedCloud, item: dict[str, Any]) -> None:
    record(cloud, item["publish"]["name"], "CNAME", "park.example.com.")


def served(cloud: EmbeddedCloud, item: dict[str, Any], body: str, **more: Any) -> None:
    record(cloud, item["name"], "A", "93.184.215.14")
    page(cloud, item["publish"]["url"], body, **more)


def error_page(cloud: EmbeddedCloud, item: dict[str, Any]) -> None:
    served(cloud, item, item["publish"]["body"], status=404)


def echo(cloud: EmbeddedCloud, item: dict[str, Any]) -> None:
    served(cloud, item, f"You asked for {item['publish']['url']}: {item['publish']['body']}")


def redirect_inside(cloud: EmbeddedCloud, item: dict[str, Any]) -> None:
    record(cloud, "inside.example.com", "A", "10.0.0.7")
    served(cloud, item, "", status=302, headers={"Location": "http://inside.example.com/x"})


def redirect_to_value(cloud: EmbeddedCloud, item: dict[str, Any]) -> None:
    target = f"http://www.example.com/{item['publish']['body']}"
    served(cloud, item, "", status=302, headers={"Location": target})
    page(cloud, target, item["publish"]["body"])


def private_address(cloud: EmbeddedCloud, item: dict[str, Any]) -> None:
    page(cloud, item["publish"]["url"], item["publish"]["body"])
    record(cloud, item["name"], "A", "169.254.169.254")


WRONG = {
    "wrong-value": ("dns_txt", wrong_value, "refused", "holds something else"),
    "missing": ("dns_txt", nothing, "refused", "There is nothing at TXT"),
    "bogus": ("dns_txt", bogus, "not_answered", "DNSSEC shows an answer"),
    "servfail": ("dns_cname", no_answer, "not_answered", "The look-up for"),
    "parked": ("dns_cname", alias_of_everything, "refused", "holds something else"),
    "error-page": ("http_file", error_page, "refused", "answered 404"),
    "echo": ("http_file", echo, "refused", "the value and more"),
    "redirect-inside": ("http_file", redirect_inside, "refused", "has the address 10.0.0.7"),
    "redirect-to-value": ("http_file", redirect_to_value, "refused", "a URL with the value in it"),
    "private-address": ("http_file", private_address, "refused", "has the address 169.254.169.254"),
}


def test_what_is_not_right_is_told_from_every_perspective_and_proves_once_it_is_mended(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    names = {f"{case}.mended.example.org": {"method": method} for case, (method, *_) in WRONG.items()}
    order_id = ordered(northwind, names)
    for name, item in northwind.domains(order_id).items():
        _, does, *_ = WRONG[name.partition(".")[0]]
        does(cloud, item)
    assert northwind.looks(order_id).status == 200
    items = northwind.domains(order_id)
    for case, (_, _, vote, detail) in WRONG.items():
        item = items[f"{case}.mended.example.org"]
        attempt = item["attempts"][0]
        assert (item["status"], item["evidence"]) == ("pending", None), case
        assert attempt["result"] == ("pending" if vote == "not_answered" else "failed"), case
        assert detail in attempt["detail"], case
        assert attempt["perspectives"] == everyone(vote), case
    assert northwind.order(order_id)["status"] == "pending"
    step = northwind.step(order_id, "domain_verification")
    assert (step["status"], step["reason"]) == ("in_progress", "0 of 10 names are proven.")
    assert step["due_at"] == min(item["expires_at"] for item in items.values())

    for item in items.values():
        publish(cloud, item)
    assert northwind.certified(northwind.proves(order_id)) == set(names)


def test_one_name_is_looked_at_alone(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    first, second = "first.alone.example.org", "second.alone.example.org"
    order_id = ordered(northwind, {first: {"method": "dns_txt"}, second: {"method": "dns_txt"}})
    publish(cloud, northwind.domains(order_id)[first])
    reply = northwind.looks(order_id, first)
    assert (reply.status, reply.json["status"]) == (200, "valid")
    assert northwind.domains(order_id)[second]["status"] == "pending"
    again = northwind.looks(order_id, first)
    assert (again.status, again.json["code"]) == (409, "already_valid")
    publish(cloud, northwind.domains(order_id)[second])
    northwind.proves(order_id)
