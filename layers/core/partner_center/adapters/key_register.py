"""Which orders have a key, and the rows that block one: `KeyRegister` of issuance, on DynamoDB."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from partner_center.adapters import keys
from partner_center.adapters.dynamodb import Database, Item, Put, Refusal
from partner_center.adapters.order_items import from_micros, to_micros
from partner_center.adapters.records import audit_put, event_put
from partner_center.adapters.tables import TableNames
from partner_center.issuance.key_block import KeyBlock
from partner_center.kernel.events import AuditRecord, Event


def block_puts(tables: TableNames, block: KeyBlock, refused: Refusal) -> list[Put]:
    """The block with its audit record; `refused` makes the error of a key that was blocked before."""
    attributes: Item = {"reason": block.reason, "at": to_micros(block.at)}
    return [
        Put(tables.issuance, keys.blocked_key(block.spki_sha256), attributes, refused),
        audit_put(tables.audit, block.audit),
    ]


class DynamoDbKeyRegister:
    """Reads the rows that are written with each content of an order; writes blocks and their events."""

    def __init__(self, database: Database, tables: TableNames) -> None:
        self._database = database
        self._tables = tables

    def orders_of(self, spki_sha256: str) -> Iterator[tuple[str, str]]:
        partition, after = keys.key_of_order(spki_sha256, "", "", 0).pk, None
        while True:
            rows, after = self._database.query(self._tables.business, partition, "ORDER#", after=after)
            for row in rows:
                yield row["reseller_id"], row["order_id"]
            if after is None:
                return

    def block(self, spki_sha256: str, reason: str, moment: datetime, audit: AuditRecord) -> datetime:
        block = KeyBlock(spki_sha256, reason, moment, audit)
        try:
            self._database.transact(block_puts(self._tables, block, _Exists))
        except _Exists as before:
            return from_micros(before.item["at"])
        return moment

    def tell(self, event: Event) -> None:
        try:
            self._database.write(replace(event_put(self._tables.business, event), refused=_Exists))
        except _Exists:
            return


class _Exists(Exception):
    """Carries the row that was there first."""

    def __init__(self, item: Item | None) -> None:
        super().__init__()
        self.item = item or {}
