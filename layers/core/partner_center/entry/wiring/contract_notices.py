"""Notices about contracts, wired for whoever keeps, mails or counts them."""

from functools import cache

from partner_center.adapters.contract_notice_store import ContractNoticeStore
from partner_center.entry.wiring.base import database, settings


@cache
def contract_notices() -> ContractNoticeStore:
    return ContractNoticeStore(database(), settings().tables)
