"""Contracts and what may be bought on them, decided without looking anything up."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from partner_center.catalog.pricing import PriceList
from partner_center.catalog.products import Brand
from partner_center.kernel.errors import Problem
from partner_center.kernel.money import Money


class ContractKind(StrEnum):
    """Prepaid units, or a card charged at issue."""

    BULK = "bulk"
    PAY_AS_YOU_GO = "pay_as_you_go"


class EntryKind(StrEnum):
    """What a ledger entry says of the units, or of the amount, that it names.

    The first five move what a contract holds; the others tell what a card was asked for. Of a card, `use` says that
    the amount is owed, `capture` that it was paid, `refund` that it is to be given back, `repay` that it was,
    `repay_failed` that this came back to us.
    """

    GRANT = "grant"
    HOLD = "hold"
    USE = "use"
    RELEASE = "release"
    REFUND = "refund"
    AUTHORISE = "authorise"
    DECLINE = "decline"
    VOID = "void"
    CAPTURE = "capture"
    REPAY = "repay"
    REPAY_FAILED = "repay_failed"


class ContractStatus(StrEnum):
    """How far a contract is. The first two are stored; the others follow from time and units."""

    REQUESTED = "requested"
    ACTIVE = "active"
    ENDED = "ended"
    USED_UP = "used_up"
    """No unit is left; those that are held may still come back."""


ENDS_IN_DAYS = (30, 7, 1)
"""How many days before its end a contract's holder is told, when nothing else was agreed."""


@dataclass(frozen=True, slots=True)
class Contract:
    """A reseller's contract. `products` empty: every product. Valid from `valid_from` until before `valid_to`.

    One that was only asked for has an empty validity, from the moment of asking to the same moment: there is no time
    at which anything could be bought on it. `units_asked` is what the reseller wanted, `units_granted` what was
    agreed. `prices` go before those of the catalog. A pay-as-you-go contract is charged to the card `card_id`, which
    serves until before `valid_to` (M63).

    Notices: `units_low` is the number of units left at which the holder is told, a tenth of the grant when None;
    `ends_in_days` how long before the end. `noticed` holds what was told, by `notices.Notice.notice_id`.
    """

    reseller_id: str
    contract_id: str
    kind: ContractKind
    products: frozenset[str]
    valid_from: datetime
    valid_to: datetime
    units_granted: int
    units_left: int
    units_held: int
    units_used: int
    status: ContractStatus = ContractStatus.ACTIVE
    brand: Brand | None = None
    sales_representative: str | None = None
    prices: PriceList | None = None
    card_id: str | None = None
    invoice_reference: str | None = None
    note: str | None = None
    units_asked: int | None = None
    requested_at: datetime | None = None
    units_low: int | None = None
    ends_in_days: tuple[int, ...] = ENDS_IN_DAYS
    noticed: frozenset[str] = frozenset()

    def covers(self, product: str) -> bool:
        return not self.products or product in self.products

    def is_valid(self, moment: datetime) -> bool:
        return self.valid_from <= moment < self.valid_to

    def status_at(self, moment: datetime) -> ContractStatus:
        """The status as it is at `moment`."""
        if self.status is ContractStatus.REQUESTED:
            return ContractStatus.REQUESTED
        if moment >= self.valid_to:
            return ContractStatus.ENDED
        if self.kind is ContractKind.BULK and self.units_left <= 0:
            return ContractStatus.USED_UP
        return ContractStatus.ACTIVE


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One line of the ledger: what happened to how many units, for which order, by whom, when.

    `amount` is set on contracts that are paid by card. `reference` is the invoice of a grant, or what the gateway
    calls the payment.
    """

    entry_id: str
    kind: EntryKind
    units: int
    order_id: str
    actor: str
    at: datetime
    amount: Money | None = None
    reference: str | None = None


ANOTHER = "choose another contract"
"""What helps whoever places an order; an order that is there keeps its contract."""


def contract_problems(
    contract: Contract | None, product: str, units: int, moment: datetime, another: str = ANOTHER
) -> tuple[Problem, ...]:
    """Every reason why `units` of `product` cannot be bought on this contract now; `another` is what helps else."""
    if contract is None:
        return (Problem("no_contract", "You have no contract by this id.", "/contract_id"),)
    if contract.status is ContractStatus.REQUESTED:
        detail = (
            f"Contract {contract.contract_id} was asked for and is not active yet; {another}, or "
            "ask again when your sales representative has activated it."
        )
        return (Problem("contract_not_active", detail, "/contract_id"),)
    problems = []
    if not contract.is_valid(moment):
        problems.append(_out_of_its_time(contract, moment, another))
    if contract.kind is ContractKind.PAY_AS_YOU_GO and contract.card_id is None:
        detail = f"Contract {contract.contract_id} has no card; give one (POST /v1/payment-method)."
        problems.append(Problem("no_card", detail, "/contract_id"))
    if not contract.covers(product):
        problems.append(
            Problem(
                "contract_missing_product",
                f"Contract {contract.contract_id} does not cover {product}; {another}, or ask "
                "your sales representative to add the product.",
                "/contract_id",
            )
        )
    if contract.kind is ContractKind.BULK and contract.units_left < units:
        problems.append(
            Problem(
                "insufficient_units",
                f"Units needed: {units}; left on contract {contract.contract_id}: {contract.units_left}. "
                f"Ask for fewer, {another}, or ask for a new one (POST /v1/contracts).",
                "/contract_id",
            )
        )
    return tuple(problems)


def _out_of_its_time(contract: Contract, moment: datetime, another: str) -> Problem:
    """A pay-as-you-go contract ends with its card, so another card is what helps."""
    name, ended = contract.contract_id, moment >= contract.valid_to
    if ended and contract.kind is ContractKind.PAY_AS_YOU_GO and contract.card_id is not None:
        detail = (
            f"The card of contract {name} can be used no longer; give another one (POST /v1/payment-method), or "
            f"{another}."
        )
        return Problem("card_expired", detail, "/contract_id")
    word = "has ended" if ended else "has not begun"
    detail = f"Contract {name} {word}; {another}, or ask your sales representative for a new one."
    return Problem("contract_expired", detail, "/contract_id")


def choose_contract(
    contracts: Iterable[Contract], product: str, units: int, moment: datetime
) -> Contract | None:
    """The contract an order uses when it names none: the first to end among those that serve, bulk before card.

    When none serves, the one with the fewest problems, so that the refusal names the nearest miss; None
    without any contract.
    """

    def preference(contract: Contract) -> tuple[int, bool, datetime, str]:
        problems = len(contract_problems(contract, product, units, moment))
        is_card = contract.kind is ContractKind.PAY_AS_YOU_GO
        return problems, is_card, contract.valid_to, contract.contract_id

    return min(contracts, key=preference, default=None)
