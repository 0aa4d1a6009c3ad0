"""What the running system answers is what docs/openapi.json admits: status, headers, media type and shape."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from local.openapi.story import PROOF_CSR
from partner_center.entry.routes import ROUTES
from tests.functions.cardholder import a_link, on_file
from tests.functions.journeys import answer, approval_links, call, csr_for, order_body, staff_key
from tests.functions.objecting import objected

pytestmark = pytest.mark.cloud

PUBLISHED = json.loads((Path(__file__).parents[2] / "docs/openapi.json").read_text("utf-8"))
REGISTRY = Registry().with_resource(
    "urn:published", Resource.from_contents(PUBLISHED, default_specification=DRAFT202012)
)
OPTIONAL_HEADERS = {("409", "Retry-After")}  # only for `issuing`


def resolved(described):
    while "$ref" in described:
        *_, section, name = described["$ref"].split("/")
        described = PUBLISHED["components"][section][name]
    return described


def faults(method, route, reply):
    """Everything in which the reply differs from what the document says of this operation."""
    status = str(reply.status)
    described = PUBLISHED["paths"][route][method.lower()]["responses"].get(status)
    if described is None:
        return [f"status {status} is not described"]
    described = resolved(described)
    found = [
        f"header {name} is missing"
        for name in described["headers"]
        if name.lower() not in reply.headers and (status, name) not in OPTIONAL_HEADERS
    ]
    content = described.get("content")
    if content is None:
        return found + (["a body that is not described"] if reply.body else [])
    media = reply.headers["content-type"].partition(";")[0]
    if media not in content:
        return [*found, f"media type {media} is not described"]
    if not media.endswith("json"):
        return found
    pointer = content[media]["schema"]["$ref"]
    validator = Draft202012Validator(
        {"$ref": f"urn:published{pointer}"}, registry=REGISTRY, format_checker=FormatChecker()
    )
    return found + [error.message for error in validator.iter_errors(reply.json)]


@pytest.fixture(scope="module")
def orders(cloud, northwind, rosa):
    """Ids by state; `serial` of the issued one, `link` of the pending one, `used` of the issued one."""
    pending = northwind.placed(name="pending.example.com", partner_order_id="contract-1")
    issued = northwind.issued(name="issued.example.com")
    declined = northwind.placed(name="declined.example.com")
    answer(approval_links(cloud, declined)[0], "decline")
    flagged = northwind.placed(name="paypal.example.com")
    cancelled = northwind.placed(name="cancelled.example.com")
    northwind.call("POST", f"/v1/orders/{cancelled}/cancel")
    return {
        "pending": pending,
        "published": northwind.placed(name="published.example.com", domain_control={"method": "dns_txt"}),
        "issued": issued["order_id"],
        "declined": declined,
        "flagged": flagged,
        "task": rosa.task(flagged)["task_id"],
        "cancelled": cancelled,
        **with_a_reissue(northwind),
        "objection": objected(cloud, issued),
        "bulk": northwind.contracts[0]["contract_id"],
        "card": northwind.contracts[1]["contract_id"],
        "requested": northwind.call("POST", "/v1/contracts", {"units": 5}).json["contract_id"],
        "serial": issued["certificates"][0]["serial"],
        "report": call("POST", f"{cloud.url}/v1/problem-reports", json.dumps(REPORT).encode(), JSON).json[
            "report_id"
        ],
        "link": approval_links(cloud, pending)[0].rpartition("/")[2],
        "used": approval_links(cloud, issued["order_id"])[0].rpartition("/")[2],
        **paid_by_card(cloud, northwind),
    }


def with_a_reissue(reseller):
    """An issued order, and a reissue of it that waits for proof."""
    order_id = reseller.issued(name="again.example.com")["order_id"]
    body = {"csr": csr_for("reissued.example.org", label="further")} | WAITING_FOR_PROOF
    reply = reseller.call("POST", f"/v1/orders/{order_id}/reissues", body)
    assert reply.status == 201, reply.text
    return {"again": order_id, "reissue": reply.json["reissue_id"]}


def paid_by_card(cloud, reseller):
    """An order whose card was declined, with a better card on file since; and a link to the card form."""
    assert a_link(reseller).gives("4000000000000341").status == 200
    contract_id = on_file(reseller).json["contract_id"]
    unpaid = reseller.placed(name="unpaid.example.com", contract_id=contract_id)
    answer(approval_links(cloud, unpaid)[-1], "approve")
    cloud.settle()
    link = a_link(reseller)
    assert a_link(reseller).gives().status == 200
    return {"unpaid": unpaid, "card_link": link.link.rpartition("/")[2]}


JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PATCH = {"Content-Type": "application/merge-patch+json"}
FINANCE = {**JSON, "Staff": "finance"}
STAFF = {**JSON, "Staff": "review"}  # a stand-in for the key, which the cloud makes when it starts
VERA = {**JSON, "Staff": "validation"}
SETTLE = "POST /v1/staff/objections/{objection_id}/settle"
DECISION = {"decision": "approve", "evidence": "Called the registrant."}
VALIDATOR = {**JSON, "Staff": "validation"}
REPORT = {"reporter_email": "a@example.net", "category": "misuse", "serials": ["0a"], "text": "Look."}
FINDING = {"decision": "dismiss", "grounds": "Nothing is wrong."}
DECIDE = "POST /v1/staff/problem-reports/{report_id}/decide"
ONE = "/v1/certificates/{serial}/revoke"
REUSED = {**JSON, "Idempotency-Key": "contract"}

CONTRACT, LEDGER = "GET /v1/contracts/{contract_id}", "GET /v1/contracts/{contract_id}/ledger"
ACTIVATE = "POST /v1/staff/contracts/{contract_id}/activate"
ACTIVATED = "/v1/staff/contracts/{requested}/activate"
INVOICE = {"invoice_reference": "INV-1"}
WAITING = "GET /v1/staff/queues/contracts"

PAYMENT, CARD_FORM, HOOK = "/v1/payment-method", "/card/{token}", "/webhooks/stripe"
PAY_AGAIN = "PUT /v1/staff/orders/{order_id}/payment-method"
MOVE = "POST /v1/staff/orders/{order_id}/settle"
OF_NORTHWIND = {"reseller_id": "northwind"}

REISSUE, ONE_REISSUE = "POST /v1/orders/{order_id}/reissues", "/v1/orders/{again}/reissues/{reissue}"
WAITING_FOR_PROOF = {"common_name": "reissued.example.org", "domain_control": {"method": "dns_txt"}}

RENEW, REPLACE = "POST /v1/orders/{order_id}/renewals", "POST /v1/orders/{order_id}/replacements"

NAME = "/v1/orders/{published}/domains/published.example.com"
NOWHERE = "/v1/orders/none/domains/published.example.com"
PROVEN = "/v1/orders/{issued}/domains/issued.example.com"

# Route, path (with names of `orders`), query, body, headers, status; a call without "key" has no API key.
CALLS = [
    ("GET /v1/products", "/v1/products", None, {}, 200),
    ("GET /v1/products", "/v1/products?x=1", None, {}, 400),
    ("GET /v1/products", "/v1/products", None, {"Authorization": "Bearer nonsense"}, 401),
    ("GET /v1/products/{code}", "/v1/products/thawte_ssl123", None, {}, 200),
    ("GET /v1/products/{code}", "/v1/products/none", None, {}, 404),
    ("GET /v1/products/{code}", "/v1/products/%22", None, {}, 404),
    ("GET /v1/agreements/{code}", "/v1/agreements/thawte_ssl123", None, {}, 200),
    ("GET /v1/agreements/{code}", "/v1/agreements/none", None, {}, 404),
    ("POST /v1/csr/inspect", "/v1/csr/inspect", {"csr": csr_for("www.example.com")}, JSON, 200),
    ("POST /v1/csr/inspect", "/v1/csr/inspect", {"csr": "none"}, JSON, 200),
    ("POST /v1/csr/inspect", "/v1/csr/inspect", {"cst": 1}, JSON, 422),
    ("POST /v1/orders/validate", "/v1/orders/validate", order_body(), JSON, 200),
    ("POST /v1/orders/validate", "/v1/orders/validate", {"product": 1}, JSON, 200),
    ("POST /v1/orders/validate", "/v1/orders/validate", [1], JSON, 400),
    ("GET /v1/orders", "/v1/orders?common_name=", None, {}, 200),
    ("GET /v1/orders", "/v1/orders?common_name=&limit=1", None, {}, 200),
    ("GET /v1/orders", "/v1/orders?partner_order_id=contract-1", None, {}, 200),
    ("GET /v1/orders", "/v1/orders", None, {}, 400),
    ("GET /v1/orders", "/v1/orders?common_name=&cursor=%ff", None, {}, 400),
    ("POST /v1/orders", "/v1/orders", order_body(), REUSED, 201),
    ("POST /v1/orders", "/v1/orders", order_body(name="b.example.com"), REUSED, 422),
    ("POST /v1/orders", "/v1/orders", order_body(partner_order_id="contract-1"), JSON, 422),
    ("POST /v1/orders", "/v1/orders", {}, JSON, 422),
    ("POST /v1/orders", "/v1/orders", {"note": "x" * 300_000}, JSON, 413),
    ("POST /v1/orders", "/v1/orders", {}, FORM, 415),
    ("POST /v1/orders", "/v1/orders", {}, {"Authorization": ""}, 401),
    ("GET /v1/orders/{order_id}", "/v1/orders/{pending}", None, {}, 200),
    ("GET /v1/orders/{order_id}", "/v1/orders/{issued}", None, {}, 200),
    ("GET /v1/orders/{order_id}", "/v1/orders/{declined}", None, {}, 200),
    ("GET /v1/orders/{order_id}", "/v1/orders/{cancelled}", None, {}, 200),
    ("GET /v1/orders/{order_id}", "/v1/orders/{issued}", None, {"If-None-Match": "*"}, 304),
    ("GET /v1/orders/{order_id}", "/v1/orders/none", None, {}, 404),
    ("PATCH /v1/orders/{order_id}", "/v1/orders/{pending}", {"note": "n"}, PATCH, 200),
    ("PATCH /v1/orders/{order_id}", "/v1/orders/{pending}", {"note": "m"}, JSON, 200),
    ("PATCH /v1/orders/{order_id}", "/v1/orders/{pending}", {"product": "x"}, PATCH, 422),
    ("PATCH /v1/orders/{order_id}", "/v1/orders/{pending}", [], PATCH, 400),
    ("PATCH /v1/orders/{order_id}", "/v1/orders/{pending}", {"note": "n"}, FORM, 415),
    (
        "PATCH /v1/orders/{order_id}",
        "/v1/orders/{pending}",
        {"note": "o"},
        {**PATCH, "If-Match": '"old"'},
        412,
    ),
    ("PATCH /v1/orders/{order_id}", "/v1/orders/{issued}", {"csr": "x"}, PATCH, 409),
    ("PATCH /v1/orders/{order_id}", "/v1/orders/none", {"note": "n"}, PATCH, 404),
    ("GET /v1/contracts", "/v1/contracts", None, {}, 200),
    ("GET /v1/contracts", "/v1/contracts?limit=1", None, {}, 200),
    ("GET /v1/contracts", "/v1/contracts?cursor=%ff", None, {}, 400),
    ("POST /v1/contracts", "/v1/contracts", {"units": 5, "brand": "thawte"}, REUSED, 201),
    ("POST /v1/contracts", "/v1/contracts", {"units": 6}, REUSED, 422),
    ("POST /v1/contracts", "/v1/contracts", {"units": 0, "products": ["none"]}, JSON, 422),
    ("POST /v1/contracts", "/v1/contracts", [], JSON, 400),
    ("POST /v1/contracts", "/v1/contracts", {}, FORM, 415),
    (CONTRACT, "/v1/contracts/{bulk}", None, {}, 200),
    (CONTRACT, "/v1/contracts/{card}", None, {}, 200),
    (CONTRACT, "/v1/contracts/{requested}", None, {}, 200),
    (CONTRACT, "/v1/contracts/none", None, {}, 404),
    (LEDGER, "/v1/contracts/{bulk}/ledger", None, {}, 200),
    (LEDGER, "/v1/contracts/{bulk}/ledger?limit=1", None, {}, 200),
    (LEDGER, "/v1/contracts/{bulk}/ledger?format=csv", None, {}, 200),
    (LEDGER, "/v1/contracts/{card}/ledger", None, {}, 200),
    (LEDGER, "/v1/contracts/{bulk}/ledger?format=xml", None, {}, 400),
    (LEDGER, "/v1/contracts/none/ledger", None, {}, 404),
    (WAITING, "/v1/staff/queues/contracts", None, FINANCE, 200),
    (WAITING, "/v1/staff/queues/contracts?cursor=x", None, FINANCE, 400),
    (WAITING, "/v1/staff/queues/contracts", None, STAFF, 403),
    (ACTIVATE, ACTIVATED, {"units": 1}, FINANCE, 422),
    (ACTIVATE, ACTIVATED, INVOICE, FINANCE, 200),
    (ACTIVATE, ACTIVATED, INVOICE, FINANCE, 200),
    (ACTIVATE, ACTIVATED, {"invoice_reference": "INV-2"}, FINANCE, 409),
    (ACTIVATE, "/v1/staff/contracts/none/activate", INVOICE, FINANCE, 404),
    (CONTRACT, "/v1/contracts/{requested}", None, {}, 200),
    (LEDGER, "/v1/contracts/{requested}/ledger", None, {}, 200),
    ("GET /v1/orders/{order_id}", "/v1/orders/{unpaid}", None, {}, 200),
    (f"GET {PAYMENT}", PAYMENT, None, {}, 200),
    (f"GET {PAYMENT}", f"{PAYMENT}?x=1", None, {}, 400),
    (f"POST {PAYMENT}", PAYMENT, None, {}, 201),
    (f"POST {PAYMENT}", PAYMENT, {"number": "none"}, JSON, 422),
    (f"GET {CARD_FORM}", "/card/{card_link}", None, {}, 200),
    (f"GET {CARD_FORM}", "/card/none", None, {}, 404),
    (f"HEAD {CARD_FORM}", "/card/{card_link}", None, {}, 200),
    (f"HEAD {CARD_FORM}", "/card/none", None, {}, 404),
    (f"POST {CARD_FORM}", "/card/{card_link}", b"setup_intent=seti_none", FORM, 422),
    (f"POST {CARD_FORM}", "/card/none", b"setup_intent=seti_none", FORM, 404),
    (f"POST {HOOK}", HOOK, {"id": "evt_1"}, JSON, 400),
    ("GET /v1/staff/queues/payments", "/v1/staff/queues/payments", None, FINANCE, 200),
    ("GET /v1/staff/queues/payments", "/v1/staff/queues/payments?cursor=x", None, FINANCE, 400),
    ("GET /v1/staff/queues/payments", "/v1/staff/queues/payments", None, STAFF, 403),
    (PAY_AGAIN, "/v1/staff/orders/none/payment-method", OF_NORTHWIND, FINANCE, 404),
    (PAY_AGAIN, "/v1/staff/orders/{unpaid}/payment-method", {}, FINANCE, 422),
    (PAY_AGAIN, "/v1/staff/orders/{pending}/payment-method", OF_NORTHWIND, FINANCE, 409),
    (PAY_AGAIN, "/v1/staff/orders/{unpaid}/payment-method", OF_NORTHWIND, FINANCE, 200),
    (MOVE, "/v1/staff/orders/{pending}/settle", OF_NORTHWIND, FINANCE, 409),
    (MOVE, "/v1/staff/orders/none/settle", OF_NORTHWIND, FINANCE, 404),
    (f"DELETE {PAYMENT}", PAYMENT, None, {}, 200),
    (f"DELETE {PAYMENT}", PAYMENT, None, {}, 404),
    (f"GET {PAYMENT}", PAYMENT, None, {}, 404),
    ("GET /v1/staff/queues/quality-review", "/v1/staff/queues/quality-review", None, STAFF, 200),
    ("GET /v1/staff/queues/quality-review", "/v1/staff/queues/quality-review?cursor=x", None, STAFF, 400),
    ("GET /v1/staff/queues/quality-review", "/v1/staff/queues/quality-review", None, {}, 403),
    ("POST /v1/staff/tasks/{task_id}/decide", "/v1/staff/tasks/none/decide", DECISION, STAFF, 404),
    ("POST /v1/staff/tasks/{task_id}/decide", "/v1/staff/tasks/{task}/decide", {}, STAFF, 422),
    ("POST /v1/staff/tasks/{task_id}/decide", "/v1/staff/tasks/{task}/decide", DECISION, STAFF, 200),
    ("POST /v1/staff/tasks/{task_id}/decide", "/v1/staff/tasks/{task}/decide", DECISION, STAFF, 409),
    ("GET /v1/staff/queues/certificates", "/v1/staff/queues/certificates", None, VERA, 200),
    ("GET /v1/staff/queues/certificates", "/v1/staff/queues/certificates?cursor=x", None, VERA, 400),
    ("GET /v1/staff/queues/certificates", "/v1/staff/queues/certificates", None, STAFF, 403),
    (SETTLE, "/v1/staff/objections/ab.caa/settle", {"evidence": "x"}, VERA, 404),
    (SETTLE, "/v1/staff/objections/ab.caa/settle", {}, VERA, 422),
    (SETTLE, "/v1/staff/objections/{objection}/settle", {"evidence": "x"}, VERA, 200),
    (SETTLE, "/v1/staff/objections/{objection}/settle", {"evidence": "y"}, VERA, 409),
    ("GET /v1/orders/{order_id}", "/v1/orders/{flagged}", None, {}, 200),
    ("GET /v1/orders/{order_id}/domains", "/v1/orders/{issued}/domains", None, {}, 200),
    ("GET /v1/orders/{order_id}/domains", "/v1/orders/{declined}/domains", None, {}, 200),
    ("GET /v1/orders/{order_id}/domains", "/v1/orders/none/domains", None, {}, 404),
    ("GET /v1/orders/{order_id}/messages", "/v1/orders/{declined}/messages", None, {}, 200),
    ("GET /v1/orders/{order_id}/messages", "/v1/orders/{declined}/messages?limit=x", None, {}, 400),
    (RENEW, "/v1/orders/{issued}/renewals", {}, JSON, 409),
    (RENEW, "/v1/orders/{pending}/renewals", {}, JSON, 409),
    (RENEW, "/v1/orders/none/renewals", {}, JSON, 404),
    (REPLACE, "/v1/orders/{pending}/replacements", {}, JSON, 409),
    (REPLACE, "/v1/orders/none/replacements", {}, JSON, 404),
    (REPLACE, "/v1/orders/{issued}/replacements", {}, JSON, 422),
    ("POST /v1/orders/{order_id}/cancel", "/v1/orders/{cancelled}/cancel", {"reason": "again"}, JSON, 200),
    ("POST /v1/orders/{order_id}/cancel", "/v1/orders/{issued}/cancel", None, {}, 409),
    ("POST /v1/orders/{order_id}/cancel", "/v1/orders/{cancelled}/cancel", {"why": "?"}, JSON, 422),
    ("POST /v1/orders/{order_id}/domains/check", "/v1/orders/{pending}/domains/check", None, {}, 200),
    ("POST /v1/orders/{order_id}/domains/check", "/v1/orders/{issued}/domains/check", None, {}, 409),
    ("POST /v1/orders/{order_id}/domains/check", "/v1/orders/none/domains/check", None, {}, 404),
    ("POST /v1/orders/{order_id}/domains/{name}/check", NAME + "/check", None, {}, 200),
    ("POST /v1/orders/{order_id}/domains/{name}/check", NAME + "/check", None, {}, 429),
    (
        "POST /v1/orders/{order_id}/domains/{name}/check",
        NOWHERE + "/check",
        None,
        {},
        404,
    ),
    ("POST /v1/orders/{order_id}/domains/{name}/check", PROVEN + "/check", None, {}, 409),
    ("POST /v1/orders/{order_id}/domains/{name}/resend", NAME + "/resend", None, {}, 429),
    (
        "POST /v1/orders/{order_id}/domains/{name}/resend",
        NOWHERE + "/resend",
        None,
        {},
        404,
    ),
    ("POST /v1/orders/{order_id}/domains/{name}/resend", PROVEN + "/resend", None, {}, 409),
    ("GET /v1/orders/{order_id}/domains/{name}/approvers", NAME + "/approvers", None, {}, 200),
    ("GET /v1/orders/{order_id}/domains/{name}/approvers", NAME + "/approvers?x=1", None, {}, 400),
    (
        "GET /v1/orders/{order_id}/domains/{name}/approvers",
        NOWHERE + "/approvers",
        None,
        {},
        404,
    ),
    ("PUT /v1/orders/{order_id}/domains/{name}/method", NAME + "/method", {"method": "dns_cname"}, JSON, 200),
    ("PUT /v1/orders/{order_id}/domains/{name}/method", NAME + "/method", {"method": "axfr"}, JSON, 422),
    ("PUT /v1/orders/{order_id}/domains/{name}/method", NAME + "/method", [], JSON, 400),
    ("PUT /v1/orders/{order_id}/domains/{name}/method", PROVEN + "/method", {"method": "dns_txt"}, JSON, 409),
    ("PUT /v1/orders/{order_id}/domains/{name}/method", NAME + "/method", {"method": "dns_txt"}, FORM, 415),
    (
        "PUT /v1/orders/{order_id}/domains/{name}/method",
        NOWHERE + "/method",
        {"method": "dns_txt"},
        JSON,
        404,
    ),
    ("GET /v1/domains", "/v1/domains", None, {}, 200),
    ("GET /v1/domains", "/v1/domains?name=issued&limit=1", None, {}, 200),
    ("GET /v1/domains", "/v1/domains?cursor=%ff", None, {}, 400),
    ("GET /v1/certificates/{serial}", "/v1/certificates/{serial}", None, {}, 200),
    ("GET /v1/certificates/{serial}", "/v1/certificates/00", None, {}, 404),
    *(
        (
            "GET /v1/certificates/{serial}/download",
            f"/v1/certificates/{{serial}}/download?format={format_}",
            None,
            {},
            200,
        )
        for format_ in ("pem", "chain", "ca", "p7b", "der", "zip")
    ),
    (
        "GET /v1/certificates/{serial}/download",
        "/v1/certificates/{serial}/download?format=zip&server=haproxy",
        None,
        {},
        200,
    ),
    (
        "GET /v1/certificates/{serial}/download",
        "/v1/certificates/{serial}/download?format=zip&server=caddy",
        None,
        {},
        400,
    ),
    (
        "GET /v1/certificates/{serial}/download",
        "/v1/certificates/{serial}/download?format=exe",
        None,
        {},
        400,
    ),
    ("POST /v1/certificates/{serial}/revoke", ONE, {"reason": "superseded"}, JSON, 200),
    ("POST /v1/certificates/{serial}/revoke", ONE, {"reason": "boredom"}, JSON, 422),
    ("POST /v1/certificates/{serial}/revoke", "/v1/certificates/00/revoke", None, {}, 404),
    ("GET /v1/certificates/{serial}", "/v1/certificates/{serial}", None, {}, 200),
    ("GET /v1/account", "/v1/account", None, {}, 200),
    ("PATCH /v1/account", "/v1/account", {"reminders": {"days": [30]}}, PATCH, 200),
    ("PATCH /v1/account", "/v1/account", {"reminders": {"days": [91]}}, PATCH, 422),
    ("GET /v1/orders/{order_id}/reissues", "/v1/orders/{again}/reissues", None, {}, 200),
    ("GET /v1/orders/{order_id}/reissues/{reissue_id}", ONE_REISSUE, None, {}, 200),
    ("GET /v1/orders/{order_id}/domains", "/v1/orders/{again}/domains", None, {}, 200),
    (REISSUE, "/v1/orders/{again}/reissues", {"csr": csr_for("again.example.com", label="x")}, JSON, 201),
    (REISSUE, "/v1/orders/{again}/reissues", {"csr": "none"}, JSON, 422),
    (REISSUE, "/v1/orders/{pending}/reissues", {"csr": csr_for("pending.example.com")}, JSON, 409),
    ("POST /v1/orders/{order_id}/reissues/{reissue_id}/cancel", f"{ONE_REISSUE}/cancel", None, {}, 200),
    ("POST /v1/orders/{order_id}/revoke", "/v1/orders/{issued}/revoke", None, {}, 200),
    ("POST /v1/orders/{order_id}/revoke", "/v1/orders/{pending}/revoke", None, {}, 409),
    ("POST /v1/orders/{order_id}/revoke", "/v1/orders/{issued}/revoke", {"keep_order": True}, JSON, 422),
    ("POST /v1/orders/{order_id}/revoke", "/v1/orders/none/revoke", None, {}, 404),
    ("GET /v1/orders/{order_id}", "/v1/orders/{issued}", None, {}, 200),
    ("POST /v1/compromised-keys", "/v1/compromised-keys", {"proof": {"csr": PROOF_CSR}}, JSON, 202),
    ("POST /v1/compromised-keys", "/v1/compromised-keys", {}, JSON, 422),
    ("POST /v1/compromised-keys", "/v1/compromised-keys?x=1", {}, JSON, 400),
    ("POST /v1/compromised-keys", "/v1/compromised-keys", {}, FORM, 415),
    ("POST /v1/problem-reports", "/v1/problem-reports", REPORT, JSON, 202),
    ("POST /v1/problem-reports", "/v1/problem-reports", {}, JSON, 422),
    ("POST /v1/problem-reports", "/v1/problem-reports", {"text": "x" * 300_000}, JSON, 413),
    ("GET /v1/staff/queues/problem-reports", "/v1/staff/queues/problem-reports", None, VALIDATOR, 200),
    (
        "GET /v1/staff/queues/problem-reports",
        "/v1/staff/queues/problem-reports?cursor=x",
        None,
        VALIDATOR,
        400,
    ),
    ("GET /v1/staff/queues/problem-reports", "/v1/staff/queues/problem-reports", None, STAFF, 403),
    (DECIDE, "/v1/staff/problem-reports/none/decide", FINDING, VALIDATOR, 404),
    (DECIDE, "/v1/staff/problem-reports/{report}/decide", {}, VALIDATOR, 422),
    (DECIDE, "/v1/staff/problem-reports/{report}/decide", FINDING, VALIDATOR, 200),
    (DECIDE, "/v1/staff/problem-reports/{report}/decide", FINDING | {"grounds": "x"}, VALIDATOR, 409),
    ("GET /approve/{token}", "/approve/{link}", None, {}, 200),
    ("GET /approve/{token}", "/approve/{used}", None, {}, 410),
    ("GET /approve/{token}", "/approve/none", None, {}, 404),
    ("GET /approve/{token}", "/approve/%22", None, {}, 404),
    ("GET /approve/{token}", "/approve/none?a=1&a=2", None, {}, 400),
    ("HEAD /approve/{token}", "/approve/{link}", None, {}, 200),
    ("HEAD /approve/{token}", "/approve/{used}", None, {}, 410),
    ("HEAD /approve/{token}", "/approve/none", None, {}, 404),
    ("POST /approve/{token}", "/approve/{link}", b"decision=perhaps", FORM, 400),
    ("POST /approve/{token}", "/approve/{used}", b"decision=approve", FORM, 410),
    ("POST /approve/{token}", "/approve/none", b"decision=approve", FORM, 404),
    ("POST /approve/{token}", "/approve/{link}", b"decision=approve", FORM, 200),
]


@pytest.mark.parametrize(
    ("operation", "path", "body", "headers", "status"),
    [pytest.param(*each, id=f"{number}-{each[4]}-{each[1][:40]}") for number, each in enumerate(CALLS)],
)
def test_an_answer_is_as_described(cloud, northwind, orders, operation, path, body, headers, status):
    method, route = operation.split(" ")
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    headers = dict(headers)
    api_key = staff_key(cloud, headers.pop("Staff")) if "Staff" in headers else northwind.api_key
    is_public = PUBLISHED["paths"][route][method.lower()].get("security") == []
    key = {} if is_public else {"Authorization": f"Bearer {api_key}"}
    reply = call(method, cloud.url + path.format(**orders), data, key | headers)
    assert reply.status == status, reply.text
    assert faults(method, route, reply) == []


def test_every_operation_is_called():
    assert {tuple(each[0].split(" ")) for each in CALLS} == set(ROUTES)
