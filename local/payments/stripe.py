"""Stripe as the deployed adapter knows it, made of localstripe and of what stands in front of it here.

localstripe lacks Idempotency-Keys, `off_session` on confirming, the end of an authorisation, most webhooks, and
some refusals: it captures what was cancelled and refunds what was refunded. Time is the virtual clock's.
"""

import re
import threading
from collections.abc import Callable, Mapping
from typing import Any

from local.http_api import Request, Response
from local.payments.faults import Fault, Faults, Kind
from local.payments.keys import Keys
from local.payments.payments import Payments
from local.payments.process import LocalstripeGone, LocalstripeProcess
from local.payments.wire import Refused, refusal
from local.server import LoopbackServer

HELD_SECONDS = 30.0
_BEFORE = (Kind.LOSE_BEFORE, Kind.FAIL_BEFORE, Kind.THROTTLE)
_AFTER = (Kind.LOSE_AFTER, Kind.FAIL_AFTER, Kind.HOLD)

Notify = Callable[[str, Mapping[str, Any]], None]


class LocalStripe:
    """Serves on a free port of loopback; `url` is what the adapter is told instead of Stripe's own address."""

    def __init__(self, now: Callable[[], float], notify: Notify = lambda _type, _object: None) -> None:
        self.faults = Faults()
        self._process = LocalstripeProcess()
        self.payments = Payments(self._process, self.faults, now, notify)
        self._keys = Keys(now)
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._server = LoopbackServer()
        self.url = self._server.url
        self.script = f"{self.url}/js.stripe.com/v3/"
        self._server.start(self._answer)

    @property
    def is_running(self) -> bool:
        """Whether anybody has needed localstripe yet."""
        return self._process.is_running

    def close(self) -> None:
        self._closed.set()
        self._server.close()
        self._process.close()

    def forget_keys(self) -> None:
        """As if a day had passed for every Idempotency-Key."""
        with self._lock:
            self._keys.clear()

    def journal(self) -> dict[str, Any]:
        """Everything that was paid, refunded and is to go wrong, for tests and the console."""
        return {
            **self.payments.journal(),
            "faults": [fault.as_json() for fault in self.faults.waiting()],
        }

    def _answer(self, request: Request) -> Response:
        """Raises ConnectionAbortedError where the answer is to be lost: then the connection ends without one."""
        call = named(request)
        before = self.faults.meet(call, *_BEFORE)
        if before is not None:
            return _trouble(before)
        try:
            with self._lock:
                response = self._keys.answer(request, lambda: self._serve(request, call))
        except LocalstripeGone:
            return refusal(500, "api_error", "localstripe does not answer")
        after = self.faults.meet(call, *_AFTER)
        if after is None:
            return response
        if after.kind is Kind.HOLD:
            self._closed.wait(HELD_SECONDS)
        return _trouble(after)

    def _serve(self, request: Request, call: str) -> Response:
        if self.faults.meet(call, Kind.FAIL_FOR_GOOD):
            return refusal(500, "api_error", "a fault, as you wished")
        try:
            return self.payments.serve(request, call)
        except Refused as refused:
            return refused.response


_INTENT = "/v1/payment_intents/[^/]+"
_CALLS = [
    ("prepare", "POST", re.compile("/v1/payment_intents")),
    ("authorise", "POST", re.compile(f"{_INTENT}/confirm")),
    ("capture", "POST", re.compile(f"{_INTENT}/capture")),
    ("cancel", "POST", re.compile(f"{_INTENT}/cancel")),
    ("refund", "POST", re.compile("/v1/refunds")),
    ("intent", "GET", re.compile(_INTENT)),
    ("refund_of", "GET", re.compile("/v1/refunds/[^/]+")),
]


def named(request: Request) -> str:
    """Which call of the port this is."""
    path = request.target.partition("?")[0]
    fits = (name for name, method, known in _CALLS if method == request.method and known.fullmatch(path))
    return next(fits, "other")


def _trouble(fault: Fault) -> Response:
    match fault.kind:
        case Kind.FAIL_BEFORE | Kind.FAIL_AFTER:
            return refusal(500, "api_error", "a fault, as you wished")
        case Kind.THROTTLE:
            return refusal(429, "invalid_request_error", "too many requests", code="rate_limit")
    raise ConnectionAbortedError("lost, as you wished")
