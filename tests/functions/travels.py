"""Every way an order can go, for tests that look at what functions did on it."""

import json
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from local.cloud import EmbeddedCloud
from tests.functions.cardholder import a_link, charged
from tests.functions.journeys import (
    FEW_RUNS,
    Reseller,
    Reviewer,
    answer,
    approval_links,
    call,
    csr_for,
    key_of,
    order_body,
    publish,
    staff_key,
)

HOUR, DAY = 3600, 86_400


def travel(cloud: EmbeddedCloud, reseller: Reseller) -> None:
    """Every way an order can go, and every question that can be asked about it."""
    browse(cloud, reseller)
    issue(cloud, reseller)
    decline_then_cancel(cloud, reseller)
    hold_back_then_release(cloud, reseller)
    publish_everything(cloud, reseller)
    ask_a_published_contact(cloud, reseller)
    amend(cloud, reseller)
    review(cloud, reseller)
    buy(cloud, reseller)
    expose(cloud, reseller)
    revoke(cloud, reseller)
    report_problems(cloud, reseller)
    expire(cloud, reseller)
    ask_anew(cloud, reseller)
    retry_waits(cloud, reseller)
    check(cloud, reseller)
    follow(cloud, reseller)
    reissue(cloud, reseller)
    pay(cloud, reseller)
    reconcile(cloud, reseller)
    remind(cloud, reseller)


def reconcile(cloud: EmbeddedCloud, reseller: Reseller) -> None:
    """An execution that somebody stops; then a wake-up that gets lost."""
    order_id = reseller.placed(name="google.reconciled.example.com")
    (execution,) = [each["arn"] for each in cloud.executions() if each["name"].startswith(order_id)]
    cloud.client("stepfunctions").stop_execution(executionArn=execution)
    cloud.advance(600)
    cloud.client("dynamodb").update_item(
        TableName=cloud.output("BusinessTable"),
        Key={"pk": {"S": f"R#{reseller.reseller_id}#O#{order_id}"}, "sk": {"S": "HEAD"}},
        UpdateExpression="SET review = :released",
        ExpressionAttributeValues={":released": {"S": "released"}},
    )
    cloud.advance(3 * HOUR)
    assert answer(approval_links(cloud, order_id)[-1], "approve").status == 200
    assert cloud.settle()
    assert reseller.order(order_id)["status"] == "issued"


def pay(cloud: EmbeddedCloud, reseller: Reseller) -> None:
    """A card, another one in its place, its end; orders that it pays, is declined for, and lets go; and a dispute."""
    finance = Reviewer(cloud, staff_key(cloud, "finance"))
    for _ in range(2):
        assert a_link(reseller, Idempotency_Key="card-1").link
    assert a_link(reseller).gives("4000000000000341").status == 200
    contract_id = reseller.call("GET", "/v1/payment-method").json["contract_id"]
    declined = approved(cloud, reseller, "card-declined.example.com", contract_id)
    assert reseller.order(declined)["payment"]["status"] == "declined"
    assert finance.call("GET", "/v1/staff/queues/payments").status == 200
    assert a_link(reseller).gives().status == 200
    path = f"/v1/staff/orders/{declined}/payment-method"
    changed = finance.call("PUT", path, {"reseller_id": reseller.reseller_id}, Idempotency_Key="other-card")
    assert changed.status == 200, changed.text
    assert cloud.settle()
    assert reseller.order(declined)["payment"]["status"] == "captured"
    let_go(cloud, reseller, contract_id)
    outlive(cloud, reseller, contract_id, finance)
    cloud.payments.payments.dispute(charged(cloud, reseller, declined))
    assert reseller.call("DELETE", "/v1/payment-method").status == 200
    cloud.advance(93 * DAY, FEW_RUNS)
    assert cloud.settle()


def let_go(cloud: EmbeddedCloud, reseller: Reseller, contract_id: str) -> None:
    """CAA forbids the issue after the card was asked; the order is cancelled."""
    cloud.zone.set("card-held.example.com", "CAA", ['0 issue "another-ca.example"'])
    held = approved(cloud, reseller, "card-held.example.com", contract_id)
    cloud.zone.delete("card-held.example.com")
    assert reseller.order(held)["payment"]["status"] == "authorised"
    assert reseller.call("POST", f"/v1/orders/{held}/cancel").status == 200
    assert cloud.settle()
    assert reseller.order(held)["payment"]["status"] == "released"


def outlive(cloud: EmbeddedCloud, reseller: Reseller, contract_id: str, finance: Reviewer) -> None:
    """A contract ends with its card while an order on it waits; the card that opens the next one pays for it."""
    begins = following(cloud.clock.now(), day=15)
    cloud.advance(begins - cloud.clock.now(), FEW_RUNS)
    this_month = datetime.fromtimestamp(begins, UTC)
    assert a_link(reseller).gives(exp_year=this_month.year, exp_month=this_month.month).status == 200
    order_id = reseller.placed(name="card-ends.example.com", contract_id=contract_id)
    cloud.advance(following(begins, day=1) + 1 - cloud.clock.now(), FEW_RUNS)
    assert answer(approval_links(cloud, order_id)[-1], "approve").status == 200
    assert cloud.settle()
    assert reseller.order(order_id)["payment"]["status"] == "declined"
    path, body = f"/v1/staff/orders/{order_id}/payment-method", {"reseller_id": reseller.reseller_id}
    assert finance.call("PUT", path, body).codes == {"card_expired"}
    assert a_link(reseller).gives().status == 200
    assert finance.call("PUT", path, body).status == 200
    assert cloud.settle()
    payment = reseller.order(order_id)["payment"]
    assert (payment["status"], payment["contract_id"]) == ("captured", contract_id)


def following(now: float, day: int) -> float:
    """The next begin of that day of a month."""
    moment = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for _ in range(32):
        moment += timedelta(days=1)
        if moment.day == day:
            break
    return moment.timestamp()


def approved(cloud: EmbeddedCloud, reseller: Reseller, name: str, contract_id: str) -> str:
    order_id = reseller.placed(name=name, contract_id=contract_id)
    assert answer(approval_links(cloud, order_id)[-1], "approve").status == 200
    assert cloud.settle()
    return order_id


def browse(cloud: EmbeddedCloud, reseller: Reseller) -> None:
    for path in (
        "/v1/products",
        "/v1/products/geotrust_quickssl_premium",
        "/v1/agreements/geotrust_quickssl_premium",
    ):
        assert reseller.call("GET", path).status == 200
    assert reseller.call("GET", "/v1/nothing-here").status == 404
    assert reseller.call("POST", "/v1/orders/validate", order_body("look.example.com")).json["valid"]
    assert reseller.call("POST", "/v1/csr/inspect", {"csr": csr_for("look.example.com")}).json["valid"]


def issue(cloud: EmbeddedCloud, reseller: Reseller) -> None:
    name = "permitted.example.com"
    body = order_body(name, partner_order_id="PERMITTED-1", customer_id="permitted")
    placed = reseller.place(body, Idempotency_Key="permitted-1")
    assert placed.status == 201
    assert reseller.place(body, Idempotency_Key="permitted-1").json["order_id"] == placed.json["order_id"]
    assert reseller.place(body).status == 422  # the number is taken
    order_id = placed.json["order_id"]
    assert cloud.settle()
    (link,) = approval_links(cloud, order_id)
    assert call("GET", link).status == 200
    assert answer(link, "approve").status == 200
    assert cloud.settle()
    order = reseller.order(order_id)
    assert order["status"] == "issued"
    serial = order["certificates"][0]["serial"]
    for path in (
        f"/v1/orders/{order_id}/domains",
        f"/v1/orders/{order_id}/messages",
        f"/v1/orders?common_name={name}",
        "/v1/orders?partner_order_id=PERMITTED-1",
        f"/v1/certificates/{serial}",
        f"/v1/certificates/{serial}/download?format=zip",
    ):
        assert reseller.call("GET", path).status == 200, path
    assert reseller.call("POST", f"/v1/orders/{order_id}/cancel").status == 409


def decline_then_cancel(cloud: EmbeddedCloud, reseller: Reseller) -> None:
    order_id = reseller.placed(name="declined.example.com")
    (link,) = approval_links(cloud, order_id)
    assert answer(link, "decline").status == 200
    assert cloud.settle()
    cancelled = reseller.call(
        "POST", f"/v1/orders/{order_id}/cancel", {"reason": "no"}, Idempotency_Key="no-1"
    )
    assert cancelled.json["status"] == "cancelled"
    assert cloud.settle()


def hold_back_then_release(cloud: EmbeddedCloud, reseller: Reseller) -> None:
    name = "permitted-not.example.org"
    caa = ['0 issue "another-ca.example"', '0 iodef "mailto:security@example.org"']
    cloud.zone.set(name, "CAA", caa)
    order_id = reseller.placed(name=name, approver="admin@example.org")
    (link,) = approval_links(cloud, order_id)
    assert answer(link, "approve").status == 200
    assert cloud.settle()
    cloud.zone.set(name, "CAA", ['0 issue ";"', *caa[1:]])
    cloud.advance(DAY, FEW_RUNS)
    assert reseller.call("POST", f"/v1/orders/{order_id}/domains/check").status == 200
    assert cloud.settle()
    cloud.zone.delete(name)
    cloud.advance(31)
    assert reseller.call("POST", f"/v1/orders/{order_id}/domains/check").status == 200
    assert cloud.settle()
    assert reseller.order(order_id)["status"] == "issued"


def amend(cloud: EmbeddedCloud, reseller: Reseller) -> None:
    """More names, another key, another common name; then an order that was held back."""
    order_id = reseller.placed(name="amended.example.com")
    patch = {
        "csr": csr_for("amended-too.example.com", label="amended"),
        "common_name": "amended-too.example.com",
        "additional_domains": [f"host-{number}.example.com" for number in range(6)],
    }
    assert reseller.amend(order_id, patch).status == 200
    assert cloud.settle()
    assert answer(approval_links(cloud, order_id)[-1], "approve").status == 200
    assert cloud.settle()
    assert reseller.order(order_id)["status"] == "issued"
    assert reseller.amend(order_id, {"note": "later"}).status == 200


def review(cloud: EmbeddedCloud, reseller: Reseller) -> None:
    rosa = Reviewer(cloud, staff_key(cloud, "review"))
    released = reseller.placed(name="google.example.com")
    assert rosa.decides(released, "approve", Idempotency_Key="review-1").status == 200
    rejected = reseller.placed(name="paypal.example.com")
    assert rosa.decides(rejected, "reject", Idempotency_Key="review-2").status == 200
    assert cloud.settle()
    assert reseller.order(rejected)["status"] == "rejected"


def buy(cloud: EmbeddedCloud, reseller: Reseller) -> None:
    """A contract that is asked for, activated, read and told of; then an order on a card, and more of it."""
    fay = Reviewer(cloud, staff_key(cloud, "finance"))
    asked = reseller.call("POST", "/v1/contracts", {"units": 10}, Idempotency_Key="contract-1")
    contract_id = asked.json["contract_id"]
    assert fay.call("GET", "/v1/staff/queues/contracts").json["items"]
    activation = {"invoice_reference": "INV-PERMITTED", "notices": {"units_low": 10}}
    path = f"/v1/staff/contracts/{contract_id}/activate"
    assert fay.call("POST", path, activation, Idempotency_Key="activate-1").status == 200
    for part in ("", f"/{contract_id}", f"/{contract_id}/ledger"):
        assert reseller.call("GET", f"/v1/contracts{part}").status == 200
    cloud.advance(3600)
    assert any(contract_id in mail.subject for mail in cloud.mails())
    card = reseller.card_contract()
    order_id = reseller.placed(name="card.example.com", contract_id=card)
    assert reseller.amend(order_id, {"additional_domains": ["more.example.com"]}).status == 200
    assert reseller.call("POST", f"/v1/orders/{order_id}/cancel").status == 200
    assert cloud.settle()


def charge(cloud: EmbeddedCloud, reseller: Reseller, contract_id: str) -> None:
    """An order whose card is declined, then put right; its money cannot be taken at first, then it can."""
    fay = Reviewer(cloud, staff_key(cloud, "finance"))
    cloud.payments.faults.set({"call": "authorise", "kind": "decline"})
    order_id = reseller.placed(name="charged.example.com", contract_id=contract_id)
    assert answer(approval_links(cloud, order_id)[-1], "approve").status == 200
    assert cloud.settle()
    assert reseller.order(order_id)["payment"]["status"] == "declined"
    assert order_id in str(fay.call("GET", "/v1/staff/queues/payments").json["items"])
    cloud.payments.faults.set({"call": "capture", "kind": "fail_before", "times": None})
    path = f"/v1/staff/orders/{order_id}"
    body = {"reseller_id": reseller.reseller_id}
    assert fay.call("PUT", f"{path}/payment-method", body, Idempotency_Key="card-2").status == 200
    assert cloud.settle()
    assert reseller.order(order_id)["payment"]["status"] == "authorised"
    cloud.advance(4 * DAY, FEW_RUNS)
    cloud.payments.faults.clear()
    assert fay.call("POST", f"{path}/settle", body).status == 200
    assert cloud.settle()
    assert reseller.order(order_id)["payment"]["status"] == "captured"


def publish_everything(cloud: EmbeddedCloud, reseller: Reseller) -> None:
    """A name by each method but e-mail: looked at in vain, mailed again, then published and found by itself."""
    methods = ("dns_txt", "dns_cname", "http_file", "dns_persist")
    names = {f"{method.replace('_', '-')}.example.com": {"method": method} for method in methods}
    body = order_body("dns-txt.example.com", additional_domains=[*names], customer_id="publisher")
    body["domain_control"] = {"method": "dns_txt", "names": names}
    order_id = str(reseller.place(body).json["order_id"])
    assert cloud.settle()
    checked = reseller.call("POST", f"/v1/orders/{order_id}/domains/check", Idempotency_Key="check-1")
    assert checked.status == 200
    cloud.advance(31)
    assert reseller.looks(order_id, "dns-txt.example.com").status == 200
    path = f"/v1/orders/{order_id}/domains/dns-cname.example.com/resend"
    assert reseller.call("POST", path, Idempotency_Key="resend-1").status == 200
    changed = reseller.call(
        "PUT", f"/v1/orders/{order_id}/domains/dns-cname.example.com/method", {"method": "dns_txt"}
    )
    assert changed.status == 200
    assert cloud.settle()
    for item in reseller.domains(order_id).values():
        publish(cloud, item)
    cloud.advance(900)
    assert cloud.settle()
    assert reseller.order(order_id)["status"] == "issued"
    assert reseller.call("GET", "/v1/domains").json["items"]


def ask_a_published_contact(cloud: EmbeddedCloud, reseller: Reseller) -> None:
    cloud.zone.set("_validation-contactemail.example.net", "TXT", ["ops@provider.example.org"])
    body = order_body("contact.example.net", approver="ops@provider.example.org")
    assert reseller.call("POST", "/v1/orders/validate", body).json["valid"]
    order_id = str(reseller.place(body).json["order_id"])
    assert cloud.settle()
    assert reseller.call("GET", f"/v1/orders/{order_id}/domains/contact.example.net/approvers").status == 200
    cloud.advance(31)
    assert reseller.call("POST", f"/v1/orders/{order_id}/domains/contact.example.net/resend").status == 200
    other = reseller.placed(name="other.example.net", approver="admin@example.net")
    chosen = {"method": "email", "approver_email": "ops@provider.example.org"}
    assert reseller.call("PUT", f"/v1/orders/{other}/domains/other.example.net/method", chosen).status == 200
    assert cloud.settle()
    for each in (order_id, other):
        assert answer(approval_links(cloud, each)[-1], "approve").status == 200
    assert cloud.settle()
    assert reseller.order(order_id)["status"] == "issued"


def expose(cloud: EmbeddedCloud, reseller: Reseller) -> None:
    """A private key in every field that takes text, first that of a certificate."""
    issued = reseller.issued(
        name="exposed.example.com", csr=csr_for("exposed.example.com", label="permitted")
    )
    key = key_of("permitted").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    assert reseller.place(order_body(note=key)).status == 422
    assert reseller.call("POST", "/v1/orders/validate", order_body(note=key)).status == 200
    assert reseller.call("POST", "/v1/csr/inspect", {"csr": key}).status == 200
    assert reseller.call("POST", f"/v1/orders/{issued['order_id']}/cancel", {"reason": key}).status == 422
    assert reseller.amend(issued["order_id"], {"note": key}).status == 422
    assert reseller.call("POST", "/v1/contracts", {"units": 1, "note": key}).status == 422
    assert cloud.settle()


def revoke(cloud: EmbeddedCloud, reseller: Reseller) -> None:
    """An order and a certificate, by request and by proof; a run that died, which its event ends; the schedule."""
    whole = reseller.issued(name="revoked.example.com")
    path = f"/v1/orders/{whole['order_id']}/revoke"
    assert reseller.call("POST", path, {"reason": "superseded"}, Idempotency_Key="revoke-1").status == 200
    label = "permitted to be proven"
    one = reseller.issued(name="proven.example.com", csr=csr_for("proven.example.com", label=label))
    twin = reseller.issued(name="twin.example.com", csr=csr_for("twin.example.com", label=label))
    key = key_of(label).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    proof = {"reason": "keyCompromise", "proof": {"private_key": key}, "keep_order": False}
    serial = one["certificates"][0]["serial"]
    assert reseller.call("POST", f"/v1/certificates/{serial}/revoke", proof).status == 200
    assert cloud.settle()
    assert reseller.order(twin["order_id"])["certificates"][0]["status"] == "revoked"
    proof = {"proof": {"private_key": key}}
    media = {"Content-Type": "application/json"}
    assert call("POST", f"{cloud.url}/v1/compromised-keys", json.dumps(proof).encode(), media).status == 202
    died = reseller.issued(name="died.example.com")
    event = {
        "id": "evt_died",
        "type": "certificate.revoked",
        "occurred_at": "2026-12-02T08:41:26Z",
        "correlation_id": "request",
        "version": 1,
        "data": {
            "serial": died["certificates"][0]["serial"],
            "reason": "superseded",
            "by": "key:1",
            "order_follows": "always",
        },
    }
    message = {"messageId": "1", "body": json.dumps({"detail": event})}
    cloud.invoke("FinishRevocationFunction", {"Records": [message]})
    assert reseller.order(died["order_id"])["status"] == "revoked"
    cloud.advance(DAY, FEW_RUNS)
    assert cloud.settle()


def report_problems(cloud: EmbeddedCloud, reseller: Reseller) -> None:
    vera = Reviewer(cloud, staff_key(cloud, "validation"))
    order = reseller.issued(name="reported.example.com")
    media = {"Content-Type": "application/json"}
    key = key_of("permitted").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    body = {
        "reporter_email": "security@example.net",
        "category": "misuse",
        "serials": [order["certificates"][0]["serial"]],
        "text": "It serves a copy of our sign-in page.",
    }
    for text, status in ((key, 422), (body["text"], 202)):
        sent = json.dumps(body | {"text": text}).encode()
        assert call("POST", f"{cloud.url}/v1/problem-reports", sent, media).status == status
    assert cloud.settle()
    (task,) = vera.call("GET", "/v1/staff/queues/problem-reports").json["items"]
    decision = {
        "decision": "revoke",
        "grounds": "It does.",
        "serials": task["serials"],
        "reason": "privilegeWithdrawn",
    }
    path = f"/v1/staff/problem-reports/{task['report_id']}/decide"
    assert vera.call("POST", path, decision).status == 200
    assert cloud.settle()
    assert reseller.order(order["order_id"])["status"] == "revoked"


def follow(cloud: EmbeddedCloud, reseller: Reseller) -> None:
    """An order that is replaced for nothing, and goes an hour later; one that is renewed; and what is refused."""
    original = reseller.issued(name="followed.example.com")["order_id"]
    key = key_of("permitted").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    control = {"method": "email", "approver_email": "nobody@provider.example.org"}
    refused = reseller.succeed(original, "replacements", {"note": key, "domain_control": control})
    assert refused.status == 422
    body = {"revoke_original_after_hours": 1}
    replaced = reseller.succeed(original, "replacements", body, Idempotency_Key="replace-1")
    assert replaced.status == 201, replaced.text
    cloud.advance(4_000)
    assert cloud.settle()
    assert reseller.order(original)["status"] == "revoked"
    reseller.ends(replaced.json["order_id"], 30 * DAY)
    assert reseller.succeed(replaced.json["order_id"], "renewals").status == 201


def reissue(cloud: EmbeddedCloud, reseller: Reseller) -> None:
    """A further certificate in place of the first, one that is given up, and what is refused; and the account."""
    order_id = reseller.issued(name="further.example.com")["order_id"]
    path = f"/v1/orders/{order_id}/reissues"
    key = key_of("permitted").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    control = {"method": "email", "approver_email": "nobody@provider.example.org"}
    refused = reseller.call("POST", path, {"csr": key, "domain_control": control})
    assert refused.status == 422
    body = {"csr": csr_for("further.example.com", label="further"), "revoke_previous_after_hours": 0}
    assert reseller.call("POST", path, body, Idempotency_Key="reissue-1").status == 201
    assert cloud.settle()
    assert [each["status"] for each in reseller.order(order_id)["certificates"]] == ["active", "revoked"]
    other = {
        "csr": csr_for("further.example.org", label="further"),
        "common_name": "further.example.org",
        "domain_control": {"method": "dns_txt"},
    }
    waiting = reseller.call("POST", path, other).json["reissue_id"]
    assert cloud.settle()
    assert reseller.looks(order_id).status == 200
    assert reseller.call("POST", f"{path}/{waiting}/cancel", {}, Idempotency_Key="give-up-1").status == 200
    assert reseller.call("GET", f"{path}/{waiting}").json["status"] == "cancelled"
    assert reseller.call("GET", path).status == 200
    assert reseller.call("PATCH", "/v1/account", {"reminders": {"link": key}}).status == 422
    chosen = {"reminders": {"days": [90, 30, 7], "link": "https://shop.example.com/orders/{order_id}"}}
    assert reseller.call("PATCH", "/v1/account", chosen).status == 200


def expire(cloud: EmbeddedCloud, reseller: Reseller) -> None:
    order_id = reseller.placed(name="silent.example.com")
    cloud.advance(31 * DAY, FEW_RUNS)
    assert cloud.settle()
    assert reseller.order(order_id)["closed"]["reason"] == "timed_out"


def ask_anew(cloud: EmbeddedCloud, reseller: Reseller) -> None:
    """A mail that went out again keeps the order open until after the other's link has expired."""
    body = order_body("early.example.com", additional_domains=["late.example.com"])
    body["domain_control"]["names"] = {
        "late.example.com": {"method": "email", "approver_email": "admin@late.example.com"}
    }
    order_id = str(reseller.place(body).json["order_id"])
    cloud.advance(15 * DAY, FEW_RUNS)
    assert reseller.call("POST", f"/v1/orders/{order_id}/domains/late.example.com/resend").status == 200
    cloud.advance(16 * DAY, FEW_RUNS)
    assert reseller.domains(order_id)["early.example.com"]["status"] == "expired"
    assert reseller.call("POST", f"/v1/orders/{order_id}/domains/early.example.com/resend").status == 200
    assert cloud.settle()
    assert reseller.domains(order_id)["early.example.com"]["status"] == "pending"


def retry_waits(cloud: EmbeddedCloud, reseller: Reseller) -> None:
    """A wait that is armed again after its answer came is told at once; here nobody listens any more."""
    order_id = reseller.placed(name="retried.example.com")
    assert reseller.call("POST", f"/v1/orders/{order_id}/cancel").status == 200
    assert cloud.settle()
    task = {"reseller_id": reseller.reseller_id, "order_id": order_id, "generation": 1, "attempt": 1}
    for function in (
        "AwaitDomainsFunction",
        "AwaitPaymentFunction",
        "AwaitReleaseFunction",
        "AwaitReviewFunction",
    ):
        cloud.invoke(function, task | {"execution": f"{order_id}-g1-a1", "token": "of-nobody"})


def check(cloud: EmbeddedCloud, reseller: Reseller) -> None:
    """Another certificate stands where one was stored; the daily check finds it, and a person settles it."""
    serials = [
        reseller.issued(name=f"{name}-checked.example.com")["certificates"][0]["serial"] for name in "ab"
    ]
    table, client = cloud.resource("IssuanceTable"), cloud.client("dynamodb")
    rows = [{"pk": {"S": f"SERIAL#{serial}"}, "sk": {"S": "CERTIFICATE"}} for serial in serials]
    wrong = client.get_item(TableName=table, Key=rows[0])["Item"]["certificate_der"]
    client.update_item(
        TableName=table,
        Key=rows[1],
        UpdateExpression="SET certificate_der = :wrong",
        ExpressionAttributeValues={":wrong": wrong},
    )
    cloud.advance(DAY, FEW_RUNS)
    vera = Reviewer(cloud, staff_key(cloud, "validation"))
    for item in vera.call("GET", "/v1/staff/queues/certificates").json["items"]:
        path = f"/v1/staff/objections/{item['objection_id']}/settle"
        evidence = {"evidence": "The row was changed by a test."}
        assert vera.call("POST", path, evidence, Idempotency_Key="settle-1").status == 200


def remind(cloud: EmbeddedCloud, reseller: Reseller) -> None:
    """A certificate comes near its end, its reminder bounces, and it ends; reissues are not there yet.

    From 2027-03-15 on its proofs last until it is to be reissued, so once that may happen by itself its entry moves.
    """
    cloud.advance(60 * DAY, FEW_RUNS)
    order = reseller.issued(name="reminded.example.com")
    chosen = {"lifecycle": {"auto_reissue": True, "key": "same"}}
    assert reseller.amend(order["order_id"], chosen).status == 200
    cloud.advance(400 * DAY, FEW_RUNS)
    assert cloud.settle()
    assert reseller.order(order["order_id"])["status"] == "expired"
    subjects = [mail.subject for mail in cloud.mails()]
    cloud.undeliver(next(n for n, each in enumerate(subjects) if "reissue it, free" in each), "bounce")
    assert cloud.settle()
