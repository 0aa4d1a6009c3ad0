"""Renewals over HTTP: who may when, what is copied, what it costs, and that what is proven is not asked again."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from local.cloud import EmbeddedCloud
from partner_center.accounts.api_keys import Role
from partner_center.kernel.clock import parse_rfc3339
from tests.functions.journeys import (
    Reseller,
    answer,
    approval_links,
    csr_for,
    key_of,
    key_with,
    mails,
    order_body,
)

pytestmark = pytest.mark.cloud

DAY = 86_400
SLACK = 60
"""Seconds that a request may take."""


@pytest.fixture(scope="module")
def ending(northwind: Reseller) -> Callable[..., dict[str, Any]]:
    """An issued order whose term ends in so many days."""
    made = []

    def issued(days: float = 30, **more: Any) -> dict[str, Any]:
        made.append(1)
        order = northwind.issued(name=more.pop("name", f"renewed-{len(made)}.example.com"), **more)
        northwind.ends(order["order_id"], days * DAY)
        return northwind.order(order["order_id"])

    return issued


def test_an_unchanged_order_whose_names_are_proven_is_renewed_by_itself(
    cloud: EmbeddedCloud, northwind: Reseller, ending: Callable[..., dict[str, Any]]
) -> None:
    """M52: as fast as reusable validation allows."""
    contract = northwind.new_contract(10)
    former = ending(note="Shelf 4", lifecycle={"auto_reissue": True}, contract_id=contract)
    reply = northwind.succeed(former["order_id"], "renewals", {"partner_order_id": "renewal-1"})
    assert reply.status == 201, reply.text
    renewal = northwind.order(reply.json["order_id"])
    assert reply.headers["location"] == f"/v1/orders/{renewal['order_id']}"
    assert (renewal["status"], renewal["kind"]) == ("issued", "renewal")
    copied = ("product", "names", "spki_sha256", "contacts", "lifecycle", "note", "customer_id")
    assert {name: renewal[name] for name in copied} == {name: former[name] for name in copied}
    assert renewal["agreement"]["accepted_at"] != former["agreement"]["accepted_at"]
    assert renewal["partner_order_id"] == "renewal-1"
    assert northwind.certified(renewal) == set(former["names"])
    (mail,) = [each for each in mails(cloud) if renewal["order_id"] in each["text"]]
    assert mail["attachments"], "nothing but the certificate was mailed"
    units = northwind.contract(contract)
    assert (units["left"], units["held"], units["used"]) == (8, 0, 2)
    assert (renewal["price"]["net"], renewal["payment"]["units"]) == (former["price"]["net"], 1)


def test_lineage_is_told_both_ways_and_the_days_that_are_left_are_added(
    northwind: Reseller, ending: Callable[..., dict[str, Any]]
) -> None:
    former = ending(30)
    assert former["actions"]["renew"] == {"allowed": True, "reason": None}
    renewal = northwind.order(northwind.succeed(former["order_id"], "renewals").json["order_id"])
    after = northwind.order(former["order_id"])
    assert (renewal["renewal_of"], after["renewed_by"]) == (former["order_id"], renewal["order_id"])
    assert (after["status"], after["certificates"][0]["status"]) == ("issued", "active")
    assert after["actions"]["renew"] == {"allowed": False, "reason": "already_renewed"}
    assert after["next_deadline"] is None
    ends = parse_rfc3339(former["term"]["to"]) + timedelta(days=365)
    assert parse_rfc3339(renewal["term"]["to"]) == ends
    certificate = renewal["certificates"][0]
    assert parse_rfc3339(certificate["not_after"]) <= parse_rfc3339(certificate["not_before"]) + timedelta(
        days=199
    )


@pytest.mark.parametrize(
    ("ends_in", "status"),
    [
        (90 * DAY + SLACK, 409),
        (90 * DAY - SLACK, 201),
        (SLACK - 30 * DAY, 201),
        (-30 * DAY - SLACK, 409),
    ],
    ids=["too early", "the window opens", "its last minute", "closed"],
)
def test_the_window_by_the_clock(
    northwind: Reseller, ending: Callable[..., dict[str, Any]], ends_in: float, status: int
) -> None:
    former = ending()
    northwind.ends(former["order_id"], ends_in)
    action = northwind.order(former["order_id"])["actions"]["renew"]
    reply = northwind.succeed(former["order_id"], "renewals")
    assert reply.status == status, reply.text
    refused = None if status == 201 else "renewal_window"
    assert (action["allowed"], action["reason"]) == (status == 201, refused)
    if refused:
        assert (reply.json["code"], reply.json["order_id"]) == (refused, former["order_id"])
    else:
        renewal = northwind.order(reply.json["order_id"])
        assert renewal["status"] == "issued"


def test_a_late_renewal_begins_when_it_is_issued(
    cloud: EmbeddedCloud, northwind: Reseller, ending: Callable[..., dict[str, Any]]
) -> None:
    former = ending(-10)
    assert former["status"] == "expired"
    renewal = northwind.order(northwind.succeed(former["order_id"], "renewals").json["order_id"])
    begins, ends = (parse_rfc3339(renewal["term"][word]) for word in ("from", "to"))
    assert abs(begins - datetime.fromtimestamp(cloud.clock.now(), UTC)) < timedelta(minutes=5)
    assert ends - begins < timedelta(days=365)


def test_of_two_at_once_one_renews_and_the_other_is_told(
    cloud: EmbeddedCloud, northwind: Reseller, ending: Callable[..., dict[str, Any]]
) -> None:
    former, contract = ending(), northwind.new_contract(10)
    path = f"/v1/orders/{former['order_id']}/renewals"
    body = {"agreement": order_body()["agreement"], "contract_id": contract}
    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(lambda _: northwind.call("POST", path, body), range(4)))
    assert cloud.settle()
    assert sorted(each.status for each in replies) == [201, 409, 409, 409]
    assert {each.json["code"] for each in replies if each.status == 409} == {"already_renewed"}
    assert northwind.contract(contract)["used"] == 1


def test_an_idempotency_key_replays_and_is_bound_to_its_body(
    northwind: Reseller, ending: Callable[..., dict[str, Any]]
) -> None:
    former = ending()
    first = northwind.succeed(former["order_id"], "renewals", Idempotency_Key="renewal-key")
    again = northwind.succeed(former["order_id"], "renewals", Idempotency_Key="renewal-key")
    other = northwind.succeed(former["order_id"], "renewals", {"note": "x"}, Idempotency_Key="renewal-key")
    assert (first.status, again.status, other.status) == (201, 201, 422)
    assert again.json == first.json
    assert other.json["code"] == "idempotency_key_reused"


def test_a_cancelled_renewal_frees_the_order_and_its_units(
    cloud: EmbeddedCloud, northwind: Reseller, ending: Callable[..., dict[str, Any]]
) -> None:
    contract = northwind.new_contract(10)
    former = ending()
    body = {"additional_domains": ["other.example.net"], "contract_id": contract}
    body["domain_control"] = {"method": "dns_txt"}
    first = northwind.succeed(former["order_id"], "renewals", body).json
    assert northwind.order(first["order_id"])["status"] == "pending"
    assert northwind.succeed(first["order_id"], "renewals").json["code"] == "not_issued"
    assert northwind.order(former["order_id"])["renewed_by"] == first["order_id"]
    assert northwind.succeed(former["order_id"], "replacements").json["code"] == "already_renewed"
    assert northwind.contract(contract)["held"] == 2
    assert northwind.call("POST", f"/v1/orders/{first['order_id']}/cancel").status == 200
    assert northwind.contract(contract)["left"] == 10
    freed = northwind.order(former["order_id"])
    assert (freed["renewed_by"], freed["actions"]["renew"]["allowed"]) == (None, True)
    second = northwind.succeed(former["order_id"], "renewals").json
    assert northwind.order(former["order_id"])["renewed_by"] == second["order_id"]
    assert northwind.order(first["order_id"])["renewal_of"] == former["order_id"]


def test_a_renewal_that_times_out_frees_the_order_too(
    cloud: EmbeddedCloud, northwind: Reseller, ending: Callable[..., dict[str, Any]]
) -> None:
    former = ending(80)
    body = {"additional_domains": ["silent.example.net"], "domain_control": {"method": "dns_txt"}}
    renewal = northwind.succeed(former["order_id"], "renewals", body).json
    cloud.advance(31 * DAY)
    assert cloud.settle()
    assert northwind.order(renewal["order_id"])["closed"]["reason"] == "timed_out"
    assert northwind.order(former["order_id"])["renewed_by"] is None


def test_only_what_changed_is_proven(northwind: Reseller, ending: Callable[..., dict[str, Any]]) -> None:
    """M53."""
    former = ending(name="kept.example.org", approver="admin@example.org")
    body = {"additional_domains": ["new.example.net"], "domain_control": {"method": "dns_txt"}}
    renewal = northwind.succeed(former["order_id"], "renewals", body).json
    domains = northwind.domains(renewal["order_id"])
    status = {name: item["status"] for name, item in domains.items()}
    assert status == {"kept.example.org": "valid", "new.example.net": "pending"}
    assert northwind.call("POST", f"/v1/orders/{renewal['order_id']}/cancel").status == 200


def test_a_choice_for_a_name_that_is_left_out_is_left_out_too(
    northwind: Reseller, ending: Callable[..., dict[str, Any]]
) -> None:
    control = {
        "method": "email",
        "approver_email": "admin@example.com",
        "names": {"gone.example.com": {"method": "email", "approver_email": "webmaster@example.com"}},
    }
    former = ending(additional_domains=["gone.example.com"], domain_control=control)
    renewal = northwind.succeed(former["order_id"], "renewals", {"additional_domains": []})
    assert renewal.status == 201, renewal.text
    assert "gone.example.com" not in renewal.json["names"]


@pytest.mark.parametrize(
    "customer", [{"customer_id": "another"}, {"customer_id": None}], ids=["other", "none"]
)
def test_another_customer_proves_the_names_anew(
    northwind: Reseller, ending: Callable[..., dict[str, Any]], customer: dict[str, Any]
) -> None:
    former = ending(customer_id="renewing")
    renewal = northwind.succeed(former["order_id"], "renewals", customer).json
    assert renewal["customer_id"] == customer["customer_id"]
    assert northwind.order(renewal["order_id"])["status"] == "pending"
    assert northwind.call("POST", f"/v1/orders/{renewal['order_id']}/cancel").status == 200


def test_a_renewal_is_renewed_and_the_chain_goes_on(
    northwind: Reseller, ending: Callable[..., dict[str, Any]]
) -> None:
    first = ending()
    second = northwind.succeed(first["order_id"], "renewals").json
    assert northwind.succeed(second["order_id"], "renewals").json["code"] == "renewal_window"
    northwind.ends(second["order_id"], 20 * DAY)
    third = northwind.order(northwind.succeed(second["order_id"], "renewals").json["order_id"])
    assert (third["status"], third["renewal_of"]) == ("issued", second["order_id"])
    assert northwind.order(second["order_id"])["renewal_of"] == first["order_id"]


# ---- contracts


def test_a_contract_that_serves_no_more_gives_way_to_one_that_does(
    cloud: EmbeddedCloud, northwind: Reseller, ending: Callable[..., dict[str, Any]]
) -> None:
    contract = northwind.new_contract(1)
    former = ending(contract_id=contract)
    named = northwind.succeed(former["order_id"], "renewals", {"contract_id": contract})
    assert named.status == 422
    assert named.codes == {"insufficient_units"}
    chosen = northwind.succeed(former["order_id"], "renewals")
    assert chosen.status == 201
    assert chosen.json["payment"]["contract_id"] != contract


def test_a_contract_that_has_ended_is_named_as_the_reason(
    cloud: EmbeddedCloud, northwind: Reseller, ending: Callable[..., dict[str, Any]]
) -> None:
    contract, former = northwind.new_contract(10), ending()
    cloud.client("dynamodb").update_item(
        TableName=cloud.output("BusinessTable"),
        Key={"pk": {"S": f"R#{northwind.reseller_id}#CONTRACT#{contract}"}, "sk": {"S": "HEAD"}},
        UpdateExpression="SET valid_to = valid_from",
    )
    reply = northwind.succeed(former["order_id"], "renewals", {"contract_id": contract})
    assert (reply.status, reply.codes) == (422, {"contract_expired"})


# ---- refusals


def test_the_states_in_which_nothing_is_renewed(
    cloud: EmbeddedCloud, northwind: Reseller, ending: Callable[..., dict[str, Any]]
) -> None:
    pending = northwind.placed(name="never-issued.example.com")
    assert northwind.succeed(pending, "renewals").json["code"] == "not_issued"
    assert northwind.call("POST", f"/v1/orders/{pending}/cancel").status == 200
    assert northwind.succeed(pending, "renewals").json["code"] == "order_closed"
    revoked = ending()
    assert northwind.call("POST", f"/v1/orders/{revoked['order_id']}/revoke", {}).status == 200
    assert northwind.succeed(revoked["order_id"], "renewals").json["code"] == "order_closed"


def test_a_foreign_order_is_as_unknown_as_none_and_a_reader_may_not(
    cloud: EmbeddedCloud,
    northwind: Reseller,
    contoso: Reseller,
    ending: Callable[..., dict[str, Any]],
) -> None:
    order_id = ending()["order_id"]
    for how in ("renewals", "replacements"):
        foreign, unknown = contoso.succeed(order_id, how), contoso.succeed("ord_none", how)
        assert (foreign.status, unknown.status) == (404, 404)
        assert foreign.json["detail"] == unknown.json["detail"]
    reader = key_with(northwind, Role.READ)
    for how in ("renewals", "replacements"):
        assert reader.succeed(order_id, how).status == 403
        assert reader.succeed("ord_none", how).status == 403
    assert northwind.order(order_id)["renewed_by"] is None


REFUSED: dict[str, tuple[dict[str, Any], set[str]]] = {
    "no acceptance": ({"agreement": None}, {"missing_field", "invalid_field", "agreement_required"}),
    "an old agreement": (
        {"agreement": {"version": "1999-01-01", "accepted_by": "A", "capacity": "b"}},
        {"agreement_outdated"},
    ),
    "an unknown field": ({"renewal_of": "ord_1"}, {"unknown_field"}),
    "hours, which only a replacement has": ({"revoke_original_after_hours": 1}, {"unknown_field"}),
    "another product that is none": ({"product": "gold"}, {"unknown_product"}),
    "a term that is not sold": ({"term_days": 3}, {"term_not_offered"}),
    "a broken CSR": ({"csr": "hello"}, {"csr_malformed"}),
    "an internal name": ({"additional_domains": ["server.local"]}, {"name_internal"}),
    "a contract of nobody": ({"contract_id": "con_none"}, {"no_contract"}),
    "an approver of another domain": (
        {"domain_control": {"method": "email", "approver_email": "admin@example.org"}},
        {"approver_not_allowed"},
    ),
    "no contacts": ({"contacts": None}, {"invalid_field"}),
}


def test_whatever_is_wrong_is_told_and_nothing_is_taken(
    northwind: Reseller, ending: Callable[..., dict[str, Any]]
) -> None:
    order_id = ending()["order_id"]
    for case, (fields, codes) in REFUSED.items():
        reply = northwind.succeed(order_id, "renewals", fields)
        assert reply.status == 422, case
        assert reply.codes & codes, (case, reply.text)
    for body in (b"", b"[]", b"{", b'"x"'):
        assert northwind.call("POST", f"/v1/orders/{order_id}/renewals", body).status == 400
    assert northwind.call("POST", f"/v1/orders/{order_id}/renewals?x=1", {}).status == 400
    assert northwind.order(order_id)["renewed_by"] is None


@pytest.mark.parametrize("known", [True, False])
def test_a_private_key_in_the_body_is_refused_and_reported(
    cloud: EmbeddedCloud, northwind: Reseller, ending: Callable[..., dict[str, Any]], known: bool
) -> None:
    """Also where nothing else is looked at."""
    label = f"renewal key {known}"
    pem = key_of(label).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    order_id = ending()["order_id"] if known else "ord_none"
    for how in ("renewals", "replacements"):
        for field in ("note", "revoke_original_after_hours"):
            reply = northwind.succeed(order_id, how, {field: pem})
            assert reply.status == (422 if known else 404)
            assert "PRIVATE KEY" not in reply.text
    name = "keyed.example.com"
    order = northwind.place(order_body(name, csr=csr_for(name, label=label)))
    assert order.codes == {"key_blocked"}


def test_a_renewal_is_screened_like_any_order(
    cloud: EmbeddedCloud, northwind: Reseller, ending: Callable[..., dict[str, Any]]
) -> None:
    former = ending(name="lookalike.example.com")
    renewal = northwind.succeed(
        former["order_id"], "renewals", {"additional_domains": ["paypal.example.com"]}
    ).json
    assert northwind.step(renewal["order_id"], "quality_review")["status"] == "in_progress"
    assert approval_links(cloud, renewal["order_id"]) == []
    assert northwind.call("POST", f"/v1/orders/{renewal['order_id']}/cancel").status == 200


def test_what_changed_is_approved_and_then_issued(
    cloud: EmbeddedCloud, northwind: Reseller, ending: Callable[..., dict[str, Any]]
) -> None:
    former = ending()
    control = {"method": "email", "approver_email": "admin@example.net"}
    body = {
        "additional_domains": ["approved.example.net"],
        "domain_control": {"method": "dns_txt", "names": {"approved.example.net": control}},
        "csr": csr_for(former["common_name"], label="renewed key"),
    }
    renewal = northwind.succeed(former["order_id"], "renewals", body).json
    (link,) = approval_links(cloud, renewal["order_id"])
    assert answer(link, "approve").status == 200
    assert cloud.settle()
    done = northwind.order(renewal["order_id"])
    assert done["status"] == "issued"
    assert done["spki_sha256"] != former["spki_sha256"]
