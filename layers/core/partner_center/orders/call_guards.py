"""Idempotency-Keys of requests that leave no head, contract or link to answer with (docs/adr/0021)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Protocol

from partner_center.kernel.errors import PartnerCenterError
from partner_center.orders.idempotency import Call


@dataclass(frozen=True, slots=True)
class CallGuard:
    """Binds an Idempotency-Key to a request that took effect, and that was made `at` this moment.

    `caller` chose the key: a reseller, a member of staff, or whoever comes from a network. `facts` are what the
    answer is made of again; the rest of it is read.
    """

    caller: str
    method: str
    path: str
    idempotency_key: str
    body_sha256: str
    at: datetime
    facts: Mapping[str, str | int] = field(default_factory=dict)


class CallSeenBefore(PartnerCenterError):
    """The Idempotency-Key is already bound."""

    code = "request_seen_before"

    def __init__(self, guard: CallGuard) -> None:
        super().__init__("This Idempotency-Key is already bound.")
        self.guard = guard


class CallGuards(Protocol):
    """Finds what keys are bound to, and binds those of requests whose effect is another function's."""

    def find(self, caller: str, method: str, path: str, idempotency_key: str) -> CallGuard | None: ...

    def bind(self, guard: CallGuard) -> None:
        """Raises CallSeenBefore, TryAgain."""
        ...


def guard_of(call: Call, caller: str, at: datetime, **facts: str | int) -> CallGuard | None:
    """The row that binds the key of a request made at that moment; None without a key."""
    if call.idempotency_key is None:
        return None
    return CallGuard(caller, call.method, call.path, call.idempotency_key, call.body_sha256, at, facts)


def repeated(guards: CallGuards, caller: str, call: Call) -> CallGuard | None:
    """What an earlier request with this key was bound by, or None. Raises IdempotencyKeyReused."""
    return call.bound(partial(guards.find, caller))
