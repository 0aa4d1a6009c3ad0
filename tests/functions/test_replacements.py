"""Replacements over HTTP: free and priced, on units and on a card, and the original goes when the new one stands."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local.cloud import EmbeddedCloud
from partner_center.kernel.clock import parse_rfc3339
from tests.functions.cardholder import a_link, on_file
from tests.functions.journeys import Reseller, answer, approval_links, csr_for

pytestmark = pytest.mark.cloud

HOUR, DAY = 3_600, 86_400
FREE = "Replaces an order within 30 days of the begin of its term."


def replaced(reseller: Reseller, order: dict[str, Any], **body: Any) -> dict[str, Any]:
    reply = reseller.succeed(order["order_id"], "replacements", body)
    assert reply.status == 201, reply.text
    return reseller.order(reply.json["order_id"])


def units(reseller: Reseller, contract: str) -> tuple[int, int, int]:
    counted = reseller.contract(contract)
    return counted["left"], counted["held"], counted["used"]


NEW = {"additional_domains": ["new.example.net"], "domain_control": {"method": "dns_txt"}}
"""A name more, which nobody has proven yet."""


def moved(order: dict[str, Any]) -> dict[str, Any]:
    """Another host, not proven yet, instead of the one that the order had: as many names as were paid for."""
    name = order["common_name"].partition(".")[0] + ".example.net"
    return {"csr": csr_for(name), "domain_control": {"method": "dns_txt"}}


# ---- free


def test_a_replacement_in_the_first_days_is_free_and_the_original_goes_at_once(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    contract = northwind.new_contract(5)
    original = northwind.issued(name="free.example.com", contract_id=contract)
    assert original["actions"]["replace"] == {"allowed": True, "reason": None}
    replacement = replaced(northwind, original, csr=csr_for("free.example.com", label="another key"))
    assert (replacement["status"], replacement["kind"]) == ("issued", "replacement")
    assert replacement["price"]["net"]["amount"] == "0.00"
    assert replacement["price"]["free_because"] == FREE
    assert replacement["payment"]["units"] == 0
    assert units(northwind, contract) == (4, 0, 1)
    assert replacement["term"] == original["term"]
    after = northwind.order(original["order_id"])
    assert (after["status"], after["revoked"]["reason"]) == ("revoked", "superseded")
    assert {each["status"] for each in after["certificates"]} == {"revoked"}
    assert (after["replaced_by"], replacement["replaces"]) == (replacement["order_id"], original["order_id"])
    assert after["payment"]["status"] == "captured", "what was paid for has gone over to the replacement"
    assert northwind.call("GET", f"/v1/orders/{original['order_id']}/messages").json["items"] == []
    again = northwind.succeed(original["order_id"], "replacements")
    assert (again.status, again.json["code"]) == (409, "order_closed")


def test_a_chain_of_replacements_is_free_for_30_days_of_the_term_and_no_longer(northwind: Reseller) -> None:
    first = northwind.issued(name="chain.example.com")
    northwind.begins(first["order_id"], -29 * DAY)
    second = replaced(northwind, first)
    assert second["price"]["net"]["amount"] == "0.00"
    began = parse_rfc3339(northwind.order(first["order_id"])["term"]["from"])
    assert parse_rfc3339(second["term"]["from"]) == began
    third = replaced(northwind, second)
    assert third["price"]["net"]["amount"] == "0.00"
    assert third["term"] == second["term"] | {"days": 365}


def test_what_is_free_holds_no_more_than_was_paid_for(northwind: Reseller) -> None:
    original = northwind.issued(name="room.example.com")
    more = northwind.succeed(original["order_id"], "replacements", NEW)
    assert (more.status, more.codes) == (422, {"more_than_ordered"})
    longer = northwind.succeed(original["order_id"], "replacements", {"term_days": 730})
    assert [(each["code"], each["field"]) for each in longer.json["problems"]] == [
        ("more_than_ordered", "/term_days")
    ]
    other = northwind.succeed(original["order_id"], "replacements", {"product": "thawte_ssl123"})
    assert ("more_than_ordered", "/product") in {
        (each["code"], each["field"]) for each in other.json["problems"]
    }
    waiting = replaced(northwind, original, **moved(original))
    amended = northwind.amend(waiting["order_id"], NEW)
    assert (amended.status, amended.codes) == (422, {"more_than_ordered"})
    assert northwind.call("POST", f"/v1/orders/{waiting['order_id']}/cancel").status == 200


def test_a_free_replacement_needs_no_contract_that_serves(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    contract = northwind.new_contract(1)
    original = northwind.issued(name="ended.example.com", contract_id=contract)
    cloud.client("dynamodb").update_item(
        TableName=cloud.output("BusinessTable"),
        Key={"pk": {"S": f"R#{northwind.reseller_id}#CONTRACT#{contract}"}, "sk": {"S": "HEAD"}},
        UpdateExpression="SET valid_to = valid_from",
    )
    replacement = replaced(northwind, original)
    assert (replacement["status"], replacement["payment"]["contract_id"]) == ("issued", contract)
    assert units(northwind, contract) == (0, 0, 1)


# ---- priced


def test_after_30_days_it_is_paid_for_and_the_days_that_are_left_are_added(northwind: Reseller) -> None:
    contract = northwind.new_contract(5)
    original = northwind.issued(name="priced.example.com", contract_id=contract)
    northwind.begins(original["order_id"], -30 * DAY)
    replacement = replaced(northwind, original)
    assert replacement["price"]["net"] == original["price"]["net"]
    assert units(northwind, contract) == (3, 0, 2)
    ends = parse_rfc3339(replacement["term"]["to"]) - parse_rfc3339(original["term"]["to"])
    assert ends.days == 365, "no day is paid for twice"
    assert northwind.order(original["order_id"])["status"] == "revoked"


@pytest.fixture(scope="module")
def card(northwind: Reseller) -> str:
    """A contract on a card."""
    assert a_link(northwind).gives().status == 200
    return str(on_file(northwind).json["contract_id"])


def intents(cloud: EmbeddedCloud, order_id: str) -> list[dict[str, Any]]:
    found = cloud.payments.journal()["intents"]
    return [each for each in found if each["metadata"]["order_id"] == order_id]


@pytest.mark.parametrize(("days", "taken"), [(0, []), (30, [14900])], ids=["free", "priced"])
def test_a_card_is_asked_for_what_is_priced_alone_and_once(
    cloud: EmbeddedCloud, northwind: Reseller, card: str, days: int, taken: list[int]
) -> None:
    original = northwind.issued(name=f"card-{days}.example.com", contract_id=card)
    northwind.begins(original["order_id"], -days * DAY)
    replacement = replaced(northwind, original)
    assert replacement["status"] == "issued", replacement
    assert [each["amount_received"] for each in intents(cloud, replacement["order_id"])] == taken
    (paid,) = intents(cloud, original["order_id"])
    assert (paid["amount_received"], paid["status"]) == (14900, "succeeded")
    after = northwind.order(original["order_id"])
    assert (after["status"], after["payment"]["status"]) == ("revoked", "captured")


# ---- when the original goes


def test_the_original_stays_for_the_chosen_hours(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    original = northwind.issued(name="later.example.com")
    replacement = replaced(northwind, original, revoke_original_after_hours=2)
    assert (replacement["status"], replacement["revoke_original_after_hours"]) == ("issued", 2)
    waiting = northwind.order(original["order_id"])
    assert (waiting["status"], waiting["certificates"][0]["status"]) == ("issued", "active")
    assert waiting["actions"]["replace"]["reason"] == "already_replaced"
    assert waiting["actions"]["renew"]["reason"] == "already_replaced"
    dead = northwind.issued(name="kept.example.com")
    died = replaced(northwind, dead, revoke_original_after_hours=2)
    assert northwind.call("POST", f"/v1/orders/{died['order_id']}/revoke", {}).status == 200
    cloud.advance(2 * HOUR - 600)
    assert northwind.order(original["order_id"])["status"] == "issued"
    cloud.advance(1_000)
    assert cloud.settle()
    after = northwind.order(original["order_id"])
    assert (after["status"], after["revoked"]["reason"]) == ("revoked", "superseded")
    kept = northwind.order(dead["order_id"])
    assert (kept["status"], kept["actions"]["replace"]["allowed"]) == ("issued", True)
    messages = northwind.call("GET", f"/v1/orders/{dead['order_id']}/messages").json["items"]
    assert died["order_id"] in messages[0]["text"]


@pytest.mark.parametrize("hours", [-1, 121, "2", True, 1.5, None, [1]], ids=str)
def test_hours_that_are_none_are_refused(northwind: Reseller, hours: Any, original: dict[str, Any]) -> None:
    body = {"revoke_original_after_hours": hours}
    reply = northwind.succeed(original["order_id"], "replacements", body)
    assert reply.status == 422
    (problem,) = reply.json["problems"]
    assert problem["field"] == "/revoke_original_after_hours"
    assert problem["code"] in {"invalid_field", "delay_out_of_range"}


@pytest.fixture(scope="module")
def original(northwind: Reseller) -> dict[str, Any]:
    """An issued order that nobody replaces."""
    return northwind.issued(name="original.example.com")


# ---- what comes to nothing, and what comes in between


def test_a_replacement_that_is_cancelled_leaves_the_original_as_it_was(northwind: Reseller) -> None:
    original = northwind.issued(name="untouched.example.com")
    waiting = replaced(northwind, original, **moved(original))
    assert waiting["status"] == "pending"
    second = northwind.succeed(original["order_id"], "replacements")
    assert (second.status, second.json["code"]) == (409, "already_replaced")
    assert northwind.call("POST", f"/v1/orders/{waiting['order_id']}/cancel").status == 200
    after = northwind.order(original["order_id"])
    assert (after["status"], after["replaced_by"]) == ("issued", None)
    assert after["certificates"][0]["status"] == "active"
    assert after["actions"]["replace"]["allowed"]


def test_an_original_that_is_revoked_meanwhile_is_refunded_once_nothing_replaces_it(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    """A certificate is never had for nothing, and no refund is lost (M50)."""
    contract = northwind.new_contract(5)
    original = northwind.issued(name="meanwhile.example.com", contract_id=contract)
    waiting = replaced(northwind, original, **moved(original))
    assert northwind.call("POST", f"/v1/orders/{original['order_id']}/revoke", {}).status == 200
    assert northwind.order(original["order_id"])["payment"]["status"] == "captured"
    assert units(northwind, contract) == (4, 0, 1)
    assert northwind.call("POST", f"/v1/orders/{waiting['order_id']}/cancel").status == 200
    assert northwind.order(original["order_id"])["payment"]["status"] == "refunded"
    assert units(northwind, contract) == (5, 0, 0)


def revoked(reseller: Reseller, order: dict[str, Any]) -> dict[str, Any]:
    assert reseller.call("POST", f"/v1/orders/{order['order_id']}/revoke", {}).status == 200
    assert reseller.cloud.settle()
    return reseller.order(order["order_id"])


def test_a_price_has_one_living_order_and_goes_back_with_the_last(northwind: Reseller) -> None:
    """However they follow each other, and whichever is revoked first."""
    contract = northwind.new_contract(1)
    original = northwind.issued(name="one.price.example.com", contract_id=contract)
    second = replaced(northwind, original, revoke_original_after_hours=120)
    third = replaced(northwind, second)
    again = northwind.succeed(original["order_id"], "replacements")
    assert (again.status, again.json["code"]) == (409, "already_replaced")
    assert third["order_id"] in again.json["detail"]
    assert northwind.order(original["order_id"])["actions"]["replace"]["reason"] == "already_replaced"
    assert revoked(northwind, original)["payment"]["status"] == "captured"
    assert units(northwind, contract) == (0, 0, 1)
    revoked(northwind, third)
    assert northwind.order(original["order_id"])["payment"]["status"] == "refunded"
    assert units(northwind, contract) == (1, 0, 0)


def test_two_orders_of_one_price_that_are_revoked_at_once_give_it_back_once(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    def revoke(order: dict[str, Any]) -> int:
        """Its status; 503 says that nothing was written."""
        while True:
            reply = northwind.call("POST", f"/v1/orders/{order['order_id']}/revoke", {})
            if reply.status != 503:
                return reply.status

    contract = northwind.new_contract(3)
    for number in range(3):
        original = northwind.issued(name=f"skew-{number}.example.com", contract_id=contract)
        second = replaced(northwind, original, revoke_original_after_hours=120)
        with ThreadPoolExecutor(2) as pool:
            assert list(pool.map(revoke, (original, second))) == [200, 200]
        assert cloud.settle()
        assert northwind.order(second["order_id"])["status"] == "revoked"
        assert northwind.order(original["order_id"])["payment"]["status"] == "refunded"
    assert units(northwind, contract) == (3, 0, 0)


def test_what_is_new_is_validated_before_anything_is_revoked(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    original = northwind.issued(name="renamed.example.com")
    control = {"method": "email", "approver_email": "admin@renamed.example.com"}
    body = {"csr": csr_for("www2.renamed.example.com"), "domain_control": control}
    waiting = replaced(northwind, original, customer_id="somebody-else", **body)
    assert waiting["status"] == "pending"
    assert northwind.order(original["order_id"])["status"] == "issued"
    for link in approval_links(cloud, waiting["order_id"]):
        assert answer(link, "approve").status == 200
    assert cloud.settle()
    done = northwind.order(waiting["order_id"])
    assert (done["status"], done["names"]) == ("issued", ["www2.renamed.example.com"])
    assert northwind.order(original["order_id"])["status"] == "revoked"


def test_an_idempotency_key_replays_a_replacement(northwind: Reseller) -> None:
    original = northwind.issued(name="replayed.example.com")
    first, again = (
        northwind.succeed(original["order_id"], "replacements", Idempotency_Key="replace-1") for _ in range(2)
    )
    assert (first.status, again.status) == (201, 201)
    assert first.json == again.json
