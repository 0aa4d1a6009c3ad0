"""Idempotency-Key: bound to an answer only when the answer took effect, in the very transaction of the effect."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Any, Protocol, TypeVar

from partner_center.kernel.errors import IdempotencyKeyReused
from partner_center.orders.order import OrderHead
from partner_center.orders.ports import Orders, RequestGuard


class BoundTo(Protocol):
    """A row that binds an Idempotency-Key, whatever else it holds."""

    @property
    def body_sha256(self) -> str: ...


Guard = TypeVar("Guard", bound=BoundTo)


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

    def bound(self, find: Callable[[str, str, str], Guard | None]) -> Guard | None:
        """What an earlier request with this key was bound by, read by method, path and key; None if by nothing.

        Raises IdempotencyKeyReused for another body.
        """
        if self.idempotency_key is None:
            return None
        guard = find(self.method, self.path, self.idempotency_key)
        return self.same(guard) if guard is not None else None

    def same(self, guard: Guard) -> Guard:
        """The guard, if it was bound with this body. Raises IdempotencyKeyReused for another."""
        if guard.body_sha256 != self.body_sha256:
            raise IdempotencyKeyReused(
                "This Idempotency-Key was used with another body; use a new key for a new request."
            )
        return guard


def replayed(orders: Orders, reseller_id: str, call: Call) -> OrderHead | None:
    """What an earlier request with this key left, or None. Raises IdempotencyKeyReused."""
    guard = call.bound(partial(orders.guard, reseller_id))
    return guard.head if guard is not None else None


def body_digest(body: Mapping[str, Any]) -> str:
    """SHA-256 of the body's meaning: white space and the order of fields do not matter."""
    return sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
