"""Idempotency-Keys of requests that leave no head, contract or link, wired."""

from functools import cache

from partner_center.adapters.call_guards import CallGuardStore
from partner_center.entry.wiring.base import database, settings


@cache
def call_guards() -> CallGuardStore:
    return CallGuardStore(database(), settings().tables.business)
