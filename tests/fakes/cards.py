"""Cards on file in memory, and a gateway's forms: `CardShelf` and `CardForms` of the billing context."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from partner_center.billing.cards import (
    LAST_ORDER_DONE,
    CardAdded,
    CardFacts,
    CardGuard,
    CardLink,
    CardRemoved,
    CardSetup,
    Exchange,
    LinkEnded,
    LinkGuard,
    LinkSeenBefore,
    WhyEnded,
)
from partner_center.billing.payments import Card, PaymentRefused
from partner_center.kernel.errors import ChangedMeanwhile
from partner_center.kernel.events import AuditRecord
from tests.fakes.tables import Tables

VISA = CardFacts("pm_1", "visa", "4242", 12, 2030)


@dataclass
class MemoryCardShelf:
    """`CardShelf` over the tables that the other stores in memory use."""

    tables: Tables = field(default_factory=Tables)
    cards: dict[tuple[str, str], Card] = field(default_factory=dict)
    links: dict[str, CardLink] = field(default_factory=dict)
    guards: dict[tuple[str, str, str, str], LinkGuard] = field(default_factory=dict)
    customers: dict[str, str] = field(default_factory=dict)
    card_guards: dict[str, CardGuard] = field(default_factory=dict)
    due: dict[tuple[str, str], datetime] = field(default_factory=dict)

    def card(self, reseller_id: str, card_id: str) -> Card | None:
        return self.cards.get((reseller_id, card_id))

    def customer(self, reseller_id: str) -> str | None:
        return self.customers.get(reseller_id)

    def keep_customer(self, reseller_id: str, customer: str) -> str:
        return self.customers.setdefault(reseller_id, customer)

    def guard(self, reseller_id: str, method: str, path: str, idempotency_key: str) -> LinkGuard | None:
        return self.guards.get((reseller_id, method, path, idempotency_key))

    def open_link(self, link: CardLink, guard: LinkGuard | None, audit: AuditRecord) -> None:
        with self.tables.writing("open_link"):
            if guard is not None:
                key = (link.reseller_id, guard.method, guard.path, guard.idempotency_key)
                if key in self.guards:
                    raise LinkSeenBefore(self.guards[key])
                self.guards[key] = guard
            self.links[link.token_sha256] = link
            self.tables.accompany(None, audit)

    def card_guard(self, reseller_id: str) -> CardGuard | None:
        return self.card_guards.get(reseller_id)

    def link(self, token_sha256: str) -> CardLink | None:
        return self.links.get(token_sha256)

    def add(self, change: CardAdded) -> None:
        with self.tables.writing("add_card"):
            link, card, contract = change.link, change.card, change.contract
            if self.links[link.token_sha256].used_at is not None:
                raise LinkEnded(WhyEnded.USED)
            if self.card_guards.get(card.reseller_id) != change.guard:
                raise ChangedMeanwhile("Another card was given meanwhile.")
            for each in change.exchanged:
                self._require_unchanged(each, card.added_at)
            self.links[link.token_sha256] = link
            self.tables.name("cards", card.reseller_id, card.card_id)
            self.cards[card.reseller_id, card.card_id] = card
            self.due[card.reseller_id, card.card_id] = card.usable_until + LAST_ORDER_DONE
            self.card_guards[card.reseller_id] = CardGuard(contract.contract_id, card.card_id)
            for each in [contract] if change.opened else [each.contract for each in change.exchanged]:
                self.tables.name("contracts", each.reseller_id, each.contract_id)
                self.tables.contracts[each.reseller_id, each.contract_id] = each
            self._let_go(change.let_go, card.added_at)
            self.tables.accompany(change.event, change.audit)

    def remove(self, change: CardRemoved) -> None:
        with self.tables.writing("remove_card"):
            for each in change.exchanged:
                self._require_unchanged(each, change.at)
            for each in change.exchanged:
                key = (each.contract.reseller_id, each.contract.contract_id)
                self.tables.name("contracts", *key)
                self.tables.contracts[key] = replace(self.tables.contracts[key], card_id=None)
            self._let_go(change.let_go, change.at)
            for event, audit in zip(change.events, change.audits, strict=True):
                self.tables.accompany(event, audit)

    def to_forget(self, moment: datetime) -> Iterator[tuple[str, str]]:
        yield from [key for when, key in sorted((at, key) for key, at in self.due.items()) if when <= moment]

    def put_off(self, reseller_id: str, card_id: str, moment: datetime) -> None:
        key = (reseller_id, card_id)
        if key in self.due:
            self.due[key] = max(moment, self.due[key])

    def forgotten(self, card: Card, moment: datetime) -> None:
        del self.due[card.reseller_id, card.card_id]

    def _let_go(self, cards: Iterable[Card], moment: datetime) -> None:
        for card in cards:
            self.tables.name("cards", card.reseller_id, card.card_id)
            self.due[card.reseller_id, card.card_id] = moment + LAST_ORDER_DONE

    def _require_unchanged(self, exchange: Exchange, moment: datetime) -> None:
        present = self.tables.contracts[exchange.contract.reseller_id, exchange.contract.contract_id]
        if present.card_id != exchange.card_before or present.valid_to <= moment:
            raise ChangedMeanwhile("The contract changed meanwhile.")


@dataclass
class MemoryCardForms:
    """`CardForms`: forms that a test fills in. `refuses` is the code with which every call is refused.

    Cards that are `kept` are not forgotten.
    """

    setups: dict[str, CardSetup] = field(default_factory=dict)
    forgotten: list[str] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    refuses: str | None = None
    kept: set[str] = field(default_factory=set)

    def new_customer(self, reseller_id: str, name: str) -> str:
        self._begin()
        self.made.append(name)
        return f"cus_{reseller_id}"

    def begin(self, link_id: str, reseller_id: str, customer: str) -> str:
        self._begin()
        setup_id = f"seti_{len(self.setups) + 1}"
        self.setups[setup_id] = CardSetup(setup_id, customer, link_id, f"{setup_id}_secret_1", None)
        return setup_id

    def fill_in(self, setup_id: str, facts: CardFacts = VISA) -> None:
        self.setups[setup_id] = replace(self.setups[setup_id], card=facts)

    def setup(self, setup_id: str) -> CardSetup:
        self._begin()
        return self.setups[setup_id]

    def forget(self, card: Card) -> None:
        self._begin()
        if card.card_id in self.kept:
            raise PaymentRefused("odd", "No.")
        self.forgotten.append(card.card_id)

    def _begin(self) -> None:
        if self.refuses is not None:
            raise PaymentRefused(self.refuses, "No.")
