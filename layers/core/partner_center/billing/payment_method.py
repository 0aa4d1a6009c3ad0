"""The card of a reseller's running pay-as-you-go contract: read, removed, and at last forgotten by the gateway."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from partner_center.accounts.api_keys import Principal
from partner_center.billing.cards import (
    KEEP,
    CardForms,
    CardRemoved,
    CardShelf,
    active_card_contract,
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
        return payment_method_as_json(*self._on_file(reseller_id))

    def remove(self, principal: Principal, request_id: str) -> Mapping[str, Any]:
        """The card that is on file no longer; the contract has none, and future orders on it are refused.

        Raises NotFound without one, TryAgain.
        """
        card, contract = self._on_file(principal.reseller_id)
        moment = self.clock.now()
        chronicle = Chronicle(self.ids, moment, f"key:{principal.key_id}", request_id)
        told = {"card_id": card.card_id, "contract_id": contract.contract_id}
        change = CardRemoved(
            card=card,
            contract=replace(contract, card_id=None),
            at=moment,
            event=chronicle.event("card.removed", card.reseller_id, None, **told),
            audit=chronicle.audit("card.removed", card.reseller_id, "", **told),
        )
        try:
            self.shelf.remove(change)
        except ChangedMeanwhile as error:
            raise TryAgain("The contract is changing at this moment; nothing was written.") from error
        return payment_method_as_json(card, contract)

    def _on_file(self, reseller_id: str) -> tuple[Card, Contract]:
        moment = self.clock.now()
        contract = active_card_contract(list(self.contracts.of_reseller(reseller_id)), moment)
        card = None
        if contract is not None and contract.card_id is not None:
            card = self.shelf.card(reseller_id, contract.card_id)
        if contract is None or card is None:
            raise NotFound("There is no card on file; POST /v1/payment-method opens the form that takes one.")
        return card, contract


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
