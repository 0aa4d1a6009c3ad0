"""Contracts, wired: those who ask, activate and read."""

from functools import cache

from partner_center.adapters.contract_store import ContractStore
from partner_center.billing.reading import ContractReading
from partner_center.entry.wiring.base import clock, database, settings


@cache
def contract_store() -> ContractStore:
    return ContractStore(database(), settings().tables)


@cache
def contract_reading() -> ContractReading:
    return ContractReading(contract_store(), contract_store(), clock())
