"""Who may come in."""

from functools import cache

from partner_center.adapters.access_store import AccessStore
from partner_center.entry.api import Door
from partner_center.entry.wiring.base import clock, database, settings
from partner_center.entry.wiring.quotas import quotas


@cache
def access() -> AccessStore:
    return AccessStore(database(), settings().tables.access)


@cache
def door() -> Door:
    return Door(access(), clock(), quotas())
