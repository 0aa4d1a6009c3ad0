"""Keys that are never certified: those blocked here for compromise, and those of the operator's block lists."""

from typing import Protocol

from partner_center.adapters import keys
from partner_center.adapters.dynamodb import Database


class KeysBlockedHere:
    """`BlockedKeys` of the key gate: a row per blocked key in the issuance table."""

    def __init__(self, database: Database, table: str) -> None:
        self._database = database
        self._table = table

    def is_blocked(self, spki_sha256: str) -> str | None:
        """Why the key is blocked; None if it is not."""
        item = self._database.get(self._table, keys.blocked_key(spki_sha256))
        return item["reason"] if item else None


class _Source(Protocol):
    def is_blocked(self, spki_sha256: str) -> str | None: ...


class BlockedAnywhere:
    """`BlockedKeys` of several sources; the first that blocks a key says why, and the rest are not asked."""

    def __init__(self, *sources: _Source) -> None:
        self._sources = sources

    def is_blocked(self, spki_sha256: str) -> str | None:
        reasons = (source.is_blocked(spki_sha256) for source in self._sources)
        return next((reason for reason in reasons if reason is not None), None)
