"""Idempotency-Keys of requests that leave no head, contract or link: `CallGuards` on DynamoDB."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from partner_center.adapters import keys
from partner_center.adapters.dynamodb import Database, Item, Put
from partner_center.adapters.order_actions import GUARD_LIFETIME
from partner_center.adapters.order_items import from_micros, to_micros
from partner_center.kernel.errors import TryAgain
from partner_center.orders.call_guards import CallGuard, CallSeenBefore


class CallGuardStore:
    """Raises TryAgain when the table does not answer."""

    def __init__(self, database: Database, table: str) -> None:
        self._database = database
        self._table = table

    def find(self, caller: str, method: str, path: str, idempotency_key: str) -> CallGuard | None:
        item = self._database.get(self._table, keys.request_guard(caller, method, path, idempotency_key))
        return CallGuard(caller, method, path, idempotency_key, **_bound(item)) if item else None

    def bind(self, guard: CallGuard) -> None:
        self._database.write(call_guard_put(self._table, guard))


def call_guard_put(table: str, guard: CallGuard, key: keys.Key | None = None) -> Put:
    """Binds the Idempotency-Key, under `key` where its caller has no partition; a bound one raises CallSeenBefore."""
    usual = keys.request_guard(guard.caller, guard.method, guard.path, guard.idempotency_key)
    attributes: Item = {
        "method": guard.method,
        "path": guard.path,
        "body_sha256": guard.body_sha256,
        "at": to_micros(guard.at),
        "facts": guard.facts,
        "expires_at": int((guard.at + GUARD_LIFETIME).timestamp()),
    }
    return Put(table, key or usual, attributes, partial(_seen_before, guard))


def _bound(item: Item) -> Mapping[str, Any]:
    return {
        "body_sha256": item["body_sha256"],
        "at": from_micros(item["at"]),
        "facts": item["facts"],
    }


def _seen_before(guard: CallGuard, old: Item | None) -> Exception:
    if old is None:
        return TryAgain("The request is being answered.")
    return CallSeenBefore(replace(guard, **_bound(old)))
