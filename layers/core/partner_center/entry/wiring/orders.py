"""The orders context, wired."""

from functools import cache

from partner_center.adapters.order_store import OrderStore
from partner_center.entry.wiring.base import database, settings


@cache
def order_store() -> OrderStore:
    return OrderStore(database(), settings().tables)
