"""Contracts and their statements, as answered."""

from typing import Annotated

from pydantic import StringConstraints

from partner_center.billing.contracts import ContractKind, ContractStatus, EntryKind
from partner_center.catalog.products import Brand, LineKind
from partner_center.entry.schemas.shared import Count, Moment, Money, OrderId, Shape

ContractId = Annotated[str, StringConstraints(pattern=r"^con_[0-9a-z]{26}$")]
SignedAmount = Annotated[str, StringConstraints(pattern=r"^-?\d+\.\d{2}$")]


class ContractPrice(Shape):
    """One of the contract's own prices."""

    product: str
    term_days: Count
    kind: LineKind
    price: Money


class ContractNotices(Shape):
    """When the billing contact is told that the contract runs out."""

    units_low: Count | None
    """At so many units left; null for a contract on a card, and until it is active."""
    ends_in_days: list[Count]
    """So many days before its end."""


class Contract(Shape):
    """A contract of the reseller's."""

    contract_id: ContractId
    kind: ContractKind
    status: ContractStatus
    """requested: nothing can be bought on it yet; used_up: no unit is left, though held ones may come back."""
    brand: Brand | None
    products: list[str]
    """What it covers; empty: every product."""
    sales_representative: str | None
    valid_from: Moment | None
    """Null, as `valid_to`, until it is active."""
    valid_to: Moment | None
    """Nothing can be bought from this moment on."""
    prices: list[ContractPrice]
    """They go before the catalog's."""
    invoice_reference: str | None
    requested_at: Moment | None
    note: str | None
    units_asked: Count | None
    units_granted: Count | None
    """Of a bulk contract, as the other three: granted = left + held + used."""
    units_left: Count | None
    units_held: Count | None
    """By pending orders."""
    units_used: Count | None
    notices: ContractNotices
    card_id: str | None
    """The card that pays for orders from now on; an order keeps the one it was placed with."""


class ContractList(Shape):
    """A page of contracts, the oldest first."""

    items: list[Contract]
    next_cursor: str | None
    """The `cursor` of the next page; null at the end."""


class ContractOfReseller(Contract):
    """A contract, and whose it is."""

    reseller_id: str


class ContractQueue(Shape):
    """A page of contracts that wait to be activated."""

    items: list[ContractOfReseller]
    next_cursor: str | None
    """The `cursor` of the next page; null at the end."""


class UnitBalance(Shape):
    """What a bulk contract stands at after the entry."""

    left: int
    held: int
    used: int


class SignedMoney(Shape):
    """An amount without tax, which may be below nothing."""

    amount: SignedAmount
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class CardBalance(Shape):
    """What a contract on a card stands at after the entry, in the currency of the entry."""

    promised: SignedMoney
    """For pending orders."""
    owed: SignedMoney
    """For issued orders whose money was not taken yet, less what is to be given back."""
    paid: SignedMoney
    to_repay: SignedMoney
    """What is to be given back and was not yet, less what is owed."""


class LedgerLine(Shape):
    """One entry of the ledger, and the balance after it."""

    entry_id: str
    at: Moment
    kind: EntryKind
    """Of units: grant, hold, use, release, refund. Of a card: hold (promised), use (owed), release, refund (to be
    given back), authorise, decline, void, capture (paid), repay (given back), repay_failed (it came back)."""
    units: Count
    amount: Money | None
    """On a contract that is paid by card."""
    order_id: OrderId | None
    actor: str
    """Who caused it: `key:` and an API key's id, `staff`, or `system`."""
    reference: str | None
    """The invoice of a grant, or what the payment gateway calls the payment."""
    balance: UnitBalance | CardBalance | None


class Ledger(Shape):
    """A page of the statement, the oldest entry first."""

    items: list[LedgerLine]
    next_cursor: str | None
    """The `cursor` of the next page; null at the end."""
