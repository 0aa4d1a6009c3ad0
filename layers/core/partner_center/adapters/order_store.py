"""Orders in DynamoDB: each change is one transaction over the business and audit tables."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from partner_center.adapters import keys
from partner_center.adapters.contract_items import contract_from_item, ledger_put
from partner_center.adapters.dynamodb import Action, Check, Condition, Database, Item, Put, Update
from partner_center.adapters.order_items import (
    from_micros,
    head_from_item,
    head_to_item,
    optional_micros,
    to_micros,
)
from partner_center.adapters.records import audit_put, event_put
from partner_center.adapters.refund_actions import refund_actions
from partner_center.adapters.reissue_items import reissue_from_item, reissue_to_item
from partner_center.adapters.supersession_store import supersession_put
from partner_center.adapters.tables import TableNames
from partner_center.billing.contracts import EntryKind, LedgerEntry, contract_problems
from partner_center.kernel.errors import ChangedMeanwhile, ContentRefused, Malformed, TryAgain
from partner_center.kernel.ids import order_of
from partner_center.orders.content import OrderContent, content_from_json, content_to_json
from partner_center.orders.order import OrderHead, OrderStatus, PaymentKind, look_at
from partner_center.orders.page import Page
from partner_center.orders.ports import (
    Amendment,
    Closing,
    Completion,
    LineageChange,
    Placement,
    ReissueBeginning,
    ReissueEnd,
    RequestGuard,
    RequestSeenBefore,
)
from partner_center.orders.refusals import duplicate_partner_order
from partner_center.orders.reissue import Reissue, ReissueStatus
from partner_center.validation.ports import Message

GUARD_LIFETIME = timedelta(days=7)
_LONGEST_SORT_KEY = 1024
"""Bytes that DynamoDB takes."""


class OrderStore:
    """`Orders` of the orders context, on DynamoDB."""

    def __init__(self, database: Database, tables: TableNames) -> None:
        self._database = database
        self._tables = tables

    # ---- reading

    def head(self, reseller_id: str, order_id: str) -> OrderHead | None:
        item = self._database.get(self._tables.business, keys.order_head(reseller_id, order_id))
        return head_from_item(item) if item else None

    def content(self, reseller_id: str, order_id: str, revision: int) -> OrderContent:
        key = keys.order_content(reseller_id, order_id, revision)
        item = self._database.get(self._tables.business, key)
        if item is None:
            raise TryAgain("The order's content cannot be read at the moment.")
        return content_from_json(item["body"])

    def reissue(self, reseller_id: str, order_id: str, reissue_id: str) -> Reissue | None:
        item = self._database.get(self._tables.business, keys.reissue(reseller_id, order_id, reissue_id))
        return reissue_from_item(item) if item else None

    def is_running(self, reseller_id: str, order_id: str) -> bool:
        head = self.head(reseller_id, order_id)
        return head is not None and head.status is OrderStatus.ISSUED

    def reissues(self, reseller_id: str, order_id: str, page: Page) -> tuple[Sequence[Reissue], str | None]:
        """The order's reissues, newest first."""
        prefix = keys.reissue(reseller_id, order_id, "").sk
        partition = keys.order_partition(reseller_id, order_id)
        items, cursor = self._page(partition, prefix, page, newest_first=True)
        return [reissue_from_item(item) for item in items], cursor

    def guard(self, reseller_id: str, method: str, path: str, idempotency_key: str) -> RequestGuard | None:
        key = keys.request_guard(reseller_id, method, path, idempotency_key)
        item = self._database.get(self._tables.business, key)
        return _guard_from_item(item, idempotency_key) if item else None

    def partner_order(self, reseller_id: str, partner_order_id: str) -> str | None:
        key = keys.partner_order_guard(reseller_id, partner_order_id)
        item = self._database.get(self._tables.business, key)
        return item["order_id"] if item else None

    def by_common_name(
        self, reseller_id: str, prefix: str, page: Page
    ) -> tuple[Sequence[tuple[str, str]], str | None]:
        """Common names that begin with `prefix`, in order, each with the order that has it or had it once."""
        items, cursor = self._page(keys.common_name_search(reseller_id, "", "").pk, prefix, page)
        return [(item["sk"].rpartition("#")[0], item["order_id"]) for item in items], cursor

    def messages(self, reseller_id: str, order_id: str, page: Page) -> tuple[Sequence[Message], str | None]:
        """Messages on the order, newest first."""
        partition = keys.order_partition(reseller_id, order_id)
        items, cursor = self._page(partition, "MESSAGE#", page, newest_first=True)
        messages = [
            Message(item["sk"].removeprefix("MESSAGE#"), from_micros(item["at"]), item["text"])
            for item in items
        ]
        return messages, cursor

    def _page(
        self, pk: str, prefix: str, page: Page, *, newest_first: bool = False
    ) -> tuple[list[Item], str | None]:
        """A page of a partition that the reseller may read; the cursor is the last sort key, wrapped."""
        after = decode_cursor(page.cursor, prefix) if page.cursor else None
        items, last = self._database.query(
            self._tables.business,
            pk,
            prefix,
            limit=page.limit,
            after=after,
            newest_first=newest_first,
        )
        return items, encode_cursor(last) if last else None

    # ---- writing

    def place(self, placement: Placement) -> None:
        self._database.transact(self._placing(placement))

    def reissue_order(self, beginning: ReissueBeginning) -> None:
        """At most eight actions. The enrolment is in the index of unfinished orders, as an order is."""
        begins, business = beginning.begins, self._tables.business
        head, reissue = begins.head, begins.reissue
        ids = (head.reseller_id, reissue.order_id)
        self._database.transact(
            [
                *([guard_put(business, beginning.guard)] if beginning.guard else []),
                head_update(business, begins.order, beginning.expected_version),
                Put(business, keys.reissue(*ids, reissue.reissue_id), reissue_to_item(reissue), _exists),
                Put(
                    business,
                    keys.order_head(head.reseller_id, head.order_id),
                    head_to_item(head) | _open_index(head),
                    _exists,
                ),
                content_put(business, head, beginning.content),
                known_key_put(business, head, beginning.content),
                event_put(business, beginning.event),
                audit_put(self._tables.audit, beginning.audit),
            ]
        )

    def complete(self, completion: Completion) -> None:
        head, business, superseded = completion.head, self._tables.business, completion.supersession
        self._database.transact(
            [
                head_update(business, head, completion.expected_version),
                *_units([supersession_put(business, superseded)] if superseded else []),
                *_used(business, head, completion.use),
                *_reissue_ended(business, completion.reissue),
                event_put(business, completion.event),
                *([event_put(business, completion.replaced)] if completion.replaced else []),
                audit_put(self._tables.audit, completion.audit),
            ]
        )

    def close(self, closing: Closing) -> None:
        self._database.transact(closing_actions(self._tables, closing))

    def amend(self, amendment: Amendment) -> None:
        """At most eight actions; the contract first, since its refusal says most."""
        head, table = amendment.head, self._tables.business
        actions: list[Action] = []
        if amendment.entry is not None:
            actions += [*self._more_or_less(amendment), ledger_line(table, head, amendment.entry)]
        actions += [
            head_update(table, head, amendment.expected_version),
            content_put(table, head, amendment.content),
        ]
        if amendment.another_key:
            actions.append(known_key_put(table, head, amendment.content))
        if amendment.another_common_name:
            actions.append(_search_put(table, head))
        accompany = [event_put(table, amendment.event), audit_put(self._tables.audit, amendment.audit)]
        self._database.transact([*actions, *accompany])

    def _more_or_less(self, amendment: Amendment) -> list[Action]:
        """What comes on top is bought now, of a contract that serves now; what is given back is taken always."""
        head, extra = amendment.head, amendment.extra_units
        if extra < 0:
            return _units(self._tables.business, head, held=extra, left=-extra, least_held=-extra)
        if amendment.entry is None or amendment.entry.kind is EntryKind.RELEASE:
            return []
        moment = to_micros(head.updated_at)

        def refused(old: Item | None) -> Exception:
            present = contract_from_item(old) if old else None
            problems = contract_problems(present, head.product, extra, head.updated_at)
            told = [replace(each, field=None) for each in problems]
            return ContentRefused(told) if told else TryAgain("The contract changed; ask again.")

        key = keys.contract(head.reseller_id, head.contract_id)
        serves: list[Condition] = [("valid_from", "<=", moment), ("valid_to", ">", moment)]
        if head.payment_kind is PaymentKind.PAY_AS_YOU_GO:
            return [Check(self._tables.business, key, refused, conditions=serves)]
        return [
            Update(
                self._tables.business,
                key,
                refused,
                conditions=[*serves, ("units_left", ">=", extra)],
                add={"units_left": -extra, "units_held": extra},
            )
        ]

    def _placing(self, placement: Placement) -> list[Action]:
        """At most eleven actions, the guards first: their refusals say most."""
        head = placement.head
        actions: list[Action] = []
        if placement.guard is not None:
            actions.append(guard_put(self._tables.business, placement.guard))
        if head.partner_order_id is not None:
            actions.append(
                Put(
                    self._tables.business,
                    keys.partner_order_guard(head.reseller_id, head.partner_order_id),
                    {"order_id": head.order_id},
                    _number_taken,
                )
            )
        if placement.before is not None:
            actions += _lineage(self._tables.business, placement.before)
        return [
            *actions,
            self._hold(placement),
            ledger_line(self._tables.business, head, placement.hold),
            Put(
                self._tables.business,
                keys.order_head(head.reseller_id, head.order_id),
                head_to_item(head) | _open_index(head),
                _exists,
            ),
            content_put(self._tables.business, head, placement.content),
            known_key_put(self._tables.business, head, placement.content),
            _search_put(self._tables.business, head),
            event_put(self._tables.business, placement.event),
            audit_put(self._tables.audit, placement.audit),
        ]

    def _hold(self, placement: Placement) -> Action:
        """Takes the units off the contract, or demands that its card is still the order's.

        The conditions repeat what the gate saw a moment ago. What costs nothing demands that there is a contract.
        """
        head = placement.head
        moment = to_micros(head.placed_at)

        def refused(old: Item | None) -> Exception:
            present = contract_from_item(old) if old else None
            problems = contract_problems(present, head.product, head.units, head.placed_at)
            return ContentRefused(problems) if problems else TryAgain("The contract changed; ask again.")

        key = keys.contract(head.reseller_id, placement.contract.contract_id)
        if not (head.units or head.net.amount):
            return Check(self._tables.business, key, refused)
        serves: list[Condition] = [("valid_from", "<=", moment), ("valid_to", ">", moment)]
        if head.payment_kind is PaymentKind.PAY_AS_YOU_GO:
            of_the_card: Condition = ("card_id", "=", head.card_id)
            return Check(self._tables.business, key, refused, conditions=[*serves, of_the_card])
        return Update(
            self._tables.business,
            key,
            refused,
            conditions=[*serves, ("units_left", ">=", head.units)],
            add={"units_left": -head.units, "units_held": head.units},
        )


def closing_actions(tables: TableNames, closing: Closing) -> list[Action]:
    """A pending order ends without a certificate: its units come back in the same transaction."""
    head = closing.head
    return [
        *([guard_put(tables.business, closing.guard)] if closing.guard else []),
        head_update(tables.business, head, closing.expected_version),
        *(_lineage_units(tables.business, closing.before) if closing.before else []),
        *_given_back(tables.business, head, closing.release),
        *_reissue_ended(tables.business, closing.reissue),
        event_put(tables.business, closing.event),
        audit_put(tables.audit, closing.audit),
    ]


def _used(table: str, head: OrderHead, entry: LedgerEntry | None) -> list[Action]:
    if entry is None:
        return []
    return [*units_moved(table, head, held=-head.units, used=head.units), ledger_line(table, head, entry)]


def _given_back(table: str, head: OrderHead, entry: LedgerEntry | None) -> list[Action]:
    if entry is None:
        return []
    return [*units_moved(table, head, held=-head.units, left=head.units), ledger_line(table, head, entry)]


def _reissue_ended(table: str, end: ReissueEnd | None) -> list[Action]:
    """The reissue's row and its order's head; the order is in none of the indexes that its head may be in."""
    if end is None:
        return []
    order, reissue = end.after.order, end.after.reissue
    key = keys.reissue(reissue.reseller_id, reissue.order_id, reissue.reissue_id)
    waits: Condition = ("status", "=", ReissueStatus.PENDING.value)
    changes = {name: value for name, value in reissue_to_item(reissue).items() if value is not None}
    return [
        head_update(table, order, end.expected_version),
        Update(table, key, _changed, conditions=[waits], set=changes),
        *([content_put(table, order, end.after.content)] if end.after.content else []),
        *([_search_put(table, order)] if end.another_common_name else []),
    ]


def _lineage(table: str, before: LineageChange) -> list[Action]:
    """The order that this one renews or replaces, and what is given back for it."""
    refund = refund_actions(table, before.refund) if before.refund is not None else []
    return [head_update(table, before.head, before.expected_version), *refund]


def guard_put(table: str, guard: RequestGuard) -> Put:
    """Binds the Idempotency-Key; one that is bound already raises RequestSeenBefore."""
    key = keys.request_guard(guard.head.reseller_id, guard.method, guard.path, guard.idempotency_key)
    expires_at = guard.head.updated_at + GUARD_LIFETIME
    attributes: Item = {
        "method": guard.method,
        "path": guard.path,
        "body_sha256": guard.body_sha256,
        "head": {name: value for name, value in head_to_item(guard.head).items() if value is not None},
        "expires_at": int(expires_at.timestamp()),
    }
    return Put(table, key, attributes, partial(_seen_before, guard.idempotency_key))


def _units(
    table: str, head: OrderHead, *, held: int, used: int = 0, left: int = 0, least_held: int | None = None
) -> list[Action]:
    """Moves units of the order's contract, which must hold `least_held`, all of the order's if not said otherwise.

    On a card there is nothing to move, and nothing for what is free: the ledger's lines tell all.
    """
    counted = {"units_held": held, "units_used": used, "units_left": left}
    if head.payment_kind is PaymentKind.PAY_AS_YOU_GO or not any(counted.values()):
        return []
    least = head.units if least_held is None else least_held
    return [
        Update(
            table,
            keys.contract(head.reseller_id, head.contract_id),
            lambda _: ChangedMeanwhile(f"Contract {head.contract_id} does not hold {least} units."),
            conditions=[("units_held", ">=", least)],
            add={name: count for name, count in counted.items() if count},
        )
    ]


def units_back(table: str, head: OrderHead, units: int) -> list[Action]:
    """So many units of the order go from held to left."""
    return _units(table, head, held=-units, left=units, least_held=units)


def ledger_line(table: str, head: OrderHead, entry: LedgerEntry) -> Put:
    """The line on the account of the order's contract."""
    return ledger_put(table, head.reseller_id, head.contract_id, entry, _exists)


def _search_put(table: str, head: OrderHead) -> Put:
    """The search row of the head's common name. An amended order may come back to one that it had before."""
    key = keys.common_name_search(head.reseller_id, head.common_name, head.order_id)
    return Put(table, key, {"order_id": head.order_id}, _exists, may_exist=True)


def head_update(table: str, head: OrderHead, expected_version: int) -> Update:
    """Writes the head if it is still at `expected_version`; else ChangedMeanwhile."""
    attributes = head_to_item(head) | _open_index(head) | _queue_index(head)
    fixed = {"reseller_id", "order_id", "placed_at"}
    return Update(
        table,
        keys.order_head(head.reseller_id, head.order_id),
        _changed,
        conditions=[("version", "=", expected_version)],
        set={name: value for name, value in attributes.items() if value is not None and name not in fixed},
        remove=[name for name, value in attributes.items() if value is None],
    )


def content_put(table: str, head: OrderHead, content: OrderContent) -> Put:
    """The content of the head's revision; another writer of the same revision means ChangedMeanwhile."""
    key = keys.order_content(head.reseller_id, head.order_id, head.revision)
    return Put(table, key, {"body": content_to_json(content)}, _changed)


def known_key_put(table: str, head: OrderHead, content: OrderContent) -> Put:
    """Makes the key of the head's revision known, so that it can be blocked when its private half turns up.

    It goes with every content that brings another key; certificates need no row of their own, since the key of
    each was first that of a content.
    """
    ids = (head.reseller_id, head.order_id)
    key = keys.key_of_order(content.spki_sha256, *ids, head.revision)
    return Put(table, key, {"reseller_id": ids[0], "order_id": order_of(ids[1])}, _changed)


def encode_cursor(sort_key: str) -> str:
    return urlsafe_b64encode(sort_key.encode()).decode().rstrip("=")


def decode_cursor(cursor: str, prefix: str) -> str:
    """The sort key in a cursor of ours. Raises Malformed for anything that is none of this list."""
    try:
        sort_key = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError as error:
        raise Malformed("This cursor is not one that we gave.") from error
    spelt_alike = encode_cursor(sort_key) == cursor  # the decoder passes over what is no base64
    if not spelt_alike or not sort_key.startswith(prefix) or len(sort_key.encode()) > _LONGEST_SORT_KEY:
        raise Malformed("This cursor belongs to another list.")
    return sort_key


def _open_index(head: OrderHead) -> dict[str, Any]:
    """Membership of the sparse index of orders that the reconciler is to look at, by when."""
    check_at = look_at(head)
    shard = keys.open_shard(head.order_id) if check_at is not None else None
    return {"open_shard": shard, "check_at": optional_micros(check_at)}


def _queue_index(head: OrderHead) -> dict[str, Any]:
    """Membership of the sparse index of queues, of which a head is in one at a time: that of the reviewers, that of
    the payments which staff must see to, or that of the money which is to be moved by itself.
    """
    queue, since = None, None
    if head.awaits_review:
        queue, since = keys.REVIEW_QUEUE, head.review_since
    elif head.awaits_payment:
        queue, since = keys.PAYMENTS_QUEUE, head.payment_since
    elif head.money_is_to_move:
        queue, since = keys.settle_queue(keys.settle_shard(head.order_id)), head.settle_at
    if queue is None or since is None:
        return {"queue": None, "queued_at": None}
    return {"queue": queue, "queued_at": optional_micros(since)}


def _guard_from_item(item: Item, idempotency_key: str) -> RequestGuard:
    # The table holds a digest of the key, its partition: clients put all sorts of secrets into keys.
    return RequestGuard(
        item["method"],
        item["path"],
        idempotency_key,
        item["body_sha256"],
        head_from_item(item["head"]),
    )


def _seen_before(idempotency_key: str, old: Item | None) -> Exception:
    if old is None:
        return TryAgain("The request is being answered.")
    return RequestSeenBefore(_guard_from_item(old, idempotency_key))


def _number_taken(old: Item | None) -> Exception:
    return ContentRefused([duplicate_partner_order(old["order_id"] if old else None)])


def _exists(_: Item | None) -> Exception:
    return TryAgain("An identifier was drawn twice; nothing was written.")


def _changed(_: Item | None) -> Exception:
    return ChangedMeanwhile("The order changed meanwhile; read it again.")
