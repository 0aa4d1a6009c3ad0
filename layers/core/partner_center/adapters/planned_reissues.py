"""When orders are to be reissued by themselves: a row of each, in the sparse index `queues` while there is a time."""

from collections.abc import Sequence
from datetime import datetime

from partner_center.adapters import keys
from partner_center.adapters.dynamodb import Database, Index, Item, Put
from partner_center.adapters.order_items import optional_micros, to_micros
from partner_center.adapters.tables import TableNames
from partner_center.kernel.errors import TryAgain


class PlannedReissueStore:
    """`PlannedReissues` of the orders context, on DynamoDB."""

    def __init__(self, database: Database, tables: TableNames) -> None:
        self._database, self._table = database, tables.business

    def plan(self, reseller_id: str, order_id: str, moment: datetime | None) -> None:
        queue = keys.reissue_queue(keys.reissue_shard(order_id)) if moment is not None else None
        place: Item = {"queue": queue, "queued_at": optional_micros(moment)}
        key = keys.planned_reissue(reseller_id, order_id)
        self._database.write(Put(self._table, key, place, _taken, may_exist=True))

    def due(self, shard: int, moment: datetime, at_most: int) -> Sequence[tuple[str, str]]:
        index = Index("queues", "queue", keys.reissue_queue(shard), "queued_at", to_micros(moment))
        listed, _ = self._database.query_index(self._table, index, limit=at_most)
        return [keys.ids_of_order(each["pk"]) for each in listed]


def _taken(_: Item | None) -> Exception:
    return TryAgain("The row is being written by another.")
