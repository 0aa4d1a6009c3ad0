"""Contracts and what may be bought on them, decided without looking anything up."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from partner_center.kernel.errors import Problem
from partner_center.kernel.money import Money


class ContractKind(StrEnum):
    """Prepaid units, or a card charged at issue."""

    BULK = "bulk"
    PAY_AS_YOU_GO = "pay_as_you_go"


class EntryKind(StrEnum):
    """What a ledger entry says of the units, or of the amount, that it names.

    The first five move what a contract holds; the others tell what a card was asked for. Of a card, `use` says that
    the amount is owed, `capture` that it was paid, `refund` that it is to be given back, `repay` that it was.
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


@dataclass(frozen=True, slots=True)
class Contract:
    """A reseller's contract. `products` empty: every product. Valid from `valid_from` until before `valid_to`.

    A pay-as-you-go contract is charged to the card `card_id`, which serves until before `valid_to` (M63).
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
    card_id: str | None = None

    def covers(self, product: str) -> bool:
        return not self.products or product in self.products

    def is_valid(self, moment: datetime) -> bool:
        return self.valid_from <= moment < self.valid_to


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


def contract_problems(
    contract: Contract | None, product: str, units: int, moment: datetime
) -> tuple[Problem, ...]:
    """Every reason why `units` of `product` cannot be bought on this contract now."""
    if contract is None:
        return (Problem("no_contract", "You have no contract by this id.", "/contract_id"),)
    problems = []
    if not contract.is_valid(moment):
        word = "has ended" if moment >= contract.valid_to else "has not begun"
        problems.append(
            Problem(
                "contract_expired",
                f"Contract {contract.contract_id} {word}; choose another contract, or ask your sales "
                "representative for a new one.",
                "/contract_id",
            )
        )
    if not contract.covers(product):
        problems.append(
            Problem(
                "contract_missing_product",
                f"Contract {contract.contract_id} does not cover {product}; choose another contract, or ask "
                "your sales representative to add the product.",
                "/contract_id",
            )
        )
    if contract.kind is ContractKind.BULK and contract.units_left < units:
        problems.append(
            Problem(
                "insufficient_units",
                f"Units needed: {units}; left on contract {contract.contract_id}: {contract.units_left}. Buy "
                "units or choose another contract.",
                "/contract_id",
            )
        )
    return tuple(problems)


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
