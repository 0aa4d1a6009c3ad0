"""Charges, wired for reading and writing; nothing here speaks to the gateway."""

from functools import cache

from partner_center.adapters.charge_store import ChargeStore
from partner_center.entry.wiring.base import database, settings


@cache
def charge_store() -> ChargeStore:
    return ChargeStore(database(), settings().tables)
