"""The rows that the stores in memory share, and the places where another writer may come in between."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from partner_center.billing.contracts import Contract, EntryKind, LedgerEntry
from partner_center.billing.payments import Card, Charge
from partner_center.billing.ports import ContractGuard
from partner_center.issuance.preflight import Preflight
from partner_center.issuance.supersede import Supersession
from partner_center.kernel.errors import TryAgain
from partner_center.kernel.events import AuditRecord, Event
from partner_center.orders.call_guards import CallGuard
from partner_center.orders.fulfil import WaitStep
from partner_center.orders.order import OrderHead
from partner_center.orders.ports import RequestGuard
from partner_center.orders.reissue import Reissue
from partner_center.orders.review import Screening
from partner_center.validation.challenges import Challenge, Proof
from partner_center.validation.ports import AttemptRecord, Message

Happening = Callable[[], object]
OrderId = tuple[str, str]
Line = tuple[Contract, LedgerEntry, dict[str, int]]
"""A line of a contract's ledger, and the units that it moves on the contract's counters."""


class NamedTwice(Exception):
    """What DynamoDB calls a ValidationException: a transaction that names one item twice."""


@dataclass
class Tables:
    """Rows by their key; every key begins with the reseller. Contents are kept as JSON, as the adapter does."""

    heads: dict[OrderId, OrderHead] = field(default_factory=dict)
    contents: dict[tuple[str, str, int], str] = field(default_factory=dict)
    reissues: dict[tuple[str, str, str], Reissue] = field(default_factory=dict)
    guards: dict[tuple[str, str, str, str], RequestGuard] = field(default_factory=dict)
    call_guards: dict[tuple[str, str, str, str], CallGuard] = field(default_factory=dict)
    searched: set[tuple[str, str, str]] = field(default_factory=set)
    known_keys: set[tuple[str, str, str, int]] = field(default_factory=set)
    screenings: dict[tuple[str, str, int], Screening] = field(default_factory=dict)
    partner_orders: dict[OrderId, str] = field(default_factory=dict)
    contracts: dict[tuple[str, str], Contract] = field(default_factory=dict)
    contract_guards: dict[tuple[str, str, str, str], ContractGuard] = field(default_factory=dict)
    invoices: dict[tuple[str, str], str] = field(default_factory=dict)
    ledger: dict[tuple[str, str], dict[str, LedgerEntry]] = field(default_factory=lambda: defaultdict(dict))
    charges: dict[tuple[str, str, int], Charge] = field(default_factory=dict)
    cards: dict[tuple[str, str], Card] = field(default_factory=dict)
    supersessions: list[Supersession] = field(default_factory=list)
    events: dict[str, Event] = field(default_factory=dict)
    audit: dict[str, AuditRecord] = field(default_factory=dict)
    messages: dict[OrderId, dict[str, Message]] = field(default_factory=lambda: defaultdict(dict))
    challenges: dict[tuple[str, str, str], Challenge] = field(default_factory=dict)
    mail_claims: dict[tuple[str, str, str], datetime] = field(default_factory=dict)
    links: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    proofs: dict[tuple[str, str, str, str], Proof] = field(default_factory=dict)
    attempts: dict[str, AttemptRecord] = field(default_factory=dict)
    preflights: dict[tuple[str, str, str], Preflight] = field(default_factory=dict)
    waits: dict[tuple[str, str, WaitStep], tuple[str, int]] = field(default_factory=dict)
    checks: dict[tuple[str, str, str | None], datetime] = field(default_factory=dict)
    looks: dict[OrderId, tuple[int, datetime | None]] = field(default_factory=dict)
    """When to look at an order, if somebody else than its last change said so: the head's version, and when."""
    before: dict[str, list[Happening]] = field(default_factory=lambda: defaultdict(list))
    after: dict[str, list[Happening]] = field(default_factory=lambda: defaultdict(list))
    _named: set[tuple[str, ...]] | None = None

    @contextmanager
    def writing(self, write: str) -> Iterator[None]:
        """Around each write: what a test put into `before` and `after` under its name happens there, once."""
        self._happen(self.before[write])
        self._named = set()
        try:
            yield
        finally:
            self._named = None
        self._happen(self.after[write])

    def name(self, table: str, *key: str) -> None:
        """Raises NamedTwice when the write under way has named the item before, as DynamoDB refuses to take it."""
        if self._named is None:
            return
        if (table, *key) in self._named:
            raise NamedTwice(f"One transaction names {table} {key} twice.")
        self._named.add((table, *key))

    @staticmethod
    def _happen(happenings: list[Happening]) -> None:
        while happenings:
            happenings.pop(0)()

    def require_new(
        self, event: Event | None, audit: AuditRecord | None, entry: LedgerEntry | None = None
    ) -> None:
        """Raises TryAgain when one of the accompanying rows exists already."""
        drawn_twice = (
            (event is not None and event.event_id in self.events)
            or (audit is not None and audit.record_id in self.audit)
            or (entry is not None and any(entry.entry_id in entries for entries in self.ledger.values()))
        )
        if drawn_twice:
            raise TryAgain("An identifier was drawn twice; nothing was written.")

    def move_on(self, head: OrderHead) -> None:
        """The head's version alone changes; when somebody looks at the order stays."""
        moved, ids = replace(head, version=head.version + 1), (head.reseller_id, head.order_id)
        self.heads[ids] = moved
        version, moment = self.looks.get(ids, (0, None))
        if version == head.version:
            self.looks[ids] = (moved.version, moment)

    def accompany(self, event: Event | None, audit: AuditRecord | None) -> None:
        if event is not None:
            self.events[event.event_id] = event
        if audit is not None:
            self.audit[audit.record_id] = audit

    def enter(self, contract: Contract, entry: LedgerEntry, moved: dict[str, int]) -> None:
        """Counts units on the contract and writes the ledger's line about it."""
        self.contracts[contract.reseller_id, contract.contract_id] = contract
        self.enter_all([(contract, entry, moved)])

    def enter_all(self, lines: Sequence[Line]) -> None:
        """Several lines at once, and what they move on one contract as one change of it."""
        for key in dict.fromkeys((each.reseller_id, each.contract_id) for each, _, _ in lines):
            total = Counter[str]()
            for contract, entry, moved in lines:
                if (contract.reseller_id, contract.contract_id) == key:
                    total.update(moved)
                    self.ledger[key][entry.entry_id] = entry
            if any(total.values()):
                self.name("contracts", *key)
            present = self.contracts[key]
            counted = {name: getattr(present, name) + count for name, count in total.items()}
            self.contracts[key] = replace(present, **counted)

    def grant(self, contract: Contract, entry_id: str) -> None:
        key = (contract.reseller_id, contract.contract_id)
        self.contracts[key] = contract
        units, at = contract.units_granted, contract.valid_from
        self.ledger[key][entry_id] = LedgerEntry(entry_id, EntryKind.GRANT, units, "", "staff", at)
