"""The queue of objections to certificates, wired."""

from functools import cache

from partner_center.adapters.check_store import CheckStore
from partner_center.entry.wiring.base import clock, database, ids, settings
from partner_center.entry.wiring.call_guards import call_guards
from partner_center.issuance.objection_queue import ObjectionQueue, SettleObjection


@cache
def check_store() -> CheckStore:
    return CheckStore(database(), settings().tables)


@cache
def objection_queue() -> ObjectionQueue:
    return ObjectionQueue(check_store())


@cache
def settle_objection() -> SettleObjection:
    return SettleObjection(check_store(), call_guards(), clock(), ids())
