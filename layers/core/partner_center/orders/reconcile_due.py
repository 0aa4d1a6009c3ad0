"""One run of the reconciler: every order that is due to be looked at."""

from collections.abc import Iterator
from dataclasses import dataclass

from partner_center.kernel.clock import Clock
from partner_center.kernel.turns import in_turn
from partner_center.orders.reconcile_order import OpenOrders

SHARDS = 8
A_SHARD = 25
"""Orders of one shard that are looked at in one run; the next run, minutes later, goes on."""


@dataclass(frozen=True, slots=True)
class DueOrders:
    """The orders to be looked at by now. A missed run loses nothing: what was due then is due now."""

    open_orders: OpenOrders
    clock: Clock

    def __call__(self) -> Iterator[tuple[str, str]]:
        """Reseller and order ids. Raises TryAgain."""
        moment = self.clock.now()
        for shard in in_turn(range(SHARDS), moment):
            yield from in_turn(self.open_orders.due(shard, moment, A_SHARD), moment, shard)
