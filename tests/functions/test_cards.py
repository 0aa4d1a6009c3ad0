"""Cards on file, from the link to the day on which the gateway forgets them: what holders and resellers see."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from local.cloud import EmbeddedCloud
from local.payments.hooks import SIGNING_SECRET, signature
from partner_center.adapters import keys
from partner_center.adapters.stripe_signature import TOLERANCE
from tests.functions.cardholder import VISA, a_link, card_of, charged, on_file, rows
from tests.functions.journeys import Reply, Reseller, answer, approval_links, call, order_body

pytestmark = pytest.mark.cloud

DAY = 86_400


@pytest.fixture(autouse=True)
def no_troubles(cloud: EmbeddedCloud) -> Iterator[None]:
    yield
    cloud.payments.faults.clear()


def test_a_card_is_put_on_the_running_contract_and_the_next_takes_its_place(
    cloud: EmbeddedCloud, contoso: Reseller
) -> None:
    assert on_file(contoso).status == 404
    holder = a_link(contoso)
    page = holder.look()
    assert page.status == 200
    assert "Contoso Domains" in page.text
    added = holder.gives()
    assert added.status == 200, added.text
    assert "ending in 4242" in added.text
    first = on_file(contoso).json
    assert (first["brand"], first["last4"], first["exp_month"], first["exp_year"]) == (
        "visa",
        "4242",
        12,
        2030,
    )
    before = card_of(cloud, contoso)
    assert a_link(contoso).gives("5555555555554444", exp_year=2027, exp_month=3).status == 200
    second = on_file(contoso).json
    assert second["contract_id"] == first["contract_id"]
    assert (second["last4"], second["usable_until"]) == ("4444", "2027-04-01T00:00:00Z")
    (contract,) = rows(cloud, keys.contract("contoso", second["contract_id"]).pk, "HEAD")
    assert contract["valid_to"] == card_of(cloud, contoso)["usable_until"]
    assert "before" in second["notice"]
    assert cloud.settle()
    events = rows(cloud, keys.reseller_event("contoso", "").pk)
    assert [event["type"] for event in events] == ["card.added", "card.added"]
    (old,) = rows(cloud, keys.card("contoso", before["card_id"]).pk)
    assert old["queued_at"] < before["queued_at"], "it will be forgotten earlier now"
    everything = json.dumps(rows(cloud, keys.card("contoso", before["card_id"]).pk), default=str)
    assert VISA not in everything


def test_a_link_takes_one_card(northwind: Reseller) -> None:
    holder = a_link(northwind)
    setup_id = holder.fills_in()
    assert holder.sends(setup_id).status == 200
    for again in (holder.sends(setup_id), holder.look(), call("HEAD", holder.link)):
        assert again.status == 410
    assert "has been used" in holder.look().text


def test_a_link_ends_after_a_day(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    holder = a_link(northwind)
    setup_id = holder.fills_in()
    cloud.advance(DAY + 1)
    assert holder.look().status == 410
    assert "expired" in holder.look().text
    assert holder.sends(setup_id).status == 410


@pytest.mark.parametrize("token", ["x", "A" * 27, "A" * 300, "..%2F..", "%00"])
def test_an_unknown_link_is_none(cloud: EmbeddedCloud, token: str) -> None:
    for method in ("GET", "POST"):
        assert call(method, f"{cloud.url}/card/{token}").status == 404


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"setup_intent=",
        b"setup_intent=seti_other",
        b"setup_intent=a&setup_intent=b",
        b"\xff",
        b"x" * 2000,
    ],
    ids=range(6),
)
def test_a_form_that_is_not_the_pages_own_adds_nothing(northwind: Reseller, body: bytes) -> None:
    holder = a_link(northwind)
    holder.fills_in()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert call("POST", holder.link, body, headers).status == 422
    assert holder.look().status == 200, "the link is as it was"


def test_a_form_that_was_not_filled_in_adds_nothing(northwind: Reseller) -> None:
    one, other = a_link(northwind), a_link(northwind)
    filled_in = one.fills_in()
    secret = re.search(r'data-secret="([^"]*)_secret_', other.look().text)
    assert secret is not None
    assert other.sends(secret[1]).status == 422
    assert other.sends(filled_in).status == 422
    assert one.sends(filled_in).status == 200


@pytest.mark.parametrize("number", ["4000000000000002", "4000000000009995"])
def test_a_card_that_the_gateway_declines_is_not_taken(northwind: Reseller, number: str) -> None:
    holder = a_link(northwind)
    refused = holder.gives(number)
    assert refused.status == 422
    assert "was not accepted" in refused.text
    assert holder.gives().status == 200, "another one is"


def test_a_card_that_has_ended_is_not_taken(northwind: Reseller) -> None:
    assert a_link(northwind).gives(exp_year=2025).status == 422


def test_a_request_for_a_link_is_answered_once(northwind: Reseller) -> None:
    first = northwind.call("POST", "/v1/payment-method", Idempotency_Key="card-1")
    again = northwind.call("POST", "/v1/payment-method", {}, Idempotency_Key="card-1")
    other = northwind.call("POST", "/v1/payment-method", Idempotency_Key="card-2")
    assert (first.status, again.json) == (201, first.json)
    assert other.json["url"] != first.json["url"]
    assert first.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("body", [{"number": "1"}, {"card": {}}])
def test_a_request_for_a_link_has_no_fields(northwind: Reseller, body: dict) -> None:
    assert northwind.call("POST", "/v1/payment-method", body).status == 422


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/orders"),
        ("POST", "/v1/orders/validate"),
        ("POST", "/v1/payment-method"),
        ("POST", "/v1/csr/inspect"),
    ],
)
def test_a_card_number_is_refused_and_not_repeated(northwind: Reseller, method: str, path: str) -> None:
    refused = northwind.call(method, path, {"note": f"please use {VISA}", "csr": "x"})
    assert (refused.status, refused.codes) == (422, {"card_number_in_field"})
    assert VISA not in refused.text


def test_while_the_gateway_is_out_nothing_is_promised(cloud: EmbeddedCloud, contoso: Reseller) -> None:
    holder = a_link(contoso)
    setup_id = holder.fills_in()
    cloud.payments.faults.set({"call": "*", "kind": "fail_before", "times": None})
    assert contoso.call("POST", "/v1/payment-method").status == 503
    for busy in (holder.look(), holder.sends(setup_id)):
        assert (busy.status, "retry-after" in busy.headers) == (503, True)
    cloud.payments.faults.clear()
    assert holder.sends(setup_id).status == 200


def test_a_removed_card_is_forgotten_when_no_order_can_need_it(
    cloud: EmbeddedCloud, contoso: Reseller
) -> None:
    if on_file(contoso).status == 404:
        assert a_link(contoso).gives().status == 200
    card = card_of(cloud, contoso)
    removed = contoso.call("DELETE", "/v1/payment-method")
    assert (removed.status, removed.json["last4"]) == (200, "4242")
    assert on_file(contoso).status == contoso.call("DELETE", "/v1/payment-method").status == 404

    def attached() -> str | None:
        url = f"{cloud.payments.url}/v1/payment_methods/{card['token']}"
        return call("GET", url, None, {"Authorization": "Bearer sk_test_local"}).json["customer"]

    cloud.advance(90 * DAY)
    assert attached() == card["customer"], "an order that was placed before may still be charged"
    cloud.advance(3 * DAY)
    assert cloud.settle()
    assert attached() is None
    (row,) = rows(cloud, keys.card("contoso", card["card_id"]).pk)
    assert "queue" not in row


def test_a_contract_ends_with_its_card_and_the_next_opens_another(
    cloud: EmbeddedCloud, contoso: Reseller
) -> None:
    today = datetime.fromtimestamp(cloud.clock.now(), UTC)
    assert a_link(contoso).gives(exp_year=today.year, exp_month=today.month).status == 200
    ended = on_file(contoso).json["contract_id"]
    cloud.advance(32 * DAY)
    assert on_file(contoso).status == 404
    refused = contoso.place(order_body("too-late.example.com", contract_id=ended))
    assert refused.codes == {"card_expired"}
    assert "opened with this card" in a_link(contoso).gives().text
    opened = on_file(contoso).json["contract_id"]
    assert opened != ended
    assert contoso.call("GET", f"/v1/contracts/{opened}").json["kind"] == "pay_as_you_go"
    assert contoso.place(order_body("in-time.example.com", contract_id=opened)).status == 201


def test_without_a_key_there_is_nothing_to_see(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    for method in ("GET", "POST", "DELETE"):
        assert call(method, f"{cloud.url}/v1/payment-method").status == 401


# ---- orders that a card pays


def ordered(reseller: Reseller, name: str) -> str:
    """An order on the contract of the reseller's card, approved."""
    if on_file(reseller).status == 404:
        assert a_link(reseller).gives().status == 200
    order_id = reseller.placed(name=name, contract_id=on_file(reseller).json["contract_id"])
    (link,) = approval_links(reseller.cloud, order_id)
    assert answer(link, "approve").status == 200
    assert reseller.cloud.settle()
    return order_id


def intents(cloud: EmbeddedCloud, order_id: str) -> list[dict]:
    shown = cloud.payments.journal()["intents"]
    return [each for each in shown if each["metadata"].get("order_id") == order_id]


def test_an_order_is_charged_once_when_its_certificate_is_issued(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    order_id = ordered(northwind, "paid-by-card.example.com")
    order = northwind.order(order_id)
    assert (order["status"], order["payment"]["status"]) == ("issued", "captured")
    (intent,) = intents(cloud, order_id)
    assert (intent["status"], intent["amount_received"]) == ("succeeded", intent["amount"])
    assert intent["amount"] == round(float(order["price"]["net"]["amount"]) * 100)


def test_a_declined_order_waits_and_the_new_card_is_for_future_orders_only(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    assert a_link(northwind).gives("4000000000000341").status == 200
    order_id = ordered(northwind, "declined-card.example.com")
    order = northwind.order(order_id)
    assert (order["status"], order["payment"]["status"]) == ("pending", "declined")
    assert a_link(northwind).gives().status == 200
    assert cloud.settle()
    assert northwind.order(order_id)["payment"]["status"] == "declined", (
        "it keeps the card it was placed with"
    )
    assert northwind.order(ordered(northwind, "next-card.example.com"))["status"] == "issued"


def test_a_removed_card_refuses_orders_and_pays_for_those_placed_before(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    if on_file(northwind).status == 404:
        assert a_link(northwind).gives().status == 200
    contract_id = on_file(northwind).json["contract_id"]
    order_id = northwind.placed(name="before-removal.example.com", contract_id=contract_id)
    assert northwind.call("DELETE", "/v1/payment-method").status == 200
    refused = northwind.place(order_body("after-removal.example.com", contract_id=contract_id))
    assert (refused.status, refused.codes) == (422, {"no_card"})
    assert answer(approval_links(cloud, order_id)[0], "approve").status == 200
    assert cloud.settle()
    assert northwind.order(order_id)["payment"]["status"] == "captured"


# ---- webhooks


def told(
    cloud: EmbeddedCloud, event: object, header: str | None = None, secret: str = SIGNING_SECRET
) -> Reply:
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    signed = header if header is not None else signature(body, int(cloud.clock.now()), secret)
    headers = {"Content-Type": "application/json", "Stripe-Signature": signed}
    return call("POST", f"{cloud.url}/webhooks/stripe", body, headers)


def an_event(order_id: str, reseller_id: str = "northwind", event_id: str = "evt_1", **more: object) -> dict:
    about = {"id": "pi_1", "metadata": {"reseller_id": reseller_id, "order_id": order_id}}
    return {"id": event_id, "type": "payment_intent.succeeded", "data": {"object": about}} | more


def looks(cloud: EmbeddedCloud) -> int:
    """How often the money of an order was to be looked at, for what the gateway told."""
    calls = cloud.recorded_calls["HearGatewayFunction"]
    return sum(each["operation"] == "SendMessage" for each in calls)


@pytest.fixture(scope="module")
def order_id(northwind: Reseller) -> str:
    return northwind.placed(name="charged.example.com")


@pytest.mark.parametrize("header", ["", "t=1,v1=00", "nonsense", "t=1", "v1=00", "t=x,v1=y", "," * 5000])
def test_what_is_not_signed_is_refused_without_a_word(
    cloud: EmbeddedCloud, order_id: str, header: str
) -> None:
    refused = told(cloud, an_event(order_id), header)
    assert refused.status == 400
    assert "sign" not in refused.text


def test_an_old_message_is_refused(cloud: EmbeddedCloud, order_id: str) -> None:
    body = json.dumps(an_event(order_id)).encode()
    assert told(cloud, body, signature(body, int(cloud.clock.now()) - TOLERANCE - 60)).status == 400
    assert told(cloud, body, secret="whsec_other").status == 400


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"x"', b"{}", b'{"id": "evt_2"}', b"[" * 100_000])
def test_a_signed_message_that_is_no_event_is_refused(cloud: EmbeddedCloud, body: bytes) -> None:
    assert told(cloud, body).status == 400


def test_a_message_as_long_as_a_book_is_refused(cloud: EmbeddedCloud) -> None:
    assert told(cloud, b" " * 300_000).status == 413


def test_a_message_about_a_payment_has_its_order_looked_at_once(cloud: EmbeddedCloud, order_id: str) -> None:
    before = looks(cloud)
    for _ in range(3):
        assert told(cloud, an_event(order_id, event_id="evt_once")).status == 200
    assert looks(cloud) == before + 1


NOT_OURS = {
    "an unknown type": {"id": "evt_a", "type": "customer.created"},
    "an order of nobody": {"id": "evt_b", "order": "ord_00000000000000000000000000"},
    "another reseller's": {"id": "evt_c", "reseller": "contoso"},
    "a reseller that is none": {"id": "evt_d", "reseller": "a#b"},
}


@pytest.mark.parametrize("what", NOT_OURS.values(), ids=NOT_OURS.keys())
def test_a_message_about_nothing_of_ours_is_taken_and_forgotten(
    cloud: EmbeddedCloud, order_id: str, what: dict
) -> None:
    before = looks(cloud)
    event = an_event(what.get("order", order_id), what.get("reseller", "northwind"), what["id"])
    assert told(cloud, event | ({"type": what["type"]} if "type" in what else {})).status == 200
    assert looks(cloud) == before


def test_a_dispute_is_told_on_the_order_and_to_staff(
    cloud: EmbeddedCloud, northwind: Reseller, order_id: str, capfd: pytest.CaptureFixture[str]
) -> None:
    intent_id = charged(cloud, northwind, order_id)
    cloud.payments.payments.dispute(intent_id)
    assert cloud.settle()
    messages = northwind.call("GET", f"/v1/orders/{order_id}/messages").json["items"]
    assert any("disputed" in message["text"] for message in messages)
    assert {hook["status"] for hook in cloud.hooks.sent} == {200}
