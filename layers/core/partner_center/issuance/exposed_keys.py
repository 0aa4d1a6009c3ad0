"""A key whose private half was sent here: blocked, and every certificate with it named.

A key that no order has yet is blocked as well, since who was told of a compromise must not certify it afterwards
(BR 6.1.1.3). That the halves of the key belong together was proven before it was reported (incident of 2017).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Protocol

from partner_center.issuance.record import CertificateRecord, Reason
from partner_center.issuance.revocation import revocation_of
from partner_center.kernel.clock import Clock
from partner_center.kernel.events import AuditRecord, Chronicle, Event
from partner_center.kernel.ids import Ids, encode_time_ordered
from partner_center.kernel.patience import PASSES
from partner_center.kernel.turns import in_turn
from partner_center.orders.exposed_keys import ExposedKey

REASON = "its private key has become known"
_ANEW_AFTER = timedelta(hours=1)
"""A report of a key that was blocked before asks for revocations once an hour: the first event may have been lost."""


class KeyRegister(Protocol):
    """Which orders have a key, and which keys are blocked."""

    def orders_of(self, spki_sha256: str) -> Iterator[tuple[str, str]]:
        """Reseller and order id of each content that had the key; an order may come more than once."""
        ...

    def block(self, spki_sha256: str, reason: str, moment: datetime, audit: AuditRecord) -> datetime:
        """Since when the key is blocked: `moment`, or earlier if it was; then nothing is written."""
        ...

    def tell(self, event: Event) -> None:
        """Into the outbox, once for each event id."""
        ...


class Certificates(Protocol):
    """Reads the serials of an order in whatever state: one that was recorded may have been signed."""

    def not_ended(self, reseller_id: str, order_id: str, moment: datetime) -> Iterator[CertificateRecord]:
        """Those that may not have ended; each is read when it is reached."""
        ...


@dataclass(frozen=True, slots=True)
class BlockExposedKey:
    """The use case. It may be repeated, and is when it ends half-way: what was written stays as it was first."""

    register: KeyRegister
    certificates: Certificates
    clock: Clock
    ids: Ids

    def __call__(self, exposed: ExposedKey) -> None:
        """Raises TryAgain, and why certificates of an order could not be read, once those of the others are named.

        Orders are listed once the block stands: who comes later sees it before anything is signed (docs/adr/0007).
        """
        moment = self.clock.now()
        actor = f"key:{exposed.key_id}" if exposed.key_id else "public"
        chronicle = Chronicle(self.ids, moment, actor, exposed.request_id)
        audit = chronicle.audit(
            "key.blocked",
            exposed.reseller_id,
            self._order_of_the_sender(exposed),
            spki_sha256=exposed.spki_sha256,
            request_id=exposed.request_id,
        )
        since = self.register.block(exposed.spki_sha256, REASON, moment, audit)
        told_at = since + max((moment - since) // _ANEW_AFTER, 0) * _ANEW_AFTER
        told, failures = replace(chronicle, moment=told_at), list[Exception]()
        orders = [*dict.fromkeys(self.register.orders_of(exposed.spki_sha256))]
        # Of very many orders one invocation comes to a part; the next one begins elsewhere.
        for order in in_turn(orders, moment):
            try:
                self._name(order, exposed.spki_sha256, moment, told)
            except PASSES:
                raise
            except Exception as error:  # noqa: BLE001 - raised again once the others were named
                failures.append(error)
        if failures:
            raise ExceptionGroup("certificates of some orders with the key could not be read", failures)

    def _name(self, order: tuple[str, str], spki_sha256: str, moment: datetime, told: Chronicle) -> None:
        for record in self.certificates.not_ended(*order, moment):
            if _is_at_risk(record, spki_sha256, moment):
                self.register.tell(_notice(record, told))

    def _order_of_the_sender(self, exposed: ExposedKey) -> str:
        """For the audit record, which tells nobody of the orders of others; empty when the sender has none."""
        orders = self.register.orders_of(exposed.spki_sha256)
        return next((order_id for reseller_id, order_id in orders if reseller_id == exposed.reseller_id), "")


def _is_at_risk(record: CertificateRecord, spki_sha256: str, moment: datetime) -> bool:
    """Whether there is something to do: one that was revoked for another reason shall say keyCompromise."""
    wanted = revocation_of(record, Reason.KEY_COMPROMISE, moment, proven=True)
    return wanted is not None and record.spki_sha256 == spki_sha256


def _notice(record: CertificateRecord, chronicle: Chronicle) -> Event:
    """The event that asks for the revocation; the same certificate and moment always make the same id."""
    event = chronicle.event(
        "key.exposed",
        record.reseller_id,
        record.order_id,
        serial=record.serial_hex,
        spki_sha256=record.spki_sha256,
    )
    digest = sha256(f"{record.spki_sha256}#{record.serial_hex}".encode()).digest()
    milliseconds = int(chronicle.moment.timestamp() * 1000)
    return replace(event, event_id=f"evt_{encode_time_ordered(milliseconds, int.from_bytes(digest[:10]))}")
