"""The blocking of exposed keys, wired."""

from functools import cache

from partner_center.adapters.key_register import DynamoDbKeyRegister
from partner_center.entry.wiring.base import clock, database, ids, settings
from partner_center.entry.wiring.certificates import certificate_store
from partner_center.issuance.exposed_keys import BlockExposedKey


@cache
def block_exposed_key() -> BlockExposedKey:
    register = DynamoDbKeyRegister(database(), settings().tables)
    return BlockExposedKey(register, certificate_store(), clock(), ids())
