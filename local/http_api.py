"""The HTTP API in front of the functions: routes, events of payload format 2.0, answers.

Where AWS's guide is silent this follows what others observed on the real service: the path is decoded before
it is matched (so %2F separates segments), and a body is text only for text/*, JSON, XML and JavaScript: a form
comes as base64.
"""

import base64
import json
import re
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote

from local.template import ACCOUNT

BODY_LIMIT = 10 * 1024 * 1024  # bytes of a request, API Gateway's quota
INVOCATION_LIMIT = 6 * 1024 * 1024  # bytes of an event or of an answer, Lambda's quota
TEXT_TYPES = re.compile(r"(text/.*|application/(json|xml|javascript))$")
DEFAULT_ROUTE = "$default"
ANY_METHOD = "ANY"


@dataclass(frozen=True, slots=True)
class Request:
    """`target` is the raw request target: path and query string, still encoded."""

    method: str
    target: str
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    source_ip: str = "127.0.0.1"

    def header(self, name: str) -> str | None:
        values = [value for key, value in self.headers if key.lower() == name]
        return ",".join(values) if values else None


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    headers: Sequence[tuple[str, str]] = field(default_factory=tuple)
    body: bytes = b""


@dataclass(frozen=True)
class Route:
    """`path` is `/orders/{id}`, `/files/{rest+}` or `$default`; `function` an ARN."""

    method: str
    path: str
    function: str

    @property
    def key(self) -> str:
        return DEFAULT_ROUTE if self.path == DEFAULT_ROUTE else f"{self.method} {self.path}"

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        parts = re.split(r"\{(\w+)(\+?)\}", self.path)
        text = re.escape(parts[0])
        for name, greedy, literal in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
            text += f"(?P<{name}>{'.+' if greedy else '[^/]+'}){re.escape(literal)}"
        return re.compile(text)

    @cached_property
    def rank(self) -> tuple[bool, bool, int, bool]:
        """Sorts the most specific route first: full match, then greedy variable, then $default."""
        return (
            self.path == DEFAULT_ROUTE,
            "+}" in self.path,
            self.path.count("{"),
            self.method == ANY_METHOD,
        )

    def match(self, method: str, path: str) -> dict[str, str] | None:
        if self.path == DEFAULT_ROUTE:
            return {}
        found = self._pattern.fullmatch(path) if self.method in (method, ANY_METHOD) else None
        return found.groupdict() if found else None


class HttpApi:
    """`invoke(function, event)` answers the payload as JSON text and whether the function failed."""

    def __init__(
        self,
        routes: Iterable[Route],
        invoke: Callable[[str, Any], tuple[str, bool]],
        now: Callable[[], float],
    ) -> None:
        self._routes = sorted(routes, key=lambda route: route.rank)
        self._invoke, self._now = invoke, now

    def handle(self, request: Request) -> Response:
        if len(request.body) > BODY_LIMIT:
            return _message(413, "Request Entity Too Large")
        raw_path, _, query = request.target.partition("?")
        path = unquote(raw_path)
        for route in self._routes:
            if (variables := route.match(request.method, path)) is not None:
                event = self._event(request, route, path, query, variables)
                return self._answer(route.function, event)
        return _message(404, "Not Found")

    def _answer(self, function: str, event: dict[str, Any]) -> Response:
        if len(json.dumps(event)) > INVOCATION_LIMIT:
            return _message(413, "Request Entity Too Large")
        payload, failed = self._invoke(function, event)
        if failed or len(payload) > INVOCATION_LIMIT:
            return _message(500, "Internal Server Error")
        return _response(json.loads(payload))

    def _event(
        self, request: Request, route: Route, path: str, query: str, variables: Mapping[str, str]
    ) -> dict[str, Any]:
        headers: dict[str, str] = {}
        for name, value in request.headers:
            key = name.lower()
            headers[key] = f"{headers[key]},{value}" if key in headers else value
        cookies = headers.pop("cookie", None)
        headers |= {"x-forwarded-for": request.source_ip, "x-forwarded-proto": "http"}
        parameters: dict[str, str] = {}
        for name, value in parse_qsl(query, keep_blank_values=True):
            parameters[name] = f"{parameters[name]},{value}" if name in parameters else value
        is_text = TEXT_TYPES.match(headers.get("content-type", "").partition(";")[0].strip().lower())
        moment = datetime.fromtimestamp(self._now(), UTC)
        event = {
            "version": "2.0",
            "routeKey": route.key,
            "rawPath": path,
            "rawQueryString": query,
            "cookies": cookies.split("; ") if cookies else None,
            "headers": headers,
            "queryStringParameters": parameters or None,
            "pathParameters": dict(variables) or None,
            "requestContext": {
                "accountId": ACCOUNT,
                "apiId": "local",
                "domainName": headers.get("host", ""),
                "domainPrefix": "local",
                "http": {
                    "method": request.method,
                    "path": path,
                    "protocol": "HTTP/1.1",
                    "sourceIp": request.source_ip,
                    "userAgent": headers.get("user-agent", ""),
                },
                "requestId": str(uuid.uuid4()),
                "routeKey": route.key,
                "stage": "$default",
                "time": moment.strftime("%d/%b/%Y:%H:%M:%S +0000"),
                "timeEpoch": int(moment.timestamp() * 1000),
            },
            "body": _body(request.body, bool(is_text)) if request.body else None,
            "isBase64Encoded": bool(request.body) and not is_text,
        }
        return {key: value for key, value in event.items() if value is not None}


def _body(body: bytes, is_text: bool) -> str:
    return body.decode(errors="replace") if is_text else base64.b64encode(body).decode()


def _message(status: int, text: str) -> Response:
    body = json.dumps({"message": text}, separators=(",", ":")).encode()
    return Response(status, [("content-type", "application/json")], body)


def _response(answer: Any) -> Response:
    """What API Gateway makes of a function's result; without a statusCode the result itself is the body."""
    if not isinstance(answer, dict) or "statusCode" not in answer:
        result = answer if isinstance(answer, str) else json.dumps(answer)
        return Response(200, [("content-type", "application/json")], result.encode())
    try:
        status, text = int(answer["statusCode"]), answer.get("body") or ""
        body = base64.b64decode(text, validate=True) if answer.get("isBase64Encoded") else text.encode()
        headers = {name.lower(): str(value) for name, value in (answer.get("headers") or {}).items()}
        headers.setdefault("content-type", "text/plain;charset=UTF-8")
        sent = [*headers.items(), *(("set-cookie", str(cookie)) for cookie in answer.get("cookies") or [])]
    except (TypeError, ValueError, AttributeError):
        return _message(500, "Internal Server Error")
    if any(set(text) & set("\r\n") for pair in sent for text in pair):
        return _message(500, "Internal Server Error")
    return Response(status, sent, body)
