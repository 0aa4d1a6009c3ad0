"""The calendar of reminders in DynamoDB: entries of orders, digests of resellers, and the last good run."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

from partner_center.adapters import keys
from partner_center.adapters.dynamodb import (
    Check,
    Condition,
    Database,
    Index,
    Item,
    Put,
    Refusal,
    Update,
)
from partner_center.adapters.mail_results import record_result
from partner_center.adapters.order_items import from_micros, optional_micros, optional_moment, to_micros
from partner_center.kernel.errors import ChangedMeanwhile, TryAgain
from partner_center.notifications.calendar import Entry, ReminderKind
from partner_center.notifications.reminders import Digest, Due, Reminder, Replan, RunUnderWay
from partner_center.orders.deadlines import DeadlineKind

LIFETIME = timedelta(days=90)
"""How long an entry that is over and a digest stay."""

_PAGE = 100
_REPLAN = keys.replan("").sk


class CalendarStore:
    """`Calendar`, `Digests`, `Replans` and `Runs` of the notifications context."""

    def __init__(self, database: Database, table: str) -> None:
        self._database = database
        self._table = table

    # ---- entries

    def entries(self, reseller_id: str, order_id: str) -> Mapping[ReminderKind, Entry]:
        partition = keys.order_partition(reseller_id, order_id)
        items = self._database.all_of(self._table, partition, "REMINDER#", at_most=10)
        return {entry.kind: entry for item in items if (entry := _entry(reseller_id, order_id, item))}

    def write(self, entry: Entry, before: Entry | None) -> None:
        key = keys.reminder(entry.reseller_id, entry.order_id, entry.kind)
        if before is None:
            attributes = _entry_item(entry)
            self._database.write(Put(self._table, key, attributes, _changed))
        else:
            self._database.write(self._move(entry, before))

    def due(self, shard: int, moment: datetime) -> Iterator[Due]:
        index = Index("reminders", "remind_shard", f"REMIND#{shard}", "remind_at", to_micros(moment))
        after: Item | None = None
        while True:
            page, after = self._database.query_index(self._table, index, limit=_PAGE, after=after)
            digests = [item["pk"] for item in page if _is_digest(item["pk"])]
            replans = [item["pk"] for item in page if item["sk"] == _REPLAN]
            entries = [item for item in page if item["pk"] not in {*digests, *replans}]
            yield Due(
                [(*keys.ids_of_order(item["pk"]), _kind(item)) for item in entries],
                [_ids_of_digest(pk) for pk in digests],
                [pk.split("#")[1] for pk in replans],
            )
            if after is None:
                return

    def put_off(self, reseller_id: str, order_id: str, kind: ReminderKind, moment: datetime) -> None:
        later = to_micros(moment)
        key = keys.reminder(reseller_id, order_id, kind)
        still_due: Condition = ("remind_at", "<", later)
        with suppress(ChangedMeanwhile):
            self._database.write(
                Update(self._table, key, _changed, conditions=[still_due], set={"remind_at": later})
            )

    def _move(self, entry: Entry, before: Entry) -> Update:
        attributes = _entry_item(entry)
        return Update(
            self._table,
            keys.reminder(entry.reseller_id, entry.order_id, entry.kind),
            _changed,
            conditions=[
                ("done_until", "=", to_micros(before.done_until)),
                ("ends", "=", to_micros(before.ends)),
                _is("remind_at", optional_micros(before.remind_at)),
            ],
            set={name: value for name, value in attributes.items() if value is not None},
            remove=[name for name, value in attributes.items() if value is None],
        )

    # ---- digests

    def open(self, reseller_id: str, day: date, moment: datetime) -> Digest:
        attributes: Item = {
            "remind_shard": keys.remind_shard(reseller_id),
            "remind_at": to_micros(moment),
            "expires_at": int((moment + LIFETIME).timestamp()),
        }
        key = keys.digest(reseller_id, day.isoformat())
        try:
            self._database.write(Put(self._table, key, attributes, _changed))
        except ChangedMeanwhile:
            found = self.digest(reseller_id, day)
            if found is None:
                raise TryAgain("The digest cannot be read at the moment.") from None
            return found
        return Digest(reseller_id, day)

    def claim(self, entry: Entry, before: Entry, reminder: Reminder) -> None:
        day = reminder.day.isoformat()
        key = keys.digest_line(reminder.reseller_id, day, reminder.order_id, reminder.kind)
        self._database.transact(
            [
                self._move(entry, before),
                takes_more(self._table, reminder.reseller_id, day, _changed),
                Put(self._table, key, _reminder_item(reminder, entry.done_until), _changed),
            ]
        )

    def digest(self, reseller_id: str, day: date) -> Digest | None:
        item = self._database.get(self._table, keys.digest(reseller_id, day.isoformat()))
        if item is None:
            return None
        return Digest(
            reseller_id,
            day,
            queued="queued_at" in item,
            sent="sent_at" in item,
            closed="closed_at" in item,
            results=item.get("results", {}),
        )

    def reminders(self, reseller_id: str, day: date) -> Iterator[Reminder]:
        partition = keys.digest(reseller_id, day.isoformat()).pk
        after: str | None = None
        while True:
            page, after = self._database.query(self._table, partition, "LINE#", limit=_PAGE, after=after)
            yield from (_reminder(reseller_id, day, item) for item in page)
            if after is None:
                return

    def reminder(self, reseller_id: str, day: date, order_id: str, kind: ReminderKind) -> Reminder | None:
        key = keys.digest_line(reseller_id, day.isoformat(), order_id, kind)
        item = self._database.get(self._table, key)
        return _reminder(reseller_id, day, item | {"sk": key.sk}) if item else None

    def queued(self, digest: Digest, moment: datetime) -> None:
        self._mark(digest, "queued_at", moment, ["remind_shard", "remind_at"])

    def close(self, digest: Digest, moment: datetime) -> None:
        self._mark(digest, "closed_at", moment, [])

    def sent(self, digest: Digest, moment: datetime) -> None:
        self._mark(digest, "sent_at", moment, [])

    def record(self, digest: Digest, mailbox: str, result: str) -> None:
        key = keys.digest(digest.reseller_id, digest.day.isoformat())
        record_result(self._database, self._table, key, mailbox, result)

    def _mark(self, digest: Digest, name: str, moment: datetime, remove: list[str]) -> None:
        key = keys.digest(digest.reseller_id, digest.day.isoformat())
        marks = {name: to_micros(moment)}
        self._database.write(Update(self._table, key, _changed, set=marks, remove=remove))

    # ---- other days

    def replan(self, reseller_id: str) -> Replan | None:
        item = self._database.get(self._table, keys.replan(reseller_id))
        if item is None or "remind_at" not in item:
            return None
        return Replan(reseller_id, from_micros(item["remind_at"]), item.get("after"))

    def replanned(self, replan: Replan, after: str | None) -> None:
        self._database.write(
            Update(
                self._table,
                keys.replan(replan.reseller_id),
                _changed,
                conditions=[("remind_at", "=", to_micros(replan.asked_at))],
                set={"after": after} if after is not None else {},
                remove=[] if after is not None else ["remind_shard", "remind_at", "after"],
            )
        )

    # ---- runs

    def begin(self, moment: datetime, until: datetime) -> date | None:
        key, now = keys.reminder_run(), to_micros(moment)
        item = self._database.get(self._table, key)
        lease = {"busy_until": to_micros(until)}
        if item is None:
            self._database.write(Put(self._table, key, lease, _under_way))
            return None
        busy_until = item.get("busy_until")
        if busy_until is not None and busy_until > now:
            raise _under_way(item)
        unchanged = _is("busy_until", busy_until)
        self._database.write(Update(self._table, key, _under_way, conditions=[unchanged], set=lease))
        return date.fromisoformat(item["day"]) if "day" in item else None

    def end(self, day: date | None, moment: datetime) -> None:
        good: Item = {"day": day.isoformat(), "ended_at": to_micros(moment)} if day is not None else {}
        key = keys.reminder_run()
        self._database.write(Update(self._table, key, _under_way, set=good, remove=["busy_until"]))


def takes_more(table: str, reseller_id: str, day: str, refused: Refusal) -> Check:
    """That something may still be added to the digest of that day."""
    marks = ("queued_at", "closed_at", "sent_at")
    open_: list[Condition] = [(mark, "absent") for mark in marks]
    return Check(table, keys.digest(reseller_id, day), refused, conditions=open_)


def _is(attribute: str, value: int | None) -> Condition:
    return (attribute, "=", value) if value is not None else (attribute, "absent")


def _entry_item(entry: Entry) -> Item:
    """All attributes; those of the index only while a reminder is to come, what tells that it is over only then."""
    waiting = entry.remind_at is not None
    return {
        "ends": to_micros(entry.ends),
        "begins": to_micros(entry.begins),
        "done_until": to_micros(entry.done_until),
        "serial": entry.serial,
        "moot": None if entry.stands else True,
        "remind_shard": keys.remind_shard(entry.order_id) if waiting else None,
        "remind_at": optional_micros(entry.remind_at),
        "expires_at": None if waiting else int((entry.ends + LIFETIME).timestamp()),
    }


def _entry(reseller_id: str, order_id: str, item: Item) -> Entry:
    return Entry(
        reseller_id=reseller_id,
        order_id=order_id,
        kind=_kind(item),
        ends=from_micros(item["ends"]),
        begins=from_micros(item["begins"]),
        done_until=from_micros(item["done_until"]),
        remind_at=optional_moment(item.get("remind_at")),
        serial=item.get("serial"),
        stands=not item.get("moot", False),
    )


def _kind(item: Item) -> ReminderKind:
    return ReminderKind(item["sk"].removeprefix("REMINDER#"))


def _reminder_item(reminder: Reminder, moment: datetime) -> Item:
    return {
        "ends": to_micros(reminder.ends),
        "days": reminder.days,
        "action": reminder.action.value,
        "common_name": reminder.common_name,
        "names_total": reminder.names_total,
        "names": list(reminder.names),
        "contact": reminder.contact,
        "serial": reminder.serial,
        "partner_order_id": reminder.partner_order_id,
        "renewed_by": reminder.renewed_by,
        "automatic": reminder.automatic,
        "price": reminder.price,
        "bare": reminder.bare or None,
        "expires_at": int((moment + LIFETIME).timestamp()),
    }


def _reminder(reseller_id: str, day: date, item: Item) -> Reminder:
    _, order_id, kind = item["sk"].split("#")
    return Reminder(
        reseller_id=reseller_id,
        order_id=order_id,
        kind=ReminderKind(kind),
        day=day,
        ends=from_micros(item["ends"]),
        days=item["days"],
        action=DeadlineKind(item["action"]),
        common_name=item["common_name"],
        names_total=item["names_total"],
        contact=item["contact"],
        serial=item.get("serial"),
        partner_order_id=item.get("partner_order_id"),
        names=tuple(item["names"]),
        renewed_by=item.get("renewed_by"),
        automatic=item.get("automatic", False),
        price=item.get("price"),
        bare=item.get("bare", False),
    )


def _is_digest(pk: str) -> bool:
    """A reseller may have any name; that of the kind stands behind it."""
    return pk.split("#")[2:3] == ["DIGEST"]


def _ids_of_digest(pk: str) -> tuple[str, date]:
    _, reseller_id, _, day = pk.split("#")
    return reseller_id, datetime.fromisoformat(day).replace(tzinfo=UTC).date()


def _changed(_: Item | None) -> Exception:
    return ChangedMeanwhile("The calendar changed meanwhile.")


def _under_way(_: Item | None) -> Exception:
    return RunUnderWay("Another run of the reminders is under way.")
