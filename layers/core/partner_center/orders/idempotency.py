"""Idempotency-Key: bound to an answer only when the answer took effect, in the very transaction of the effect."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from partner_center.kernel.errors import IdempotencyKeyReused
from partner_center.orders.order import OrderHead
from partner_center.orders.ports import Orders, RequestGuard


@dataclass(frozen=True, slots=True)
class Call:
    """One POST: what its Idempotency-Key is bound to. Without a key nothing is bound or replayed."""

    method: str
    path: str
    idempotency_key: str | None
    body_sha256: str
    request_id: str

    def guard(self, head: OrderHead) -> RequestGuard | None:
        """The row that binds the key to the head as this request leaves it."""
        if self.idempotency_key is None:
            return None
        return RequestGuard(self.method, self.path, self.idempotency_key, self.body_sha256, head)

    def replay(self, guard: RequestGuard) -> OrderHead:
        """The head that the first request of this key left. Raises IdempotencyKeyReused for another body."""
        self.require_same_body(guard.body_sha256)
        return guard.head

    def require_same_body(self, body_sha256: str) -> None:
        """Raises IdempotencyKeyReused unless this is the body that the key was bound with."""
        if body_sha256 != self.body_sha256:
            raise IdempotencyKeyReused(
                "This Idempotency-Key was used with another body; use a new key for a new request."
            )


def replayed(orders: Orders, reseller_id: str, call: Call) -> OrderHead | None:
    """What an earlier request with this key left, or None. Raises IdempotencyKeyReused."""
    if call.idempotency_key is None:
        return None
    guard = orders.guard(reseller_id, call.method, call.path, call.idempotency_key)
    return call.replay(guard) if guard is not None else None


def body_digest(body: Mapping[str, Any]) -> str:
    """SHA-256 of the body's meaning: white space and the order of fields do not matter."""
    return sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
