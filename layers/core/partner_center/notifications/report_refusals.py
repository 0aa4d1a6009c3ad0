"""When CAA refuses the names of a held-back order, whoever the records name for it is told (RFC 8659, section 4.4).

Zones choose the recipients and much of the text, so reports are few: what was told of an order is not told again, and
a mailbox hears of a name once a day (UTC), and of few orders. Only mailboxes are written to; web services (RFC 6546)
are kept with the evidence and not contacted.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from typing import Any, Protocol

from partner_center.catalog.products import BrandFacts, Catalog
from partner_center.catalog.support_contacts import support_contacts
from partner_center.kernel.clock import Clock, parse_rfc3339
from partner_center.kernel.errors import ChangedMeanwhile, TryAgain
from partner_center.kernel.events import AuditRecord, Chronicle, Event
from partner_center.kernel.ids import Ids, order_of
from partner_center.notifications.caa_refusal import (
    WHY,
    CaaRefusalFacts,
    RefusedName,
    Support,
    caa_refusal_mail,
)
from partner_center.notifications.domain_mailer import message_id
from partner_center.notifications.mail import MailRefused
from partner_center.notifications.ports import Mailer
from partner_center.orders.ports import OrderReader
from partner_center.validation.caa import CaaReason
from partner_center.validation.iodef import mailbox_of

MAILBOXES_OF_A_PREFLIGHT = 5
REPORTS_OF_AN_ORDER = 20
REPORTS_TO_A_MAILBOX = 10
"""In a day."""

_RECORDS = 5


@dataclass(frozen=True, slots=True)
class Told:
    """What was told already: the digests of each report, of one order or to one mailbox in a day.

    `version` counts the reports, so that of two at once one is written.
    """

    reports: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def version(self) -> int:
        return len(self.reports)

    @property
    def digests(self) -> frozenset[str]:
        return frozenset(digest for told in self.reports.values() for digest in told)


@dataclass(frozen=True, slots=True)
class Report:
    """A mail to be: one order's refusals for one mailbox, found by one preflight, on `day` (yyyy-mm-dd)."""

    report_id: str
    reseller_id: str
    order_id: str
    mailbox: str
    day: str
    refused: tuple[Mapping[str, Any], ...]


class CaaReports(Protocol):
    """Keeps what was told. Raises TryAgain when the table is out."""

    def was_sent(self, reseller_id: str, order_id: str, mail_id: str) -> bool: ...

    def of_order(self, reseller_id: str, order_id: str) -> Told: ...

    def of_day(self, mailbox: str, day: str) -> Told: ...

    def claim(
        self, report: Report, refusals: Sequence[str], names: Sequence[str], of_order: Told, of_day: Told
    ) -> None:
        """The digests of what will be told. Raises ChangedMeanwhile unless both are as they were read."""
        ...

    def conclude(self, report: Report, audit: AuditRecord) -> None:
        """The mail went out, or never will."""
        ...


class CaaEvidence(Protocol):
    """Reads what a preflight found of CAA, name by name."""

    def of_preflight(
        self, reseller_id: str, order_id: str, preflight_id: str
    ) -> Sequence[Mapping[str, Any]] | None: ...


@dataclass(frozen=True, slots=True)
class ReportCaaRefusals:
    """The use case: at least once, and a repetition bears the same Message-ID."""

    orders: OrderReader
    evidence: CaaEvidence
    reports: CaaReports
    catalog: Catalog
    mailer: Mailer
    clock: Clock
    ids: Ids
    sender: str

    def __call__(self, event: Event) -> None:
        """Raises TryAgain when something is out; the queue then delivers the event again."""
        reseller_id, order_id = str(event.data["reseller_id"]), event.enrolment_id
        preflight_id = str(event.data["preflight_id"])
        head = self.orders.head(reseller_id, order_id)
        found = self.evidence.of_preflight(reseller_id, order_id, preflight_id)
        if head is None or found is None:
            raise TryAgain("What held the order back cannot be read at the moment.")
        product = self.catalog.product(head.product)
        if product is None:
            return  # nobody looked CAA up for a product that is not known
        day = f"{self.clock.now():%Y-%m-%d}"
        for mailbox, refused in list(self._by_mailbox(found).items())[:MAILBOXES_OF_A_PREFLIGHT]:
            report_id = f"caa_{_digest(order_id, preflight_id, mailbox)}"
            report = Report(report_id, reseller_id, order_id, mailbox, day, refused)
            self._report(report, self.catalog.brand(product.brand), event.correlation_id)

    def _by_mailbox(self, found: Iterable[Mapping[str, Any]]) -> Mapping[str, tuple[Mapping[str, Any], ...]]:
        """What the records themselves refused, by whom they want to hear of it; names in their order."""
        own = {self.sender.rstrip(">").rpartition("@")[2]}
        own |= {domain for product in self.catalog.products() for domain in product.caa_issuers}
        mailboxes: dict[str, tuple[Mapping[str, Any], ...]] = {}
        for each in found:
            if each["allowed"] or each["reason"] not in WHY:
                continue
            wanted = (mailbox_of(target, own) for target in each.get("iodef", ()))
            for mailbox in dict.fromkeys(filter(None, wanted)):
                mailboxes[mailbox] = (*mailboxes.get(mailbox, ()), each)
        return mailboxes

    def _report(self, report: Report, brand: BrandFacts, correlation_id: str) -> None:
        if self.reports.was_sent(report.reseller_id, report.order_id, report.report_id):
            return
        refused = self._claimed(report)
        if not refused:
            return
        facts = CaaRefusalFacts(
            mailbox=report.mailbox,
            brand=brand.name,
            issuer_domains=tuple(brand.caa_issuers),
            order_id=order_of(report.order_id),
            refused=tuple(map(_refused_name, refused)),
            support=tuple(
                Support(each.region.value.replace("_", " "), each.email, each.telephone)
                for each in support_contacts(brand.brand)
            ),
        )
        trouble = None
        try:
            self.mailer.send(caa_refusal_mail(facts, self.sender, message_id(report.report_id, self.sender)))
        except MailRefused as refusal:
            trouble = refusal.reason
        chronicle = Chronicle(self.ids, self.clock.now(), "system", correlation_id)
        audit = chronicle.audit(
            "caa.refusal_reported" if trouble is None else "caa.report_undeliverable",
            report.reseller_id,
            report.order_id,
            mailbox=report.mailbox,
            names=" ".join(each["name"] for each in refused)[:2000],
            mail_id=report.report_id,
            trouble=trouble,
        )
        self.reports.conclude(report, audit)

    def _claimed(self, report: Report) -> tuple[Mapping[str, Any], ...]:
        """What of the report is to be told; a repeated report tells what it told first."""
        of_order = self.reports.of_order(report.reseller_id, report.order_id)
        claimed = of_order.reports.get(report.report_id)
        if claimed is not None:
            return tuple(each for each in report.refused if _refusal_digest(report, each) in claimed)
        of_day = self.reports.of_day(report.mailbox, report.day)
        untold = to_tell(report, of_order, of_day)
        if untold:
            refusals = [_refusal_digest(report, each) for each in untold]
            names = [_digest(each["name"]) for each in untold]
            try:
                self.reports.claim(report, refusals, names, of_order, of_day)
            except ChangedMeanwhile as error:
                raise TryAgain("Another report was faster; this one is looked at again.") from error
        return untold


def to_tell(report: Report, of_order: Told, of_day: Told) -> tuple[Mapping[str, Any], ...]:
    """What of the report nobody told of this order, and of names that the mailbox did not hear of that day."""
    if len(of_order.reports) >= REPORTS_OF_AN_ORDER or len(of_day.reports) >= REPORTS_TO_A_MAILBOX:
        return ()
    return tuple(
        each
        for each in report.refused
        if _refusal_digest(report, each) not in of_order.digests
        and _digest(each["name"]) not in of_day.digests
    )


def _refusal_digest(report: Report, refused: Mapping[str, Any]) -> str:
    """The same for the same name, mailbox and refusal."""
    return _digest(report.mailbox, refused["name"], refused["reason"], *refused["records"])


def _digest(*parts: str) -> str:
    return sha256("\n".join(parts).encode()).hexdigest()[:26]


def _refused_name(each: Mapping[str, Any]) -> RefusedName:
    restricting = filter(_restricts, each["records"])
    return RefusedName(
        name=each["name"],
        found_at=each["found_at"],
        why=WHY[CaaReason(each["reason"])],
        records=tuple(islice(restricting, _RECORDS)),
        checked_at=parse_rfc3339(each["checked_at"]),
    )


def _restricts(text: str) -> bool:
    """Whether a record, in the form of a zone file, may be what refused; contacts and the rest are not repeated."""
    flags, tag, _ = text.split(" ", 2)
    return flags != "0" or tag.lower() in {"issue", "issuewild"}
