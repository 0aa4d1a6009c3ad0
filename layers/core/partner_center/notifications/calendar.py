"""When somebody is reminded of what ends: decided without looking anything up.

Days are those of UTC. The reminder of a day is due at its midnight, so the run of that day finds it, and every later
run if that one was missed. What was missed is made up for by one reminder, the latest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum

from partner_center.accounts.resellers import ReminderPreferences
from partner_center.issuance.record import CertificateRecord
from partner_center.orders.deadlines import (
    covers_the_term,
    lifecycle_of,
    live_certificate,
    names_to_prove,
    reissue_opens,
    reissues_with_its_key,
)
from partner_center.orders.lifecycle import A_SECOND
from partner_center.orders.order import Order, OrderStatus
from partner_center.validation.challenges import Proof, usable_until
from partner_center.validation.control_methods import covers


class ReminderKind(StrEnum):
    """What ends. A kind is a rail of its own: an order has at most one entry of each."""

    CERTIFICATE_ENDS = "certificate_ends"
    """A certificate ends before the order's term: reissue it, free."""
    TERM_ENDS = "term_ends"
    """The term ends: renew the order, at its price."""
    PROOFS_END = "proofs_end"
    """Reissued before, the certificate needs no new proof of its names; reissued when it is time, it does."""


_DAYS_OF_A_LIFE: Sequence[tuple[int, tuple[int, ...]]] = (
    (120, (90, 60, 30, 14, 7, 3, 1, 0, -7)),
    (60, (45, 30, 14, 7, 3, 1, 0, -7)),
    (30, (21, 14, 7, 3, 1, 0, -7)),
    (10, (7, 3, 1, 0, -7)),
    (0, (1, 0, -1)),
)
"""Days before an end, by the shortest life in days that has them: the first is never in the first half of a life."""

_PROOF_DAYS = (14, 3)
_SHORTEST_NOTICE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Ending:
    """What ends when: the facts behind an entry. `begins` is from when reminders count.

    `lead_days`: it is to be done by itself so many days before; who reminds waits until that should have happened.
    """

    kind: ReminderKind
    begins: datetime
    ends: datetime
    serial: str | None = None
    lead_days: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the calendar: what ends, what was dealt with, and when the next reminder is due.

    Reminders up to `done_until` were sent, made up for or left out. Without `remind_at` none will follow. It `stands`
    while the order has such an end: it ends with the last reissue of a term, a renewal, a revocation.
    """

    reseller_id: str
    order_id: str
    kind: ReminderKind
    ends: datetime
    begins: datetime
    done_until: datetime
    remind_at: datetime | None
    serial: str | None = None
    stands: bool = True

    def is_due(self, moment: datetime) -> bool:
        return self.remind_at is not None and self.remind_at <= moment

    @property
    def was_put_off(self) -> bool:
        """Whether it was due and could not be judged: what is planned is due at midnight, and this is not."""
        return self.remind_at is not None and self.remind_at.astimezone(UTC).time() != time()


def reminder_days(ending: Ending, preferences: ReminderPreferences) -> tuple[int, ...]:
    """The days before the end on which to remind, the earliest first; a negative one comes after the end.

    A reseller's own days replace the usual ones, but for those that a life so short does not reach, and for the one
    after the end, which is our last word.
    """
    life = (ending.ends + A_SECOND - ending.begins) // timedelta(days=1)
    usual = next(days for least, days in _DAYS_OF_A_LIFE if life >= least)
    days = _PROOF_DAYS if ending.kind is ReminderKind.PROOFS_END else usual
    if preferences.days is not None:
        own = {each for each in preferences.days if each <= days[0]}
        days = tuple(sorted(own | {each for each in days if each < 0}, reverse=True))
    if ending.lead_days is not None:
        days = tuple(each for each in days if each < ending.lead_days)
    return days


def reminder_at(ends: datetime, days: int) -> datetime:
    """Midnight of the day that lies so many days before the day of the end."""
    day = ends.astimezone(UTC).date() - timedelta(days=days)
    return datetime.combine(day, time(), UTC)


def next_reminder(ending: Ending, days: Sequence[int], after: datetime) -> datetime | None:
    """The first reminder that is due later than `after`; None when there is none left."""
    moments = (reminder_at(ending.ends, each) for each in days)
    return min((each for each in moments if each > after), default=None)


def reminder_due(
    ending: Ending, days: Sequence[int], done_until: datetime, moment: datetime
) -> tuple[int, ...]:
    """The reminders that fell due since `done_until`, by their days before the end; the latest is the last."""
    return tuple(each for each in days if done_until < reminder_at(ending.ends, each) <= moment)


def endings_of(
    order: Order,
    certificates: Sequence[CertificateRecord],
    proofs: Sequence[Proof],
    *,
    renewed: bool = False,
) -> Mapping[ReminderKind, Ending]:
    """What the order is to be reminded of; nothing unless it was issued and still stands.

    `certificates` are all of it, `proofs` those on file. What was renewed needs no reminder.
    """
    head = order.head
    if head.status is not OrderStatus.ISSUED or head.term_to is None or head.issued_at is None or renewed:
        return {}
    found = [Ending(ReminderKind.TERM_ENDS, head.issued_at, head.term_to)]
    certificate = live_certificate(certificates, order.content.names)
    if certificate is not None and not covers_the_term(certificate, head):
        keeps_its_key = reissues_with_its_key(order.content, certificates)
        found += _before_a_reissue(order, certificate, proofs, keeps_its_key=keeps_its_key)
    return {each.kind: each for each in found}


def _before_a_reissue(
    order: Order, certificate: CertificateRecord, proofs: Sequence[Proof], *, keeps_its_key: bool
) -> Sequence[Ending]:
    chosen = lifecycle_of(order.content)
    opens = reissue_opens(certificate.not_before, certificate.not_after, chosen.days_before)
    unproven = names_to_prove(order.content, proofs, opens)
    by_itself = keeps_its_key and not unproven
    lead = (certificate.not_after + A_SECOND - opens).days if by_itself else None
    found = [
        Ending(
            ReminderKind.CERTIFICATE_ENDS,
            certificate.not_before,
            certificate.not_after,
            certificate.serial_hex,
            lead,
        )
    ]
    if (until := _proven_until(certificate, unproven, proofs)) is not None:
        found.append(Ending(ReminderKind.PROOFS_END, certificate.not_before, until, certificate.serial_hex))
    return found


def _proven_until(
    certificate: CertificateRecord, unproven: Sequence[str], proofs: Sequence[Proof]
) -> datetime | None:
    """The last second in which a reissue needs no proof, where that is worth a mail.

    Proofs that hold for a few days only, as from 2029-03-15 on (BR 4.2.1), end long before any reissue.
    """
    if not unproven:
        return None
    until = [
        max((usable_until(each) for each in proofs if _covers(each, name)), default=certificate.not_before)
        for name in unproven
    ]
    first = min(until)
    return first if first - certificate.not_before >= _SHORTEST_NOTICE else None


def _covers(proof: Proof, name: str) -> bool:
    return covers(proof.method, proof.authorization_domain, name, persist_below=proof.below)
