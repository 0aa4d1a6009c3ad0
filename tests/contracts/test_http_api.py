"""API Gateway's HTTP API, payload format 2.0, as far as the functions can tell the difference."""

import base64
import http.client
import json
import socket
import threading

import pytest

from local.http_api import BODY_LIMIT, HttpApi, Request, Response, Route
from local.server import LoopbackServer, PortTaken

DOMAIN = "GET /orders/{id}/domains/{name}"
JSON, TEXT = {"content-type": "application/json"}, {"content-type": "text/plain;charset=UTF-8"}
INTERNAL_ERROR = (500, JSON, b'{"message":"Internal Server Error"}')
ROUTES = [
    Route("ANY", "$default", "arn:default"),
    Route("GET", "/orders/{id}", "arn:one"),
    Route("POST", "/orders/{id}", "arn:post-one"),
    Route("POST", "/orders/validate", "arn:validate"),
    Route("GET", "/orders/{id}/domains/{name}", "arn:domain"),
    Route("ANY", "/files/{rest+}", "arn:files"),
    Route("GET", "/files/{name}", "arn:file"),
]


class Functions:
    def __init__(self, answer=None, failed=False):
        self.answer, self.failed, self.called = answer or {"statusCode": 200}, failed, []

    def invoke(self, function, event):
        self.called.append((function, event))
        return json.dumps(self.answer), self.failed


def ask(method="GET", target="/orders/1", headers=(), body=b"", routes=ROUTES, **answer):
    functions = Functions(**answer)
    response = HttpApi(routes, functions.invoke, lambda: 1_800_000_000.5).handle(
        Request(method, target, headers, body)
    )
    function, event = functions.called[-1] if functions.called else (None, None)
    return response, function, event


@pytest.mark.parametrize(
    ("method", "target", "function", "key", "variables"),
    [
        ("GET", "/orders/1", "arn:one", "GET /orders/{id}", {"id": "1"}),
        ("POST", "/orders/validate", "arn:validate", "POST /orders/validate", None),
        ("POST", "/orders/1", "arn:post-one", "POST /orders/{id}", {"id": "1"}),
        ("GET", "/files/a", "arn:file", "GET /files/{name}", {"name": "a"}),
        ("GET", "/files/a/b", "arn:files", "ANY /files/{rest+}", {"rest": "a/b"}),
        ("DELETE", "/files/a", "arn:files", "ANY /files/{rest+}", {"rest": "a"}),
        ("DELETE", "/orders/1", "arn:default", "$default", None),
        ("GET", "/orders/1/", "arn:default", "$default", None),
        ("GET", "/nowhere", "arn:default", "$default", None),
        ("GET", "/", "arn:default", "$default", None),
        ("GET", "/orders/1/domains/%2A.a", "arn:domain", DOMAIN, {"id": "1", "name": "*.a"}),
        ("GET", "/orders/1/domains/*.a", "arn:domain", DOMAIN, {"id": "1", "name": "*.a"}),
        ("GET", "/orders/a%2Fb", "arn:default", "$default", None),
        ("GET", "/orders/a%252Fb", "arn:one", "GET /orders/{id}", {"id": "a%2Fb"}),
        ("GET", "/orders/%E2%82%AC", "arn:one", "GET /orders/{id}", {"id": "€"}),
        ("GET", "/orders/a+b", "arn:one", "GET /orders/{id}", {"id": "a+b"}),
    ],
)
def test_the_most_specific_route_gets_the_decoded_path(method, target, function, key, variables):
    _, called, event = ask(method, target)
    assert (called, event["routeKey"], event.get("pathParameters")) == (function, key, variables)


def test_without_a_default_route_an_unknown_path_is_answered_here():
    response, called, _ = ask(target="/x", routes=[])
    assert (response.status, response.body, called) == (404, b'{"message":"Not Found"}', None)


def test_an_event_says_who_asks_for_what_and_when():
    headers = [
        ("Host", "api.test"),
        ("User-Agent", "curl"),
        ("Accept", "a"),
        ("accept", "b"),
        ("Cookie", "c=1; d=2"),
    ]
    _, _, event = ask("GET", "/orders/x?a=1&b=x%20y&a=2&empty=", headers)
    assert event["version"] == "2.0"
    assert event["rawPath"] == "/orders/x"
    assert event["rawQueryString"] == "a=1&b=x%20y&a=2&empty="
    assert event["queryStringParameters"] == {"a": "1,2", "b": "x y", "empty": ""}
    assert event["cookies"] == ["c=1", "d=2"]
    assert event["headers"]["accept"] == "a,b"
    assert "cookie" not in event["headers"]
    assert "body" not in event
    context = event["requestContext"]
    assert context["http"] == {
        "method": "GET",
        "path": "/orders/x",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "curl",
    }
    assert context["timeEpoch"] == 1_800_000_000_500
    assert context["time"] == "15/Jan/2027:08:00:00 +0000"
    assert context["stage"] == "$default"


@pytest.mark.parametrize(
    ("content_type", "is_text"),
    [
        ("application/json", True),
        ("application/json; charset=utf-8", True),
        ("Text/Plain", True),
        ("application/xml", True),
        ("application/x-www-form-urlencoded", False),
        ("application/merge-patch+json", False),
        ("application/octet-stream", False),
        (None, False),
    ],
)
def test_only_text_types_arrive_as_text(content_type, is_text):
    _, _, event = ask(
        "POST", "/orders/1", [("Content-Type", content_type)] if content_type else [], b"a=\xc3\xa9"
    )
    assert event["isBase64Encoded"] is not is_text
    assert event["body"] == ("a=é" if is_text else base64.b64encode(b"a=\xc3\xa9").decode())


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"statusCode": 201, "body": "made"}, (201, TEXT, b"made")),
        (
            {"statusCode": "200", "headers": {"Content-Type": "text/html", "X-N": 1}, "body": "<p>"},
            (200, {"content-type": "text/html", "x-n": "1"}, b"<p>"),
        ),
        ({"statusCode": 200, "body": "iVBORw==", "isBase64Encoded": True}, (200, TEXT, b"\x89PNG")),
        ({"statusCode": 204}, (204, TEXT, b"")),
        ({"hello": "world"}, (200, JSON, b'{"hello": "world"}')),
        ("just text", (200, JSON, b"just text")),
        ({"statusCode": "many"}, INTERNAL_ERROR),
        ({"statusCode": 200, "body": {"not": "text"}}, INTERNAL_ERROR),
        ({"statusCode": 200, "body": "%%%", "isBase64Encoded": True}, INTERNAL_ERROR),
        ({"statusCode": 200, "headers": ["not", "names"]}, INTERNAL_ERROR),
        ({"statusCode": 200, "headers": {"x": "a\r\nset-cookie: b"}}, INTERNAL_ERROR),
        ({"statusCode": 200, "cookies": ["a=1\r\nx: b"]}, INTERNAL_ERROR),
    ],
)
def test_a_functions_result_becomes_an_answer(answer, expected):
    response, _, _ = ask(answer=answer)
    assert (response.status, dict(response.headers), response.body) == expected


def test_each_cookie_gets_a_header():
    response, _, _ = ask(answer={"statusCode": 200, "cookies": ["a=1", "b=2; Path=/"]})
    assert [value for name, value in response.headers if name == "set-cookie"] == ["a=1", "b=2; Path=/"]


def test_a_failing_function_is_an_internal_error_that_says_nothing():
    response, _, _ = ask(answer={"errorMessage": "secret"}, failed=True)
    assert (response.status, dict(response.headers), response.body) == INTERNAL_ERROR


@pytest.mark.parametrize(
    ("size", "status"),
    [(BODY_LIMIT + 1, 413), (5 * 1024 * 1024, 413), (4 * 1024 * 1024, 200)],
    ids=["over API Gateway's limit", "over Lambda's once it is base64", "within both"],
)
def test_large_bodies_are_refused_as_on_aws(size, status):
    assert ask("POST", "/orders/1", body=b"x" * size)[0].status == status


def test_an_answer_over_lambdas_limit_is_an_error():
    assert ask(answer={"statusCode": 200, "body": "x" * (6 * 1024 * 1024)})[0].status == 500


# --- the server


@pytest.fixture
def server():
    seen = []

    def handle(request):
        seen.append(request)
        return Response(204 if request.target == "/none" else 200, [("Content-Type", "text/plain")], b"hello")

    serving = LoopbackServer()
    serving.start(handle)
    serving.seen = seen
    yield serving
    serving.close()


def exchange(server, method, path, body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    connection.request(method, path, body, headers or {})
    response = connection.getresponse()
    found = response.status, response.getheader("content-length"), response.read()
    connection.close()
    return found


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/a?b=%20", (200, "5", b"hello")),
        ("HEAD", "/a", (200, "5", b"")),
        ("GET", "/none", (204, None, b"")),
        ("PATCH", "/a", (200, "5", b"hello")),
        ("OPTIONS", "/a", (200, "5", b"hello")),
    ],
)
def test_the_server_passes_requests_on(server, method, path, expected):
    assert exchange(server, method, path) == expected
    assert (server.seen[-1].method, server.seen[-1].target) == (method, path)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Transfer-Encoding": "chunked"}, 411),
        ({"Content-Length": "-5"}, 411),
        ({"Content-Length": "many"}, 411),
        ({"Content-Length": str(BODY_LIMIT + 1)}, 413),
    ],
)
def test_bodies_of_unknown_or_excessive_length_are_not_read(server, headers, status):
    with socket.create_connection(("127.0.0.1", server.port), 5) as connection:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        connection.sendall(f"POST / HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode())
        assert connection.recv(100).startswith(f"HTTP/1.1 {status} ".encode())
    assert server.seen == []


def test_a_taken_port_is_told_before_anything_starts(server):
    with pytest.raises(PortTaken, match=str(server.port)):
        LoopbackServer(server.port)


def test_closing_ends_connections_that_are_kept_alive():
    serving = LoopbackServer()
    serving.start(lambda _: Response(200))
    connection = http.client.HTTPConnection("127.0.0.1", serving.port, timeout=5)
    connection.request("GET", "/")
    connection.getresponse().read()
    before = threading.active_count()
    serving.close()
    assert threading.active_count() < before
    assert connection.sock.recv(1) == b""
    connection.close()
