"""Revoking what was superseded, wired."""

from functools import cache

from partner_center.adapters.blocked_keys import KeysBlockedHere
from partner_center.adapters.supersession_store import SupersessionStore
from partner_center.entry.wiring.base import clock, database, ids, settings
from partner_center.entry.wiring.revoking import revoker
from partner_center.issuance.supersede import RevokeSuperseded


@cache
def revoke_superseded() -> RevokeSuperseded:
    tables = settings().tables
    blocked = KeysBlockedHere(database(), tables.issuance)
    return RevokeSuperseded(SupersessionStore(database(), tables), revoker(), blocked, clock(), ids())
