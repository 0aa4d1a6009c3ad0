"""Every input's bad inputs, over HTTP: a clear code each, nothing half-written, never a 5xx."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from local.cloud import EmbeddedCloud
from tests.functions.journeys import Reseller, answer, approval_links, call, csr_for, key_of, order_body

pytestmark = pytest.mark.cloud


def rows(cloud: EmbeddedCloud) -> int:
    """How many items the tables hold, once nothing is under way; every request is counted, so counts are no items."""
    assert cloud.settle()
    client = cloud.client("dynamodb")
    tables = set(client.list_tables()["TableNames"]) - {cloud.resource("QuotaTable")}
    return sum(client.scan(TableName=name, Select="COUNT")["Count"] for name in tables)


def private_key_text() -> str:
    pem = key_of("exposed").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem.decode()


def csr_of_rsa_1024() -> str:
    key = rsa.generate_private_key(65537, 1024)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "www.example.com")])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def changed(body: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    *parents, last = path.split("/")
    inner = body
    for parent in parents:
        inner = inner[parent]
    inner[last] = value
    return body


REFUSED: dict[str, tuple[dict[str, Any], set[str]]] = {
    "a broken CSR": (
        {"csr": "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----"},
        {"csr_malformed"},
    ),
    "no CSR at all": ({"csr": "hello"}, {"csr_malformed"}),
    "a CSR with a private key beside it": ({"csr": "KEY"}, {"csr_contains_private_key"}),
    "a private key in the note": ({"note": "KEY"}, {"private_key_not_accepted"}),
    "RSA 1024": ({"csr": "RSA1024"}, {"key_too_weak"}),
    "an unknown product": ({"product": "gold_plated_ssl"}, {"unknown_product"}),
    "an unknown field": ({"prodcut": "x"}, {"unknown_field"}),
    "a public suffix": ({"additional_domains": ["co.uk"]}, {"name_public_suffix"}),
    "an internal name": ({"additional_domains": ["server.local"]}, {"name_internal"}),
    "an approver that is not on the list": (
        {"domain_control": {"method": "email", "approver_email": "ssladmin@example.com"}},
        {"approver_not_allowed"},
    ),
    "an approver at another domain": (
        {"domain_control": {"method": "email", "approver_email": "admin@example.org"}},
        {"approver_not_allowed"},
    ),
    "e-mail without an address": ({"domain_control": {"method": "email"}}, {"approver_required"}),
    "a contract of somebody else": ({"contract_id": "FOREIGN"}, {"no_contract"}),
    "an agreement nobody wrote": (
        {"agreement": {"version": "1999-01-01", "accepted_by": "A", "capacity": "b"}},
        {"agreement_outdated"},
    ),
    "a term that is not sold": ({"term_days": 3000}, {"term_not_offered"}),
    "a phone that is none": (
        {
            "contacts": {
                "technical": {
                    "first_name": "A",
                    "last_name": "B",
                    "email": "a@example.com",
                    "phone": "call me",
                }
            }
        },
        {"invalid_field"},
    ),
    "an organization-validated product": ({"product": "geotrust_true_businessid"}, {"product_not_available"}),
}


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.replace(" ", "-"))
def test_a_refused_order_names_its_fault_and_leaves_nothing(
    cloud: EmbeddedCloud, northwind: Reseller, contoso: Reseller, case: str
) -> None:
    fields, codes = REFUSED[case]
    values = {
        "KEY": csr_for("www.example.com") + private_key_text(),
        "RSA1024": csr_of_rsa_1024() if fields.get("csr") == "RSA1024" else "",
        "FOREIGN": contoso.contracts[0]["contract_id"],
    }
    filled = {
        name: values.get(value, value) if isinstance(value, str) else value for name, value in fields.items()
    }
    before = rows(cloud)
    reply = northwind.place(order_body(**filled), Idempotency_Key=f"refused {case}"[:255])
    assert reply.status == 422, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    assert codes <= reply.codes, reply.text
    assert "PRIVATE KEY" not in reply.text
    # A key that was sent here is never certified any more: its block and the record of it, once.
    assert rows(cloud) - before in ({0, 2} if "KEY" in fields.values() else {0})


def test_all_faults_of_one_order_are_named_at_once(northwind: Reseller) -> None:
    body = order_body(
        csr=csr_of_rsa_1024(),
        additional_domains=["server.local", "co.uk", "bad_name.example.com"],
        domain_control={"method": "email", "approver_email": "me@example.com"},
        agreement={"version": "1999-01-01", "accepted_by": "A", "capacity": "b"},
        term_days=1,
        surprise=1,
    )
    reply = northwind.place(body)
    assert reply.status == 422
    assert reply.codes >= {
        "key_too_weak",
        "name_internal",
        "name_public_suffix",
        "name_invalid",
        "approver_not_allowed",
        "agreement_outdated",
        "term_not_offered",
        "unknown_field",
    }
    assert all(problem["detail"].endswith((".", ":")) for problem in reply.json["problems"])


UNREADABLE: dict[str, tuple[bytes, str, int]] = {
    "not JSON": (b"{", "application/json", 400),
    "not an object": (b"[]", "application/json", 400),
    "a lone surrogate": (b'{"note": "\\ud800"}', "application/json", 400),
    "NaN": (b'{"term_days": NaN}', "application/json", 400),
    "a name twice": (b'{"note": "a", "note": "b"}', "application/json", 400),
    "deep nesting": (b"[" * 100_000, "application/json", 400),
    "a field's name without end": (b'{"' + b"a" * 20_000 + b'": [1]}', "application/json", 400),
    "an endless number": (b'{"term_days": ' + b"9" * 10_000 + b"}", "application/json", 400),
    "over 256 KiB": (b'{"note": "' + b"x" * 262_144 + b'"}', "application/json", 413),
    "a form": (b"product=x", "application/x-www-form-urlencoded", 415),
    "XML": (b"<order/>", "application/xml", 415),
    "nothing": (b"", "application/json", 400),
}


@pytest.mark.parametrize("case", UNREADABLE, ids=lambda case: case.replace(" ", "-"))
def test_an_unreadable_body_is_refused(northwind: Reseller, case: str) -> None:
    body, media_type, status = UNREADABLE[case]
    reply = northwind.call("POST", "/v1/orders", body, Content_Type=media_type)
    assert reply.status == status, reply.text
    assert reply.json["status"] == status


FLOODS: dict[str, dict[str, Any]] = {
    "bad names": {"additional_domains": [f"-{number}" for number in range(900)]},
    "one bad name": {"additional_domains": ["-"] * 40_000},
    "card numbers": {"a" * 512: [4222222222222] * 10_000},
    "unknown fields": {f"field {number}": 0 for number in range(9000)},
}


@pytest.mark.parametrize("case", FLOODS, ids=lambda case: case.replace(" ", "-"))
def test_an_order_of_very_many_faults_is_refused_in_few_words(northwind: Reseller, case: str) -> None:
    """A function answers 6 MB at most; beyond that the refusal would be a fault of ours."""
    body = order_body() | FLOODS[case]
    placed, looked = northwind.place(body), northwind.call("POST", "/v1/orders/validate", body)
    assert placed.status == 422, placed.text
    assert looked.status == (422 if case == "card numbers" else 200), looked.text
    for reply in (placed, looked):
        assert 1 <= len(reply.json["problems"]) <= 101
        assert len(reply.text) < 200_000
        assert ("too_many_problems" in reply.codes) is (len(reply.json["problems"]) == 101)


KEYS = {
    "none": None,
    "another scheme": "Basic cGNrOng=",
    "no key of ours": "Bearer sk_live_1234",
    "an unknown key": "Bearer pck_01m83gfn906vdzrfphx5k04kdt_" + "a" * 43,
    "a key with line breaks": "Bearer pck_%0d%0a",
    "a very long key": "Bearer pck_" + "a" * 5000,
}


@pytest.mark.parametrize("case", KEYS, ids=lambda case: case.replace(" ", "-"))
def test_a_bad_key_is_401_whatever_is_asked(cloud: EmbeddedCloud, case: str) -> None:
    value = KEYS[case]
    headers = {"Authorization": value} if value else {}
    for method, path in (("GET", "/v1/products"), ("POST", "/v1/orders"), ("GET", "/v1/orders/ord_1")):
        reply = call(method, f"{cloud.url}{path}", b"{}" if method == "POST" else None, headers)
        assert (reply.status, reply.json["code"]) == (401, "unauthenticated")


def test_a_good_key_id_with_a_wrong_secret_is_401(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    wrong = northwind.api_key[:-1] + ("a" if northwind.api_key[-1] != "a" else "b")
    reply = call("GET", f"{cloud.url}/v1/products", headers={"Authorization": f"Bearer {wrong}"})
    assert reply.status == 401


def test_another_resellers_order_answers_as_one_that_does_not_exist(
    northwind: Reseller, contoso: Reseller
) -> None:
    order_id = northwind.placed(name="mine.example.com", partner_order_id="PO-mine")
    unknown = "ord_" + "0" * 26
    for method, path in (
        ("GET", "/v1/orders/{}"),
        ("GET", "/v1/orders/{}/domains"),
        ("GET", "/v1/orders/{}/messages"),
        ("POST", "/v1/orders/{}/cancel"),
        ("POST", "/v1/orders/{}/domains/check"),
    ):
        foreign = contoso.call(method, path.format(order_id))
        missing = contoso.call(method, path.format(unknown))
        assert foreign.status == missing.status == 404
        assert _without_request_id(foreign.json) == _without_request_id(missing.json)
    assert contoso.call("GET", "/v1/orders?partner_order_id=PO-mine").json["items"] == []
    assert contoso.call("GET", "/v1/orders?common_name=mine").json["items"] == []


def _without_request_id(problem: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in problem.items() if name != "request_id"}


def test_another_resellers_certificate_answers_as_one_that_does_not_exist(
    northwind: Reseller, contoso: Reseller
) -> None:
    serial = northwind.issued(name="leaf.example.com")["certificates"][0]["serial"]
    for path in (f"/v1/certificates/{serial}", f"/v1/certificates/{serial}/download?format=pem"):
        assert northwind.call("GET", path).status == 200
        assert contoso.call("GET", path).status == 404


@pytest.mark.parametrize(
    "path",
    [
        "/v1/orders/%00",
        "/v1/orders/..%2F..%2Fetc",
        "/v1/orders/" + "a" * 3000,
        "/v1/orders/ord_%F0%9F%92%A9",
        "/v1/orders/ord_1/reissues/" + "%F0%90%8D%88" * 255,
        "/v1/certificates/zz",
        "/v1/certificates/" + "f" * 200,
        "/v1/agreements/%23",
        "/v1/products/a%20b",
        "/v1/nothing",
        "/",
    ],
)
def test_hostile_paths_are_404(northwind: Reseller, path: str) -> None:
    reply = northwind.call("GET", path)
    assert (reply.status, reply.json["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "query",
    [
        "?surprise=1",
        "?common_name=a&common_name=b",
        "?common_name=a&partner_order_id=b",
        "?common_name=a&limit=abc",
        "?common_name=a&cursor=!!!!",
        "?common_name=a&cursor=T1JERVIjb3RoZXI",
        "",
    ],
)
def test_bad_queries_are_400(northwind: Reseller, query: str) -> None:
    reply = northwind.call("GET", f"/v1/orders{query}")
    assert (reply.status, reply.json["code"]) == (400, "malformed")


def test_a_wrong_verb_is_405_and_says_which_are_right(northwind: Reseller) -> None:
    reply = northwind.call("DELETE", "/v1/orders")
    assert (reply.status, reply.json["code"], reply.headers["allow"]) == (
        405,
        "method_not_allowed",
        "GET, POST",
    )


def test_the_same_idempotency_key_with_another_body_is_refused(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    first = northwind.place(order_body(name="idem.example.com"), Idempotency_Key="idem-1")
    assert first.status == 201
    before = rows(cloud)
    other = northwind.place(order_body(name="other.example.com"), Idempotency_Key="idem-1")
    assert (other.status, other.json["code"]) == (422, "idempotency_key_reused")
    assert cloud.settle()
    assert rows(cloud) >= before


def test_the_same_idempotency_key_with_the_same_body_is_answered_as_it_was(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    body = order_body(name="replay.example.com")
    first = northwind.place(body, Idempotency_Key="replay-1")
    assert cloud.settle()
    answer(approval_links(cloud, first.json["order_id"])[0], "approve")
    assert cloud.settle()
    reordered = json.dumps(dict(reversed(body.items())), indent=3).encode()
    again = northwind.call("POST", "/v1/orders", reordered, Idempotency_Key="replay-1")
    assert (again.status, again.json) == (201, first.json)


def test_a_refused_answer_does_not_bind_its_key(northwind: Reseller) -> None:
    bad = northwind.place(order_body(product="nothing"), Idempotency_Key="second-try")
    assert bad.status == 422
    good = northwind.place(order_body(name="second.example.com"), Idempotency_Key="second-try")
    assert good.status == 201


def test_another_resellers_idempotency_key_is_another_key(northwind: Reseller, contoso: Reseller) -> None:
    body = order_body(name="keys.example.com")
    mine = northwind.place(body, Idempotency_Key="shared")
    theirs = contoso.place(body, Idempotency_Key="shared")
    assert (mine.status, theirs.status) == (201, 201)
    assert mine.json["order_id"] != theirs.json["order_id"]


@pytest.mark.parametrize("key", ["x" * 256, "caf\u00e9".encode().decode("latin-1")])
def test_an_idempotency_key_is_printable_ascii(northwind: Reseller, key: str) -> None:
    reply = northwind.place(order_body(), Idempotency_Key=key)
    assert (reply.status, reply.json["code"]) == (400, "malformed")


def test_a_number_of_the_reseller_is_used_once(northwind: Reseller) -> None:
    first = northwind.place(order_body(name="po.example.com", partner_order_id="PO-1"))
    again = northwind.place(order_body(name="po.example.com", partner_order_id="PO-1"))
    assert again.status == 422
    (problem,) = again.json["problems"]
    assert problem["code"] == "duplicate_partner_order_id"
    assert problem["order_id"] == first.json["order_id"]


def test_fifty_posts_with_one_key_make_one_order(cloud: EmbeddedCloud, contoso: Reseller) -> None:
    contract_id = contoso.contracts[0]["contract_id"]
    before = contoso.contract(contract_id)
    body = order_body(name="fifty.example.com", contract_id=contract_id)
    with ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(lambda _: contoso.place(body, Idempotency_Key="fifty"), range(50)))
    assert {reply.status for reply in replies} <= {201, 503}
    assert all("retry-after" in reply.headers for reply in replies if reply.status == 503)
    assert len({reply.json["order_id"] for reply in replies if reply.status == 201}) == 1
    assert contoso.contract(contract_id)["held"] == before["held"] + 1
    assert cloud.settle()


def test_the_last_units_are_sold_once(cloud: EmbeddedCloud, contoso: Reseller) -> None:
    contract_id = contoso.new_contract(units=5)

    def place(number: int) -> int:
        body = order_body(name=f"last{number}.example.com", contract_id=contract_id)
        while True:
            reply = contoso.place(body, Idempotency_Key=f"last-{number}")
            if reply.status != 503:
                assert reply.status == 201 or reply.codes == {"insufficient_units"}, reply.text
                return reply.status

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(place, range(20)))
    assert statuses.count(201) == 5
    counters = contoso.contract(contract_id)
    assert (counters["left"], counters["held"]) == (0, 5)
    assert counters["entries_hold"] == 5
    assert cloud.settle()
