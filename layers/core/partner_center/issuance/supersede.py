"""What is revoked because something has taken its place: a certificate after a reissue, an order after a replacement.

It is due at once or some hours after its successor was issued, as the reseller chose. Nothing is revoked when what
should have taken its place is dead itself: a site would be left without any certificate. What is known to say
something wrong goes all the same (BR 4.9.1.1: within five days).

The price of what is superseded stays with its successor: nothing is given back (`billing.refunds`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from partner_center.issuance.record import CertificateRecord, Reason
from partner_center.issuance.revocation import OrderFollows, is_at_risk
from partner_center.issuance.revoke import Revoker, Wish
from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import TryAgain
from partner_center.kernel.events import Event
from partner_center.kernel.ids import Ids
from partner_center.orders.order import OrderStatus
from partner_center.validation.ports import Message

SHARDS = 8
A_SHARD = 25
"""Supersessions of one shard that are carried out in one run; the next goes on."""

_LONGEST_LINEAGE = 50


@dataclass(frozen=True, slots=True)
class Supersession:
    """`successor` takes the place of a certificate, or of the whole order where `serial_hex` is None.

    `successor`: the id of the reissue or of the order. `due_at`: `orders.lifecycle.revoked_at`. `regardless`: what is
    superseded says something that is known to be wrong, so it goes whatever became of the successor.
    """

    reseller_id: str
    order_id: str
    serial_hex: str | None
    due_at: datetime
    successor: str
    regardless: bool = False


class SupersessionEnd(StrEnum):
    """How a supersession ended."""

    REVOKED = "revoked"
    OVER = "over"
    """It had ended or was revoked already."""
    KEPT = "kept"
    """Nothing that is valid has taken its place."""


class BlockedKeys(Protocol):
    """The keys that were blocked here, those of this moment included."""

    def is_blocked(self, spki_sha256: str) -> str | None: ...


class Supersessions(Protocol):
    """Supersessions that wait. They come into being in the transaction that completes the successor."""

    def of_order(self, reseller_id: str, order_id: str) -> Sequence[Supersession]: ...

    def due(self, shard: int, moment: datetime, at_most: int) -> Sequence[Supersession]:
        """Those of a shard that are due by `moment`, longest first."""
        ...

    def end(
        self,
        supersession: Supersession,
        end: SupersessionEnd,
        moment: datetime,
        message: Message | None = None,
    ) -> None:
        """It waits no more; one that ended before stays as it is. The message is told in the same write."""
        ...


@dataclass(frozen=True, slots=True)
class RevokeSuperseded:
    """The use case. A supersession ends only once the revocation stands; carrying it out again is harmless."""

    supersessions: Supersessions
    revoker: Revoker
    blocked: BlockedKeys
    clock: Clock
    ids: Ids

    def __call__(self, event: Event) -> None:
        """What is due of the order that the event of an issue names. Raises TryAgain; then it is told again.

        A compromised key has no delay, whatever was chosen (BR 4.9.1.1).
        """
        reseller_id, order_id = str(event.data["reseller_id"]), str(event.data["order_id"])
        for each in self.supersessions.of_order(reseller_id, order_id):
            if each.due_at <= self.clock.now() or self._is_compromised(each):
                self.carry_out(each, event.correlation_id)

    def due(self) -> Iterator[Supersession]:
        """Everything that is due by now; a run that was missed loses nothing. Raises TryAgain."""
        moment = self.clock.now()
        for shard in range(SHARDS):
            yield from self.supersessions.due(shard, moment, A_SHARD)

    def carry_out(self, supersession: Supersession, correlation_id: str) -> SupersessionEnd:
        """Raises TryAgain; what was revoked until then stays, and a repetition goes on."""
        if supersession.serial_hex is None:
            end = self._order(supersession, correlation_id)
        else:
            end = self._certificate(supersession, supersession.serial_hex, correlation_id)
        moment = self.clock.now()
        message = self._message(supersession, moment) if end is SupersessionEnd.KEPT else None
        self.supersessions.end(supersession, end, moment, message)
        return end

    def _is_compromised(self, each: Supersession) -> bool:
        records: Sequence[CertificateRecord] = [
            record
            for record in self.revoker.certificates.of_order(each.reseller_id, each.order_id)
            if each.serial_hex in {None, record.serial_hex}
        ]
        keys = {record.spki_sha256 for record in records}
        return any(self.blocked.is_blocked(key) is not None for key in keys)

    def _certificate(self, each: Supersession, serial_hex: str, correlation_id: str) -> SupersessionEnd:
        record = self.revoker.certificates.by_serial(serial_hex)
        if record is None:
            raise TryAgain("The certificate cannot be read at the moment.")
        moment = self.clock.now()
        if not is_at_risk(record, moment):
            return SupersessionEnd.OVER
        others = self.revoker.certificates.of_order(record.reseller_id, record.order_id)
        newer = any(other.generation > record.generation and other.is_live(moment) for other in others)
        if not newer and not each.regardless:
            return SupersessionEnd.KEPT
        self.revoker.certificate(record, _wish(correlation_id, OrderFollows.NEVER))
        return SupersessionEnd.REVOKED

    def _order(self, each: Supersession, correlation_id: str) -> SupersessionEnd:
        head = self.revoker.orders.head(each.reseller_id, each.order_id)
        if head is None or head.status_at(self.clock.now()) is not OrderStatus.ISSUED:
            return SupersessionEnd.OVER
        if not each.regardless and not self._stands(each.reseller_id, each.successor):
            return SupersessionEnd.KEPT
        self.revoker.order(head, _wish(correlation_id, OrderFollows.ALWAYS))
        return SupersessionEnd.REVOKED

    def _stands(self, reseller_id: str, order_id: str) -> bool:
        """Whether the order has a live certificate, or gave its place to one that has."""
        moment = self.clock.now()
        for _ in range(_LONGEST_LINEAGE):
            records = self.revoker.certificates.of_order(reseller_id, order_id)
            if any(record.is_live(moment) for record in records):
                return True
            head = self.revoker.orders.head(reseller_id, order_id)
            if head is None or head.replaced_by is None:
                return False
            order_id = head.replaced_by
        return False

    def _message(self, each: Supersession, moment: datetime) -> Message:
        what = f"The certificate {each.serial_hex}" if each.serial_hex else "This order"
        return Message(
            self.ids.new("msg", moment),
            moment,
            f"{what} was to be revoked by now and stays valid, because no valid certificate of {each.successor} is "
            "left. Revoke it as soon as it is not needed any more.",
        )


def _wish(correlation_id: str, order_follows: OrderFollows) -> Wish:
    return Wish(Reason.SUPERSEDED, "system", correlation_id, order_follows)
