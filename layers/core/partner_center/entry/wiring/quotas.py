"""Quotas, wired with a client that gives up soon: a request waits for its count no longer than that."""

from functools import cache

from partner_center.accounts.quota import Policy, Quotas
from partner_center.adapters.dynamodb import Database
from partner_center.adapters.quota_store import QuotaStore
from partner_center.entry.wiring.base import hasty_client, settings
from partner_center.kernel.patience import Patience


@cache
def quotas() -> Quotas:
    known = settings()
    database = Database(hasty_client("dynamodb"), Patience(attempts=1, base=0))
    counts = QuotaStore(database, known.tables.quota)
    return Quotas(counts, Policy("key", known.key_quota), Policy("address", known.address_quota))
