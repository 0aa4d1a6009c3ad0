"""An order is amended while it is pending, over HTTP and through the real machine; nothing is asked twice."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from local.cloud import EmbeddedCloud
from tests.functions.journeys import Reply, Reseller, answer, approval_links, call, csr_for, key_of, mails

pytestmark = pytest.mark.cloud

COM, NET, ORG = "admin@example.com", "admin@example.net", "admin@example.org"


def asking(**names: str) -> dict[str, Any]:
    """The admin of example.com for all, but for the names given."""
    own = {name: {"method": "email", "approver_email": address} for name, address in names.items()}
    return {"method": "email", "approver_email": COM, "names": own}


def asked(cloud: EmbeddedCloud, order_id: str) -> list[str]:
    """Whom the approval mails of the order went to, in their order."""
    return [
        mail["to"][0] for mail in mails(cloud) if order_id in mail["text"] and "/approve/" in mail["text"]
    ]


def statuses(reseller: Reseller, order_id: str) -> dict[str, str]:
    items = reseller.call("GET", f"/v1/orders/{order_id}/domains").json["items"]
    return {item["name"]: item["status"] for item in items}


def certified(reseller: Reseller, order_id: str) -> x509.Certificate:
    (certificate,) = reseller.order(order_id)["certificates"]
    der = reseller.call("GET", f"/v1/certificates/{certificate['serial']}/download?format=der").body
    return x509.load_der_x509_certificate(der)


def names_of(certificate: x509.Certificate) -> set[str]:
    extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return set(extension.value.get_values_for_type(x509.DNSName))


@pytest.fixture
def typo(cloud: EmbeddedCloud, northwind: Reseller) -> str:
    """An order for two domains, with a typo in the name of the second."""
    return northwind.placed(
        name="shop.example.com",
        additional_domains=["wwww.example.net"],
        domain_control=asking(**{"wwww.example.net": NET}),
    )


MEND = {
    "additional_domains": ["www.example.net"],
    "domain_control": {"names": {"wwww.example.net": None, **asking(**{"www.example.net": NET})["names"]}},
}


def test_a_typo_in_a_name_is_mended_and_only_the_new_name_is_asked(
    cloud: EmbeddedCloud, northwind: Reseller, typo: str
) -> None:
    first, second = approval_links(cloud, typo)
    assert answer(first, "approve").status == 200
    assert cloud.settle()
    before = northwind.order(typo)

    reply = northwind.amend(typo, MEND)
    assert reply.status == 200, reply.text
    assert reply.json["names"] == ["shop.example.com", "www.example.net"]
    assert reply.json["payment"] == before["payment"]
    assert reply.json["agreement"] == before["agreement"]
    assert reply.headers["etag"]
    assert call("GET", second).status == 410
    assert answer(second, "approve").status == 410
    assert statuses(northwind, typo) == {"shop.example.com": "valid", "www.example.net": "pending"}

    assert cloud.settle()
    assert asked(cloud, typo) == [COM, NET, NET]
    third = approval_links(cloud, typo)[-1]
    page = call("GET", third)
    assert "www.example.net" in page.text
    assert "wwww.example.net" not in page.text
    assert answer(third, "approve").status == 200
    assert cloud.settle()
    assert northwind.order(typo)["status"] == "issued"
    assert names_of(certified(northwind, typo)) == {"shop.example.com", "www.example.net"}


def test_a_name_that_goes_lets_the_order_issue_by_itself(
    cloud: EmbeddedCloud, northwind: Reseller, typo: str
) -> None:
    contract_id = northwind.order(typo)["payment"]["contract_id"]
    before = northwind.contract(contract_id)
    first, _ = approval_links(cloud, typo)
    answer(first, "approve")
    assert cloud.settle()
    assert northwind.amend(typo, {"additional_domains": []}).status == 200
    after = northwind.contract(contract_id)
    assert (after["left"], after["held"]) == (before["left"] + 1, before["held"] - 1)
    assert cloud.settle()
    assert northwind.order(typo)["status"] == "issued"
    assert names_of(certified(northwind, typo)) == {"shop.example.com"}
    assert len(asked(cloud, typo)) == 2
    assert northwind.contract(contract_id)["used"] == before["used"] + 1


def test_another_key_is_the_one_that_is_certified(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    order_id = northwind.placed(name="rekey.example.com")
    (link,) = approval_links(cloud, order_id)
    csr = csr_for("rekey.example.com", label="amended")
    assert northwind.amend(order_id, {"csr": csr}).status == 200
    assert answer(link, "approve").status == 410
    assert cloud.settle()
    answer(approval_links(cloud, order_id)[-1], "approve")
    assert cloud.settle()
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    wanted = key_of("amended").public_key().public_bytes(*form)
    assert certified(northwind, order_id).public_key().public_bytes(*form) == wanted


def test_another_contact_gets_the_certificate(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    order_id = northwind.placed(name="contact.example.com")
    (link,) = approval_links(cloud, order_id)
    patch = {"contacts": {"technical": {"phone": "+31 10 765 4321"}}}
    assert northwind.amend(order_id, patch).status == 200
    assert cloud.settle()
    assert call("GET", link).status == 200, "nobody is shown a telephone number: nothing is asked again"
    patch = {"contacts": {"technical": {"email": "eva@example.com"}}}
    assert northwind.amend(order_id, patch).json["contacts"]["technical"]["first_name"] == "Ada"
    assert call("GET", link).status == 410
    assert cloud.settle()
    answer(approval_links(cloud, order_id)[-1], "approve")
    assert cloud.settle()
    announced = [mail["to"] for mail in mails(cloud) if order_id in mail["text"] and mail["attachments"]]
    assert announced == [["eva@example.com"]]


def test_what_caa_forbids_is_amended_to_what_it_does_not(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    cloud.zone.set("forbidden.example.org", "CAA", ['0 issue ";"'])
    order_id = northwind.placed(name="forbidden.example.org", approver=ORG)
    answer(approval_links(cloud, order_id)[0], "approve")
    assert cloud.settle()
    step = northwind.step(order_id, "issuance")
    assert (step["status"], step["actor"]) == ("in_progress", "reseller")
    assert northwind.amend(order_id, {"note": "I am looking into it."}).status == 200
    assert cloud.settle()
    assert northwind.order(order_id)["status"] == "pending"

    assert northwind.amend(order_id, {"csr": csr_for("permitted.example.org")}).status == 200
    assert cloud.settle()
    order = northwind.order(order_id)
    assert order["status"] == "issued", "the proof of example.org carries the other name"
    assert names_of(certified(northwind, order_id)) == {"permitted.example.org"}
    assert asked(cloud, order_id) == [ORG]


def test_an_address_that_declined_gives_way_to_another(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    order_id = northwind.placed(name="declined.example.net", approver=NET)
    answer(approval_links(cloud, order_id)[0], "decline")
    assert cloud.settle()
    step = northwind.step(order_id, "domain_verification")
    assert (step["status"], step["actor"]) == ("in_progress", "reseller")
    same = {"csr": csr_for("other.example.net")}
    assert northwind.amend(order_id, same).codes == {"approver_not_allowed"}
    patch = {"domain_control": {"approver_email": "hostmaster@example.net"}}
    assert northwind.amend(order_id, patch).status == 200
    assert cloud.settle()
    assert asked(cloud, order_id) == [NET, "hostmaster@example.net"]
    answer(approval_links(cloud, order_id)[-1], "approve")
    assert cloud.settle()
    assert northwind.order(order_id)["status"] == "issued"


def test_if_match_changes_only_what_was_seen(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    order_id = northwind.placed(name="etagged.example.com")
    path = f"/v1/orders/{order_id}"
    seen = northwind.call("GET", path).headers["etag"]
    first = northwind.amend(order_id, {"note": "one"}, If_Match=seen)
    assert first.status == 200
    second = northwind.amend(order_id, {"note": "two"}, If_Match=seen)
    assert (second.status, second.json["code"]) == (412, "changed_meanwhile")
    assert northwind.order(order_id)["note"] == "one"
    again = northwind.amend(order_id, {"note": "one"}, If_Match=seen)
    assert (again.status, again.text) == (200, first.text), "who was not answered asks again"
    assert northwind.amend(order_id, {"note": "two"}, If_Match=first.headers["etag"]).status == 200
    assert northwind.call("GET", path, If_None_Match=first.headers["etag"]).status == 200


def test_of_an_issued_order_particulars_change_and_the_rest_does_not(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    order = northwind.issued(name="issued-amended.example.com")
    order_id = order["order_id"]
    reply = northwind.amend(order_id, {"note": "kept", "lifecycle": {"auto_reissue": True}})
    assert (reply.status, reply.json["note"]) == (200, "kept")
    changed = {"note", "lifecycle", "next_deadline", "updated_at"}
    assert {name: value for name, value in reply.json.items() if name not in changed} == {
        name: value for name, value in order.items() if name not in changed
    }
    refused = northwind.amend(order_id, {"additional_domains": ["a.example.com"]})
    assert (refused.status, refused.json["code"]) == (409, "already_issued")
    assert refused.json["order_id"] == order_id
    assert cloud.settle()
    assert northwind.order(order_id)["status"] == "issued"


def test_a_closed_order_is_not_amended_and_a_foreign_one_is_unknown(
    cloud: EmbeddedCloud, northwind: Reseller, contoso: Reseller
) -> None:
    order_id = northwind.placed(name="closed-amended.example.com")
    foreign, unknown = contoso.amend(order_id, {"note": "x"}), contoso.amend("ord_none", {"note": "x"})
    assert (foreign.status, foreign.json["code"]) == (404, "not_found")
    assert {**foreign.json, "request_id": ""} == {**unknown.json, "request_id": ""}
    northwind.call("POST", f"/v1/orders/{order_id}/cancel")
    refused = northwind.amend(order_id, {"note": "x"})
    assert (refused.status, refused.json["code"]) == (409, "order_closed")


def test_a_found_order_has_its_present_name(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    order_id = northwind.placed(name="qqtypo.example.com")
    assert northwind.amend(order_id, {"csr": csr_for("qqmended.example.com")}).status == 200

    def found(prefix: str) -> list[str]:
        return [
            item["common_name"]
            for item in northwind.call("GET", f"/v1/orders?common_name={prefix}").json["items"]
        ]

    assert (found("qqtypo"), found("qq")) == ([], ["qqmended.example.com"])
    assert cloud.settle()


# ---- many at once

ORDERS, PATCHES, SPARE = 10, 50, 9


def test_many_amendments_at_once_never_oversell_a_contract(cloud: EmbeddedCloud, contoso: Reseller) -> None:
    contract_id = contoso.new_contract(units=ORDERS + SPARE)
    ids = [
        contoso.placed(name=f"units{number}.example.com", contract_id=contract_id) for number in range(ORDERS)
    ]

    def amend(number: int) -> tuple[int, str]:
        wanted = 1 + number % 4
        names = [f"u{number}x{extra}.example.com" for extra in range(wanted)]
        reply = contoso.amend(ids[number % ORDERS], {"additional_domains": names})
        return reply.status, reply.json.get("code", "")

    with ThreadPoolExecutor(PATCHES) as pool:
        told = Counter(pool.map(amend, range(PATCHES)))
    assert {status for status, _ in told} <= {200, 422, 503}, told
    assert told[200, ""] > 0
    assert cloud.settle()

    orders = [contoso.order(order_id) for order_id in ids]
    held = sum(order["payment"]["units"] for order in orders)
    for order in orders:
        assert order["payment"]["units"] == len(order["names"])
    contract = contoso.contract(contract_id)
    assert (contract["left"], contract["held"], contract["used"]) == (ORDERS + SPARE - held, held, 0)
    assert contract["left"] >= 0
    assert contract["entries_hold"] - contract["entries_release"] == held
    for order_id in ids:
        assert contoso.call("POST", f"/v1/orders/{order_id}/cancel").status == 200
    contract = contoso.contract(contract_id)
    assert (contract["left"], contract["held"]) == (ORDERS + SPARE, 0)
    assert contract["entries_hold"] == contract["entries_release"]
    assert cloud.settle()


@pytest.mark.parametrize("number", range(20))
def test_an_approval_and_an_amendment_at_once_certify_nothing_that_was_not_shown(
    cloud: EmbeddedCloud, northwind: Reseller, number: int
) -> None:
    """Whoever comes first: a certificate has the names of the page that was approved, or there is none."""
    shown, other = f"race{number}.example.com", f"race{number}.example.net"
    order_id = northwind.placed(name=shown)
    (link,) = approval_links(cloud, order_id)
    patch = {"additional_domains": [other], "domain_control": asking(**{other: NET})}

    def act(what: str) -> Reply:
        return answer(link, "approve") if what == "approve" else northwind.amend(order_id, patch)

    order = ["approve", "amend"] if number % 2 else ["amend", "approve"]
    with ThreadPoolExecutor(2) as pool:
        replies = dict(zip(order, pool.map(act, order), strict=True))
    assert cloud.settle()
    read = northwind.order(order_id)
    assert replies["approve"].status in {200, 410, 503}
    if replies["amend"].status == 200:
        assert (read["status"], read["certificates"], read["names"]) == ("pending", [], [shown, other])
        expected = "valid" if replies["approve"].status == 200 else "pending"
        assert statuses(northwind, order_id) == {shown: expected, other: "pending"}
        northwind.call("POST", f"/v1/orders/{order_id}/cancel")
    else:
        assert replies["amend"].status in {409, 503}, replies["amend"].text
        assert read["names"] == [shown]
        if read["status"] == "issued":
            assert names_of(certified(northwind, order_id)) == {shown}
    assert cloud.settle()
