"""Requests and answers in Stripe's shapes."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from local.http_api import Request, Response


class Refused(Exception):
    """The request is answered with this error."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def refusal(status: int, kind: str, message: str, **more: object) -> Response:
    """An error in Stripe's shape."""
    return as_json({"error": {"type": kind, "message": message} | more}, status)


def as_json(body: object, status: int = 200) -> Response:
    return Response(status, [("Content-Type", "application/json")], json.dumps(body).encode())


def read(response: Response) -> dict[str, Any]:
    body = json.loads(response.body)
    return body if isinstance(body, dict) else {}


def fields_of(request: Request) -> dict[str, str]:
    """The form in the body, or the query."""
    text = request.body.decode() if request.method == "POST" else request.target.partition("?")[2]
    return dict(parse_qsl(text, keep_blank_values=True))


def formed(request: Request, fields: Mapping[str, str]) -> Request:
    """The request with this form in its body, whatever it held before."""
    headers = [(name, value) for name, value in request.headers if name.lower() != "content-type"]
    headers.append(("Content-Type", "application/x-www-form-urlencoded"))
    return Request(request.method, request.target, headers, urlencode(fields).encode())
