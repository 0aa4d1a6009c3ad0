"""The statement of a contract: its ledger, line by line, with what it stood at after each.

Nothing is stored of it: each balance is the sum of the lines up to there.
"""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from partner_center.billing.contracts import EntryKind, LedgerEntry
from partner_center.kernel.errors import Malformed
from partner_center.kernel.money import Money

_UNITS_MOVED: Mapping[EntryKind, Mapping[str, int]] = {
    EntryKind.GRANT: {"left": 1},
    EntryKind.HOLD: {"left": -1, "held": 1},
    EntryKind.USE: {"held": -1, "used": 1},
    EntryKind.RELEASE: {"held": -1, "left": 1},
    EntryKind.REFUND: {"used": -1, "left": 1},
}
_AMOUNTS_MOVED: Mapping[EntryKind, Mapping[str, int]] = {
    EntryKind.HOLD: {"promised": 1},
    EntryKind.USE: {"promised": -1, "owed": 1},
    EntryKind.RELEASE: {"promised": -1},
    EntryKind.CAPTURE: {"owed": -1, "paid": 1},
    EntryKind.REFUND: {"to_repay": 1},
    EntryKind.REPAY: {"to_repay": -1, "paid": -1},
    EntryKind.REPAY_FAILED: {"to_repay": 1, "paid": 1},
}
_ENTRY_ID = re.compile(r"led_[0-9a-z_]{1,120}")
_AMOUNT = re.compile(r"-?[0-9]{1,15}\.[0-9]{2}")
_MOST_UNITS = 10**12
_NOTHING = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Amounts:
    """Of a card, in one currency: promised by pending orders, owed for certificates, paid, and to be given back.

    At most one of owed and to be given back is above nothing; neither is below.
    """

    promised: Decimal = _NOTHING
    owed: Decimal = _NOTHING
    paid: Decimal = _NOTHING
    to_repay: Decimal = _NOTHING

    def after(self, entry: LedgerEntry, amount: Money) -> "Amounts":
        moved = _AMOUNTS_MOVED.get(entry.kind, {})
        return replace(
            self, **{name: getattr(self, name) + sign * amount.amount for name, sign in moved.items()}
        )._set_off()

    def _set_off(self) -> "Amounts":
        """What is owed and is to be given back is neither: the promise for an order that was revoked is let go."""
        both = self.owed - self.to_repay
        return replace(self, owed=max(both, _NOTHING), to_repay=max(-both, _NOTHING))


@dataclass(frozen=True, slots=True)
class Balance:
    """What a contract stands at: units, and by currency what its card was promised, owes and paid."""

    left: int = 0
    held: int = 0
    used: int = 0
    amounts: Mapping[str, Amounts] = field(default_factory=dict)

    def after(self, entry: LedgerEntry) -> "Balance":
        moved = _UNITS_MOVED.get(entry.kind, {})
        counted = {name: getattr(self, name) + sign * entry.units for name, sign in moved.items()}
        if entry.amount is None:
            return replace(self, **counted)
        currency = entry.amount.currency
        amounts = self.amounts.get(currency, Amounts()).after(entry, entry.amount)
        return replace(self, **counted, amounts={**self.amounts, currency: amounts})


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One line of the ledger, and what the contract stands at after it."""

    entry: LedgerEntry
    balance: Balance


def statement(entries: Iterable[LedgerEntry], before: Balance) -> Iterator[StatementLine]:
    """The lines with their balances, beginning from what the contract stood at before them."""
    balance = before
    for entry in entries:
        balance = balance.after(entry)
        yield StatementLine(entry, balance)


def shown_actor(actor: str) -> str:
    """Who did it, as a reseller sees it: which person of the staff it was concerns the audit alone."""
    kind, _, _ = actor.partition(":")
    return kind if kind == "staff" else actor


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Where a statement goes on, and what the contract stood at there; so no page reads those before it."""

    entry_id: str
    balance: Balance

    def cursor(self) -> str:
        balance = self.balance
        amounts = {
            currency: [f"{getattr(each, name):.2f}" for name in ("promised", "owed", "paid", "to_repay")]
            for currency, each in balance.amounts.items()
        }
        told = [self.entry_id, balance.left, balance.held, balance.used, amounts]
        return urlsafe_b64encode(json.dumps(told, separators=(",", ":")).encode()).decode().rstrip("=")


def read_bookmark(cursor: str) -> Bookmark:
    """The bookmark in a cursor of ours. Raises Malformed for anything else."""
    try:
        told = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        entry_id, left, held, used, amounts = told
        if not _ENTRY_ID.fullmatch(entry_id) or not isinstance(amounts, dict):
            raise ValueError("not a line of a ledger")
        found = {_currency(name): _amounts(values) for name, values in amounts.items()}
        balance = Balance(_units(left), _units(held), _units(used), found)
    except (ValueError, TypeError, RecursionError) as error:
        raise Malformed("This cursor is not one that we gave.") from error
    return Bookmark(entry_id, balance)


def _units(value: Any) -> int:
    if type(value) is not int or abs(value) > _MOST_UNITS:
        raise ValueError("not a number of units")
    return value


def _currency(name: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}", name):
        raise ValueError("not a currency")
    return name


def _amounts(values: Any) -> Amounts:
    if not (
        isinstance(values, list) and len(values) == 4 and all(_AMOUNT.fullmatch(each) for each in values)
    ):
        raise ValueError("not the amounts of a card")
    return Amounts(*map(Decimal, values))
