"""The reseller's own account, wired."""

from functools import cache

from partner_center.accounts.account import Account
from partner_center.adapters.account_store import AccountStore
from partner_center.entry.wiring.base import clock, database, ids, patience, settings


@cache
def account() -> Account:
    return Account(AccountStore(database(), settings().tables), clock(), ids(), patience())
