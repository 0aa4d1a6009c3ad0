"""The sparse index of orders that stand in a queue: heads alone have its attributes, and only while they do."""

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from partner_center.adapters import keys
from partner_center.adapters.cursors import decode_cursor, encode_cursor
from partner_center.adapters.dynamodb import Database, Index, Item, Update
from partner_center.adapters.keys import Key
from partner_center.adapters.order_items import to_micros
from partner_center.kernel.errors import Malformed
from partner_center.orders.page import Page

_MICROS = re.compile(r"[0-9]{1,18}")


def waiting_in(
    database: Database, table: str, queue: str, page: Page
) -> tuple[Sequence[tuple[str, str]], str | None]:
    """Reseller and order ids of one queue, longest waiting first. Raises Malformed for a foreign cursor."""
    index = Index("queues", "queue", queue, "queued_at")
    after = start_of(queue, page.cursor) if page.cursor else None
    items, last = database.query_index(table, index, limit=page.limit, after=after)
    found = [keys.ids_of_order(item["pk"]) for item in items]
    return found, encode_cursor(f"{last['queued_at']}#{last['pk']}") if last else None


def due_in(
    database: Database, table: str, queue: str, moment: datetime, at_most: int
) -> Sequence[tuple[str, str]]:
    """Reseller and order ids of those that stand in the queue until `moment`, longest due first."""
    index = Index("queues", "queue", queue, "queued_at", to_micros(moment))
    items, _ = database.query_index(table, index, limit=at_most)
    return [keys.ids_of_order(item["pk"]) for item in items]


def put_off_in(database: Database, table: str, key: Key, queue: str, moment: datetime) -> None:
    """What stands in the queue is not due before `moment`; it is not even read.

    What left the queue meanwhile stays outside, and what is due later than that stays so.
    """
    due = to_micros(moment)
    later = Update(
        table,
        key,
        lambda _: _LeftTheQueue(),
        conditions=[("queue", "=", queue), ("queued_at", "<", due)],
        set={"queued_at": due},
    )
    with suppress(_LeftTheQueue):
        database.write(later)


def start_of(queue: str, cursor: str) -> Item:
    """Where the index goes on. Raises Malformed for a cursor that is none of this list."""
    at, _, pk = decode_cursor(cursor, "").partition("#")
    if not _MICROS.fullmatch(at) or not pk.startswith("R#"):
        raise Malformed("This cursor belongs to another list.")
    return {"queue": queue, "queued_at": int(at), "pk": pk, "sk": "HEAD"}


class _LeftTheQueue(Exception):
    """Somebody else has handled it."""
