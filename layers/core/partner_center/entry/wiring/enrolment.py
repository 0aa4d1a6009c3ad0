"""The enrolment gate, wired."""

from functools import cache

from partner_center.adapters.block_list import BlockLists
from partner_center.adapters.blocked_keys import BlockedAnywhere, KeysBlockedHere
from partner_center.adapters.contract_store import ContractStore
from partner_center.catalog.products import load_catalog
from partner_center.entry.wiring.base import client, clock, database, ids, settings
from partner_center.entry.wiring.exposed_keys import report_exposed
from partner_center.entry.wiring.orders import order_store
from partner_center.orders.examine import ExamineOrder
from partner_center.orders.place import PlaceOrder


@cache
def contract_store() -> ContractStore:
    return ContractStore(database(), settings().tables.business)


@cache
def block_lists() -> BlockLists:
    known = settings()
    return BlockLists(client("s3"), known.block_list_bucket, clock(), known.required_block_lists)


@cache
def blocked_keys() -> BlockedAnywhere:
    return BlockedAnywhere(KeysBlockedHere(database(), settings().tables.issuance), block_lists())


@cache
def examine_order() -> ExamineOrder:
    return ExamineOrder(order_store(), contract_store(), load_catalog(), blocked_keys(), report_exposed())


@cache
def place_order() -> PlaceOrder:
    return PlaceOrder(order_store(), examine_order(), clock(), ids())
