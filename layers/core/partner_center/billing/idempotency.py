"""Idempotency-Keys of requests about contracts, as `orders.idempotency` has them for orders."""

from functools import partial

from partner_center.billing.contracts import Contract
from partner_center.billing.ports import ContractGuard, Contracts
from partner_center.orders.idempotency import Call


def guard_of(call: Call, contract: Contract) -> ContractGuard | None:
    """The row that binds the key to the contract as this request leaves it."""
    if call.idempotency_key is None:
        return None
    return ContractGuard(call.method, call.path, call.idempotency_key, call.body_sha256, contract)


def replayed(contracts: Contracts, reseller_id: str, call: Call) -> Contract | None:
    """What an earlier request with this key left, or None. Raises IdempotencyKeyReused."""
    guard = call.bound(partial(contracts.guard, reseller_id))
    return guard.contract if guard is not None else None
