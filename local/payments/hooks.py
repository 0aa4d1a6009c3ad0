"""Webhooks of the local Stripe: signed and sent to the application, again and again until it takes them."""

import hashlib
import hmac
import json
import logging
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from local.dispatcher import Dispatcher
from local.http_api import Request, Response

log = logging.getLogger("local")

PATH = "/webhooks/stripe"
SIGNING_SECRET = "whsec_local"  # noqa: S105 - of this machine, for as long as the cloud runs
_PAUSES = (60.0, 3600.0, 12 * 3600.0)  # seconds before the second, third and fourth attempt


class Hooks:
    """`send` returns at once; `sent` tells what became of each."""

    def __init__(
        self, dispatcher: Dispatcher, handle: Callable[[Request], Response], now: Callable[[], float]
    ) -> None:
        self._dispatcher, self._handle, self._now = dispatcher, handle, now
        self.sent: list[dict[str, Any]] = []

    def send(self, kind: str, about: Mapping[str, Any]) -> None:
        event = {
            "id": f"evt_{secrets.token_hex(12)}",
            "object": "event",
            "type": kind,
            "created": int(self._now()),
            "livemode": False,
            "data": {"object": about},
        }
        told = {"id": event["id"], "type": kind, "about": about.get("id"), "attempts": 0, "status": None}
        self.sent.append(told)
        self._dispatcher.add(_Hook(self, json.dumps(event).encode(), told, self._now()))

    def attempt(self, hook: "_Hook") -> None:
        """One attempt; leaves the hook with a new time, or removed."""
        moment = int(self._now())
        headers = [("Content-Type", "application/json"), ("Stripe-Signature", signature(hook.body, moment))]
        response = self._handle(Request("POST", PATH, headers, hook.body))
        hook.told["attempts"] += 1
        hook.told["status"] = response.status
        if 200 <= response.status < 300 or hook.told["attempts"] > len(_PAUSES):
            if response.status >= 300:
                log.error("a webhook was given up: %s answered %d", hook.told["type"], response.status)
            hook.when = None
            self._dispatcher.remove(hook)
        else:
            hook.when = self._now() + _PAUSES[hook.told["attempts"] - 1]


class _Hook:
    """One event on its way."""

    def __init__(self, hooks: Hooks, body: bytes, told: dict[str, Any], when: float) -> None:
        self._hooks, self.body, self.told = hooks, body, told
        self.when: float | None = when

    def due(self) -> float | None:
        return self.when

    def run(self) -> None:
        self._hooks.attempt(self)


def signature(body: bytes, moment: int, secret: str = SIGNING_SECRET) -> str:
    """The header Stripe-Signature (Stripe: "Verify webhook signatures manually")."""
    digest = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"
