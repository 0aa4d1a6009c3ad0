"""Revoking, wired."""

from functools import cache

from partner_center.adapters.key_register import DynamoDbKeyRegister
from partner_center.adapters.revocation_store import RevocationStore
from partner_center.entry.wiring.base import clock, database, ids, settings
from partner_center.entry.wiring.certificates import certificate_store
from partner_center.entry.wiring.orders import order_store
from partner_center.issuance.finish_revocation import FinishRevocation
from partner_center.issuance.revoke import Revoker
from partner_center.orders.close import CloseReissues


@cache
def revoker() -> Revoker:
    revocations = RevocationStore(database(), settings().tables)
    return Revoker(order_store(), certificate_store(), revocations, clock(), ids())


@cache
def finish_revocation() -> FinishRevocation:
    register = DynamoDbKeyRegister(database(), settings().tables)
    return FinishRevocation(revoker(), register, CloseReissues(order_store(), clock(), ids()))
