"""The card of a reseller's running pay-as-you-go contract: read, removed, and at last forgotten by the gateway."""

from collections.abc import Mapping
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
from partner_center.billing.payments import Card, PaymentRefused
from partner_center.kernel.clock import Clock, rfc3339
from partner_center.kernel.errors import ChangedMeanwhile, NotFound, TryAgain
from partner_center.kernel.events import Chronicle
from partner_center.kernel.ids import Ids
from partner_center.orders.ports import Contracts

_AT_MOST = 25
"""Cards that one run has the gateway forget; the rest follows in the next."""


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

    def __call__(self) -> int:
        """How many were forgotten. Raises TryAgain for the first that was not, when the others have been tried."""
        done, troubles = 0, list[Exception]()
        for card in self.shelf.to_forget(self.clock.now(), _AT_MOST):
            try:
                self.forms.forget(card)
            except (PaymentRefused, TryAgain) as trouble:
                troubles.append(trouble)
                continue
            self.shelf.forgotten(card, self.clock.now())
            done += 1
        if troubles:
            detail = f"The gateway did not forget {len(troubles)} of {done + len(troubles)} cards."
            raise TryAgain(detail, 60) from troubles[0]
        return done


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
