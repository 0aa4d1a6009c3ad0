"""One order that a card pays, with the gateway in memory behind it; and what must add up whatever happens."""

from collections import Counter
from dataclasses import replace

from partner_center.billing.contracts import EntryKind
from partner_center.billing.payments import PaymentStatus
from partner_center.billing.refunds import started_refund
from partner_center.kernel.money import Money
from partner_center.orders.ledger_lines import line_of, part_of
from partner_center.orders.order import OrderHead, OrderStatus
from partner_center.orders.page import Page
from tests.fakes.contract_charges import a_card_contract, a_card_head
from tests.fakes.payments import a_card
from tests.fakes.posted import a_call, a_principal
from tests.fakes.samples import (
    ORDER,
    US,
    a_chronicle,
    a_placement,
    a_preflight,
    a_staff,
    an_audit,
)
from tests.fakes.world import World

PRICE = Money.of("149.00")


class MoneyWorld(World):
    """`World` with a pay-as-you-go contract, its card, and an order on it; another contract has another card."""

    def __init__(self) -> None:
        super().__init__()
        self.card = a_card()
        self.cards.keep(self.card)
        self.cards.keep(a_card("card_2", brand="mastercard", last4="5454"))
        self.stores.grant(a_card_contract())
        self.stores.grant(replace(a_card_contract(), contract_id="con_other", card_id="card_2"))
        self.preflights = 0

    def order_by_card(self, order_id: str = ORDER, **changes) -> OrderHead:
        head = a_card_head(order_id=order_id, placed_at=self.clock.moment, **changes)
        hold = line_of(head, EntryKind.HOLD, a_chronicle(self.ids, self.clock.moment))
        self.stores.orders.place(replace(a_placement(self.ids, head, a_card_contract()), hold=hold))
        return self.head(order_id)

    def reprice(self, head: OrderHead, net: Money) -> None:
        """As much of an amendment as concerns the money."""
        change = net.amount - head.net.amount
        kind = EntryKind.HOLD if change > 0 else EntryKind.RELEASE
        chronicle = a_chronicle(self.ids, self.clock.moment)
        entry = part_of(head, kind, 0, Money(abs(change), net.currency), chronicle)
        self.tables.heads[US, head.order_id] = replace(head, net=net, version=head.version + 1)
        self.tables.ledger[US, "con_1"][entry.entry_id] = entry

    # ---- steps of its machine, and of its people

    def authorise(self, order_id: str = ORDER):
        return self.authorise_payment(US, order_id, 1, "execution-1")[0]

    def issue(self, order_id: str = ORDER) -> None:
        """Claimed by a preflight, signed, completed."""
        self.claim(order_id)
        self.certify(order_id, serial_hex=order_id[4:])
        self.complete_order(US, order_id, 1, "execution-1")

    def claim(self, order_id: str = ORDER) -> None:
        self.preflights += 1
        preflight = a_preflight(preflight_id=f"pre_{self.preflights}", at=self.clock.moment)
        self.stores.claims.claim(self.order(order_id), preflight, an_audit(self.ids, order_id=order_id))

    def cancel(self, order_id: str = ORDER) -> None:
        self.cancel_order(a_principal(), a_call(path=f"/{order_id}/cancel"), order_id, None)

    def revoke(self, order_id: str = ORDER) -> None:
        """As much of a revocation as concerns the money."""
        head = self.head(order_id)
        revoked = replace(head, status=OrderStatus.REVOKED, version=head.version + 1)
        started = started_refund(revoked, a_chronicle(self.ids, self.clock.moment))
        self.tables.heads[US, order_id] = started.head if started else revoked
        if started:
            contract, back = self.tables.contracts[US, head.contract_id], started.units_back
            self.tables.enter(contract, started.entry, {"units_used": -back, "units_left": back})

    def settle(self, order_id: str = ORDER):
        return self.settle_payment(US, order_id, "queue-1")

    def settle_what_is_due(self) -> int:
        """One run of the schedule; how many orders it settled."""
        due = list(self.due_settlements())
        for reseller_id, order_id in due:
            self.settle_payment(reseller_id, order_id, "schedule")
        return len(due)

    def update_payment(self, card_id: str | None = None, order_id: str = ORDER):
        call = a_call({"reseller_id": US, "card_id": card_id}, path=f"/{order_id}/payment-method")
        return self.payment_desk.change_method(a_staff("fay.finance"), call, US, order_id, card_id)

    def try_again(self, order_id: str = ORDER):
        call = a_call({"reseller_id": US}, path=f"/{order_id}/settle")
        return self.payment_desk.try_again(a_staff("fay.finance"), call, US, order_id)

    # ---- what the ledger says

    def sums(self, order_id: str = ORDER) -> dict[str, Money]:
        """By the ledger: what is promised, owed, paid, and reserved on the card."""
        moved: Counter = Counter()
        for entry in self.tables.ledger[US, "con_1"].values():
            if entry.order_id == order_id and entry.amount is not None:
                moved[entry.kind] += entry.amount.amount
        kinds = EntryKind
        return {
            "promised": moved[kinds.HOLD] - moved[kinds.RELEASE] - moved[kinds.USE],
            "owed": moved[kinds.USE] - moved[kinds.REFUND],
            "paid": moved[kinds.CAPTURE] - moved[kinds.REPAY] + moved[kinds.REPAY_FAILED],
            "reserved": moved[kinds.AUTHORISE] - moved[kinds.VOID] - moved[kinds.CAPTURE],
        }

    def kinds(self, order_id: str = ORDER) -> list[str]:
        """The order's ledger, line by line."""
        entries = self.tables.ledger[US, "con_1"].values()
        return [str(each.kind) for each in entries if each.order_id == order_id]

    def assert_nobody_pays_twice_or_for_nothing(self) -> None:
        """At every moment: at most one charge took money, none of an order that was not issued, and what is issued
        and not paid is due by itself or stands in the queue of payments.
        """
        waiting = self.payment_queue_ids()
        for (_, order_id), head in self.tables.heads.items():
            taken, back = self.gateway.taken(order_id), self.gateway.given_back(order_id)
            assert len(taken) <= 1
            assert len(back) <= len(taken)
            if taken:
                assert head.issued_at is not None, "charged, and not issued"
            owed = self.sums(order_id)["owed"]
            paid = sum(each.amount for each in taken) - sum(each.amount for each in back)
            if head.issued_at is not None and owed != paid:
                assert head.settle_at is not None or order_id in waiting, "owed, and nobody looks after it"

    def assert_money_is_at_rest(self, order_id: str = ORDER) -> None:
        """The order, the ledger and the gateway agree, and nothing is left to be done."""
        head, sums = self.head(order_id), self.sums(order_id)
        taken, back = self.gateway.taken(order_id), self.gateway.given_back(order_id)
        paid = sum(each.amount for each in taken) - sum(each.amount for each in back)
        assert sums["owed"] == sums["paid"] == paid
        assert sums["reserved"] == 0
        assert self.gateway.held(order_id) == []
        assert head.settle_at is None
        assert not head.money_is_to_move
        at_rest = {PaymentStatus.CAPTURED, PaymentStatus.RELEASED, PaymentStatus.REFUNDED}
        assert head.payment in at_rest or not head.has_a_price

    def payment_queue_ids(self) -> set[str]:
        return {order_id for _, order_id in self.stores.charges.waiting(Page(200, None))[0]}
