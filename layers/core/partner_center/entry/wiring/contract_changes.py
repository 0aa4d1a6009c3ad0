"""What changes contracts, wired apart from reading them, which needs no validation library."""

from functools import cache

from partner_center.billing.activate import ActivateContract
from partner_center.billing.request import RequestContract
from partner_center.catalog.products import load_catalog
from partner_center.entry.wiring.base import clock, ids
from partner_center.entry.wiring.contracts import contract_store
from partner_center.entry.wiring.exposed_keys import report_exposed


@cache
def request_contract() -> RequestContract:
    return RequestContract(contract_store(), load_catalog(), report_exposed(), clock(), ids())


@cache
def activate_contract() -> ActivateContract:
    return ActivateContract(contract_store(), load_catalog(), clock(), ids())
