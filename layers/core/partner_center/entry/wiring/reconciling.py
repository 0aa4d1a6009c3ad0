"""The reconciler, wired."""

from functools import cache

from partner_center.adapters.contract_store import ContractStore
from partner_center.adapters.open_orders import OpenOrderStore
from partner_center.billing.ledger_check import CheckLedger
from partner_center.entry.reconciling import Reconciler
from partner_center.entry.wiring.base import clock, database, ids, settings
from partner_center.entry.wiring.certificates import certificate_store
from partner_center.entry.wiring.closing import close_overdue, complete_order
from partner_center.entry.wiring.machine import machine, wait_store
from partner_center.entry.wiring.orders import order_store
from partner_center.entry.wiring.validation import challenge_store
from partner_center.orders.reconcile_due import DueOrders
from partner_center.orders.reconcile_order import ReconcileOrder


@cache
def _open_orders() -> OpenOrderStore:
    return OpenOrderStore(database(), settings().tables)


@cache
def _contracts() -> ContractStore:
    return ContractStore(database(), settings().tables)


@cache
def _reconcile_order() -> ReconcileOrder:
    return ReconcileOrder(
        order_store(),
        challenge_store(),
        _open_orders(),
        machine(),
        wait_store(),
        certificate_store(),
        _contracts(),
        complete_order(),
        close_overdue(),
        clock(),
        ids(),
    )


@cache
def _due_orders() -> DueOrders:
    return DueOrders(_open_orders(), clock())


@cache
def _check_ledger() -> CheckLedger:
    return CheckLedger(_contracts(), _contracts())


reconciler = Reconciler(_reconcile_order, _due_orders, _check_ledger)
