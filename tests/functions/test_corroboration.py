"""Six perspectives that do not agree: what a hijacked one sees neither proves nor permits anything (BR 3.2.2.9)."""

from collections.abc import Sequence
from typing import Any

import pytest

from local.cloud import EmbeddedCloud
from partner_center.validation.quorum import SITES
from tests.functions.journeys import Reseller, answer, approval_links, mails, publish, record

pytestmark = pytest.mark.cloud

PRIMARY = next(site.id for site in SITES if site.primary)
ONE, TWO = ("ap-south-1",), ("ap-south-1", "us-west-2")
ALL = tuple(site.id for site in SITES)

LIARS = {"one": ONE, "two": TWO, "primary": (PRIMARY,)}


def votes_of(liars: Sequence[str], lie: str) -> dict[str, str]:
    return {site: lie if site in liars else "passed" for site in ALL}


def votes(perspectives: list[dict[str, str]]) -> dict[str, str]:
    return {each["id"]: each["result"] for each in perspectives}


@pytest.mark.parametrize("method", ["dns_txt", "http_file", "dns_persist"])
def test_one_remote_may_see_something_else_but_not_two_and_not_the_primary(
    cloud: EmbeddedCloud, northwind: Reseller, method: str
) -> None:
    names = {who: f"{who}.{method.replace('_', '-')}.seen.example.org" for who in LIARS}
    order_id = northwind.placed(
        name=names["one"], additional_domains=[*names.values()], domain_control={"method": method}
    )
    items = northwind.domains(order_id)
    for who, liars in LIARS.items():
        for site in liars:
            hijack(cloud, items[names[who]], site)
        publish(cloud, items[names[who]])
    assert northwind.looks(order_id).status == 200

    items = {who: northwind.domains(order_id)[name] for who, name in names.items()}
    attempts = {who: item["attempts"][0] for who, item in items.items()}
    assert {who: item["status"] for who, item in items.items()} == {
        "one": "valid",
        "two": "pending",
        "primary": "pending",
    }
    for who, liars in LIARS.items():
        assert votes(attempts[who]["perspectives"]) == votes_of(liars, "refused"), who
    assert items["one"]["evidence"]["quorum"] == "5/6"
    assert votes(items["one"]["evidence"]["perspectives"]) == votes_of(ONE, "refused")
    assert "(4/6)" in attempts["two"]["detail"]
    assert all(site in attempts["two"]["detail"] for site in (PRIMARY, *TWO))
    assert attempts["primary"]["result"] == "failed"
    assert northwind.order(order_id)["status"] == "pending"

    for who in ("two", "primary"):
        publish_everywhere(cloud, items[who])
    assert northwind.certified(northwind.proves(order_id)) == set(names.values())


def place_of(item: dict[str, Any]) -> str:
    """The name whose records decide: for a file that of the host, whose address a hijacker turns."""
    return str(item["publish"].get("name", item["name"]))


def hijack(cloud: EmbeddedCloud, item: dict[str, Any], site: str) -> None:
    if item["method"] == "http_file":
        record(cloud, place_of(item), "A", "10.1.2.3", perspective=site)
    else:
        record(cloud, place_of(item), "TXT", "hijacked", perspective=site)


def publish_everywhere(cloud: EmbeddedCloud, item: dict[str, Any]) -> None:
    cloud.zone.delete(place_of(item))
    publish(cloud, item)


@pytest.mark.parametrize(
    ("silent", "status", "result"),
    [(ONE, "issued", "valid"), (TWO, "pending", "pending"), ((PRIMARY,), "pending", "pending")],
    ids=["one", "two", "primary"],
)
def test_silence_agrees_with_nobody(
    cloud: EmbeddedCloud,
    northwind: Reseller,
    silent: Sequence[str],
    status: str,
    result: str,
) -> None:
    """Whose look-up failed learnt nothing: what it does not contradict it does not corroborate either."""
    name = f"silent-{len(silent)}-{silent[0]}.example.org"
    order_id = northwind.placed(name=name, domain_control={"method": "dns_txt"})
    item = northwind.domains(order_id)[name]
    for site in silent:
        record(cloud, place_of(item), "TXT", rcode="SERVFAIL", perspective=site)
    publish(cloud, item)
    assert northwind.looks(order_id).status == 200
    attempt = northwind.domains(order_id)[name]["attempts"][0]
    assert votes(attempt["perspectives"]) == votes_of(silent, "not_answered")
    assert attempt["result"] == result
    assert northwind.order(order_id)["status"] == status
    if status == "pending":
        publish_everywhere(cloud, item)
        northwind.proves(order_id)


def test_a_value_that_only_hijacked_perspectives_see_proves_nothing(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    name = "stolen.example.org"
    order_id = northwind.placed(name=name, domain_control={"method": "dns_txt"})
    item = northwind.domains(order_id)[name]
    for site in (PRIMARY, *TWO):
        publish(cloud, item, perspective=site)
    assert northwind.looks(order_id).status == 200
    found = northwind.domains(order_id)[name]
    assert (found["status"], found["evidence"]) == ("pending", None)
    assert "(3/6)" in found["attempts"][0]["detail"]
    northwind.call("POST", f"/v1/orders/{order_id}/cancel")
    assert cloud.settle()


# ---- contacts that DNS publishes


def test_a_contact_that_one_perspective_does_not_see_is_mailed_and_one_that_two_do_not_see_is_not(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    approver = "ops@mailbox.example.net"
    orders = {}
    for who in ("one", "two"):
        name = f"{who}.contact-seen.example.org"
        contact = f"_validation-contactemail.{name}"
        for site in LIARS[who]:
            record(cloud, contact, "TXT", "somebody@else.example.net", perspective=site)
        record(cloud, contact, "TXT", approver)
        orders[who] = (name, northwind.placed(name=name, approver=approver))
    assert len(approval_links(cloud, orders["one"][1])) == 1
    assert approval_links(cloud, orders["two"][1]) == []
    name, order_id = orders["two"]
    item = northwind.domains(order_id)[name]
    assert item["status"] == "failed"
    (attempt,) = item["attempts"]
    assert votes(attempt["perspectives"]) == votes_of(TWO, "refused")
    assert "(4/6)" in attempt["detail"]

    cloud.zone.delete(f"_validation-contactemail.{name}")
    record(cloud, f"_validation-contactemail.{name}", "TXT", approver)
    cloud.advance(31)
    assert northwind.call("POST", f"/v1/orders/{order_id}/domains/{name}/resend").status == 200
    assert cloud.settle()
    for _, order_id in orders.values():
        (link,) = approval_links(cloud, order_id)
        assert answer(link, "approve").status == 200
        assert cloud.settle()
        assert northwind.order(order_id)["status"] == "issued"
    evidence = northwind.domains(orders["one"][1])[orders["one"][0]]["evidence"]
    assert (evidence["br_section"], evidence["quorum"]) == ("3.2.2.4.14", "5/6")


# ---- CAA at issue


FORBIDDEN = '0 issue "another-ca.example"'


@pytest.mark.parametrize(
    ("forbidding", "told"),
    [
        (TWO, f"(4/6; not {', '.join(sorted(TWO))})"),
        ((PRIMARY,), "name other CAs only"),
        (ALL, "name other CAs only"),
    ],
    ids=["two remotes", "primary alone", "everywhere"],
)
def test_caa_that_forbids_holds_the_order_back_until_it_is_mended(
    cloud: EmbeddedCloud, northwind: Reseller, forbidding: Sequence[str], told: str
) -> None:
    name = f"caa-{len(forbidding)}.example.org"
    order_id = northwind.placed(name=name, domain_control={"method": "dns_txt"})
    for site in forbidding:
        record(cloud, name, "CAA", FORBIDDEN, perspective=site)
    publish(cloud, northwind.domains(order_id)[name])
    assert northwind.looks(order_id).status == 200

    order, step = northwind.order(order_id), northwind.step(order_id, "issuance")
    assert (order["status"], order["certificates"]) == ("pending", [])
    assert (step["status"], step["actor"]) == ("in_progress", "reseller")
    assert name in step["reason"]
    assert told in step["reason"]
    assert "check" in step["next_action"]
    item = northwind.domains(order_id)[name]
    assert (item["status"], item["evidence"]["caa"]["allowed"]) == ("valid", False)
    assert item["evidence"]["caa"]["quorum"] == f"{len(ALL) - len(forbidding)}/6"

    cloud.zone.delete(name)
    assert northwind.looks(order_id).status == 200
    order = northwind.order(order_id)
    assert order["status"] == "issued", northwind.step(order_id, "issuance")
    assert northwind.certified(order) == {name}
    caa = northwind.domains(order_id)[name]["evidence"]["caa"]
    assert (caa["allowed"], caa["quorum"]) == (True, "6/6")


def test_caa_that_one_remote_alone_sees_forbidding_does_not_hold_back(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    name = "caa-one.example.org"
    order_id = northwind.placed(name=name, domain_control={"method": "dns_txt"})
    record(cloud, name, "CAA", FORBIDDEN, perspective=ONE[0])
    publish(cloud, northwind.domains(order_id)[name])
    assert northwind.certified(northwind.proves(order_id)) == {name}
    caa = northwind.domains(order_id)[name]["evidence"]["caa"]
    assert (caa["allowed"], caa["quorum"]) == (True, "5/6")


@pytest.mark.parametrize(
    ("records", "issued"),
    [
        (['0 issue "geotrust.com"'], True),
        (['0 issue "another-ca.example"', '0 issue "geotrust.com"'], True),
        (['0 issue "geotrust.com; validationmethods=ca-tbr-7"'], True),
        (['0 issue "geotrust.com; validationmethods=ca-tbr-18"'], False),
        (['0 issue "geotrust.com; accounturi=https://ca.example/another"'], False),
        (['0 issue ";"'], False),
        (['128 unheardof "x"'], False),
    ],
    ids=["ours", "also ours", "this method", "another method", "another account", "nobody", "critical"],
)
def test_caa_is_asked_above_the_name_and_for_the_method_relied_on(
    cloud: EmbeddedCloud,
    northwind: Reseller,
    records: list[str],
    issued: bool,
    request: pytest.FixtureRequest,
) -> None:
    label = request.node.callspec.id.replace(" ", "-")
    parent, name = f"{label}.climb.example.org", f"www.{label}.climb.example.org"
    order_id = northwind.placed(name=name, domain_control={"method": "dns_txt"})
    record(cloud, parent, "CAA", *records)
    publish(cloud, northwind.domains(order_id)[name])
    assert northwind.looks(order_id).status == 200
    order, caa = northwind.order(order_id), northwind.domains(order_id)[name]["evidence"]["caa"]
    assert (order["status"] == "issued") is issued, caa
    assert (caa["allowed"], caa["found_at"]) == (issued, parent)
    if not issued:
        northwind.call("POST", f"/v1/orders/{order_id}/cancel")
        assert cloud.settle()


# ---- CAA that permits another method (RFC 8657)

METHOD = "/v1/orders/{}/domains/{}/method"


def bound(cloud: EmbeddedCloud, name: str, label: str) -> None:
    cloud.zone.delete(name)
    record(cloud, name, "CAA", f'0 issue "geotrust.com; validationmethods={label}"')


def test_an_order_that_caa_holds_back_for_its_method_goes_on_with_another(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    name = "another-method.example.org"
    bound(cloud, name, "ca-tbr-18")
    order_id = northwind.placed(name=name, approver=f"admin@{name}")
    assert answer(approval_links(cloud, order_id)[0], "approve").status == 200
    assert cloud.settle()
    held = northwind.domains(order_id)[name]
    advice = (
        f"CAA of {name} permits only http_file for {name}: choose it with PUT {METHOD.format('{id}', name)}."
    )
    assert (held["status"], held["next_action"]) == ("valid", advice)
    assert northwind.step(order_id, "issuance")["next_action"].startswith(advice)
    caa = held["evidence"]["caa"]
    assert (caa["reason"], caa["br_section"]) == ("caa_method_not_listed", "3.2.2.4.4")
    assert caa["records"] == ['0 issue "geotrust.com; validationmethods=ca-tbr-18"']

    chosen = northwind.call("PUT", METHOD.format(order_id, name), {"method": "dns_txt"})
    assert chosen.status == 200, chosen.text
    assert cloud.settle()
    futile = northwind.domains(order_id)[name]
    assert (futile["method"], futile["status"], futile["next_action"]) == ("dns_txt", "valid", advice)

    assert northwind.call("PUT", METHOD.format(order_id, name), {"method": "http_file"}).status == 200
    assert cloud.settle()
    asked = northwind.domains(order_id)[name]
    assert (asked["status"], asked["next_action"], asked["evidence"]) == ("pending", None, None)
    told = northwind.step(order_id, "domain_verification")
    assert "CAA refuses what another-method.example.org is proven by already" in told["reason"]
    publish(cloud, asked)
    cloud.advance(120)  # it is found by itself
    assert cloud.settle()
    order = northwind.order(order_id)
    assert order["status"] == "issued", northwind.step(order_id, "issuance")
    evidence = northwind.domains(order_id)[name]["evidence"]
    assert (evidence["method"], evidence["caa"]["br_section"]) == ("http_file", "3.2.2.4.18")


def test_the_proof_that_there_was_serves_again_once_caa_permits_it(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    name = "again-permitted.example.org"
    bound(cloud, name, "ca-tbr-7")
    order_id = northwind.placed(name=name, approver=f"admin@{name}")
    assert answer(approval_links(cloud, order_id)[0], "approve").status == 200
    assert cloud.settle()
    patch = {"domain_control": {"method": "dns_txt", "approver_email": None}}
    assert northwind.amend(order_id, patch).status == 200
    assert cloud.settle()
    value = northwind.domains(order_id)[name]["publish"]
    cloud.advance(31)
    assert northwind.looks(order_id).status == 200  # CAA refuses the mail as before, and the value stays
    assert northwind.domains(order_id)[name]["publish"] == value
    bound(cloud, name, "ca-tbr-4")
    assert northwind.looks(order_id).status == 200
    order = northwind.order(order_id)
    assert order["status"] == "issued", northwind.step(order_id, "issuance")
    assert northwind.domains(order_id)[name]["evidence"]["method"] == "email"


def test_a_proof_of_the_customer_that_caa_refuses_has_the_order_asked_as_it_chose(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    """Nobody was asked at first, since an earlier mail proved the name; CAA permits the chosen record alone."""
    name = "reused-mail.example.org"
    northwind.issued(name=name, approver=f"admin@{name}", customer_id="caa-reuse")
    bound(cloud, name, "ca-tbr-7")
    order_id = northwind.placed(name=name, domain_control={"method": "dns_txt"}, customer_id="caa-reuse")
    item = northwind.domains(order_id)[name]
    assert item["status"] == "pending"
    publish(cloud, item)
    assert northwind.certified(northwind.proves(order_id)) == {name}


# ---- whom the records name for it (RFC 8659, section 4.4)


def reports_to(cloud: EmbeddedCloud, mailbox: str) -> list[dict[str, Any]]:
    return [mail for mail in mails(cloud) if mail["to"] == [mailbox]]


def test_who_is_named_by_the_records_hears_once_of_what_they_refused(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    name, mailbox = "reported.example.org", "security@reported.example.org"
    hostile = "mailto:a@reported.example.org?bcc=b@reported.example.org"
    targets = (f"mailto:{mailbox}", hostile, "https://reported.example.org/", "file:///etc/passwd")
    record(cloud, name, "CAA", FORBIDDEN, *(f'0 iodef "{target}"' for target in targets))
    before = len(mails(cloud))
    order_id = northwind.placed(name=name, approver=f"admin@{name}")
    assert answer(approval_links(cloud, order_id)[0], "approve").status == 200
    assert cloud.settle()
    (mail,) = reports_to(cloud, mailbox)
    assert mail["subject"] == f"CAA: no certificate was issued for {name}"
    for told in (name, "GeoTrust", "geotrust.com", "another-ca.example", order_id):
        assert told in mail["text"]
    for untold in ("Ada", "Byron", "ada@example.com", northwind.reseller_id, "northwind"):
        assert untold.lower() not in (mail["text"] + mail["html"]).lower()
    assert len(mails(cloud)) == before + 2  # the approval, and the report

    assert northwind.looks(order_id).status == 200
    cloud.advance(2 * 86_400)
    assert northwind.looks(order_id).status == 200
    assert len(reports_to(cloud, mailbox)) == 1
    cloud.zone.delete(name)
    record(cloud, name, "CAA", '0 issue ";"', f'0 iodef "mailto:{mailbox}"')
    assert northwind.looks(order_id).status == 200
    assert len(reports_to(cloud, mailbox)) == 2
    northwind.call("POST", f"/v1/orders/{order_id}/cancel")
    assert cloud.settle()
