"""What must be done next for an order, by when: the chain of certificates inside its term, then its renewal.

A term may be longer than any certificate (BR 6.3.2), so it is covered by a chain of them. Each is as long as the
rules of the day on which it is issued allow, and each signing needs proofs that hold on that day (BR 4.2.1).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from partner_center.issuance.record import CertificateRecord, CertificateStatus, Reason
from partner_center.issuance.validity import plan_validity
from partner_center.kernel.clock import rfc3339
from partner_center.kernel.dated_rules import rules_on
from partner_center.orders.content import Lifecycle, Method, OrderContent
from partner_center.orders.lifecycle import A_SECOND, renewal_window
from partner_center.orders.order import Order, OrderHead, OrderStatus
from partner_center.orders.ports import OrderReader, successors_of
from partner_center.validation.challenges import Proof, proof_usable

Validity = tuple[datetime, datetime]


class DeadlineKind(StrEnum):
    """What has to be done. `csr`: the reissue makes itself once it is given a new CSR; `validation`: once its
    names are proven again.
    """

    REISSUE = "reissue"
    RENEWAL = "renewal"
    VALIDATION = "validation"
    CSR = "csr"


class Cost(StrEnum):
    """What it costs: nothing inside the term (M44), the price of another term for a renewal."""

    FREE = "free"
    PRICE = "price"


@dataclass(frozen=True, slots=True)
class Deadline:
    """The next thing to do: best from `opens_at` on, at the latest by `date`, the last second that is still good.

    `automatic`: it happens by itself. `names` must be proven again for it, as far as the proofs on file tell.
    """

    opens_at: datetime
    date: datetime
    kind: DeadlineKind
    cost: Cost
    automatic: bool = False
    names: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "opens_at": rfc3339(self.opens_at),
            "date": rfc3339(self.date),
            "kind": self.kind,
            "cost": self.cost,
            "automatic": self.automatic,
        }
        return shown | ({"names": list(self.names)} if self.names else {})


def reissue_opens(not_before: datetime, not_after: datetime, days_before: int) -> datetime:
    """From when a certificate is to be reissued: so many days before its end, but not in the first half of its life.

    Else a chain of short certificates would hardly get longer.
    """
    over = not_after + A_SECOND
    return max(over - timedelta(days=days_before), not_before + (over - not_before) / 2)


def certificate_chain(issued_at: datetime, term_to: datetime, days_before: int) -> tuple[Validity, ...]:
    """The certificates that cover a term when each is reissued as soon as it is time, by the dated rules.

    `issued_at` is the day of the first; no certificate outlives `term_to`.
    """
    chain = [plan_validity(issued_at, term_to, rules_on(issued_at))]
    while chain[-1][1] < _whole_second(term_to):
        due = reissue_opens(*chain[-1], days_before)
        chain.append(plan_validity(due, term_to, rules_on(due)))
    return tuple(chain)


def live_certificate(
    certificates: Iterable[CertificateRecord], names: Iterable[str]
) -> CertificateRecord | None:
    """The newest of the certificates for `names` that were not revoked, ended or not: the one that is installed.

    Where a rule has changed in between, an older one may last longer. One that lacks a name, as from before names
    were changed, serves the order no more.
    """
    wanted = set(names)
    standing = (
        each
        for each in certificates
        if each.status is not CertificateStatus.REVOKED and wanted <= set(each.names)
    )
    return max(standing, key=CertificateRecord.age, default=None)


def covers_the_term(certificate: CertificateRecord, head: OrderHead) -> bool:
    """Whether the order needs no further certificate."""
    return head.term_to is None or certificate.not_after >= _whole_second(head.term_to)


def lifecycle_of(content: OrderContent) -> Lifecycle:
    """What the reseller chose for the time after issue, or what holds where nothing was chosen."""
    return content.lifecycle or Lifecycle()


def reissues_with_its_key(content: OrderContent, certificates: Iterable[CertificateRecord]) -> bool:
    """Whether the next certificate is to be made by itself, with the key that the order has.

    A key for whose compromise one of the order's certificates was revoked is never certified again (BR 6.1.1.3), so
    that somebody must send another.
    """
    chosen = lifecycle_of(content)
    compromised = {each.spki_sha256 for each in certificates if each.reason is Reason.KEY_COMPROMISE}
    return chosen.auto_reissue and chosen.key == "same" and content.spki_sha256 not in compromised


def names_to_prove(content: OrderContent, proofs: Sequence[Proof], moment: datetime) -> tuple[str, ...]:
    """The names that no proof on file would carry at a signing at `moment`.

    A persistent record is read again by itself, so its names are not among them (BR 3.2.2.4.22).
    """
    return tuple(
        name
        for name in content.names
        if content.methods[name].method is not Method.DNS_PERSIST
        and not any(proof_usable(proof, name, moment) for proof in proofs)
    )


def next_deadline(
    order: Order,
    certificates: Sequence[CertificateRecord],
    proofs: Sequence[Proof],
    moment: datetime,
    *,
    renewed: bool = False,
) -> Deadline | None:
    """The order's next deadline at `moment`; None when nothing more is to be done.

    `proofs` are those on file for its subscriber. An order that was `renewed` has none: its renewal has the
    certificate, and the deadlines.
    """
    head = order.head
    if head.status is not OrderStatus.ISSUED or head.term_to is None or renewed:
        return None
    current = live_certificate(certificates, order.content.names)
    if head.status_at(moment) is OrderStatus.ISSUED and (
        current is None or not covers_the_term(current, head)
    ):
        keeps_its_key = reissues_with_its_key(order.content, certificates)
        return _reissue(order, current, proofs, moment, keeps_its_key=keeps_its_key)
    return _renewal(head, moment)


def is_renewed(orders: OrderReader, head: OrderHead) -> bool:
    """Whether the order that was placed to renew this one has its certificate: only then nothing is left to do."""
    renewal = successors_of(orders, head).renewal
    return renewal is not None and renewal.issued_at is not None


def _reissue(
    order: Order,
    current: CertificateRecord | None,
    proofs: Sequence[Proof],
    moment: datetime,
    *,
    keeps_its_key: bool,
) -> Deadline:
    """Without a certificate that was not revoked, a reissue is due since the order last changed."""
    head, chosen = order.head, lifecycle_of(order.content)
    opens, date = head.updated_at, head.term_to or head.updated_at
    if current is not None:
        opens = reissue_opens(current.not_before, current.not_after, chosen.days_before)
        date = current.not_after
    names = names_to_prove(order.content, proofs, max(opens, moment))
    kind = DeadlineKind.REISSUE
    if chosen.auto_reissue and not keeps_its_key:
        kind = DeadlineKind.CSR
    elif chosen.auto_reissue and names:
        kind = DeadlineKind.VALIDATION
    # Without a certificate a person must say what is to be done (`auto_reissue.reissues_itself_at`).
    automatic = chosen.auto_reissue and kind is DeadlineKind.REISSUE and current is not None
    return Deadline(opens, date, kind, Cost.FREE, automatic, names)


def _renewal(head: OrderHead, moment: datetime) -> Deadline | None:
    """By the end of the term, or, once that has passed, while a renewal is still taken."""
    window = renewal_window(head)
    if window is None or head.term_to is None or moment >= window[1]:
        return None
    date = head.term_to if moment <= head.term_to else window[1] - A_SECOND
    return Deadline(window[0], date, DeadlineKind.RENEWAL, Cost.PRICE)


def _whole_second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
