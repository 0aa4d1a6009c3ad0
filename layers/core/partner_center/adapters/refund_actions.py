"""What a refund adds to the transaction of a revocation, or of what ends after one."""

from partner_center.adapters.contract_items import ledger_put
from partner_center.adapters.dynamodb import Action, Item, Put
from partner_center.adapters.unit_moves import UnitsMove, unit_updates
from partner_center.billing.refunds import StartedRefund
from partner_center.kernel.errors import TryAgain


def refund_actions(table: str, refund: StartedRefund) -> list[Action]:
    """The ledger's line, and before it the units that go back to the contract; the head is written by the caller."""
    return [*unit_updates(table, [refund_move(refund)]), refund_line(table, refund)]


def refund_move(refund: StartedRefund) -> UnitsMove:
    head, units = refund.head, refund.units_back
    counted = {"units_used": -units, "units_left": units}
    return UnitsMove(head.reseller_id, head.contract_id, counted, {"units_used": units})


def refund_line(table: str, refund: StartedRefund) -> Put:
    head = refund.head
    return ledger_put(table, head.reseller_id, head.contract_id, refund.entry, _drawn_twice)


def _drawn_twice(_: Item | None) -> Exception:
    return TryAgain("An identifier was drawn twice; nothing was written.")
