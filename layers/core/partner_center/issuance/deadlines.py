"""The clocks of revocation: what stands on no published CRL yet, how old CRLs are, which report is due."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from partner_center.issuance.crl_record import PublishedCrl
from partner_center.issuance.profile import IssuingCa
from partner_center.kernel.clock import Clock

UNPUBLISHED = "a revocation is not published"
CRL_AGE = "the age of a CRL"
REPORT_WAITS = "a problem report waits"


@dataclass(frozen=True, slots=True)
class Reading:
    """One clock: what it is about, of which CA (empty for none), and its seconds; alarms are set on these words."""

    about: str
    issuer_id: str
    seconds: int


class Publications(Protocol):
    """What is told of each CA by its CRLs."""

    def published(self, issuer_id: str) -> PublishedCrl | None: ...

    def oldest_unpublished(self, issuer_id: str) -> datetime | None: ...


class OpenReports(Protocol):
    """The queue of problem reports, by when the next answer is due."""

    def first_due(self) -> datetime | None: ...


class IssuingCas(Protocol):
    """All CAs, retired ones too."""

    def issuing_cas(self) -> Sequence[IssuingCa]: ...


@dataclass(frozen=True, slots=True)
class ReadClocks:
    """The use case: the seconds that revocations wait, since the schedule made a CRL, and that are left for a report.

    A revocation makes a CRL at once, and tells nothing of the schedule, which alone leaves out what has ended.
    """

    cas: IssuingCas
    publications: Publications
    reports: OpenReports
    clock: Clock

    def __call__(self) -> Sequence[Reading]:
        """Nothing is told of what needs nobody. Raises TryAgain."""
        return tuple(self._readings(self.clock.now()))

    def _readings(self, now: datetime) -> Iterator[Reading]:
        for issuer in self.cas.issuing_cas():
            since = self.publications.oldest_unpublished(issuer.issuer_id)
            if since is not None:
                yield Reading(UNPUBLISHED, issuer.issuer_id, _seconds(since, now))
            if issuer.is_private_ca:
                continue  # AWS makes its CRL, and has metrics of it
            published = self.publications.published(issuer.issuer_id)
            told = (published.scheduled_at or published.this_update) if published else None
            begun = told or issuer.certificate.not_valid_before_utc
            if now <= issuer.certificate.not_valid_after_utc:
                yield Reading(CRL_AGE, issuer.issuer_id, _seconds(begun, now))
        due = self.reports.first_due()
        if due is not None:
            yield Reading(REPORT_WAITS, "", _seconds(now, due))


def _seconds(since: datetime, until: datetime) -> int:
    return int((until - since).total_seconds())
