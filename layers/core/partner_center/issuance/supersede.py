"""What is revoked because something has taken its place: a certificate after a reissue, an order after a replacement.

It is due at once or some hours after its successor was issued, as the reseller chose. Nothing is revoked when what
should have taken its place is dead itself: a site would be left without any certificate. It is kept then, and five
days longer once a certificate of the successor, or of what follows it, is issued. What is known to say something
wrong goes all the same (BR 4.9.1.1: within five days).

The price of what is superseded stays with its successor: nothing is given back (`billing.refunds`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, Protocol

from partner_center.issuance.record import CertificateRecord, OrderFollows, Reason
from partner_center.issuance.revocation import is_at_risk
from partner_center.issuance.revoke import Revoker, Wish
from partner_center.kernel.clock import Clock, rfc3339
from partner_center.kernel.errors import TryAgain
from partner_center.kernel.events import Event
from partner_center.kernel.ids import Ids
from partner_center.kernel.patience import AFTER_TROUBLE
from partner_center.kernel.turns import in_turn
from partner_center.orders.lifecycle import LONGEST_DELAY_HOURS
from partner_center.orders.order import OrderStatus
from partner_center.validation.ports import Message

SHARDS = 8
A_SHARD = 25
"""Supersessions of one shard that are carried out in one run; the next goes on."""

LONGEST_DELAY = timedelta(hours=LONGEST_DELAY_HOURS)


class SupersessionId(NamedTuple):
    """`successor` takes the place of something of an order, once: a reissue, an order, or a newer certificate."""

    reseller_id: str
    order_id: str
    successor: str


@dataclass(frozen=True, slots=True)
class Supersession:
    """`successor` takes the place of a certificate, of all before it that hold other names, or of the whole order.

    `successor`: the id of the reissue or of the order; where a newer certificate overtook a reissue's, whichever that
    is by then, the serial of what was overtaken. `serial_hex`: the one certificate. `names`: those of a reissue that
    gave up others, with which every older certificate goes that holds one of them (docs/adr/0018). With neither it
    is the order. `due_at`: `orders.lifecycle.revoked_at`. `regardless`: what is superseded says something that is
    known to be wrong, so it goes whatever became of the successor. `was_kept`: it was due before, when nothing valid
    had taken the place.
    """

    reseller_id: str
    order_id: str
    serial_hex: str | None
    due_at: datetime
    successor: str
    regardless: bool = False
    names: tuple[str, ...] | None = None
    was_kept: bool = False

    @property
    def id(self) -> SupersessionId:
        return SupersessionId(self.reseller_id, self.order_id, self.successor)

    @property
    def is_of_order(self) -> bool:
        return self.serial_hex is None and self.names is None

    @property
    def is_of_former_names(self) -> bool:
        """Whether names go with it that their order has not any more."""
        return self.names is not None or self.serial_hex == self.successor


class SupersessionEnd(StrEnum):
    """How a supersession ended."""

    REVOKED = "revoked"
    OVER = "over"
    """It had ended or was revoked already."""
    KEPT = "kept"
    """Nothing that is valid has taken its place, until something does."""


class BlockedKeys(Protocol):
    """The keys that were blocked here, those of this moment included."""

    def is_blocked(self, spki_sha256: str) -> str | None: ...


class Supersessions(Protocol):
    """Supersessions that wait. They come into being in the transaction that completes the successor."""

    def of_order(self, reseller_id: str, order_id: str) -> Sequence[Supersession]:
        """Those that wait for their time, and those that were kept."""
        ...

    def due(self, shard: int, moment: datetime, at_most: int) -> Sequence[SupersessionId]:
        """Those of a shard that are due by `moment`, longest first; none of them is read for that."""
        ...

    def get(self, supersession: SupersessionId) -> Supersession | None:
        """None when it does not wait, or not any more."""
        ...

    def put_off(self, supersession: SupersessionId, moment: datetime) -> None:
        """It is not listed as due before `moment`; when it was due stays as it is. Raises TryAgain."""
        ...

    def begin_anew(self, supersession: Supersession, due_at: datetime, message: Message) -> None:
        """One that was kept waits again, until then; otherwise nothing changes. The message is told with it."""
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
        """What is due of the order that the event of an issue names, and of those that it replaces.

        Some of it may have been kept for want of the certificate that was issued now. A compromised key has no delay,
        whatever was chosen (BR 4.9.1.1). Raises TryAgain; then it is told again.
        """
        reseller_id, order_id = str(event.data["reseller_id"]), str(event.data["order_id"])
        seen: set[str] = set()
        while order_id not in seen:
            seen.add(order_id)
            found = self.supersessions.of_order(reseller_id, order_id)
            for each in sorted(found, key=lambda each: each.due_at):
                if each.was_kept:
                    self._take_up(each)
                elif each.due_at <= self.clock.now() or self._goes_early(each):
                    self.carry_out(each, event.correlation_id)
            head = self.revoker.orders.head(reseller_id, order_id)
            if head is None or head.replaces is None:
                return
            order_id = head.replaces

    def due(self) -> Iterator[SupersessionId]:
        """Everything that is due by now; a run that was missed loses nothing. Raises TryAgain."""
        moment = self.clock.now()
        for shard in in_turn(range(SHARDS), moment):
            yield from in_turn(self.supersessions.due(shard, moment, A_SHARD), moment, shard)

    def put_off(self, supersession: SupersessionId) -> None:
        """One that cannot be carried out stands in nobody's way for a while. Raises TryAgain."""
        self.supersessions.put_off(supersession, self.clock.now() + AFTER_TROUBLE)

    def carry_out_due(self, supersession: SupersessionId, correlation_id: str) -> SupersessionEnd | None:
        """As `carry_out`, for one that was listed as due; None if it has begun anew meanwhile and is due later."""
        found = self.supersessions.get(supersession)
        if found is None:
            return SupersessionEnd.OVER
        return self.carry_out(found, correlation_id) if found.due_at <= self.clock.now() else None

    def carry_out(self, supersession: Supersession, correlation_id: str) -> SupersessionEnd:
        """Raises TryAgain; what was revoked until then stays, and a repetition goes on."""
        if supersession.is_of_order:
            end, what = self._order(supersession, correlation_id), "This order"
        else:
            end, what = self._certificates(supersession, correlation_id)
        moment = self.clock.now()
        message = self._message(supersession, what, moment) if end is SupersessionEnd.KEPT else None
        self.supersessions.end(supersession, end, moment, message)
        return end

    def _take_up(self, each: Supersession) -> None:
        """What was kept has the longest delay once something has taken its place: that is to be installed first."""
        moment = self.clock.now()
        if each.is_of_order:
            head = self.revoker.orders.head(each.reseller_id, each.order_id)
            runs = head is not None and head.status_at(moment) is OrderStatus.ISSUED
            what = "This order" if runs and self._stands(each.reseller_id, each.successor) else ""
        else:
            records = self._records(each)
            found = _at_risk(_concerned(each, records), moment)
            what = _named([record for record in found if _has_newer(record, records, moment)])
        if not what:
            return
        due_at = moment + LONGEST_DELAY
        told = f"{what}, which was kept, is revoked on {rfc3339(due_at)}: another certificate has taken the place."
        self.supersessions.begin_anew(each, due_at, Message(self.ids.new("msg", moment), moment, told))

    def _goes_early(self, each: Supersession) -> bool:
        """Whether a key is compromised, or somebody, another supersession perhaps, has revoked the certificates."""
        moment = self.clock.now()
        concerned = _concerned(each, self._records(each))
        keys = {record.spki_sha256 for record in _at_risk(concerned, moment)}
        if any(self.blocked.is_blocked(key) is not None for key in keys):
            return True
        return not each.is_of_order and not _at_risk(concerned, moment)

    def _records(self, each: Supersession) -> Sequence[CertificateRecord]:
        return self.revoker.certificates.of_order(each.reseller_id, each.order_id)

    def _certificates(self, each: Supersession, correlation_id: str) -> tuple[SupersessionEnd, str]:
        """How it ended, and what was kept, in words."""
        records, moment = self._records(each), self.clock.now()
        found = _at_risk(_concerned(each, records), moment)
        kept = [record for record in found if not (each.regardless or _has_newer(record, records, moment))]
        for record in found:
            if record not in kept:
                self.revoker.certificate(record, _wish(correlation_id, OrderFollows.NEVER))
        if kept:
            return SupersessionEnd.KEPT, _named(kept)
        return SupersessionEnd.REVOKED if found else SupersessionEnd.OVER, ""

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
        moment, seen = self.clock.now(), set[str]()
        while order_id not in seen:
            seen.add(order_id)
            records = self.revoker.certificates.of_order(reseller_id, order_id)
            if any(record.is_live(moment) for record in records):
                return True
            head = self.revoker.orders.head(reseller_id, order_id)
            if head is None or head.replaced_by is None:
                return False
            order_id = head.replaced_by
        return False

    def _message(self, each: Supersession, what: str, moment: datetime) -> Message:
        successor = f"certificate of {each.successor}" if each.is_of_order else "newer one"
        return Message(
            self.ids.new("msg", moment),
            moment,
            f"{what} was to be revoked by now and stays valid until another certificate takes its place, because no "
            f"{successor} is valid any more. Revoke it yourself if it is not needed.",
        )


def _concerned(each: Supersession, records: Sequence[CertificateRecord]) -> Sequence[CertificateRecord]:
    """Those whose place is taken, of all of the order. Raises TryAgain while one that must be there is not."""
    if each.is_of_order:
        return records
    found = [record for record in records if record.serial_hex == each.serial_hex]
    if each.serial_hex is not None and not found:
        raise TryAgain("The certificate cannot be read at the moment.")
    return found + _with_other_names(each, [record for record in records if record not in found])


def _at_risk(records: Sequence[CertificateRecord], moment: datetime) -> Sequence[CertificateRecord]:
    return [record for record in records if is_at_risk(record, moment)]


def _has_newer(record: CertificateRecord, others: Sequence[CertificateRecord], moment: datetime) -> bool:
    return any(other.age() > record.age() and other.is_live(moment) for other in others)


def _named(records: Sequence[CertificateRecord]) -> str:
    """Certificates by their serials, as the beginning of a sentence in the singular; nothing for none."""
    serials = ", ".join(record.serial_hex for record in records)
    if len(records) > 1:
        return f"Each of the certificates {serials}"
    return f"The certificate {serials}" if records else ""


def _with_other_names(each: Supersession, records: Sequence[CertificateRecord]) -> list[CertificateRecord]:
    """Those that are older than the successor's and hold a name that it gave up."""
    if each.names is None:
        return []
    made = [record for record in records if record.reissue_id == each.successor and record.stored_at]
    if not made:
        raise TryAgain("The certificate cannot be read at the moment.")
    since = made[0].age()
    return [record for record in records if record.age() < since and set(record.names) - set(each.names)]


def _wish(correlation_id: str, order_follows: OrderFollows) -> Wish:
    return Wish(Reason.SUPERSEDED, "system", correlation_id, order_follows)
