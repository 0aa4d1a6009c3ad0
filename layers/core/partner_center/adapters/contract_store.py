"""Contracts in DynamoDB: counters that guard, entries that prove."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from partner_center.adapters import keys
from partner_center.adapters.contract_items import (
    contract_from_item,
    contract_to_item,
    entry_from_item,
    ledger_put,
)
from partner_center.adapters.cursors import decode_cursor, encode_cursor
from partner_center.adapters.dynamodb import Action, Condition, Database, Index, Item, Put, Update
from partner_center.adapters.order_actions import GUARD_LIFETIME
from partner_center.adapters.records import audit_put
from partner_center.adapters.tables import TableNames
from partner_center.billing.contracts import Contract, EntryKind, LedgerEntry
from partner_center.billing.ports import (
    Activation,
    Asking,
    ContractGuard,
    ContractSeenBefore,
    InvoiceTaken,
)
from partner_center.kernel.errors import ChangedMeanwhile, Malformed, StateConflict, TryAgain
from partner_center.kernel.ids import require_reseller_id
from partner_center.orders.page import Page

_INDEX = "queues"
_MICROS = re.compile(r"[0-9]{1,18}")
_A_PAGE = 1000


class ContractStore:
    """`Contracts` of the orders and billing contexts, and `Ledgers`, on DynamoDB."""

    def __init__(self, database: Database, tables: TableNames) -> None:
        self._database = database
        self._table = tables.business
        self._audit = tables.audit

    # ---- reading

    def find(self, reseller_id: str, contract_id: str) -> Contract | None:
        item = self._database.get(self._table, keys.contract(reseller_id, contract_id))
        return contract_from_item(item) if item else None

    def of_reseller(self, reseller_id: str) -> Sequence[Contract]:
        """All contracts of the reseller, each read at its present state."""
        rows = self._database.all_of(self._table, keys.contract_of_reseller(reseller_id, "").pk)
        return self._read(reseller_id, rows)

    def page(self, reseller_id: str, page: Page) -> tuple[Sequence[Contract], str | None]:
        partition = keys.contract_of_reseller(reseller_id, "").pk
        after = decode_cursor(page.cursor, "con_") if page.cursor else None
        rows, last = self._database.query(self._table, partition, limit=page.limit, after=after)
        return self._read(reseller_id, rows), encode_cursor(last) if last else None

    def requested(self, page: Page) -> tuple[Sequence[tuple[str, str]], str | None]:
        index = Index(_INDEX, "queue", keys.CONTRACT_QUEUE, "queued_at")
        after = _start(page.cursor) if page.cursor else None
        items, last = self._database.query_index(self._table, index, limit=page.limit, after=after)
        found = [keys.ids_of_contract(item["pk"]) for item in items]
        return found, encode_cursor(f"{last['queued_at']}#{last['pk']}") if last else None

    def owner(self, contract_id: str) -> str | None:
        item = self._database.get(self._table, keys.contract_owner(contract_id))
        return item["reseller_id"] if item else None

    def guard(self, reseller_id: str, method: str, path: str, idempotency_key: str) -> ContractGuard | None:
        key = keys.request_guard(reseller_id, method, path, idempotency_key)
        item = self._database.get(self._table, key)
        return _guard_from_item(idempotency_key, item) if item else None

    def entries(
        self, reseller_id: str, contract_id: str, after: str | None, limit: int
    ) -> tuple[Sequence[LedgerEntry], bool]:
        partition, found = keys.contract(reseller_id, contract_id).pk, list[LedgerEntry]()
        last = keys.ledger_entry(reseller_id, contract_id, after).sk if after else None
        while True:
            items, last = self._database.query(
                self._table, partition, "LEDGER#", limit=min(_A_PAGE, limit - len(found)), after=last
            )
            found += map(entry_from_item, items)
            if last is None or len(found) >= limit:
                return found, last is not None

    def _read(self, reseller_id: str, rows: Sequence[Item]) -> list[Contract]:
        items = (self._database.get(self._table, keys.contract(reseller_id, row["sk"])) for row in rows)
        return [contract_from_item(item) for item in items if item]

    # ---- writing

    def create(self, contract: Contract, actor: str, entry_id: str) -> None:
        """A new contract with its units granted.

        Raises StateConflict when the id is taken, ValueError for a reseller that cannot be.
        """
        require_reseller_id(contract.reseller_id)

        def taken(_: Item | None) -> Exception:
            return StateConflict("contract_exists", f"Contract {contract.contract_id} exists already.")

        grant = LedgerEntry(entry_id, EntryKind.GRANT, contract.units_granted, "", actor, contract.valid_from)
        self._database.transact(
            [
                *(replace(put, refused=taken) for put in self._new(contract)),
                ledger_put(self._table, contract.reseller_id, contract.contract_id, grant, taken),
            ]
        )

    def ask(self, asking: Asking) -> None:
        guard = [self._guard_put(asking.guard, asking.audit.at)] if asking.guard else []
        audit = audit_put(self._audit, asking.audit)
        self._database.transact([*guard, *self._new(asking.contract), audit])

    def activate(self, activation: Activation) -> None:
        contract, reference = activation.contract, activation.contract.invoice_reference or ""
        ids = (contract.reseller_id, contract.contract_id)
        requested: Condition = ("status", "=", "requested")
        actions: list[Action] = [
            *([self._guard_put(activation.guard, activation.audit.at)] if activation.guard else []),
            Put(
                self._table,
                keys.invoice_guard(contract.reseller_id, reference),
                {"contract_id": contract.contract_id},
                _invoice_taken,
            ),
            self._update(contract, requested),
            ledger_put(self._table, *ids, activation.grant, _drawn_twice),
            audit_put(self._audit, activation.audit),
        ]
        self._database.transact(actions)

    # ---- actions

    def _new(self, contract: Contract) -> list[Put]:
        ids = (contract.reseller_id, contract.contract_id)
        return [
            Put(self._table, keys.contract(*ids), contract_to_item(contract), _drawn_twice),
            Put(
                self._table,
                keys.contract_of_reseller(*ids),
                {"kind": contract.kind.value},
                _drawn_twice,
            ),
            Put(
                self._table,
                keys.contract_owner(contract.contract_id),
                {"reseller_id": contract.reseller_id},
                _drawn_twice,
            ),
        ]

    def _update(self, contract: Contract, condition: Condition) -> Update:
        fixed = {"reseller_id", "contract_id", "kind", "requested_at", "units_asked"}
        item = contract_to_item(contract)
        return Update(
            self._table,
            keys.contract(contract.reseller_id, contract.contract_id),
            _changed,
            conditions=[condition],
            set={name: value for name, value in item.items() if value is not None and name not in fixed},
            remove=[name for name, value in item.items() if value is None and name not in fixed],
        )

    def _guard_put(self, guard: ContractGuard, at: datetime) -> Put:
        contract = guard.contract
        key = keys.request_guard(contract.reseller_id, guard.method, guard.path, guard.idempotency_key)
        item = contract_to_item(contract)
        attributes: Item = {
            "method": guard.method,
            "path": guard.path,
            "body_sha256": guard.body_sha256,
            "contract": {name: value for name, value in item.items() if value is not None},
            "expires_at": int((at + GUARD_LIFETIME).timestamp()),
        }
        return Put(self._table, key, attributes, partial(_seen_before, guard.idempotency_key))


def _start(cursor: str) -> Item:
    """Where the index goes on. Raises Malformed for a cursor that is none of this list."""
    at, _, pk = decode_cursor(cursor, "").partition("#")
    if not _MICROS.fullmatch(at) or not re.fullmatch(r"R#[^#]+#CONTRACT#[^#]+", pk):
        raise Malformed("This cursor belongs to another list.")
    return {"queue": keys.CONTRACT_QUEUE, "queued_at": int(at), "pk": pk, "sk": "HEAD"}


def _guard_from_item(idempotency_key: str, item: Item) -> ContractGuard:
    contract = contract_from_item(item["contract"])
    return ContractGuard(item["method"], item["path"], idempotency_key, item["body_sha256"], contract)


def _seen_before(idempotency_key: str, old: Item | None) -> Exception:
    if old is None:
        return TryAgain("The request is being answered.")
    return ContractSeenBefore(_guard_from_item(idempotency_key, old))


def _invoice_taken(old: Item | None) -> Exception:
    return InvoiceTaken(old["contract_id"]) if old else TryAgain("The invoice is being used.")


def _drawn_twice(_: Item | None) -> Exception:
    return TryAgain("An identifier was drawn twice; nothing was written.")


def _changed(_: Item | None) -> Exception:
    return ChangedMeanwhile("The contract changed meanwhile; read it again.")
