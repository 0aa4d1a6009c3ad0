"""Issue one certificate for one generation of an order: record, sign, compare, store, read again.

The to-be-signed bytes are stored under their serial before the CA's key is asked, so whatever was signed is
known, findable and revocable even if nothing after it succeeds. Of two runs at once, or of a run and its
retry, the store lets one certificate through and both return that one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from partner_center.issuance.ports import (
    CertificateStore,
    DigestSigner,
    Finding,
    KeyBlocks,
    Linter,
    RunningOrders,
)
from partner_center.issuance.profile import (
    CertificatePlan,
    IssuingCa,
    OrganizationSubject,
    fitting_common_name,
)
from partner_center.issuance.record import CertificateRecord, CertificateStatus, SerialTaken, SlotTaken
from partner_center.issuance.serials import Entropy, new_serial, serial_hex
from partner_center.issuance.to_be_signed import (
    assemble,
    build_twin,
    content_disagreements,
    digest,
    disagreements,
)
from partner_center.issuance.validity import LONGEST_WAIT_FOR_SIGNATURE, plan_validity, within_the_limit
from partner_center.kernel.clock import CLOCK_IS_OFF, Clock
from partner_center.kernel.dated_rules import RulesOfTheDay, rules_on
from partner_center.kernel.errors import PartnerCenterError, TryAgain
from partner_center.kernel.ids import enrolment_of_reissue
from partner_center.kernel.level import Level

_ROUNDS = 5


class LintRefused(PartnerCenterError):
    """The certificate that would be signed breaks a rule; nothing was recorded or signed."""

    code = "lint_refused"

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__(
            "The certificate was refused before signing: " + _joined([finding.code for finding in findings])
        )


class CertificateDisagrees(PartnerCenterError):
    """A certificate is not what was planned; it was not stored, or is not handed out."""

    code = "certificate_disagrees"

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("The certificate differs from its plan: " + _joined(problems))


class CaaTooOld(PartnerCenterError):
    """The CAA look-ups have outlived their 8 hours or TTL: preflight must run again. Nothing was signed."""

    code = "caa_too_old"


class KeyBlocked(PartnerCenterError):
    """The key was blocked after preflight had judged it; preflight must run again. Nothing was signed."""

    code = "key_blocked"


class NotClaimed(PartnerCenterError):
    """The order is not at the point of no return, or not with what was to be signed. Nothing was signed."""

    code = "not_claimed"


class OrderOver(PartnerCenterError):
    """The order of the reissue was revoked meanwhile: it gets no further certificate. Nothing was signed."""

    code = "order_over"


class IssuerNotActive(PartnerCenterError):
    """The issuing CA is retired or not yet in service, so it signs no new certificate."""

    code = "issuer_not_active"


@dataclass(frozen=True, slots=True)
class IssueRequest:
    """What preflight proved: which certificate, for which generation, and until when its CAA look-ups hold.

    `names` are A-labels, the order's own; `term_end` is the end of the order's term; `caa_valid_until` is the
    earliest end over all names of 8 hours or the TTL since look-up (BR 3.2.2.8). `revision` is the content that
    preflight looked at. `follows` is when the certificate was stored that the order has now.
    """

    reseller_id: str
    order_id: str
    generation: int
    level: Level
    names: tuple[str, ...]
    common_name: str | None
    subject: OrganizationSubject | None
    spki_der: bytes
    term_end: datetime
    issuer: IssuingCa
    caa_valid_until: datetime
    revision: int
    reissue_id: str | None = None
    follows: datetime | None = None

    def stored_at(self, now: datetime) -> datetime:
        """When its certificate is stored: after the one that it follows, though this clock may be behind.

        Certificates of an order are put in order by it, in whole seconds, and an older one goes when a newer one is
        there.
        """
        return now if self.follows is None else max(now, self.follows + timedelta(seconds=1))


@dataclass(frozen=True, slots=True)
class Issuer:
    """What issuing works with: store, key, linter, time, randomness, and what may have changed meanwhile, which are
    the keys that are blocked and the orders that are over.
    """

    store: CertificateStore
    signer: DigestSigner
    lint: Linter
    clock: Clock
    entropy: Entropy
    blocked: KeyBlocks
    running: RunningOrders


def issue_certificate(request: IssueRequest, issuer: Issuer) -> CertificateRecord:
    """The one certificate of the request's generation, as the store keeps it; issued now unless it was before.

    Raises LintRefused, CaaTooOld, KeyBlocked, NotClaimed, OrderOver, IssuerNotActive or TermOver with nothing signed;
    CertificateDisagrees if the signer's answer is wrong; TryAgain under contention. Every failure may be retried
    with the same request.
    """
    for _ in range(_ROUNDS):
        try:
            return _one_round(request, issuer)
        except (SlotTaken, SerialTaken):
            continue
    raise TryAgain("Several runs issue this certificate at once; look again shortly.")


def _one_round(request: IssueRequest, issuer: Issuer) -> CertificateRecord:
    record = issuer.store.current(request.reseller_id, request.order_id, request.generation)
    if record is not None and record.certificate_der is not None:
        return record
    require_own(record, request)
    require_permission_to_sign(request, issuer.clock.now())
    if record is not None and not _may_still_be_signed(record, request, issuer.clock.now()):
        give_up(record, request, issuer, "its bytes may not be signed any more")
        record = None
    if record is None:
        record = record_new_serial(request, issuer)
    return _sign_and_store(record, request, issuer)


def require_own(record: CertificateRecord | None, request: IssueRequest) -> None:
    """Raises TryAgain for a serial that was recorded for another CA meanwhile: an authority may be making its
    certificate, so whether it is given up decides who chooses the CA (`sign`).
    """
    if record is not None and record.issuer_id != request.issuer.issuer_id:
        raise TryAgain(f"{record.issuer_id} issues this certificate at the same time; look again shortly.")


def give_up(record: CertificateRecord, request: IssueRequest, issuer: Issuer, why: str) -> None:
    """Close the generation's serial, so that another may follow. Raises NotClaimed, SlotTaken."""
    _require_claim(request, issuer)  # it may be of another run, for what was ordered since
    issuer.store.close(record, issuer.clock.now(), why)


def require_permission_to_sign(request: IssueRequest, now: datetime) -> None:
    """Raises CaaTooOld, IssuerNotActive. `now` may be told by a clock that is behind."""
    require_fresh_caa(request, now)
    if not request.issuer.active:
        raise IssuerNotActive(f"The issuing CA {request.issuer.issuer_id} signs no new certificates.")


def require_fresh_caa(request: IssueRequest, now: datetime) -> None:
    """Raises CaaTooOld. `now` may be told by a clock that is behind."""
    if now + CLOCK_IS_OFF >= request.caa_valid_until:
        raise CaaTooOld("The CAA records must be looked up again before signing.")


def _rules_by_every_clock(now: datetime) -> RulesOfTheDay:
    """Those of the next day already where midnight may have passed: what is allowed then is allowed before."""
    return rules_on(now + CLOCK_IS_OFF)


def _may_still_be_signed(record: CertificateRecord, request: IssueRequest, now: datetime) -> bool:
    """Whether stored bytes may be signed (again): same content, fresh CAA, notBefore and lifetime of this day.

    A serial that was revoked before it was signed is never signed.
    """
    return (
        record.status is CertificateStatus.RECORDED
        and now + CLOCK_IS_OFF < record.caa_valid_until
        and now - record.not_before <= LONGEST_WAIT_FOR_SIGNATURE
        and now < record.not_after <= request.term_end
        and within_the_limit(record.not_before, record.not_after, _rules_by_every_clock(now))
        and build_twin(plan_of(record, request)).tbs_der == record.tbs_der
    )


def record_new_serial(request: IssueRequest, issuer: Issuer) -> CertificateRecord:
    """A new serial with the bytes that are to be signed, linted and stored. Raises LintRefused, TermOver ..."""
    now = issuer.clock.now()
    end = min(request.term_end, request.issuer.certificate.not_valid_after_utc)
    not_before, not_after = plan_validity(now, end, _rules_by_every_clock(now))
    plan = _plan(request, new_serial(issuer.entropy), not_before, not_after)
    twin = build_twin(plan)
    if problems := content_disagreements(twin.twin_der, plan):
        raise CertificateDisagrees(problems)
    if findings := issuer.lint(twin.twin_der, request.level, now):
        raise LintRefused(findings)
    record = CertificateRecord(
        serial_hex=serial_hex(plan.serial),
        reseller_id=request.reseller_id,
        order_id=request.order_id,
        generation=request.generation,
        level=request.level,
        names=plan.names,
        common_name=plan.common_name,
        spki_sha256=sha256(plan.spki_der).hexdigest(),
        issuer_id=request.issuer.issuer_id,
        not_before=not_before,
        not_after=not_after,
        caa_valid_until=request.caa_valid_until,
        tbs_der=twin.tbs_der,
        recorded_at=now,
        reissue_id=request.reissue_id,
    )
    issuer.store.record(record)
    return record


def require_still_wanted(record: CertificateRecord, request: IssueRequest, issuer: Issuer) -> None:
    """Raises KeyBlocked, OrderOver, NotClaimed. Whoever revokes an order, blocks an exposed key, or revokes for a
    proven compromise looks for serials afterwards, and this one is recorded: one of the two sees the other.
    """
    is_reissue = record.reissue_id is not None
    if is_reissue and not issuer.running.is_running(record.reseller_id, record.order_id):
        raise OrderOver("The order was revoked after its reissue had been examined.")
    _require_claim(request, issuer)
    if issuer.blocked.is_blocked(record.spki_sha256) is not None:
        raise KeyBlocked("The key was blocked after the order had been examined.")


def _require_claim(request: IssueRequest, issuer: Issuer) -> None:
    """A run that lasts may have been given up, and the order amended or ended, since it was asked for."""
    enrolment_id = request.order_id
    if request.reissue_id is not None:
        enrolment_id = enrolment_of_reissue(request.order_id, request.reissue_id)
    if not issuer.running.is_claimed(request.reseller_id, enrolment_id, request.revision):
        raise NotClaimed(f"{enrolment_id} is not claimed any more for what was to be signed.")


def _sign_and_store(record: CertificateRecord, request: IssueRequest, issuer: Issuer) -> CertificateRecord:
    plan = plan_of(record, request)
    now = issuer.clock.now()
    require_permission_to_sign(request, now)
    if not within_the_limit(record.not_before, record.not_after, _rules_by_every_clock(now)):
        raise TryAgain("The rules of another day hold by now.")
    require_still_wanted(record, request, issuer)
    hashed = digest(record.tbs_der, request.issuer.signature_algorithm)
    signature = issuer.signer.sign_digest(request.issuer, hashed)
    certificate_der = assemble(record.tbs_der, signature, request.issuer)
    if problems := disagreements(certificate_der, plan):
        raise CertificateDisagrees(problems)
    issuer.store.keep(record, certificate_der, request.stored_at(issuer.clock.now()))
    return _kept(plan, request, issuer.store)


def _kept(plan: CertificatePlan, request: IssueRequest, store: CertificateStore) -> CertificateRecord:
    """What the store holds now, compared once more: only that is ever published."""
    kept = store.current(request.reseller_id, request.order_id, request.generation)
    if kept is None or kept.certificate_der is None:
        raise TryAgain("The certificate was stored and cannot be read yet.")
    if problems := disagreements(kept.certificate_der, plan):
        raise CertificateDisagrees(problems)
    return kept


def plan_of(record: CertificateRecord, request: IssueRequest) -> CertificatePlan:
    """What a recorded serial was recorded for."""
    return _plan(request, int(record.serial_hex, 16), record.not_before, record.not_after)


def _plan(request: IssueRequest, serial: int, not_before: datetime, not_after: datetime) -> CertificatePlan:
    return CertificatePlan(
        level=request.level,
        names=request.names,
        common_name=fitting_common_name(request.common_name),
        subject=request.subject,
        spki_der=request.spki_der,
        serial=serial,
        not_before=not_before,
        not_after=not_after,
        issuer=request.issuer,
    )


def _joined(parts: Sequence[str]) -> str:
    return "; ".join(parts)
