"""Cards on file: how one is given on the gateway's form, how long it serves, when the gateway forgets it.

Card numbers never come here. A reseller asks for a link (M62); behind it the gateway's own form takes the card and
answers a token. A card serves for orders until it is exchanged or removed, ends, or was given a year ago (M63).
An order placed before that keeps the card it was placed with: it is pending for 90 days at most, so the gateway
forgets a card only when no order can need it any more.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from partner_center.billing.contracts import Contract, ContractKind
from partner_center.billing.payments import Card, Cards
from partner_center.kernel.clock import CLOCKS_DIFFER
from partner_center.kernel.errors import PartnerCenterError
from partner_center.kernel.events import AuditRecord, Event
from partner_center.orders.order import LONGEST_PENDING

LINK_LIFETIME = timedelta(hours=24)
LINK_SECRET_BITS = 160
LONGEST_ON_FILE = timedelta(days=365)
LAST_ORDER_DONE = LONGEST_PENDING + timedelta(days=1)
"""How long after a card was let go no order that was placed with it is pending any more."""
KEEP = "Orders placed before keep the card they were placed with; this concerns future orders only."


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What the gateway tells of a card."""

    token: str
    brand: str
    last4: str
    exp_month: int
    exp_year: int


@dataclass(frozen=True, slots=True)
class CardSetup:
    """The gateway's form as it stands: `card` is there once its holder has filled it in and the gateway took it.

    `client_secret` lets the page that shows the form speak to the gateway about this form and nothing else.
    """

    setup_id: str
    customer: str
    link_id: str
    client_secret: str
    card: CardFacts | None


@dataclass(frozen=True, slots=True)
class CardLink:
    """A link to the form, for one card; of its secret only the digest is kept."""

    token_sha256: str
    link_id: str
    reseller_id: str
    customer: str
    setup_id: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LinkGuard:
    """Binds an Idempotency-Key to the link that the first request made; `sealed` is its secret, encrypted."""

    method: str
    path: str
    idempotency_key: str
    body_sha256: str
    link_id: str
    sealed: bytes
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class CardGuard:
    """Which card the reseller gave last, and the running contract that it told of then.

    It changes with every card that is given, so of two that are given at once the second sees what the first left.
    """

    contract_id: str
    card_id: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """A running contract as it is with another card, or without one, and the id of the card that it was read with."""

    contract: Contract
    card_before: str | None


@dataclass(frozen=True, slots=True)
class CardAdded:
    """Everything that one transaction writes when a card was given.

    `contract` is the pay-as-you-go contract that is told of, as it is from then on: one of those that are
    `exchanged`, or a new one where none runs. `let_go` are the cards that those had, `guard` is what was read of it.
    """

    link: CardLink
    card: Card
    contract: Contract
    exchanged: tuple[Exchange, ...]
    let_go: tuple[Card, ...]
    guard: CardGuard | None
    event: Event
    audit: AuditRecord

    @property
    def opened(self) -> bool:
        return not self.exchanged


@dataclass(frozen=True, slots=True)
class CardRemoved:
    """What changes when a reseller removes its card: each contract that runs has none, and an event and a record."""

    exchanged: tuple[Exchange, ...]
    let_go: tuple[Card, ...]
    at: datetime
    events: tuple[Event, ...]
    audits: tuple[AuditRecord, ...]


class WhyEnded(StrEnum):
    """Why a link shows no form."""

    USED = "used"
    EXPIRED = "expired"


class LinkEnded(PartnerCenterError):
    """The link was used, or its time is over."""

    code = "link_ended"

    def __init__(self, why: WhyEnded) -> None:
        super().__init__(f"The link has ended: {why}.")
        self.why = why


class CardNotTaken(PartnerCenterError):
    """The form was not filled in, its card was refused, or it ends too soon; the link may be used again."""

    code = "card_not_taken"


class LinkSeenBefore(PartnerCenterError):
    """The Idempotency-Key is already bound."""

    code = "request_seen_before"

    def __init__(self, guard: LinkGuard) -> None:
        super().__init__("This Idempotency-Key is already bound.")
        self.guard = guard


class CardForms(Protocol):
    """The gateway's forms and cards. Every method raises TryAgain, and PaymentRefused when repeating is useless."""

    def new_customer(self, reseller_id: str, name: str) -> str: ...

    def begin(self, link_id: str, reseller_id: str, customer: str) -> str:
        """The id of a form for one card of this customer; the same one for the same link."""
        ...

    def setup(self, setup_id: str) -> CardSetup:
        """The form as it is now."""
        ...

    def forget(self, card: Card) -> None:
        """The gateway can charge the card no longer; forgotten before, it changes nothing."""
        ...


class CardShelf(Cards, Protocol):
    """Keeps cards and the links by which they are given."""

    def customer(self, reseller_id: str) -> str | None:
        """Who the reseller is to the gateway."""
        ...

    def keep_customer(self, reseller_id: str, customer: str) -> str:
        """The one that counts: of two that were made at once the first."""
        ...

    def guard(self, reseller_id: str, method: str, path: str, idempotency_key: str) -> LinkGuard | None: ...

    def open_link(self, link: CardLink, guard: LinkGuard | None, audit: AuditRecord) -> None:
        """Raises LinkSeenBefore, TryAgain."""
        ...

    def link(self, token_sha256: str) -> CardLink | None: ...

    def card_guard(self, reseller_id: str) -> CardGuard | None:
        """None for a reseller that has given no card since there is one."""
        ...

    def add(self, change: CardAdded) -> None:
        """Raises LinkEnded when the link was used meanwhile, ChangedMeanwhile when the guard or a contract has
        changed.
        """
        ...

    def remove(self, change: CardRemoved) -> None:
        """Raises ChangedMeanwhile when a contract has changed."""
        ...

    def to_forget(self, moment: datetime) -> Iterator[tuple[str, str]]:
        """Reseller and card ids of those that no order can need any more, longest due first.

        The list may be a moment late. Raises TryAgain.
        """
        ...

    def put_off(self, reseller_id: str, card_id: str, moment: datetime) -> None:
        """It is not on that list before `moment`; it is not even read. Raises TryAgain."""
        ...

    def forgotten(self, card: Card, moment: datetime) -> None:
        """Takes the card off that list."""
        ...


def usable_until(exp_month: int, exp_year: int, added_at: datetime) -> datetime:
    """The end of the card's last month, or a year after it was given. Raises ValueError for a month that is none."""
    year, month = (exp_year + 1, 1) if exp_month == 12 else (exp_year, exp_month + 1)
    return min(datetime(year, month, 1, tzinfo=UTC), added_at + LONGEST_ON_FILE)


def running_card_contracts(contracts: Iterable[Contract], moment: datetime) -> list[Contract]:
    """The pay-as-you-go contracts that run now, that with whose card an order is paid first (`choose_contract`).

    One that is about to begin may run already by the clock of whoever opened it.
    """
    running = (
        each
        for each in contracts
        if each.kind is ContractKind.PAY_AS_YOU_GO
        and each.valid_from - CLOCKS_DIFFER <= moment < each.valid_to
    )
    return sorted(running, key=lambda each: (each.card_id is None, each.valid_to, each.contract_id))
