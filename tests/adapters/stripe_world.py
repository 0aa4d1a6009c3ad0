"""A Stripe that answers what a test has written down, on loopback."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from local.http_api import Request, Response
from local.server import LoopbackServer
from partner_center.adapters.stripe_http import Limits, StripeHttp

SECRET = "sk_test_51NeverShown"
Reply = Response | Exception | Callable[[], Response]


def replied(body: Any, status: int = 200, **headers: str) -> Response:
    """A JSON answer; `Idempotent_Replayed="true"` becomes a header of that name."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, [(name.replace("_", "-"), value) for name, value in headers.items()], raw)


def an_error(status: int = 400, **error: Any) -> Response:
    return replied(
        {"error": {"type": "invalid_request_error", "message": "words of Stripe's"} | error}, status
    )


def an_intent(status: str = "requires_capture", charge: Any = None, **more: Any) -> dict[str, Any]:
    """A PaymentIntent over 149.00 USD as Stripe shows it."""
    return {
        "id": "pi_1",
        "object": "payment_intent",
        "status": status,
        "amount": 14900,
        "amount_received": 14900 if status == "succeeded" else 0,
        "currency": "usd",
        "latest_charge": charge,
        "metadata": {"reseller_id": "northwind", "order_id": "ord_1", "payment_attempt": "1"},
    } | more


def a_charge(**more: Any) -> dict[str, Any]:
    return {"id": "ch_1", "created": 1_795_428_000, "amount_refunded": 0} | more


def a_refund(status: str = "succeeded", **more: Any) -> dict[str, Any]:
    return {"id": "re_1", "status": status, "amount": 14900, "currency": "usd"} | more


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: Mapping[str, str]
    fields: Mapping[str, str]
    headers: Mapping[str, str]

    @property
    def key(self) -> str | None:
        return self.headers.get("idempotency-key")


@dataclass
class Scripted:
    """Answers with `replies` in their order; an exception in their place is a connection that ends without one."""

    replies: list[Reply] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    secrets: list[str] = field(default_factory=lambda: [SECRET])
    pauses: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._server = LoopbackServer()
        self._server.start(self._answer)
        self.url = self._server.url

    def close(self) -> None:
        self._server.close()

    def http(self, **limits: Any) -> StripeHttp:
        return StripeHttp(self.url, self.secret, Limits(**limits), self.pauses.append, lambda: 1.0)

    def secret(self, fresh: bool) -> str:
        return self.secrets[-1] if fresh else self.secrets[0]

    def _answer(self, request: Request) -> Response:
        path, _, query = request.target.partition("?")
        headers = {name.lower(): value for name, value in request.headers}
        fields = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        self.asked.append(Asked(request.method, path, dict(parse_qsl(query)), fields, headers))
        reply = self.replies.pop(0) if self.replies else an_error(404, code="resource_missing")
        if isinstance(reply, Exception):
            raise reply
        return reply() if callable(reply) else reply


LOST = ConnectionAbortedError("the answer is lost")
