"""Stripe's HTTP API, one request at a time: form in, JSON out, within limits, and no secret in any word of ours.

Requests are made by urllib3, which every function has loaded for AWS already (docs/adr/0011). A GET changes
nothing and a POST has an Idempotency-Key, so both may be sent again; that is done here, a few times at most, and
not by the library (Stripe: "Idempotent requests", "Error handling").
"""

import json
import math
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

from urllib3 import PoolManager, Timeout
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from partner_center.kernel.errors import TryAgain

API_VERSION = "2024-06-20"
"""Answers keep the shape of that day, whatever the account's own version becomes."""

LARGEST_ANSWER = 1024 * 1024
_CHUNK = 65_536
_TOLD = {200, 400, 402, 404}
_KEYS_AT_MOST = 4

Fields = Mapping[str, str]
Secret = Callable[[bool], str]
"""The secret key; True asks for the one of this moment, past any cache."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds for a connection and for an answer; `tries` in `seconds` altogether, with up to `pause` in between."""

    connect_seconds: float = 3.0
    read_seconds: float = 10.0
    seconds: float = 20.0
    tries: int = 3
    pause: float = 0.5


@dataclass(frozen=True, slots=True)
class Answered:
    """What Stripe said: status 200, 400, 402 or 404 with its JSON object.

    `replayed`: it is what the first request with this Idempotency-Key was told, and things may have moved since.
    """

    status: int
    body: Mapping[str, Any]
    replayed: bool = False

    @property
    def error(self) -> Mapping[str, Any]:
        found = self.body.get("error")
        return found if isinstance(found, Mapping) else {}


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    body: Mapping[str, Any] | None
    replayed: bool
    final: bool


class StripeHttp:
    """Every method raises TryAgain when there is no answer that decides anything; then the effect is unknown."""

    def __init__(
        self,
        base_url: str,
        secret: Secret,
        limits: Limits | None = None,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
        monotonic: Callable[[], float] = time.monotonic,
        left: Callable[[], float] = lambda: math.inf,
    ) -> None:
        """`left`: in so many seconds it is too late for whoever waits; nothing is asked without one of them."""
        self._base_url, self._secret, self._left = base_url, secret, left
        self._limits = limits or Limits()
        self._sleep, self._jitter, self._monotonic = sleep, jitter, monotonic
        self._pool = PoolManager(num_pools=2, maxsize=2, cert_reqs="CERT_REQUIRED")

    def get(self, path: str, query: Fields | None = None) -> Answered:
        target = f"{path}?{urlencode(query)}" if query else path
        return self._ask("GET", target, None, None, anew=False)

    def post(self, path: str, fields: Fields, key: str, *, anew: bool = False) -> Answered:
        """`key` is the Idempotency-Key: the same request with the same key takes effect once.

        `anew`: a refusal that Stripe has kept with the key is no answer, since its reason may be gone. For requests
        alone that Stripe grants once under whatever key: a decline that is asked anew asks the card again.
        """
        return self._ask("POST", path, urlencode(fields), key, anew=anew)

    def _ask(
        self, method: Literal["GET", "POST"], target: str, body: str | None, key: str | None, *, anew: bool
    ) -> Answered:
        """A failure of Stripe's own is kept with its key and told again and again; another key asks anew.

        That cannot double anything: what we ask for is bound to one payment, of which Stripe captures or refunds
        the whole once, and one that was made twice and never confirmed moves no money. Once every key has its answer
        of the day, the last is told.
        """
        left = self._left()
        if left < 1:
            raise TryAgain("There is no time left to ask the payment gateway; it was not asked.")
        ends_at = self._monotonic() + min(self._limits.seconds, left)
        fresh, tries, keys = False, 0, 1
        while True:
            sent_key = key if keys == 1 else f"{key}-{keys}"
            reply = self._once(method, target, body, sent_key, fresh, ends_at)
            if reply is not None and _is_kept_trouble(reply, anew) and keys < _KEYS_AT_MOST:
                keys += 1
                continue
            if reply is not None and reply.status in _TOLD and reply.body is not None:
                return Answered(reply.status, reply.body, reply.replayed)
            tries += 1
            if reply is not None and reply.status == 401 and not fresh:
                fresh = True  # the key was exchanged since it was read
            elif (reply is not None and reply.final) or tries >= self._limits.tries:
                break
            self._sleep(self._jitter() * self._limits.pause)
            if self._monotonic() >= ends_at:
                break
        said = "did not answer" if reply is None else f"answered {reply.status}"
        raise TryAgain(f"The payment gateway {said}; the effect is unknown.", 5)

    def _once(
        self, method: str, target: str, body: str | None, key: str | None, fresh: bool, ends_at: float
    ) -> _Reply | None:
        """One request; None when there was no whole answer."""
        headers = _headers(self._secret(fresh), key)
        left = max(0.001, ends_at - self._monotonic())
        limits = Timeout(
            total=left,
            connect=min(self._limits.connect_seconds, left),
            read=min(self._limits.read_seconds, left),
        )
        try:
            response = self._pool.request(
                method,
                f"{self._base_url}{target}",
                body=body,
                headers=headers,
                timeout=limits,
                retries=False,
                redirect=False,
                preload_content=False,
            )
        except HTTPError:
            return None
        try:
            raw = self._read(response, ends_at)
        except HTTPError:
            return None
        finally:
            response.release_conn()
        return _reply(response, raw)

    def _read(self, response: BaseHTTPResponse, ends_at: float) -> bytes:
        """At most a little more than the largest answer; a server that drips is cut off."""
        raw = b""
        while chunk := response.read1(_CHUNK):
            raw += chunk
            if len(raw) > LARGEST_ANSWER or self._monotonic() > ends_at:
                response.close()
                return b""
        return raw


def _is_kept_trouble(reply: _Reply, anew: bool) -> bool:
    """Whether Stripe repeats with the key what went wrong before."""
    refused = anew and reply.status in _TOLD and reply.status != 200
    return reply.replayed and (refused or reply.status >= 500)


def _headers(secret: str, key: str | None) -> dict[str, str]:
    headers = {
        "Authorization": f"Bearer {secret}",
        "Stripe-Version": API_VERSION,
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": "PartnerCenter/1.0",
    }
    return headers | ({"Idempotency-Key": key} if key is not None else {})


def _reply(response: BaseHTTPResponse, raw: bytes) -> _Reply:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        body = None
    status = response.status
    may_change = status >= 500 or status in {200, 409}  # 200 that cannot be read, or a request under way
    return _Reply(
        status=status,
        body=body if isinstance(body, dict) else None,
        replayed=response.headers.get("Idempotent-Replayed") == "true",
        final=not may_change or response.headers.get("Stripe-Should-Retry") == "false",
    )
