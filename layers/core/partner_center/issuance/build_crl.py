"""Build the CRL of an issuing CA and publish it, whoever else does the same at this moment.

What is published is looked at before the revocations are read, and replaced only if it is still that. So each CRL was
read after the one before it was published, and tells what that told. A builder that was overtaken begins again.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from partner_center.issuance.crl import (
    CrlEntry,
    CrlPlan,
    crl_disagreements,
    crl_to_be_signed,
    plan_crl,
)
from partner_center.issuance.crl_record import PublishedCrl, RevokedCertificate, SeenCrl
from partner_center.issuance.issue import CertificateDisagrees, LintRefused
from partner_center.issuance.ports import DigestSigner, Finding
from partner_center.issuance.profile import IssuingCa
from partner_center.issuance.to_be_signed import assemble, digest
from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import TryAgain

LATE_READING = timedelta(hours=1)
"""How long after its time a revocation may still be written, generously; an entry stays for so much longer."""
_ROUNDS = 5


class Crls(Protocol):
    """Numbers and rows of CRLs; every read sees every write."""

    def next_number(self, issuer_id: str, moment: datetime, above: int) -> int:
        """A number that nobody got before, higher than all of them, and higher than `above`."""
        ...

    def published(self, issuer_id: str) -> PublishedCrl | None: ...

    def revoked(self, issuer_id: str, ended_after: datetime | None) -> Sequence[RevokedCertificate]:
        """The revoked certificates that end then or later, all of them for None."""
        ...

    def note(self, issuer_id: str, published: PublishedCrl) -> None:
        """Remember what is published, unless something newer is."""
        ...

    def mark(
        self, issuer_id: str, number: int | None, moment: datetime, told: Iterable[RevokedCertificate]
    ) -> None:
        """Note which revocations a published CRL tells; one that changed since it was read stays unpublished.

        `number` is None where AWS Private CA numbers its CRL by itself.
        """
        ...


class Repository(Protocol):
    """Where the world finds CRLs and CA certificates, by the addresses inside certificates."""

    def seen(self, url: str) -> SeenCrl | None:
        """The CRL that is published at this moment. Raises TryAgain."""
        ...

    def replace_crl(self, url: str, der: bytes, number: int, seen: SeenCrl | None) -> bool:
        """Whether the CRL is published now; False when something else than `seen` is, or its number is no higher.

        False may also be the answer to a call whose first answer was lost. Raises TryAgain.
        """
        ...

    def publish_certificate(self, url: str, der: bytes) -> None:
        """Raises TryAgain."""
        ...


class CrlLinter(Protocol):
    """Reads a CRL before it is signed; see `crl_lint.lint_crl`."""

    def __call__(self, plan: CrlPlan, /) -> Sequence[Finding]: ...


class CrlRefused(LintRefused):
    """The CRL that would be signed breaks a rule; nothing was signed."""

    code = "crl_refused"


class CrlDisagrees(CertificateDisagrees):
    """A signed CRL is not what was planned; it was not published."""

    code = "crl_disagrees"


@dataclass(frozen=True, slots=True)
class BuildCrl:
    """The use case. Repeating it publishes the same list under another number."""

    crls: Crls
    repository: Repository
    signer: DigestSigner
    lint: CrlLinter
    clock: Clock

    def __call__(self, issuer: IssuingCa, *, scheduled: bool) -> PublishedCrl:
        """What is published now. Raises CrlRefused, CrlDisagrees, SigningKeyUnusable, TryAgain."""
        for _ in range(_ROUNDS):
            published = self._one_round(issuer, scheduled=scheduled)
            if published is not None:
                return published
        raise TryAgain("Several CRLs of this CA are built at once; look again shortly.")

    def _one_round(self, issuer: IssuingCa, *, scheduled: bool) -> PublishedCrl | None:
        seen = self.repository.seen(issuer.crl_url)
        number = self.crls.next_number(issuer.issuer_id, self.clock.now(), seen.number if seen else 0)
        before = self.crls.published(issuer.issuer_id)
        since = kept_since(before)
        told = self.crls.revoked(issuer.issuer_id, since)
        plan = plan_crl(issuer, number, self._moment(told), entries_of(told))
        der = self._signed(plan)
        if not self.repository.replace_crl(issuer.crl_url, der, number, seen):
            return None
        scheduled_at = plan.this_update if scheduled else before.scheduled_at if before else None
        published = PublishedCrl(number, plan.this_update, plan.next_update, scheduled_at)
        self.crls.note(issuer.issuer_id, published)
        unpublished = [each for each in told if not each.is_published]
        self.crls.mark(issuer.issuer_id, number, self.clock.now(), unpublished)
        return published

    def _moment(self, told: Sequence[RevokedCertificate]) -> datetime:
        """Now, by the latest clock: a revocation is not in the future of the CRL that tells it."""
        return max((self.clock.now(), *(each.revoked_at for each in told)))

    def _signed(self, plan: CrlPlan) -> bytes:
        if findings := self.lint(plan):
            raise CrlRefused(findings)
        tbs_der = crl_to_be_signed(plan)
        hashed = digest(tbs_der, plan.issuer.signature_algorithm)
        der = assemble(tbs_der, self.signer.sign_digest(plan.issuer, hashed), plan.issuer)
        if problems := crl_disagreements(der, plan):
            raise CrlDisagrees(problems)
        return der


def kept_since(published: PublishedCrl | None) -> datetime | None:
    """From which end on certificates stand in the next CRL: each has been on one scheduled CRL after its end first.

    RFC 5280 section 3.3. Whatever ended before the last scheduled CRL stood on that one.
    """
    if published is None or published.scheduled_at is None:
        return None
    return published.scheduled_at - LATE_READING


def entries_of(told: Iterable[RevokedCertificate]) -> tuple[CrlEntry, ...]:
    """The entries, in the order of the rows."""
    return tuple(
        CrlEntry(int(each.serial_hex, 16), each.revoked_at.replace(microsecond=0), each.reason)
        for each in told
    )


class IssuingCas(Protocol):
    """All CAs, retired ones too."""

    def issuing_cas(self) -> Sequence[IssuingCa]: ...


@dataclass(frozen=True, slots=True)
class BuildCrls:
    """A CRL for each CA that is named, or on schedule for every CA whose own certificate has not ended.

    An authority of AWS Private CA makes its CRL itself, and is told what is revoked.
    A CA whose CRL fails keeps none of the others from theirs. Raises what `BuildCrl` raises, once all were tried; if
    several failed, an ExceptionGroup of it.
    """

    cas: IssuingCas
    build: BuildCrl
    repository: Repository
    clock: Clock
    tell_authority: Callable[[IssuingCa], object]

    def named(self, issuer_ids: Iterable[str]) -> None:
        wanted = set(issuer_ids)
        self._each(partial(self._make, scheduled=False), lambda issuer: issuer.issuer_id in wanted)

    def scheduled(self) -> None:
        """Publishes the CAs' certificates as well."""
        self._each(partial(self._make, scheduled=True), lambda _: True)

    def _make(self, issuer: IssuingCa, *, scheduled: bool) -> None:
        if scheduled:
            self.repository.publish_certificate(issuer.aia_url, issuer.certificate_der)
        if issuer.is_private_ca:
            self.tell_authority(issuer)
        else:
            self.build(issuer, scheduled=scheduled)

    def _each(self, make: Callable[[IssuingCa], object], wanted: Callable[[IssuingCa], bool]) -> None:
        failures: list[Exception] = []
        now = self.clock.now()
        for issuer in self.cas.issuing_cas():
            if now > issuer.certificate.not_valid_after_utc or not wanted(issuer):
                continue
            try:
                make(issuer)
            except Exception as error:  # noqa: BLE001 - raised again once the others were made
                failures.append(error)
        if len(failures) == 1:
            raise failures[0]
        if failures:
            raise ExceptionGroup("CRLs of several CAs could not be made", failures)
