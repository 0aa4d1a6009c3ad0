"""What a refund adds to the transaction of a revocation."""

from partner_center.adapters import keys
from partner_center.adapters.dynamodb import Action, Update
from partner_center.adapters.order_store import ledger_line
from partner_center.billing.refunds import StartedRefund
from partner_center.kernel.errors import ChangedMeanwhile


def refund_actions(table: str, refund: StartedRefund) -> list[Action]:
    """The ledger's line, and before it the units that go back to the contract; the head is written by the caller."""
    head, units = refund.head, refund.units_back
    line = ledger_line(table, head, refund.entry)
    if not units:
        return [line]
    back = Update(
        table,
        keys.contract(head.reseller_id, head.contract_id),
        lambda _: ChangedMeanwhile(f"Contract {head.contract_id} has not used {units} units."),
        conditions=[("units_used", ">=", units)],
        add={"units_used": -units, "units_left": units},
    )
    return [back, line]
