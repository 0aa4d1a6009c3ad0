"""When a reseller last had an order's domains looked at: `CheckTimes` of the orders context, on DynamoDB."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from partner_center.adapters import keys
from partner_center.adapters.call_guards import call_guard_put
from partner_center.adapters.dynamodb import Database, Item, Put
from partner_center.adapters.order_actions import exists
from partner_center.adapters.order_items import optional_micros, optional_moment, to_micros
from partner_center.orders.call_guards import CallGuard

_KEPT = timedelta(hours=1)
_WHOLE = "all"
"""No name is so short."""


class CheckTimes:
    """A row for each name that was asked about alone, and one for the order.

    There `at` is the last check of anything, `whole_at` the last one of all.
    """

    def __init__(self, database: Database, table: str) -> None:
        self._database = database
        self._table = table

    def last(self, reseller_id: str, order_id: str, name: str | None) -> datetime | None:
        order = self._row(reseller_id, order_id, _WHOLE)
        if name is None:
            return optional_moment(order.get("at"))
        alone = self._row(reseller_id, order_id, name)
        times = (optional_moment(each) for each in (order.get("whole_at"), alone.get("at")))
        return max(filter(None, times), default=None)

    def note(
        self,
        reseller_id: str,
        order_ids: Sequence[str],
        name: str | None,
        moment: datetime,
        guard: CallGuard | None = None,
    ) -> None:
        times = [put for each in order_ids for put in self._times(reseller_id, each, name, moment)]
        self._database.transact([*([call_guard_put(self._table, guard)] if guard else []), *times])

    def _times(self, reseller_id: str, order_id: str, name: str | None, moment: datetime) -> list[Put]:
        if name is None:
            return [self._put(reseller_id, order_id, _WHOLE, moment, moment)]
        whole = optional_moment(self._row(reseller_id, order_id, _WHOLE).get("whole_at"))
        return [
            self._put(reseller_id, order_id, _WHOLE, moment, whole),
            self._put(reseller_id, order_id, name, moment, None),
        ]

    def _row(self, reseller_id: str, order_id: str, name: str) -> Item:
        return self._database.get(self._table, keys.order_check(reseller_id, order_id, name)) or {}

    def _put(
        self, reseller_id: str, order_id: str, name: str, moment: datetime, whole: datetime | None
    ) -> Put:
        """The newest time is right, whatever was there."""
        times = {
            "at": to_micros(moment),
            "whole_at": optional_micros(whole),
            "expires_at": int((moment + _KEPT).timestamp()),
        }
        key = keys.order_check(reseller_id, order_id, name)
        return Put(self._table, key, times, exists, may_exist=True)
