"""Serials and certificates in the issuance table.

Two rows tell a certificate's story and always change together: `SERIAL#...` holds the record itself, and
`GENERATION#...` in the order's partition says which serial holds the generation's slot. A slot without a
serial is free; the serials it once had are listed as closed, so that each can be found from its order.

The index `serials` lists the recorded ones, so that none is forgotten, and the stored ones by day, so that each is
checked again. It may be a moment late.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from partner_center.adapters import keys
from partner_center.adapters.dynamodb import Action, Database, Index, Item, Put, Update
from partner_center.adapters.order_items import from_micros, to_micros
from partner_center.issuance.record import (
    CertificateRecord,
    CertificateStatus,
    OrderFollows,
    Reason,
    SerialTaken,
    SlotTaken,
    StoredSerial,
    is_private_ca,
)
from partner_center.kernel.clock import parse_rfc3339, rfc3339
from partner_center.kernel.level import Level

_INDEX = "serials"
_A_DAY = timedelta(days=1)
_LONGEST_LIFE = timedelta(days=400)
"""No certificate that is kept here lasts as long (BR 6.3.2)."""


class DynamoDbCertificates:
    """Implements `CertificateStore` and `SerialLists`, and what others read of certificates."""

    def __init__(self, client: Any, table_name: str) -> None:
        self._database = Database(client)
        self._table = table_name

    def current(self, reseller_id: str, order_id: str, generation: int) -> CertificateRecord | None:
        slot = self._database.get(self._table, keys.generation(reseller_id, order_id, generation))
        return self.by_serial(slot["serial_hex"]) if slot and "serial_hex" in slot else None

    def by_serial(self, serial_hex: str) -> CertificateRecord | None:
        """The record of that serial, whosever it is: callers on a reseller's behalf use `of_reseller`."""
        item = self._database.get(self._table, keys.serial(serial_hex))
        return _record(item) if item else None

    def of_reseller(self, reseller_id: str, serial_hex: str) -> CertificateRecord | None:
        """The certificate of that serial if it was issued and is the reseller's; a foreign one is as unknown."""
        record = self.by_serial(serial_hex)
        if record is None or record.reseller_id != reseller_id or record.certificate_der is None:
            return None
        return record

    def of_order(self, reseller_id: str, order_id: str) -> tuple[CertificateRecord, ...]:
        """Every certificate of the order that was issued, the newest first: reissues may overtake each other."""
        present = (slot["serial_hex"] for slot in self._slots(reseller_id, order_id) if "serial_hex" in slot)
        issued = (record for record in self._read(present) if record.certificate_der is not None)
        return tuple(sorted(issued, key=CertificateRecord.age, reverse=True))

    def every_serial(self, reseller_id: str, order_id: str) -> tuple[CertificateRecord, ...]:
        """Every serial that the order ever had, issued, recorded or closed."""
        slots = self._slots(reseller_id, order_id)
        return tuple(self._read(serial_hex for slot in slots for serial_hex in _serials_of(slot)))

    def is_asked_elsewhere(self, record: CertificateRecord) -> bool:
        """Whether it is recorded for an authority of AWS Private CA, which makes certificates by itself."""
        if record.status is not CertificateStatus.RECORDED:
            return False
        item = self._database.get(self._table, keys.issuing_ca(record.issuer_id))
        return item is not None and is_private_ca(item["key_id"])

    def not_ended(self, reseller_id: str, order_id: str, moment: datetime) -> Iterator[CertificateRecord]:
        """As `every_serial`, each read when it is reached, without generations that ended long before `moment`."""
        slots = self._slots(reseller_id, order_id)
        lasting = (slot for slot in slots if not _ended_long_ago(slot, moment))
        return self._read(serial_hex for slot in lasting for serial_hex in _serials_of(slot))

    def _slots(self, reseller_id: str, order_id: str) -> Iterator[Item]:
        """Reissues are not counted, so an order may have any number of generations."""
        partition = keys.order_partition(reseller_id, order_id)
        return self._database.every(self._table, partition, "GENERATION#")

    def _read(self, serials: Iterable[str]) -> Iterator[CertificateRecord]:
        records = (self.by_serial(serial_hex) for serial_hex in serials)
        return (record for record in records if record is not None)

    def unfinished(self, recorded_until: datetime) -> Iterator[CertificateRecord]:
        found = self._read(self.recorded_until(recorded_until))
        return (record for record in found if record.status is CertificateStatus.RECORDED)

    def recorded_until(self, moment: datetime) -> Iterator[str]:
        for shard in range(keys.SERIAL_SHARDS):
            for listed in self._listed(keys.recorded_shard(shard), None, moment):
                yield listed.serial_hex

    def stored_between(self, after: datetime, until: datetime) -> Iterator[StoredSerial]:
        first = after.astimezone(UTC) + timedelta(microseconds=1)
        day = first.replace(hour=0, minute=0, second=0, microsecond=0)
        while day <= until:
            for shard in range(keys.SERIAL_SHARDS):
                yield from self._listed(keys.stored_shard(f"{day:%Y-%m-%d}", shard), after, until)
            day += _A_DAY

    def _listed(self, partition: str, after: datetime | None, until: datetime) -> Iterator[StoredSerial]:
        """One partition of the index, page by page."""
        least = to_micros(after) + 1 if after else None
        index = Index(_INDEX, "listed", partition, "listed_at", to_micros(until), least)
        start: Item | None = None
        while True:
            page, start = self._database.query_index(self._table, index, after=start)
            for item in page:
                yield StoredSerial(keys.serial_of(item["pk"]), from_micros(item["listed_at"]))
            if start is None:
                return

    def record(self, record: CertificateRecord) -> None:
        new_slot = Put(
            self._table,
            _slot_key(record),
            {"serial_hex": record.serial_hex, "closed_serials": []},
            _SlotExists,
        )
        try:
            self._database.transact([self._new_serial(record), new_slot])
        except _SlotExists as found:
            if "serial_hex" in found.slot:
                raise _slot_taken(found.slot) from found
            self._database.transact([self._new_serial(record), self._taken_slot(record)])

    def close(self, record: CertificateRecord, closed_at: datetime, why: str) -> None:
        slot = self._database.get(self._table, _slot_key(record)) or {}
        closed = [*slot.get("closed_serials", []), record.serial_hex]
        changes = {"closed_at": rfc3339(closed_at), "closed_because": why}
        # One that was revoked before it was stored is barred already, and stays revoked.
        if record.status is not CertificateStatus.REVOKED:
            changes["status"] = CertificateStatus.CLOSED
        self._database.transact(
            [
                self._moved_serial(record, changes, remove=("listed", "listed_at"), present=record.status),
                Update(
                    self._table,
                    _slot_key(record),
                    _slot_taken,
                    conditions=[("serial_hex", "=", record.serial_hex)],
                    set={"closed_serials": closed},
                    remove=["serial_hex"],
                ),
            ]
        )

    def keep(self, record: CertificateRecord, certificate_der: bytes, stored_at: datetime) -> None:
        stored = _stored(record.serial_hex, certificate_der, stored_at)
        self._database.transact(
            [
                self._moved_serial(record, stored),
                Update(
                    self._table,
                    _slot_key(record),
                    _slot_taken,
                    conditions=[("serial_hex", "=", record.serial_hex)],
                    set={"stored_at": rfc3339(stored_at)},
                ),
            ]
        )

    def note_request(self, record: CertificateRecord, request_id: str) -> None:
        self._database.write(self._moved_serial(record, {"request_id": request_id}))

    def keep_as(self, record: CertificateRecord, issued: CertificateRecord) -> None:
        closed = {
            "status": CertificateStatus.CLOSED,
            "closed_at": rfc3339(issued.stored_at or issued.recorded_at),
            "closed_because": f"provisional; issued under {issued.serial_hex}",
            "issued_as": issued.serial_hex,
        }
        stored_at = issued.stored_at or issued.recorded_at
        slot = self._database.get(self._table, _slot_key(record)) or {}
        given_up = [*slot.get("closed_serials", []), record.serial_hex]
        attributes = _item(issued) | _stored(issued.serial_hex, issued.certificate_der or b"", stored_at)
        self._database.transact(
            [
                Put(self._table, keys.serial(issued.serial_hex), attributes, _serial_taken),
                self._moved_serial(record, closed, remove=("listed", "listed_at")),
                Update(
                    self._table,
                    _slot_key(record),
                    _slot_taken,
                    conditions=[("serial_hex", "=", record.serial_hex)],
                    set={
                        "serial_hex": issued.serial_hex,
                        "stored_at": rfc3339(stored_at),
                        "closed_serials": given_up,
                    },
                ),
            ]
        )

    def _new_serial(self, record: CertificateRecord) -> Action:
        return Put(self._table, keys.serial(record.serial_hex), _item(record), _serial_taken)

    def _taken_slot(self, record: CertificateRecord) -> Action:
        return Update(
            self._table,
            _slot_key(record),
            _slot_taken,
            conditions=[("serial_hex", "absent")],
            set={"serial_hex": record.serial_hex},
        )

    def _moved_serial(
        self,
        record: CertificateRecord,
        changes: Mapping[str, Any],
        remove: Sequence[str] = (),
        present: CertificateStatus = CertificateStatus.RECORDED,
    ) -> Update:
        """A recorded serial becomes stored or closed, once, and only with the bytes that were recorded."""
        return Update(
            self._table,
            keys.serial(record.serial_hex),
            _slot_taken,
            conditions=[
                ("status", "=", present),
                ("tbs_der", "=", record.tbs_der),
            ],
            set=changes,
            remove=remove,
        )


class _SlotExists(Exception):
    """Carries the slot's row from the refused Put to the decision what it means."""

    def __init__(self, slot: Item | None) -> None:
        super().__init__()
        self.slot = slot or {}


def _slot_taken(item: Item | None) -> SlotTaken:
    holder = (item or {}).get("serial_hex", "another serial")
    return SlotTaken(f"The generation has moved on meanwhile; it now has {holder}.")


def _serial_taken(_: Item | None) -> SerialTaken:
    return SerialTaken("This serial number exists already.")


def _slot_key(record: CertificateRecord) -> keys.Key:
    return keys.generation(record.reseller_id, record.order_id, record.generation)


def _serials_of(slot: Item) -> tuple[str, ...]:
    """The serial that holds the slot, and those that once did."""
    present = (slot["serial_hex"],) if "serial_hex" in slot else ()
    return (*present, *slot["closed_serials"])


def _ended_long_ago(slot: Item, moment: datetime) -> bool:
    """Of a slot with a certificate, whose closed serials are older still; any other may be signed yet."""
    return "stored_at" in slot and parse_rfc3339(slot["stored_at"]) + _LONGEST_LIFE < moment


def _shard(serial_hex: str) -> int:
    return int(serial_hex[-2:], 16) % keys.SERIAL_SHARDS


def _stored(serial_hex: str, certificate_der: bytes, stored_at: datetime) -> dict[str, Any]:
    """What makes a serial a certificate."""
    return {
        "status": CertificateStatus.STORED,
        "certificate_der": certificate_der,
        "stored_at": rfc3339(stored_at),
        "listed": keys.stored_shard(f"{stored_at.astimezone(UTC):%Y-%m-%d}", _shard(serial_hex)),
        "listed_at": to_micros(stored_at),
    }


def _item(record: CertificateRecord) -> dict[str, Any]:
    return {
        "serial_hex": record.serial_hex,
        "reseller_id": record.reseller_id,
        "order_id": record.order_id,
        "generation": record.generation,
        "level": record.level,
        "names": record.names,
        "common_name": record.common_name,
        "spki_sha256": record.spki_sha256,
        "issuer_id": record.issuer_id,
        "not_before": rfc3339(record.not_before),
        "not_after": rfc3339(record.not_after),
        "caa_valid_until": rfc3339(record.caa_valid_until),
        "tbs_der": record.tbs_der,
        "recorded_at": rfc3339(record.recorded_at),
        "status": record.status,
        "request_id": record.request_id,
        "reissue_id": record.reissue_id,
        "listed": keys.recorded_shard(_shard(record.serial_hex)),
        "listed_at": to_micros(record.recorded_at),
    }


def _record(item: Item) -> CertificateRecord:
    record = CertificateRecord(
        serial_hex=item["serial_hex"],
        reseller_id=item["reseller_id"],
        order_id=item["order_id"],
        generation=item["generation"],
        level=Level(item["level"]),
        names=tuple(item["names"]),
        common_name=item.get("common_name"),
        spki_sha256=item["spki_sha256"],
        issuer_id=item["issuer_id"],
        not_before=parse_rfc3339(item["not_before"]),
        not_after=parse_rfc3339(item["not_after"]),
        caa_valid_until=parse_rfc3339(item["caa_valid_until"]),
        tbs_der=bytes(item["tbs_der"]),
        recorded_at=parse_rfc3339(item["recorded_at"]),
        status=CertificateStatus(item["status"]),
        request_id=item.get("request_id"),
        reissue_id=item.get("reissue_id"),
        issued_as=item.get("issued_as"),
    )
    if "revoked_at" in item:
        follows = item.get("order_follows")
        record = replace(
            record,
            revoked_at=from_micros(item["revoked_at"]),
            reason=Reason(item["revocation_reason"]),
            order_follows=OrderFollows(follows) if follows else None,
        )
    if "certificate_der" not in item:
        return record
    return replace(
        record,
        certificate_der=bytes(item["certificate_der"]),
        stored_at=parse_rfc3339(item["stored_at"]),
    )
