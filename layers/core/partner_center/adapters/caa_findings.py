"""What CAA said of each name at a preflight: `CaaFindings` of orders, `CaaEvidence` of notifications."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from partner_center.adapters import keys
from partner_center.adapters.dynamodb import Database


class DynamoDbCaaFindings:
    """Reads the validation table; apart from the claim store, so that readers load nothing of issuance."""

    def __init__(self, database: Database, table: str) -> None:
        self._database = database
        self._table = table

    def latest(self, reseller_id: str, order_id: str) -> Sequence[Mapping[str, Any]]:
        first = keys.preflight(reseller_id, order_id, "")
        items, _ = self._database.query(self._table, first.pk, first.sk, limit=1, newest_first=True)
        return json.loads(items[0]["caa"]) if items else ()

    def of_preflight(
        self, reseller_id: str, order_id: str, preflight_id: str
    ) -> Sequence[Mapping[str, Any]] | None:
        item = self._database.get(self._table, keys.preflight(reseller_id, order_id, preflight_id))
        return json.loads(item["caa"]) if item else None
