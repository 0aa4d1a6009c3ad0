"""The list of reissues that make themselves, wired for those that keep it and those that read it."""

from functools import cache

from partner_center.adapters.planned_reissues import PlannedReissueStore
from partner_center.entry.wiring.base import database, settings


@cache
def planned_reissues() -> PlannedReissueStore:
    return PlannedReissueStore(database(), settings().tables)
