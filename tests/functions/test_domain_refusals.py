"""What the questions about the domains of an order answer to strangers, to nonsense and when it is too late."""

import json
from pathlib import Path
from typing import Any

import pytest

from local.cloud import EmbeddedCloud
from tests.functions.journeys import PRODUCT, Reply, Reseller, call
from tests.functions.test_bad_input import private_key_text

pytestmark = pytest.mark.cloud

PATHS = json.loads((Path(__file__).parents[2] / "docs/openapi.json").read_text("utf-8"))["paths"]
OF_A_NAME = "/v1/orders/{order_id}/domains/{name}"
ROUTES: dict[str, tuple[str, str, Any]] = {
    "approvers": ("GET", f"{OF_A_NAME}/approvers", None),
    "check": ("POST", f"{OF_A_NAME}/check", None),
    "resend": ("POST", f"{OF_A_NAME}/resend", None),
    "method": ("PUT", f"{OF_A_NAME}/method", {"method": "dns_cname"}),
    "check-all": ("POST", "/v1/orders/{order_id}/domains/check", None),
    "domains": ("GET", "/v1/orders/{order_id}/domains", None),
}
NAMED = [name for name, (_, path, _) in ROUTES.items() if "{name}" in path]

HOSTILE = {
    "markup": "%3Cscript%3Ealert(1)%3C%2Fscript%3E",
    "nul": "%00",
    "line-break": "a.example.com%0d%0aSet-Cookie:%20x=1",
    "upwards": "..%2F..%2F..%2Fetc%2Fpasswd",
    "quotation": "'%20OR%20'1'='1",
    "right-to-left": "%E2%80%AEmoc.elpmaxe",
    "bad-utf-8": "%FF%FE",
    "partition-key": "R%23contoso%23ORDER",
    "template": "%7B%7B7*7%7D%7D",
    "10-kB": "a" * 10_000,
    "one-character": "x",
    "two-wildcards": "*.*.refused.example.net",
    "trailing-dot": "waiting.refused.example.net.",
}


@pytest.fixture(scope="module")
def waiting(cloud: EmbeddedCloud, northwind: Reseller) -> tuple[str, str]:
    """A pending order's id and its name."""
    name = "waiting.refused.example.net"
    return northwind.placed(name=name, domain_control={"method": "dns_txt"}), name


def asked(reseller: Reseller, route: str, order_id: str, name: str, **headers: str) -> Reply:
    method, path, body = ROUTES[route]
    return reseller.call(method, path.format(order_id=order_id, name=name), body, **headers)


def refused(route: str, reply: Reply) -> tuple[int, str]:
    """Status and code of a refusal that docs/openapi.json admits."""
    method, path, _ = ROUTES[route]
    assert str(reply.status) in PATHS[path][method.lower()]["responses"], reply.text[:500]
    assert reply.headers["content-type"] == "application/problem+json"
    assert len(reply.body) < 4096
    assert "Traceback" not in reply.text
    return reply.status, reply.json["code"]


@pytest.mark.parametrize("route", ROUTES)
def test_an_order_of_another_reseller_is_as_unknown_as_one_that_never_was(
    northwind: Reseller, contoso: Reseller, waiting: tuple[str, str], route: str
) -> None:
    foreign = asked(contoso, route, *waiting)
    unknown = asked(northwind, route, "ord_01jd0000000000000000000000", waiting[1])
    assert refused(route, foreign) == refused(route, unknown) == (404, "not_found")
    assert foreign.json["detail"] == unknown.json["detail"]


@pytest.mark.parametrize("route", ROUTES)
def test_without_a_key_nothing_is_said(cloud: EmbeddedCloud, waiting: tuple[str, str], route: str) -> None:
    method, path, _ = ROUTES[route]
    reply = call(method, f"{cloud.url}{path.format(order_id=waiting[0], name=waiting[1])}")
    assert refused(route, reply) == (401, "unauthenticated")


@pytest.mark.parametrize("route", NAMED)
def test_a_name_that_the_order_does_not_have_is_unknown(
    northwind: Reseller, waiting: tuple[str, str], route: str
) -> None:
    order_id, name = waiting
    for other in (f"www.{name}", f"*.{name}", "refused.example.net"):
        assert refused(route, asked(northwind, route, order_id, other)) == (404, "not_found"), other


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_in_the_path_is_refused_and_changes_nothing(
    northwind: Reseller, waiting: tuple[str, str], route: str, text: str
) -> None:
    order_id, name = waiting
    before = northwind.call("GET", f"/v1/orders/{order_id}").headers["etag"]
    for reply in (
        asked(northwind, route, HOSTILE[text], name),
        *([asked(northwind, route, order_id, HOSTILE[text])] if route in NAMED else []),
    ):
        assert refused(route, reply) in {(404, "not_found"), (400, "malformed")}
        assert "set-cookie" not in reply.headers
        assert "<script" not in reply.text
    assert northwind.call("GET", f"/v1/orders/{order_id}").headers["etag"] == before


@pytest.mark.parametrize("route", ROUTES)
def test_a_parameter_that_nobody_knows_is_malformed(
    northwind: Reseller, waiting: tuple[str, str], route: str
) -> None:
    method, path, body = ROUTES[route]
    target = path.format(order_id=waiting[0], name=waiting[1])
    assert refused(route, northwind.call(method, f"{target}?force=true", body)) == (400, "malformed")


BODIES: dict[str, tuple[bytes, dict[str, str], int, str]] = {
    "a field": (b'{"force": true}', {}, 422, "unknown_field"),
    "a proof": (b'{"status": "valid"}', {}, 422, "unknown_field"),
    "no JSON": (b"{", {}, 400, "malformed"),
    "a list": (b"[]", {}, 400, "malformed"),
    "another type": (b"a=b", {"Content_Type": "text/plain"}, 415, "unsupported_media_type"),
    "300 kB": (b'{"x": "' + b"y" * 300_000 + b'"}', {}, 413, "body_too_large"),
}


@pytest.mark.parametrize("route", ["check", "resend", "check-all", "method"])
@pytest.mark.parametrize("case", BODIES)
def test_a_body_that_says_what_cannot_be_said_is_refused(
    northwind: Reseller, waiting: tuple[str, str], route: str, case: str
) -> None:
    body, headers, status, code = BODIES[case]
    method, path, _ = ROUTES[route]
    target = path.format(order_id=waiting[0], name=waiting[1])
    reply = northwind.call(method, target, body, **headers)
    found = refused(route, reply)
    assert found[0] == status
    assert code in {found[1], *(each["code"] for each in reply.json["problems"])}


METHODS: dict[str, tuple[Any, str]] = {
    "none": ({}, "missing_field"),
    "unknown": ({"method": "whois"}, "invalid_field"),
    "null": ({"method": None}, "missing_field"),
    "a list": ({"method": ["dns_txt"]}, "invalid_field"),
    "no address": ({"method": "email"}, "approver_required"),
    "a stranger": ({"method": "email", "approver_email": "ssl@example.net"}, "approver_not_allowed"),
    "two addresses": (
        {"method": "email", "approver_email": "admin@example.net,eve@example.org"},
        "approver_not_allowed",
    ),
    "another domain": ({"method": "email", "approver_email": "admin@example.org"}, "approver_not_allowed"),
    "a header": (
        {"method": "email", "approver_email": "admin@example.net\r\nBcc: eve@example.org"},
        "approver_not_allowed",
    ),
    "10 kB": ({"method": "email", "approver_email": f"{'a' * 10_000}@example.net"}, "too_long"),
    "a status": ({"method": "dns_txt", "status": "valid"}, "unknown_field"),
    "a private key": ({"method": "email", "approver_email": "KEY"}, "private_key_not_accepted"),
}


@pytest.mark.parametrize("case", METHODS)
def test_a_method_that_cannot_be_is_refused_and_the_former_one_stays(
    northwind: Reseller, waiting: tuple[str, str], case: str
) -> None:
    order_id, name = waiting
    choice, code = METHODS[case]
    if choice.get("approver_email") == "KEY":
        choice = choice | {"approver_email": private_key_text()}
    before = northwind.domains(order_id)[name]
    reply = northwind.call("PUT", f"/v1/orders/{order_id}/domains/{name}/method", choice)
    assert refused("method", reply)[0] == 422
    assert code in reply.codes, reply.text
    assert northwind.domains(order_id)[name]["publish"] == before["publish"]


def test_a_file_cannot_be_chosen_for_a_wildcard(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    name = "*.chosen.refused.example.net"
    order_id = northwind.placed(
        name=name, product=f"{PRODUCT}_wildcard", domain_control={"method": "dns_txt"}
    )
    for spelt in (name, name.replace("*", "%2A"), name.replace("*", "%2a")):
        path = f"/v1/orders/{order_id}/domains/{spelt}/method"
        reply = northwind.call("PUT", path, {"method": "http_file"})
        assert (reply.status, reply.codes) == (422, {"method_not_for_wildcard"})
    assert northwind.call("POST", f"/v1/orders/{order_id}/cancel").status == 200


@pytest.mark.parametrize("ended", ["cancelled", "issued"])
def test_an_order_that_is_over_is_neither_looked_at_nor_asked_about(
    cloud: EmbeddedCloud, northwind: Reseller, ended: str
) -> None:
    name = f"{ended}.refused.example.net"
    if ended == "issued":
        order_id = northwind.issued(name=name, approver=f"admin@{name}")["order_id"]
    else:
        order_id = northwind.placed(name=name, domain_control={"method": "dns_txt"})
        assert northwind.call("POST", f"/v1/orders/{order_id}/cancel").status == 200
    assert cloud.settle()
    for route in ("check", "resend", "check-all"):
        reply = asked(northwind, route, order_id, name)
        assert refused(route, reply) == (409, "order_closed"), route
        assert reply.json["order_id"] == order_id
    closed = {"issued": "already_issued", "cancelled": "order_closed"}[ended]
    assert refused("method", asked(northwind, "method", order_id, name)) == (409, closed)
    assert asked(northwind, "domains", order_id, name).status == 200


@pytest.mark.parametrize(
    ("query", "status"),
    [
        *((f"name={text}", 200) for text in HOSTILE.values()),
        (f"name={'a' * 1025}", 200),
        ("limit=x", 400),
        ("limit=", 400),
        ("limit=1e3", 400),
        ("limit=-5", 200),
        (f"limit={'9' * 99}", 200),
        ("cursor=zzz", 400),
        (f"cursor={'a' * 10_000}", 400),
        ("customer_id=x", 400),
        ("name=a&name=b", 400),
    ],
)
def test_the_list_of_proofs_takes_any_text_for_a_name_and_nothing_unknown(
    northwind: Reseller, query: str, status: int
) -> None:
    reply = northwind.call("GET", f"/v1/domains?{query}")
    assert reply.status == status, reply.text[:500]
    if status == 400:
        assert reply.json["code"] == "malformed"
