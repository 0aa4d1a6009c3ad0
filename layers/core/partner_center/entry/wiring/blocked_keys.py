"""Keys that no certificate may have, wired."""

from functools import cache

from partner_center.adapters.block_list import BlockLists
from partner_center.adapters.blocked_keys import BlockedAnywhere, KeysBlockedHere
from partner_center.entry.wiring.base import client, clock, database, settings


@cache
def block_lists() -> BlockLists:
    known = settings()
    return BlockLists(client("s3"), known.block_list_bucket, clock(), known.required_block_lists)


@cache
def blocked_keys() -> BlockedAnywhere:
    return BlockedAnywhere(KeysBlockedHere(database(), settings().tables.issuance), block_lists())
