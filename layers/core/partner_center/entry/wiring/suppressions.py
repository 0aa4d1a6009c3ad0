"""Addresses that take no mail, wired."""

from functools import cache

from partner_center.adapters.suppression_store import SuppressionStore
from partner_center.entry.wiring.base import clock, database, settings


@cache
def suppressions() -> SuppressionStore:
    return SuppressionStore(database(), settings().tables.business, clock())
