"""The preflight, wired."""

from datetime import timedelta
from functools import cache

from partner_center.adapters.claim_store import ClaimStore
from partner_center.entry.wiring.base import clock, database, ids, settings
from partner_center.entry.wiring.blocked_keys import block_lists, blocked_keys
from partner_center.entry.wiring.charges import charge_store
from partner_center.entry.wiring.everywhere import everywhere
from partner_center.entry.wiring.orders import order_store
from partner_center.entry.wiring.publishing import publishing
from partner_center.entry.wiring.validation import challenge_store
from partner_center.issuance.preflight import RunPreflight


@cache
def run_preflight() -> RunPreflight:
    return RunPreflight(
        orders=order_store(),
        challenges=challenge_store(),
        claims=ClaimStore(database(), settings().tables),
        charges=charge_store(),
        everywhere=everywhere(),
        publishing=publishing(),
        blocked=blocked_keys(),
        block_lists=block_lists(),
        clock=clock(),
        ids=ids(),
        oldest_suffix_list=timedelta(days=settings().oldest_suffix_list) or None,
    )
