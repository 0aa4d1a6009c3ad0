"""What transactions over orders are made of: heads and their indexes, contents, guards, units."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from partner_center.adapters import keys
from partner_center.adapters.contract_items import ledger_put
from partner_center.adapters.dynamodb import Action, Condition, Item, Put, Update
from partner_center.adapters.order_items import (
    head_from_item,
    head_to_item,
    optional_micros,
)
from partner_center.adapters.records import audit_put, event_put
from partner_center.adapters.refund_actions import refund_actions, refund_line, refund_move
from partner_center.adapters.reissue_items import reissue_to_item
from partner_center.adapters.tables import TableNames
from partner_center.adapters.unit_moves import UnitsMove, unit_updates
from partner_center.billing.contracts import LedgerEntry
from partner_center.kernel.errors import ChangedMeanwhile, ContentRefused, TryAgain
from partner_center.kernel.ids import order_of
from partner_center.orders.content import OrderContent, content_to_json
from partner_center.orders.order import OrderHead, look_at
from partner_center.orders.ports import (
    Closing,
    LineageChange,
    ReissueEnd,
    RequestGuard,
    RequestSeenBefore,
)
from partner_center.orders.refusals import duplicate_partner_order
from partner_center.orders.reissue import ReissueStatus

GUARD_LIFETIME = timedelta(days=7)


def closing_actions(tables: TableNames, closing: Closing) -> list[Action]:
    """A pending order ends without a certificate: its units come back in the same transaction, and what was paid
    for orders before it that are over.
    """
    head, table = closing.head, tables.business
    lineage = [each for each in (closing.before, closing.payer) if each is not None]
    refunds = [each.refund for each in lineage if each.refund is not None]
    released = [_units_move(head, held=-head.units, left=head.units)] if closing.release else []
    return [
        *([guard_put(table, closing.guard, closing.audit.at)] if closing.guard else []),
        head_update(table, head, closing.expected_version),
        *(head_update(table, each.head, each.expected_version) for each in lineage),
        *unit_updates(table, [*released, *map(refund_move, refunds)]),
        *([ledger_line(table, head, closing.release)] if closing.release else []),
        *(refund_line(table, each) for each in refunds),
        *reissue_ended(table, closing.reissue),
        event_put(table, closing.event),
        audit_put(tables.audit, closing.audit),
    ]


def units_used(table: str, head: OrderHead, entry: LedgerEntry | None) -> list[Action]:
    if entry is None:
        return []
    return [*units_moved(table, head, held=-head.units, used=head.units), ledger_line(table, head, entry)]


def reissue_ended(table: str, end: ReissueEnd | None) -> list[Action]:
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
        *([search_put(table, order)] if end.another_common_name else []),
    ]


def lineage_moved(table: str, before: LineageChange) -> list[Action]:
    """The order that this one renews or replaces, and what is given back for it."""
    refund = refund_actions(table, before.refund) if before.refund is not None else []
    return [head_update(table, before.head, before.expected_version), *refund]


def guard_put(table: str, guard: RequestGuard, at: datetime) -> Put:
    """Binds the Idempotency-Key from the moment of its request on; one that is bound raises RequestSeenBefore."""
    key = keys.request_guard(guard.head.reseller_id, guard.method, guard.path, guard.idempotency_key)
    attributes: Item = {
        "method": guard.method,
        "path": guard.path,
        "body_sha256": guard.body_sha256,
        "head": {name: value for name, value in head_to_item(guard.head).items() if value is not None},
        "expires_at": int((at + GUARD_LIFETIME).timestamp()),
    }
    return Put(table, key, attributes, partial(_seen_before, guard.idempotency_key))


def units_moved(
    table: str, head: OrderHead, *, held: int, used: int = 0, left: int = 0, least_held: int | None = None
) -> list[Action]:
    """Moves units of the order's contract, which must hold `least_held`, all of the order's if not said otherwise."""
    return [*unit_updates(table, [_units_move(head, held=held, used=used, left=left, least_held=least_held)])]


def _units_move(
    head: OrderHead, *, held: int, used: int = 0, left: int = 0, least_held: int | None = None
) -> UnitsMove:
    """On a card there is nothing to move, and nothing for what is free: the ledger's lines tell all."""
    counted = {"units_held": held, "units_used": used, "units_left": left}
    needed = {"units_held": head.units if least_held is None else least_held}
    return UnitsMove(head.reseller_id, head.contract_id, {} if head.is_by_card else counted, needed)


def units_back(table: str, head: OrderHead, units: int) -> list[Action]:
    """So many units of the order go from held to left."""
    return units_moved(table, head, held=-units, left=units, least_held=units)


def ledger_line(table: str, head: OrderHead, entry: LedgerEntry) -> Put:
    """The line on the account of the order's contract."""
    return ledger_put(table, head.reseller_id, head.contract_id, entry, exists)


def search_put(table: str, head: OrderHead) -> Put:
    """The search row of the head's common name. An amended order may come back to one that it had before."""
    key = keys.common_name_search(head.reseller_id, head.common_name, head.order_id)
    return Put(table, key, {"order_id": head.order_id}, exists, may_exist=True)


def head_update(table: str, head: OrderHead, expected_version: int) -> Update:
    """Writes the head if it is still at `expected_version`; else ChangedMeanwhile."""
    attributes = head_to_item(head) | open_index(head) | _queue_index(head)
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


def open_index(head: OrderHead) -> dict[str, Any]:
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


def guard_from_item(item: Item, idempotency_key: str) -> RequestGuard:
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
    return RequestSeenBefore(guard_from_item(old, idempotency_key))


def number_taken(old: Item | None) -> Exception:
    return ContentRefused([duplicate_partner_order(old["order_id"] if old else None)])


def exists(_: Item | None) -> Exception:
    return TryAgain("An identifier was drawn twice; nothing was written.")


def _changed(_: Item | None) -> Exception:
    return ChangedMeanwhile("The order changed meanwhile; read it again.")
