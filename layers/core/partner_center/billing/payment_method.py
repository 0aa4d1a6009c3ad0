"""The card of a reseller's running pay-as-you-go contracts: read, removed, and at last forgotten by the gateway."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from partner_center.accounts.api_keys import Principal
from partner_center.billing.cards import (
    KEEP,
    CardForms,
    CardRemoved,
    CardShelf,
    Exchange,
    running_card_contracts,
)
from partner_center.billing.contracts import Contract
from partner_center.billing.payments import Card
from partner_center.kernel.clock import Clock, rfc3339
from partner_center.kernel.errors import ChangedMeanwhile, NotFound, TryAgain
from partner_center.kernel.events import Chronicle
from partner_center.kernel.ids import Ids
from partner_center.kernel.patience import AFTER_TROUBLE
from partner_center.orders.ports import Contracts


@dataclass(frozen=True, slots=True)
class PaymentMethod:
    """The use cases of a reseller's key."""

    shelf: CardShelf
    contracts: Contracts
    clock: Clock
    ids: Ids

    def read(self, reseller_id: str) -> Mapping[str, Any]:
        """The card on file. Raises NotFound without one."""
        for card, contract in self._on_file(reseller_id):
            return payment_method_as_json(card, contract)
        raise _none_on_file()

    def remove(self, principal: Principal, request_id: str) -> Mapping[str, Any]:
        """The card that is on file no longer; no contract that runs has any, and future orders on them are refused.

        Raises NotFound without one, TryAgain.
        """
        reseller_id, moment = principal.reseller_id, self.clock.now()
        on_file = list(self._on_file(reseller_id))
        if not on_file:
            raise _none_on_file()
        chronicle = Chronicle(self.ids, moment, f"key:{principal.key_id}", request_id)
        told = [{"card_id": card.card_id, "contract_id": each.contract_id} for card, each in on_file]
        change = CardRemoved(
            exchanged=tuple(Exchange(replace(each, card_id=None), card.card_id) for card, each in on_file),
            let_go=tuple({card.card_id: card for card, _ in on_file}.values()),
            at=moment,
            events=tuple(chronicle.event("card.removed", reseller_id, None, **each) for each in told),
            audits=tuple(chronicle.audit("card.removed", reseller_id, "", **each) for each in told),
        )
        try:
            self.shelf.remove(change)
        except ChangedMeanwhile as error:
            raise TryAgain("The contract is changing at this moment; nothing was written.") from error
        return payment_method_as_json(*on_file[0])

    def _on_file(self, reseller_id: str) -> Iterator[tuple[Card, Contract]]:
        """The cards of the contracts that run, the one with which an order is paid first."""
        for contract in running_card_contracts(self.contracts.of_reseller(reseller_id), self.clock.now()):
            card = self.shelf.card(reseller_id, contract.card_id) if contract.card_id is not None else None
            if card is not None:
                yield card, contract


@dataclass(frozen=True, slots=True)
class ForgetCards:
    """Has the gateway forget the cards that no order can need any more. Repeating it is harmless."""

    shelf: CardShelf
    forms: CardForms
    clock: Clock

    def due(self) -> Iterator[tuple[str, str]]:
        """Reseller and card, longest due first; a run that was missed loses nothing. Raises TryAgain."""
        return self.shelf.to_forget(self.clock.now())

    def put_off(self, reseller_id: str, card_id: str) -> None:
        """One that the gateway does not forget stands in nobody's way for a while. Raises TryAgain."""
        self.shelf.put_off(reseller_id, card_id, self.clock.now() + AFTER_TROUBLE)

    def __call__(self, reseller_id: str, card_id: str) -> None:
        """Raises TryAgain, and PaymentRefused when the gateway will not."""
        card = self.shelf.card(reseller_id, card_id)
        if card is None:
            raise TryAgain("The card cannot be read at the moment.")
        self.forms.forget(card)
        self.shelf.forgotten(card, self.clock.now())


def _none_on_file() -> NotFound:
    return NotFound("There is no card on file; POST /v1/payment-method opens the form that takes one.")


def payment_method_as_json(card: Card, contract: Contract) -> dict[str, Any]:
    return {
        "brand": card.brand,
        "last4": card.last4,
        "exp_month": card.exp_month,
        "exp_year": card.exp_year,
        "added_at": rfc3339(card.added_at),
        "usable_until": rfc3339(card.usable_until),
        "contract_id": contract.contract_id,
        "notice": KEEP,
    }
