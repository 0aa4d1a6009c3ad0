"""The pages under /_local: the JSON that tests and scripts read, the pages people read, and who is kept out."""

import base64
import http.client
import json
import re
from pathlib import Path
from urllib.parse import urlencode

import pytest

from local.cloud import EmbeddedCloud
from local.console.text import linked

TEMPLATE = Path(__file__).parent / "fixture_app/template.yaml"
pytestmark = pytest.mark.cloud
JSON = {"Accept": "application/json"}
HTML = {"Accept": "text/html"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"} | HTML
DEMO = {
    "resellers": [
        {"reseller_id": "rsl_1", "api_key": "pck_1_<x>", "contracts": []},
        {"reseller_id": "rsl_2", "api_key": "pck_2", "contracts": []},
    ],
    "staff": [{"role": "validation", "api_key": "pck_s"}],
}


def seed(cloud):
    def add_contract(reseller_id, kind, units):
        if reseller_id != "rsl_1":
            raise ValueError("no such reseller")
        return {"contract_id": "ctr_new", "kind": kind, "units_left": units}

    cloud.add_contract = add_contract
    machine = cloud.resource("Approval")
    request = json.dumps({"name": "<b>n</b>"})
    cloud.client("stepfunctions").start_execution(stateMachineArn=machine, name="first", input=request)
    assert cloud.settle()
    return DEMO


@pytest.fixture(scope="module")
def cloud():
    with EmbeddedCloud(TEMPLATE, seed=seed) as running:
        yield running


@pytest.fixture
def ask(cloud):
    def send(method, path, body=None, headers=JSON):
        if isinstance(body, dict):
            body = urlencode(body) if FORM.items() <= headers.items() else json.dumps(body)
        connection = http.client.HTTPConnection("127.0.0.1", int(cloud.url.rpartition(":")[2]), timeout=30)
        connection.request(method, f"/_local{path}", body, headers)
        response = connection.getresponse()
        response.text = response.read().decode()
        connection.close()
        return response

    return send


PAGES = [
    "",
    "/",
    "/mail",
    "/mail/0",
    "/executions",
    "/executions/first",
    "/dns",
    "/web",
    "/payments",
    "/clock",
]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_html_for_people_and_json_for_programs(ask, path):
    page = ask("GET", path, headers=HTML)
    assert (page.status, page.getheader("content-type")) == (200, "text/html; charset=utf-8")
    assert "default-src 'none'" in page.getheader("content-security-policy")
    assert "<script" not in page.text
    assert not re.search(r"(src|href)=\"(https?:)?//(?!example\.com)", page.text)
    found = ask("GET", path)
    assert found.getheader("content-type") == "application/json"
    json.loads(found.text)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example:80"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": ""},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
    ],
    ids=str,
)
@pytest.mark.parametrize(("method", "path"), [("GET", "/mail"), ("POST", "/clock"), ("DELETE", "/dns")])
def test_other_origins_neither_read_nor_change_anything(cloud, ask, method, path, headers):
    before = cloud.clock.now()
    assert ask(method, path, {"advance_seconds": 3600}, FORM | headers).status == 403
    assert cloud.clock.now() - before < 60


def test_its_own_pages_may_post(cloud, ask):
    assert ask("POST", "/clock", {"advance_seconds": 1}, FORM | {"Origin": cloud.url}).status == 303


def test_ready_and_demo_tell_what_a_script_needs(ask):
    assert json.loads(ask("GET", "/ready", headers={}).text) == {"ready": True}
    assert json.loads(ask("GET", "/demo", headers={}).text) == DEMO
    overview = ask("GET", "/", headers=HTML).text
    assert "pck_1_&lt;x&gt;" in overview
    assert "pck_s" in overview


def test_a_contract_is_added_through_the_seeds_hook(ask):
    made = ask("POST", "/demo/contracts", {"reseller_id": "rsl_1", "kind": "bulk", "units": 5})
    assert (made.status, json.loads(made.text)) == (
        201,
        {"contract_id": "ctr_new", "kind": "bulk", "units_left": 5},
    )
    assert ask("POST", "/demo/contracts", {"reseller_id": "rsl_9", "kind": "bulk", "units": 5}).status == 400
    assert (
        ask("POST", "/demo/contracts", {"reseller_id": "rsl_1", "kind": "bulk", "units": "many"}).status
        == 400
    )


# --- mail


def test_mail_has_the_promised_shape(ask):
    [mail] = json.loads(ask("GET", "/mail").text)
    assert {"to", "from", "subject", "text", "html", "headers", "attachments"} <= mail.keys()
    assert mail["to"] == ["owner@example.com"]
    assert mail["from"] == "ask@example.com"
    assert mail["headers"]["Subject"] == mail["subject"] == "Approve <b>n</b>?"
    [attachment] = mail["attachments"]
    assert attachment["filename"] == "terms & more.bin"
    assert attachment["content_type"] == "application/octet-stream"
    assert base64.b64decode(attachment["content_base64"]) == b"\x00\x01"


def test_a_mails_page_escapes_it_and_keeps_its_html_in_a_sandbox(ask):
    page = ask("GET", "/mail/0", headers=HTML).text
    assert "<b>n</b>" not in page
    assert '<a href="https://example.com/approve/' in page
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page
    inner = ask("GET", "/mail/0/html", headers=HTML)
    policy = inner.getheader("content-security-policy")
    assert policy.startswith("sandbox ")
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert '<a href="https://example.com/approve/' in inner.text


def test_an_attachment_is_a_download_whatever_it_claims_to_be(ask):
    found = ask("GET", "/mail/0/attachments/0")
    assert found.getheader("content-type") == "application/octet-stream"
    assert found.getheader("content-disposition") == "attachment; filename*=UTF-8''terms%20%26%20more.bin"
    assert found.getheader("x-content-type-options") == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "/mail/99",
        f"/mail/{10**30}",
        "/mail/x",
        "/mail/0/attachments/7",
        "/executions/none",
        "/nowhere",
        "/mail/../x",
    ],
)
def test_what_is_not_there_is_not_found(ask, path):
    assert ask("GET", path).status == 404
    assert ask("GET", path, headers=HTML).getheader("content-type") == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("see https://a.example/x?y=1&z=2.", '<a href="https://a.example/x?y=1&amp;z=2"'),
        ("<https://a.example/x>", '&lt;<a href="https://a.example/x"'),
        (
            "(https://a.example/x)",
            '<a href="https://a.example/x" target="_blank" rel="noreferrer">https://a.example/x</a>)',
        ),
        ('https://a.example/"onclick=x', '<a href="https://a.example/"'),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("<script>", "&lt;script&gt;"),
    ],
)
def test_only_web_addresses_in_text_become_links(text, html):
    assert html in linked(text)
    assert linked(text).count("<a ") == text.count("https://")


# --- executions


def test_an_execution_tells_its_steps(ask):
    [execution] = json.loads(ask("GET", "/executions").text)
    assert (execution["name"], execution["status"]) == ("first", "RUNNING")
    [step] = execution["steps"]
    assert (step["state"], step["kind"], step["left_at"], step["errors"]) == ("Ask", "Task", None, [])
    assert step["input"] == {"name": "<b>n</b>"}
    assert "<b>n</b>" not in ask("GET", "/executions/first", headers=HTML).text


# --- the world


def test_records_are_set_listed_and_removed(ask):
    record = {"name": "_t.example.com", "type": "TXT", "values": ["a b", "c"], "dnssec": "secure"}
    assert ask("POST", "/dns", record).status == 200
    assert record in json.loads(ask("GET", "/dns").text)
    assert ask("DELETE", "/dns", {"name": "_t.example.com", "type": "TXT"}).status == 204
    assert record not in json.loads(ask("GET", "/dns").text)


def test_a_form_sets_and_removes_a_record(cloud, ask):
    fields = {
        "name": "f.example.com",
        "type": "CAA",
        "values": '0 issue "ca.example"',
        "dnssec": "bogus",
        "rcode": "",
    }
    answer = ask("POST", "/dns", fields, FORM)
    assert (answer.status, answer.getheader("location")) == (303, "/_local/dns")
    assert any(each["name"] == "f.example.com" and each["dnssec"] == "bogus" for each in cloud.zone.records())
    assert ask("POST", "/dns", {"delete": "1", "name": "f.example.com", "type": "CAA"}, FORM).status == 303
    assert not any(each["name"] == "f.example.com" for each in cloud.zone.records())


def test_a_record_may_be_removed_by_the_query(ask, cloud):
    cloud.zone.set("q.example.com", "A", ["192.0.2.1"])
    assert ask("DELETE", "/dns?name=q.example.com").status == 204
    assert not any(each["name"] == "q.example.com" for each in cloud.zone.records())


def test_web_servers_answer_what_was_set(cloud, ask):
    answer = {
        "host": "Example.com",
        "path": "/a.txt",
        "status": 203,
        "headers": {"X-A": "b"},
        "body": "héllo",
    }
    assert ask("POST", "/web", answer).status == 200
    host, port = cloud.web.address.split(":")

    def fetch(name, path):
        connection = http.client.HTTPConnection(host, int(port), timeout=5)
        connection.request("GET", path, headers={"Host": name})
        response = connection.getresponse()
        found = response.status, response.getheader("x-a"), response.read().decode()
        connection.close()
        return found

    assert fetch("example.com:80", "/a.txt?x=1") == (203, "b", "héllo")
    assert fetch("other.example.com", "/a.txt")[0] == 404
    assert ask("DELETE", "/web", {"host": "example.com", "path": "/a.txt"}).status == 204
    assert fetch("example.com", "/a.txt")[0] == 404


# --- clock


def test_the_clock_comes_back_when_due_work_is_done(cloud, ask):
    before = json.loads(ask("GET", "/clock").text)["now"]
    key = {"pk": {"S": "GOT#nightly"}}
    after = json.loads(ask("POST", "/clock", {"advance_seconds": 86400}).text)["now"]
    assert after > before
    assert "Item" in cloud.client("dynamodb").get_item(TableName=cloud.resource("Notes"), Key=key)


def test_json_is_understood_whatever_curl_calls_it(ask):
    answer = ask("POST", "/clock", '{"advance_seconds": 1}', {"Content-Type": FORM["Content-Type"]})
    assert (answer.status, answer.getheader("content-type")) == (200, "application/json")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/clock", '{"advance_seconds": -1}'),
        ("/clock", '{"advance_seconds": "soon"}'),
        ("/clock", '{"advance_seconds": NaN}'),
        ("/clock", '{"advance_seconds": 1e300}'),
        ("/clock", '{"advance_seconds": [1]}'),
        ("/clock", "{}"),
        ("/clock", "[]"),
        ("/clock", "{"),
        ("/clock", b"\xff\xfe"),
        ("/dns", '{"name": "a.example.com"}'),
        ("/dns", '{"name": "a.example.com", "type": "PTR", "values": []}'),
        ("/dns", '{"name": "a.example.com", "type": "A", "values": ["not an address"]}'),
        ("/dns", '{"name": "a..example.com", "type": "A", "values": []}'),
        ("/dns", '{"name": "a.example.com", "type": "A", "values": 5}'),
        ("/dns", '{"name": ["a"], "type": "A", "values": []}'),
        ("/dns", '{"name": "a.example.com", "type": "A", "values": [], "dnssec": {}}'),
        ("/dns", '{"name": "a.example.com", "type": "A", "values": [], "perspective": "nowhere"}'),
        ("/web", '{"host": "a.example.com"}'),
        ("/web", '{"host": "a.example.com", "path": "a"}'),
        ("/web", '{"host": "a.example.com", "path": "/", "status": 99}'),
        ("/web", '{"host": "a.example.com", "path": "/", "status": "200"}'),
        ("/web", '{"host": "a.example.com", "path": "/", "body": {}}'),
        ("/web", '{"host": "a.example.com", "path": "/", "headers": {"x": "a\\r\\nb: c"}}'),
    ],
)
def test_bad_input_is_refused_with_a_reason(ask, path, body):
    answer = ask("POST", path, body)
    assert answer.status == 400
    assert json.loads(answer.text)["detail"]
    assert ask("POST", path, body, HTML).getheader("content-type") == "text/html; charset=utf-8"


def test_a_verb_that_is_not_meant_is_refused(ask):
    assert ask("DELETE", "/clock").status == 405


def pay(cloud, path, **fields):
    """A request to the local Stripe, as the application makes it."""
    headers = {"Authorization": "Bearer sk_test_local", "Content-Type": "application/x-www-form-urlencoded"}
    connection = http.client.HTTPConnection(
        "127.0.0.1", int(cloud.payments.url.rpartition(":")[2]), timeout=30
    )
    connection.request("POST", path, urlencode(fields), headers)
    response = connection.getresponse()
    body = json.loads(response.read())
    connection.close()
    return response.status, body


@pytest.fixture(scope="module")
def charged(cloud):
    """A card that was charged for an order."""
    _, customer = pay(cloud, "/v1/customers", name="Northwind")
    _, setup = pay(cloud, "/v1/setup_intents", customer=customer["id"])
    card = {"number": "4242424242424242", "exp_month": "12", "exp_year": "2030", "cvc": "123"}
    form = {f"payment_method_data[card][{name}]": value for name, value in card.items()}
    path = f"/v1/setup_intents/{setup['id']}/confirm"
    _, confirmed = pay(cloud, path, **{"payment_method_data[type]": "card"}, **form)
    asked = {
        "amount": "14900",
        "currency": "usd",
        "capture_method": "manual",
        "metadata[order_id]": "ord_<1>",
    }
    method = confirmed["payment_method"]
    _, intent = pay(cloud, "/v1/payment_intents", customer=customer["id"], payment_method=method, **asked)
    for verb in ("confirm", "capture"):
        assert pay(cloud, f"/v1/payment_intents/{intent['id']}/{verb}")[0] == 200
    return intent["id"]


def test_payments_are_shown_with_what_became_of_them(cloud, ask, charged):
    cloud.payments.faults.set({"call": "refund", "kind": "refund_pending"})
    _, refund = pay(cloud, "/v1/refunds", payment_intent=charged)
    page = ask("GET", "/payments", headers=HTML).text
    assert charged in page
    assert "149.00" in page
    assert "ord_&lt;1&gt;" in page
    told = json.loads(ask("GET", "/payments").text)
    assert [each["status"] for each in told["refunds"]] == ["pending"]
    path = f"/payments/refunds/{refund['id']}"
    assert ask("POST", path, {"status": "failed", "failure_reason": "declined"}).status == 200
    (after,) = json.loads(ask("GET", "/payments").text)["refunds"]
    assert (after["status"], after["failure_reason"]) == ("failed", "declined")
    assert ask("POST", path, {"status": "lost"}).status == 400
    assert ask("POST", "/payments/refunds/re_none", {"status": "failed"}).status == 404


def test_a_charge_is_disputed_on_demand(ask, charged):
    assert ask("POST", "/payments/disputes", {"intent_id": charged}, FORM).status == 303
    assert ask("POST", "/payments/disputes", {"intent_id": "pi_none"}).status == 404


def test_signatures_are_told_as_kms_keeps_them(cloud, ask):
    kms = cloud.client("kms")
    key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    kms.sign(KeyId=key, Message=b"\x01\x02", MessageType="RAW", SigningAlgorithm="ECDSA_SHA_256")
    (told,) = json.loads(ask("GET", "/signatures").text)
    assert (told["key"], told["message"]) == (key, "0102")
    assert abs(told["at"] - cloud.clock.now()) < 60


def test_troubles_are_set_met_and_taken_away(cloud, ask):
    assert ask("POST", "/payments/faults", {"call": "other", "kind": "throttle", "times": 1}).status == 201
    assert pay(cloud, "/v1/customers", name="x")[0] == 429
    assert pay(cloud, "/v1/customers", name="x")[0] == 200
    assert ask("POST", "/payments/faults", {"call": "*", "kind": "hold", "times": ""}, FORM).status == 303
    assert ask("GET", "/payments", headers=HTML).status == 200
    assert ask("DELETE", "/payments/faults").status == 204
    assert json.loads(ask("GET", "/payments").text)["faults"] == []
    assert ask("POST", "/payments/faults", {"kind": "fire"}).status == 400
