"""Keys that were revoked here for compromise: never again in any certificate."""

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
