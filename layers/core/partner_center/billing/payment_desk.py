"""What staff of finance may do for an order whose money does not move: another card, or another try (M60, M61)."""

from dataclasses import dataclass, replace
from typing import Any

from partner_center.accounts.staff import Staff
from partner_center.billing.cards import running_card_contracts
from partner_center.billing.charge_ports import Charges, ContractReader, PaymentChange
from partner_center.billing.charges import gives_back
from partner_center.billing.payments import Cards, PaymentStatus
from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import (
    ChangedMeanwhile,
    ContentRefused,
    NotFound,
    Problem,
    StateConflict,
    TryAgain,
)
from partner_center.kernel.events import Chronicle
from partner_center.kernel.ids import Ids
from partner_center.orders.idempotency import Call, replayed
from partner_center.orders.order import OrderHead, OrderStatus
from partner_center.orders.ports import Orders, RequestSeenBefore


@dataclass(frozen=True, slots=True)
class PaymentDesk:
    """The use cases. Each leaves `order.payment_updated`, on which the order's machine or its settlement goes on."""

    orders: Orders
    charges: Charges
    cards: Cards
    contracts: ContractReader
    clock: Clock
    ids: Ids

    def change_method(
        self, staff: Staff, call: Call, reseller_id: str, order_id: str, card_id: str | None
    ) -> OrderHead:
        """The head after it: another payment attempt follows, on this card or on the one that is on file.

        The same card may be tried again. Raises NotFound, StateConflict, ContentRefused, IdempotencyKeyReused,
        TryAgain.
        """
        head, answered = self._found(call, reseller_id, order_id)
        if answered is not None:
            return answered
        _require_payment_due(head)
        if card_id is None:
            card_id = self._card_on_file(head)
        else:
            self._require_on_file(head, card_id)
        self._require_usable(reseller_id, card_id)
        money = {"card_id": card_id, "payment": PaymentStatus.NONE}
        facts = {"card_id": card_id, "card_before": head.card_id}
        return self._write(staff, call, head, money, "payment.updated", facts)

    def try_again(self, staff: Staff, call: Call, reseller_id: str, order_id: str) -> OrderHead:
        """The head after it: what was given up is tried anew, be it to take money, to let it go or to give it back.

        Raises NotFound, StateConflict, IdempotencyKeyReused, TryAgain.
        """
        head, answered = self._found(call, reseller_id, order_id)
        if answered is not None:
            return answered
        if head.payment is PaymentStatus.DECLINED and not gives_back(head):
            detail = (
                "The card was declined: put another one on the order, or the same again (payment-method)."
            )
            raise StateConflict("payment_declined", detail, order_id)
        if not head.awaits_payment:
            raise StateConflict("payment_not_due", "No money of this order waits for anybody.", order_id)
        failed = head.payment is PaymentStatus.REFUND_FAILED
        money = {"payment": PaymentStatus.REFUND_PENDING} if failed else {}
        return self._write(staff, call, head, money, "payment.tried_again", {"payment": head.payment})

    def _found(self, call: Call, reseller_id: str, order_id: str) -> tuple[OrderHead, OrderHead | None]:
        head = self.orders.head(reseller_id, order_id)
        if head is None:
            raise NotFound("There is no such order.")
        return head, replayed(self.orders, reseller_id, call)

    def _card_on_file(self, head: OrderHead) -> str:
        """Of the order's contract; once that has ended with its card, of the one that another card has opened."""
        moment = self.clock.now()
        contract = self.contracts.find(head.reseller_id, head.contract_id)
        if contract is None or not contract.is_valid(moment):
            running = running_card_contracts(self.contracts.of_reseller(head.reseller_id), moment)
            contract = running[0] if running else contract
        if contract is None or contract.card_id is None:
            detail = "The contract has no card: the reseller gives one first (POST /v1/payment-method)."
            raise ContentRefused([Problem("no_card", detail, "/card_id")])
        return contract.card_id

    def _require_on_file(self, head: OrderHead, card_id: str) -> None:
        """A card that its reseller has exchanged or removed pays for the orders that have it, and for no other."""
        running = running_card_contracts(self.contracts.of_reseller(head.reseller_id), self.clock.now())
        if card_id != head.card_id and card_id not in {each.card_id for each in running}:
            raise _unknown_card()

    def _require_usable(self, reseller_id: str, card_id: str) -> None:
        card = self.cards.card(reseller_id, card_id)
        if card is None:
            raise _unknown_card()
        if self.clock.now() >= card.usable_until:
            detail = (
                "This card can be used no longer; the reseller gives another one (POST /v1/payment-method)."
            )
            raise ContentRefused([Problem("card_expired", detail, "/card_id")])

    def _write(
        self,
        staff: Staff,
        call: Call,
        head: OrderHead,
        money: dict[str, Any],
        action: str,
        facts: dict[str, Any],
    ) -> OrderHead:
        moment = self.clock.now()
        pending = head.status is OrderStatus.PENDING
        after = replace(
            head,
            settle_at=None if pending else moment,
            payment_since=moment,
            payment_misfits=False,
            updated_at=moment,
            version=head.version + 1,
            **money,
        )
        chronicle = Chronicle(self.ids, moment, staff.actor, call.request_id)
        ids = (head.reseller_id, head.order_id)
        change = PaymentChange(
            head=after,
            expected_version=head.version,
            event=chronicle.event(
                "order.payment_updated",
                *ids,
                payment_attempt=head.payment_attempt,
                payment_kind=head.payment_kind,
                order_status=head.status,
            ),
            audit=chronicle.audit(action, *ids, **facts),
            guard=call.guard(after),
        )
        try:
            self.charges.record(change)
        except RequestSeenBefore as seen:
            return call.same(seen.guard).head
        except ChangedMeanwhile as error:
            raise TryAgain("The order is changing at this moment; nothing was written.") from error
        return after


def _unknown_card() -> ContentRefused:
    detail = "The reseller has no such card on file; leave card_id out for the present one."
    return ContentRefused([Problem("unknown_card", detail, "/card_id")])


def _require_payment_due(head: OrderHead) -> None:
    """Raises StateConflict unless a card is to be asked, or asked again."""
    if not head.has_a_price:
        detail = "No card pays for this order: it is paid by units, or costs nothing."
        raise StateConflict("payment_not_due", detail, head.order_id)
    if head.signing:
        raise StateConflict("issuing", "The certificate is being signed; ask again.", head.order_id)
    if head.status is OrderStatus.PENDING:
        due = head.payment in {PaymentStatus.NONE, PaymentStatus.DECLINED}
    else:
        due = head.money_is_to_move and not gives_back(head)
    if not due:
        detail = f"The order is {head.status} and its payment {head.payment}: no card is to be asked."
        raise StateConflict("payment_not_due", detail, head.order_id)
