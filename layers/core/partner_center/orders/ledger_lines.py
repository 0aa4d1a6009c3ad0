"""The ledger's line of what an order does to its contract: units of a bulk one, an amount on a card."""

from partner_center.billing.contracts import EntryKind, LedgerEntry
from partner_center.kernel.events import Chronicle
from partner_center.kernel.money import Money
from partner_center.orders.order import OrderHead, PaymentKind


def line_of(head: OrderHead, kind: EntryKind, chronicle: Chronicle) -> LedgerEntry:
    """All that the order holds, uses or gives back."""
    return part_of(head, kind, head.units, head.net, chronicle)


def part_of(head: OrderHead, kind: EntryKind, units: int, amount: Money, chronicle: Chronicle) -> LedgerEntry:
    """So many units of it, or so much money if a card pays."""
    is_card = head.payment_kind is PaymentKind.PAY_AS_YOU_GO
    return LedgerEntry(
        entry_id=chronicle.ids.new("led", chronicle.moment),
        kind=kind,
        units=0 if is_card else units,
        order_id=head.order_id,
        actor=chronicle.actor,
        at=chronicle.moment,
        amount=amount if is_card else None,
    )
