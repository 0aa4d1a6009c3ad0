"""Task tokens of waiting steps, in the order's partition; and the release of a held-back order."""

from collections.abc import Mapping

from partner_center.adapters import keys
from partner_center.adapters.dynamodb import Database
from partner_center.adapters.order_actions import head_update
from partner_center.adapters.records import event_put
from partner_center.kernel.events import Event
from partner_center.orders.fulfil import WaitStep, released_head
from partner_center.orders.order import OrderHead
from partner_center.orders.reconcile import Armed


class WaitStore:
    """`Waits`, `ArmedWaits` and `HeldBack` of the orders context, on DynamoDB."""

    def __init__(self, database: Database, table: str) -> None:
        self._database = database
        self._table = table

    def arm(self, reseller_id: str, order_id: str, step: WaitStep, token: str, attempt: int) -> None:
        key = keys.order_wait(reseller_id, order_id, step)
        self._database.replace(self._table, key, {"token": token, "attempt": attempt})

    def token(self, reseller_id: str, order_id: str, step: WaitStep) -> str | None:
        item = self._database.get(self._table, keys.order_wait(reseller_id, order_id, step))
        return item["token"] if item else None

    def armed(self, reseller_id: str, order_id: str) -> Mapping[WaitStep, Armed]:
        partition = keys.order_partition(reseller_id, order_id)
        rows = self._database.all_of(self._table, partition, "WAIT#")
        return {
            WaitStep(row["sk"].removeprefix("WAIT#")): Armed(row["token"], row["attempt"]) for row in rows
        }

    def release(self, head: OrderHead, event: Event) -> None:
        released = released_head(head, event.occurred_at)
        self._database.transact(
            [head_update(self._table, released, head.version), event_put(self._table, event)]
        )
