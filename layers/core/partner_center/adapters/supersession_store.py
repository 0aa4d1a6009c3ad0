"""Supersessions in the partition of the order that gives way, and in the sparse index `queues` while they wait."""

from collections.abc import Sequence
from datetime import datetime

from partner_center.adapters import keys
from partner_center.adapters.dynamodb import Action, Database, Index, Item, Put, Update
from partner_center.adapters.order_items import from_micros, to_micros
from partner_center.adapters.queues import put_off_in
from partner_center.adapters.tables import TableNames
from partner_center.issuance.supersede import Supersession, SupersessionEnd, SupersessionId
from partner_center.kernel.errors import TryAgain
from partner_center.validation.ports import Message


def supersession_put(table: str, supersession: Supersession) -> Put:
    """The row that the transaction adds which completes the successor."""
    due_at = to_micros(supersession.due_at)
    return Put(
        table,
        _key(supersession),
        {
            "serial_hex": supersession.serial_hex,
            "names": list(supersession.names) if supersession.names is not None else None,
            "due_at": due_at,
            "regardless": supersession.regardless or None,
        }
        | _queue(supersession.order_id, supersession.due_at),
        _drawn_twice,
    )


class SupersessionStore:
    """`Supersessions` of the issuance context, on DynamoDB."""

    def __init__(self, database: Database, tables: TableNames) -> None:
        self._database, self._table = database, tables.business

    def of_order(self, reseller_id: str, order_id: str) -> Sequence[Supersession]:
        partition = keys.order_partition(reseller_id, order_id)
        items = self._database.every(self._table, partition, keys.supersession("", "", "").sk)
        return [_from_item(item) for item in items if "queue" in item or _was_kept(item)]

    def due(self, shard: int, moment: datetime, at_most: int) -> Sequence[SupersessionId]:
        index = Index("queues", "queue", keys.supersede_queue(shard), "queued_at", to_micros(moment))
        listed, _ = self._database.query_index(self._table, index, limit=at_most)
        return [_id_of(item) for item in listed]

    def get(self, supersession: SupersessionId) -> Supersession | None:
        item = self._database.get(self._table, keys.supersession(*supersession))
        return _from_item(item) if item is not None and "queue" in item else None

    def put_off(self, supersession: SupersessionId, moment: datetime) -> None:
        queue = keys.supersede_queue(keys.supersede_shard(supersession.order_id))
        put_off_in(self._database, self._table, keys.supersession(*supersession), queue, moment)

    def end(
        self,
        supersession: Supersession,
        end: SupersessionEnd,
        moment: datetime,
        message: Message | None = None,
    ) -> None:
        actions: list[Action] = [
            Update(
                self._table,
                _key(supersession),
                _ended_before,
                conditions=[("ended_at", "absent")],
                set={"ended_at": to_micros(moment), "outcome": end.value},
                remove=["queue", "queued_at"],
            )
        ]
        if message is not None:
            actions.append(self._told(supersession, message))
        self._write(actions)

    def begin_anew(self, supersession: Supersession, due_at: datetime, message: Message) -> None:
        again = Update(
            self._table,
            _key(supersession),
            _ended_before,
            conditions=[("outcome", "=", SupersessionEnd.KEPT.value)],
            set={"due_at": to_micros(due_at)} | _queue(supersession.order_id, due_at),
            remove=["ended_at", "outcome"],
        )
        self._write([again, self._told(supersession, message)])

    def _told(self, supersession: Supersession, message: Message) -> Put:
        ids = (supersession.reseller_id, supersession.order_id)
        told: Item = {"at": to_micros(message.at), "text": message.text}
        return Put(self._table, keys.order_message(*ids, message.message_id), told, _drawn_twice)

    def _write(self, actions: Sequence[Action]) -> None:
        try:
            self._database.transact(actions)
        except _EndedBefore:
            return


def _queue(order_id: str, due_at: datetime) -> Item:
    """Membership of the sparse index of what is to be revoked, by when."""
    return {"queue": keys.supersede_queue(keys.supersede_shard(order_id)), "queued_at": to_micros(due_at)}


def _key(supersession: Supersession) -> keys.Key:
    return keys.supersession(*supersession.id)


def _id_of(item: Item) -> SupersessionId:
    return SupersessionId(*keys.ids_of_order(item["pk"]), keys.successor_of(item["sk"]))


def _from_item(item: Item) -> Supersession:
    found = _id_of(item)
    return Supersession(
        reseller_id=found.reseller_id,
        order_id=found.order_id,
        serial_hex=item.get("serial_hex"),
        due_at=from_micros(item["due_at"]),
        successor=found.successor,
        regardless=item.get("regardless", False),
        names=tuple(item["names"]) if "names" in item else None,
        was_kept=_was_kept(item),
    )


def _was_kept(item: Item) -> bool:
    return bool(item.get("outcome") == SupersessionEnd.KEPT.value)


class _EndedBefore(Exception):
    """Another run ended it."""


def _ended_before(_: Item | None) -> Exception:
    return _EndedBefore()


def _drawn_twice(_: Item | None) -> Exception:
    return TryAgain("This was written before; nothing was written.")
