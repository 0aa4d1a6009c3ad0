"""What a refund adds to the transaction of a revocation."""

from partner_center.adapters import keys
from partner_center.adapters.contract_items import ledger_put
from partner_center.adapters.dynamodb import Action, Item, Update
from partner_center.billing.refunds import StartedRefund
from partner_center.kernel.errors import ChangedMeanwhile, TryAgain


def refund_actions(table: str, refund: StartedRefund) -> list[Action]:
    """The ledger's line, and before it the units that go back to the contract; the head is written by the caller."""
    head, units = refund.head, refund.units_back
    line = ledger_put(table, head.reseller_id, head.contract_id, refund.entry, _drawn_twice)
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


def _drawn_twice(_: Item | None) -> Exception:
    return TryAgain("An identifier was drawn twice; nothing was written.")
