"""Requests and answers of the console: who may ask, what was sent, JSON or a page."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from local.console.text import linked, pretty
from local.http_api import Request, Response

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
FORM = "application/x-www-form-urlencoded"
PAGE_HEADERS = [
    ("Content-Type", "text/html; charset=utf-8"),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'",
    ),
]


class NotAccepted(Exception):
    """The request cannot be served; the message says why."""


def refusal(request: Request) -> Response | None:
    """Pages of other origins may neither read nor change anything here, not even by a name that means loopback."""
    host = urlsplit(f"//{request.header('host') or ''}")
    origin = request.header("origin")
    if host.hostname not in LOOPBACK:
        return as_json({"detail": "the console answers on loopback only"}, 403)
    if origin is not None and urlsplit(origin).netloc != host.netloc:
        return as_json({"detail": "requests of other origins are refused"}, 403)
    return None


def wants_json(request: Request) -> bool:
    return "application/json" in (request.header("accept") or "")


def is_form(request: Request) -> bool:
    """Whether a page's form was sent; curl says the same of JSON unless it is told what it sends."""
    return not request.body.lstrip().startswith(b"{") and (
        (request.header("content-type") or "").partition(";")[0].strip().lower() == FORM
    )


def sent(request: Request) -> dict[str, Any]:
    """The fields of a form, of a JSON object or, without a body, of the query string. Raises NotAccepted."""
    text = request.body.decode(errors="replace")
    if is_form(request) or not text.strip():
        return dict(parse_qsl(text if text.strip() else request.target.partition("?")[2]))
    try:
        fields = json.loads(text)
    except ValueError as error:
        raise NotAccepted(f"not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise NotAccepted("a JSON object is expected")
    return fields


def as_json(content: Any, status: int = 200) -> Response:
    body = json.dumps(content, indent=2, ensure_ascii=False).encode() + b"\n"
    return Response(status, [("Content-Type", "application/json"), ("Cache-Control", "no-store")], body)


def see_other(where: str) -> Response:
    return Response(303, [("Location", where)])


class Pages:
    """Jinja templates beside this module."""

    def __init__(self) -> None:
        folder = Path(__file__).parent / "pages"
        self._style = (folder / "style.css").read_bytes()
        self._templates = Environment(
            loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self._templates.filters.update(linked=linked, pretty=pretty)

    def page(self, name: str, content: Mapping[str, Any], status: int = 200) -> Response:
        text = self._templates.get_template(f"{name}.html").render(content, page=name)
        return Response(status, PAGE_HEADERS, text.encode())

    def style(self) -> Response:
        return Response(200, [("Content-Type", "text/css; charset=utf-8")], self._style)
