"""What no function answers: 405 for a known path with another verb, 404 for the rest, both in our shape."""

import pytest

from partner_center.entry.routes import ROUTES, allowed_methods
from partner_center.entry.unknown_route import answer
from tests.fakes.http import REQUEST_ID, an_http_event, send

PATHS = {
    "a collection": ("/v1/orders", "GET, POST"),
    "one of it": ("/v1/orders/ord_1", "GET, PATCH"),
    "its action": ("/v1/orders/ord_1/cancel", "POST"),
    "an approval link": ("/approve/token", "GET, HEAD, POST"),
}


@pytest.mark.parametrize(("path", "allowed"), PATHS.values(), ids=PATHS.keys())
@pytest.mark.parametrize("method", ["DELETE", "PUT", "TRACE", "BREW"])
def test_a_known_path_says_which_verbs_it_knows(path, allowed, method):
    told = send(answer, an_http_event(method, path))
    assert (told.status, told.headers["allow"]) == (405, allowed)
    assert (told.json["code"], told.json["status"]) == ("method_not_allowed", 405)
    assert allowed in told.json["detail"]


UNKNOWN = [
    *("", "/", "/v1", "/v1/", "/v2/orders", "/V1/orders", "/v1/orders/", "/v1/orders//cancel", "//v1/orders"),
    *("/v1/orders/a/b", "/v1/orders/a/cancel/", "/v1/order", "/approve", "/approve/", "/approve/a/b"),
    *(
        "/v1/orders/../resellers",
        "/favicon.ico",
        "/.env",
        "/v1/orders/{order_id}/x",
        "/" * 5000,
        "/☂",
        "/%00",
    ),
]


@pytest.mark.parametrize("path", UNKNOWN, ids=lambda path: path[:30])
def test_any_other_path_is_not_there(path):
    told = send(answer, an_http_event("GET", path))
    assert (told.status, told.json["code"]) == (404, "not_found")
    assert "allow" not in told.headers


@pytest.mark.parametrize("path", ["/v1/orders", "/nowhere"])
def test_the_answer_has_the_shape_of_every_refusal(path):
    told = send(answer, an_http_event("DELETE", path, b"\xff", {"content-type": "application/json"}))
    assert told.headers["content-type"] == "application/problem+json"
    assert told.headers["cache-control"] == "no-store"
    assert set(told.json) == {"type", "title", "status", "code", "detail", "request_id", "problems"}
    assert told.json["request_id"] == REQUEST_ID


def test_the_path_is_not_repeated():
    """What a stranger wrote is not echoed to whoever reads it."""
    assert "script" not in send(answer, an_http_event("GET", "/<script>alert(1)</script>")).text


def test_every_route_knows_itself():
    for method, route in ROUTES:
        assert method in allowed_methods(route.replace("{", "").replace("}", ""))


def test_a_parameter_is_one_part_of_a_path_and_never_empty():
    assert allowed_methods("/v1/products/x") == ("GET",)
    assert allowed_methods("/v1/products/") == ()
    assert allowed_methods("/v1/products/x/y") == ()
