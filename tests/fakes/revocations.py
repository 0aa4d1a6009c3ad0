"""Serials, revocations and CRLs in memory."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256

from partner_center.issuance.crl_record import PublishedCrl, RevokedCertificate, SeenCrl
from partner_center.issuance.key_block import KeyBlock
from partner_center.issuance.profile import IssuingCa
from partner_center.issuance.record import CertificateRecord
from partner_center.issuance.revoke import CertificateRevocation, OrderRevocation, Revoker
from partner_center.kernel.errors import ChangedMeanwhile
from tests.fakes.determined import CountingIds, FixedClock
from tests.fakes.key_register import MemoryKeyRegister
from tests.fakes.order_store import MemoryOrders
from tests.fakes.stores import MemoryStores
from tests.fakes.tables import Tables

A_WHILE = timedelta(days=100)


@dataclass
class MemorySerials:
    """`RevocableCertificates`: every serial, by its number."""

    records: dict[str, CertificateRecord] = field(default_factory=dict)

    def add(self, *records: CertificateRecord) -> None:
        self.records |= {each.serial_hex: each for each in records}

    def by_serial(self, serial_hex: str) -> CertificateRecord | None:
        return self.records.get(serial_hex)

    def of_reseller(self, reseller_id: str, serial_hex: str) -> CertificateRecord | None:
        record = self.records.get(serial_hex)
        issued = record is not None and record.certificate_der is not None
        return record if issued and record.reseller_id == reseller_id else None

    def of_order(self, reseller_id: str, order_id: str) -> Sequence[CertificateRecord]:
        return [each for each in self._every(reseller_id, order_id) if each.certificate_der is not None]

    def not_ended(self, reseller_id: str, order_id: str, moment: datetime) -> Iterator[CertificateRecord]:
        """Some that have ended are among them, as in the table, which knows generations and no ends."""
        return (each for each in self._every(reseller_id, order_id) if moment <= each.not_after + A_WHILE)

    def _every(self, reseller_id: str, order_id: str) -> Sequence[CertificateRecord]:
        wanted = (reseller_id, order_id)
        return [each for each in self.records.values() if (each.reseller_id, each.order_id) == wanted]


@dataclass
class MemoryRevocations:
    """`Revocations` over the rows of `Tables`, the serials and the keys that are blocked."""

    tables: Tables
    serials: MemorySerials
    orders: MemoryOrders
    register: MemoryKeyRegister = field(default_factory=MemoryKeyRegister)

    def revoke_certificate(self, change: CertificateRevocation) -> None:
        with self.tables.writing("revoke_certificate"):
            self.orders.require_unbound(change.guard)
            present = self.serials.records[change.before.serial_hex]
            if (present.status, present.reason) != (change.before.status, change.before.reason):
                raise ChangedMeanwhile("It changed meanwhile; look again.")
            self.tables.require_new(change.event, change.audit)
            self.serials.add(change.revocation.record)
            self.tables.accompany(change.event, change.audit)
            if change.message is not None:
                told = self.tables.messages[present.reseller_id, present.order_id]
                told[change.message.message_id] = change.message
            if change.block is not None:
                self.bar(change.block)
            self.orders.bind(change.guard)

    def bar(self, block: KeyBlock) -> None:
        self.register.block(block.spki_sha256, block.reason, block.at, block.audit)

    def revoke_order(self, change: OrderRevocation) -> None:
        with self.tables.writing("revoke_order"):
            head = change.head
            self.orders.require_unbound(change.guard)
            self.orders.require_version(head, change.expected_version)
            for each in change.lineage:
                self.orders.require_version(each.head, each.expected_version)
            refund = change.refund
            self.tables.require_new(change.event, change.audit, refund.entry if refund else None)
            contract = self.tables.contracts[head.reseller_id, head.contract_id]
            if refund is not None and contract.units_used < refund.units_back:
                raise ChangedMeanwhile("The units are not used.")
            self.orders.move(head, change.expected_version)
            for each in change.lineage:
                self.orders.move_before(each)
            if refund is not None:
                units = refund.units_back
                moved = {"units_used": -units, "units_left": units} if units else {}
                self.tables.enter(contract, refund.entry, moved)
            self.tables.accompany(change.event, change.audit)
            self.orders.bind(change.guard)


class RevokingWorld:
    """A revoker in memory, with the rows it writes."""

    def __init__(self) -> None:
        self.clock, self.ids = FixedClock(), CountingIds()
        self.stores = MemoryStores()
        self.tables = self.stores.tables
        self.serials = MemorySerials()
        orders = self.stores.orders
        self.revocations = MemoryRevocations(self.tables, self.serials, orders)
        self.register = self.revocations.register
        self.revoker = Revoker(orders, self.serials, self.revocations, self.clock, self.ids)

    def happened(self, type_: str) -> list[dict[str, object]]:
        """The data of each event of that type, oldest first."""
        return [dict(each.data) for each in self.tables.events.values() if each.type == type_]


@dataclass
class MemoryCrls:
    """`Crls`: rows by CA; `before` is called ahead of each method by its name."""

    rows: dict[str, list[RevokedCertificate]] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    noted: dict[str, PublishedCrl] = field(default_factory=dict)
    before: Callable[[str], object] = lambda name: None

    def next_number(self, issuer_id: str, moment: datetime, above: int) -> int:
        self.before("next_number")
        self.numbers[issuer_id] = max(self.numbers.get(issuer_id, 0), above) + 1
        return self.numbers[issuer_id]

    def published(self, issuer_id: str) -> PublishedCrl | None:
        return self.noted.get(issuer_id)

    def revoked(self, issuer_id: str, ended_after: datetime | None) -> Sequence[RevokedCertificate]:
        self.before("revoked")
        rows = self.rows.get(issuer_id, [])
        return [each for each in rows if ended_after is None or each.not_after >= ended_after]

    def note(self, issuer_id: str, published: PublishedCrl) -> None:
        self.before("note")
        present = self.noted.get(issuer_id)
        if present is None or present.number < published.number:
            self.noted[issuer_id] = published

    def mark(
        self, issuer_id: str, number: int | None, moment: datetime, told: Iterable[RevokedCertificate]
    ) -> None:
        self.before("mark")
        seen = set(told)
        rows = self.rows.get(issuer_id, [])
        self.rows[issuer_id] = [replace(each, is_published=True) if each in seen else each for each in rows]

    def oldest_unpublished(self, issuer_id: str) -> datetime | None:
        waiting = [each.recorded_at for each in self.rows.get(issuer_id, []) if not each.is_published]
        return min(waiting, default=None)


@dataclass
class MemoryRepository:
    """`Repository`: what is published by address, with the number of a CRL."""

    objects: dict[str, bytes] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    before: Callable[[], object] = lambda: None

    def seen(self, url: str) -> SeenCrl | None:
        if url not in self.objects:
            return None
        return SeenCrl(self.numbers[url], sha256(self.objects[url]).hexdigest())

    def replace_crl(self, url: str, der: bytes, number: int, seen: SeenCrl | None) -> bool:
        self.before()
        if self.seen(url) != seen or (seen is not None and seen.number >= number):
            return False
        self.objects[url], self.numbers[url] = der, number
        return True

    def publish_certificate(self, url: str, der: bytes) -> None:
        self.objects[url] = der


@dataclass
class Cas:
    """`IssuingCas` of those that are given."""

    every: Sequence[IssuingCa]

    def issuing_cas(self) -> Sequence[IssuingCa]:
        return self.every
