"""When orders are to be reissued by themselves: a row of each, in the sparse index `queues` while there is a time."""

from collections.abc import Sequence
from datetime import datetime

from partner_center.adapters import keys
from partner_center.adapters.dynamodb import Database, Item, Put
from partner_center.adapters.order_items import optional_micros
from partner_center.adapters.queues import due_in, put_off_in
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
        return due_in(self._database, self._table, keys.reissue_queue(shard), moment, at_most)

    def put_off(self, reseller_id: str, order_id: str, moment: datetime) -> None:
        queue = keys.reissue_queue(keys.reissue_shard(order_id))
        key = keys.planned_reissue(reseller_id, order_id)
        put_off_in(self._database, self._table, key, queue, moment)


def _taken(_: Item | None) -> Exception:
    return TryAgain("The row is being written by another.")
