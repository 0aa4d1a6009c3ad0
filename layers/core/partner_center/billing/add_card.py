"""The page behind a link: the gateway's form, and what becomes of the card that was given there."""

import re
from dataclasses import dataclass, replace

from partner_center.accounts.resellers import Resellers
from partner_center.billing.card_links import token_digest
from partner_center.billing.cards import (
    CardAdded,
    CardFacts,
    CardForms,
    CardGuard,
    CardLink,
    CardNotTaken,
    CardSetup,
    CardShelf,
    Exchange,
    LinkEnded,
    WhyEnded,
    running_card_contracts,
    usable_until,
)
from partner_center.billing.contracts import Contract, ContractKind
from partner_center.billing.payments import Card, PaymentRefused
from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import ChangedMeanwhile, NotFound, TryAgain
from partner_center.kernel.events import Chronicle
from partner_center.kernel.ids import Ids
from partner_center.orders.ports import Contracts

_TOKEN = re.compile(r"[A-Za-z0-9_-]{20,64}")
_TRIES = 3


@dataclass(frozen=True, slots=True)
class OpenForm:
    """A link that may be used, for whom, and the secret with which its page speaks to the gateway."""

    link: CardLink
    reseller_name: str
    client_secret: str


@dataclass(frozen=True, slots=True)
class CardPage:
    """Looking changes nothing; a card is added once a link."""

    shelf: CardShelf
    forms: CardForms
    contracts: Contracts
    resellers: Resellers
    clock: Clock
    ids: Ids

    def look(self, token: str) -> OpenForm:
        """Raises NotFound, LinkEnded, TryAgain."""
        link = self._open(token)
        reseller = self.resellers.reseller(link.reseller_id)
        if reseller is None:
            raise TryAgain("The request behind this link cannot be read at the moment.")
        return OpenForm(link, reseller.name, self._setup(link).client_secret)

    def add(self, token: str, setup_id: str, address: str, correlation_id: str) -> CardAdded:
        """The card as the gateway tells it now, whatever the page said. Raises CardNotTaken besides.

        `address` is where the form came from, for the audit record.
        """
        link = self._open(token)
        if setup_id != link.setup_id:
            raise CardNotTaken("This form belongs to another link.")
        setup = self._setup(link)
        if setup.card is None:
            raise CardNotTaken("The card was not given, or not accepted.")
        for _ in range(_TRIES):
            change = self._change(link, setup.card, address, correlation_id)
            try:
                self.shelf.add(change)
            except ChangedMeanwhile:
                continue
            return change
        raise TryAgain("Many changes met at once; nothing was written.")

    def _open(self, token: str) -> CardLink:
        link = self.shelf.link(token_digest(token)) if _TOKEN.fullmatch(token) else None
        if link is None:
            raise NotFound("There is no such link.")
        if link.used_at is not None:
            raise LinkEnded(WhyEnded.USED)
        if self.clock.now() >= link.expires_at:
            raise LinkEnded(WhyEnded.EXPIRED)
        return link

    def _setup(self, link: CardLink) -> CardSetup:
        """The form that was made for this link, and no other."""
        try:
            setup = self.forms.setup(link.setup_id)
        except PaymentRefused as refused:
            raise TryAgain("The card form cannot be opened at the moment.", 60) from refused
        if (setup.link_id, setup.customer) != (link.link_id, link.customer):
            raise TryAgain("The card form does not belong to this link.", 60)
        return setup

    def _change(self, link: CardLink, facts: CardFacts, address: str, correlation_id: str) -> CardAdded:
        moment = self.clock.now()
        until = usable_until(facts.exp_month, facts.exp_year, moment)
        if until <= moment:
            raise CardNotTaken("The card has ended.")
        card = Card(
            card_id=self.ids.new("crd", moment),
            reseller_id=link.reseller_id,
            brand=facts.brand,
            last4=facts.last4,
            exp_month=facts.exp_month,
            exp_year=facts.exp_year,
            token=facts.token,
            customer=link.customer,
            added_at=moment,
            usable_until=until,
        )
        guard, exchanged = self._running(card)
        contract = exchanged[0].contract if exchanged else self._opened(card)
        before = dict.fromkeys(each.card_before for each in exchanged if each.card_before is not None)
        let_go = (self.shelf.card(link.reseller_id, each) for each in before)
        chronicle = Chronicle(self.ids, moment, f"card holder at {address}", correlation_id)
        told = {"card_id": card.card_id, "contract_id": contract.contract_id, "brand": card.brand}
        told |= {"last4": card.last4}
        return CardAdded(
            link=replace(link, used_at=moment),
            card=card,
            contract=contract,
            exchanged=exchanged,
            let_go=tuple(each for each in let_go if each is not None),
            guard=guard,
            event=chronicle.event("card.added", link.reseller_id, None, **told),
            audit=chronicle.audit(
                "card.added",
                link.reseller_id,
                "",
                link_id=link.link_id,
                setup_id=link.setup_id,
                contract_opened=int(not exchanged),
                contracts=" ".join(each.contract.contract_id for each in exchanged) or None,
                card_before=" ".join(before) or None,
                **told,
            ),
        )

    def _running(self, card: Card) -> tuple[CardGuard | None, tuple[Exchange, ...]]:
        """The guard, and every contract that runs with this card in the place of its own.

        The guard is read first: whoever gives a card after that changes it, and what was given before is seen.
        """
        guard = self.shelf.card_guard(card.reseller_id)
        running = running_card_contracts(self.contracts.of_reseller(card.reseller_id), card.added_at)
        return guard, tuple(
            Exchange(replace(each, card_id=card.card_id, valid_to=card.usable_until), each.card_id)
            for each in running
        )

    def _opened(self, card: Card) -> Contract:
        """Without one that runs, a contract for every product begins with the card and ends with it (M63)."""
        return Contract(
            reseller_id=card.reseller_id,
            contract_id=self.ids.new("con", card.added_at),
            kind=ContractKind.PAY_AS_YOU_GO,
            products=frozenset(),
            valid_from=card.added_at,
            valid_to=card.usable_until,
            units_granted=0,
            units_left=0,
            units_held=0,
            units_used=0,
            card_id=card.card_id,
        )
