"""What speaks against a certificate that was issued: read again with everything that it should rest on.

Nothing that issued it is asked: the certificate's own bytes are compared with the order, its evidence and the rules
of the day on which it was signed (BR 8.7, self-audits).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509

from partner_center.issuance.objection import Ground
from partner_center.issuance.ports import Linter
from partner_center.issuance.preflight import Outcome, Preflight
from partner_center.issuance.private_ca import ADDED, not_of_the_authority
from partner_center.issuance.profile import (
    CertificatePlan,
    IssuingCa,
    fitting_common_name,
)
from partner_center.issuance.record import CertificateRecord, CertificateStatus
from partner_center.issuance.sign import term_end
from partner_center.issuance.to_be_signed import UNREADABLE, disagreements
from partner_center.issuance.validity import LONGEST_WAIT_FOR_SIGNATURE, within_the_limit
from partner_center.kernel.clock import CLOCKS_DIFFER
from partner_center.kernel.dated_rules import rules_on
from partner_center.kernel.level import Level
from partner_center.orders.order import Order, OrderHead
from partner_center.orders.review import Screening
from partner_center.orders.screening import unreviewed
from partner_center.validation.challenges import Proof, proof_usable

_SIGNATURE_TO_STORE = timedelta(minutes=5)
"""How long after its signature a certificate may be stored: the signing function has no longer life."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A certificate and what is on file for it; None for what is not there.

    `order` has the content of the revision that `preflight` looked at. `holds_slot` is whether its generation knows
    the serial as its own. `proofs` are those that the preflight names and that are still there. `previous` is the
    order that this one renews or replaces.
    """

    record: CertificateRecord
    issuing_ca: IssuingCa | None
    order: Order | None
    holds_slot: bool
    preflight: Preflight | None
    proofs: Sequence[Proof]
    screenings: Sequence[Screening]
    previous: OrderHead | None = None


Objections = Iterator[tuple[Ground, str]]


def objections(evidence: Evidence, lint: Linter) -> Mapping[Ground, str]:
    """Every ground on which the certificate is objected to, with the facts; empty when it is as it should be."""
    found: dict[Ground, str] = {}
    for judge in (_serial, _content, _profile, _order, _preflight, _screening):
        for ground, detail in judge(evidence, lint):
            found[ground] = f"{found[ground]}; {detail}" if ground in found else detail
    return found


def relied_on(record: CertificateRecord, newest_first: Iterable[Preflight]) -> Preflight | None:
    """The preflight that let the certificate be signed: the newest whose end the record bears; none older is read."""
    fitting = (
        each
        for each in newest_first
        if each.outcome is Outcome.GO
        and each.generation == record.generation
        and each.at <= record.recorded_at + CLOCKS_DIFFER
        and each.caa_valid_until is not None
        and each.caa_valid_until.replace(microsecond=0) == record.caa_valid_until
    )
    return next(fitting, None)


def _serial(evidence: Evidence, _: Linter) -> Objections:
    if evidence.record.status is CertificateStatus.CLOSED:
        yield Ground.SERIAL, "the serial is closed, and there is a certificate"
    if not evidence.holds_slot:
        yield Ground.SERIAL, "the order's generation does not know the serial as its own"


def _content(evidence: Evidence, _: Linter) -> Objections:
    record, issuing_ca, order = evidence.record, evidence.issuing_ca, evidence.order
    der = record.certificate_der or b""
    try:
        certificate = x509.load_der_x509_certificate(der)
        serial, tbs = certificate.serial_number, certificate.tbs_certificate_bytes
    except UNREADABLE as error:
        yield Ground.UNREADABLE, str(error)
        return
    if f"{serial:x}" != record.serial_hex:
        yield Ground.SERIAL, f"the certificate bears {serial:x}"
    if tbs != record.tbs_der:
        yield Ground.CONTENT, "the signed bytes are not those that were recorded"
    if issuing_ca is None:
        yield Ground.ISSUER, f"there is no issuing CA {record.issuer_id}"
        return
    if order is None:
        return
    try:
        plan = _plan(record, order, issuing_ca)
    except ValueError as error:
        yield Ground.CONTENT, f"what the order asks for can be in no certificate: {error}"
        return
    for problem in disagreements(der, plan):
        if problem != ADDED or not issuing_ca.is_private_ca:
            yield Ground.CONTENT, problem


def _plan(record: CertificateRecord, order: Order, issuing_ca: IssuingCa) -> CertificatePlan:
    """What the order asked for, under the serial and in the time that were recorded."""
    return CertificatePlan(
        level=order.head.level,
        names=order.content.names,
        common_name=fitting_common_name(order.content.common_name),
        subject=None,
        spki_der=bytes.fromhex(order.content.spki_der),
        serial=int(record.serial_hex, 16),
        not_before=record.not_before,
        not_after=record.not_after,
        issuer=issuing_ca,
    )


def _profile(evidence: Evidence, lint: Linter) -> Objections:
    record = evidence.record
    findings = lint(record.certificate_der or b"", record.level, record.recorded_at)
    if evidence.issuing_ca is not None and evidence.issuing_ca.is_private_ca:
        findings = not_of_the_authority(findings)
    for finding in findings:
        yield Ground.LINT, f"{finding.code} {finding.message}".strip()
    stored_at = record.stored_at or record.recorded_at
    try:
        certificate = x509.load_der_x509_certificate(record.certificate_der or b"")
        begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except UNREADABLE:
        return  # told as such already
    for moment in dict.fromkeys((record.recorded_at, stored_at)):
        if not within_the_limit(begins, ends, rules_on(moment)):
            yield Ground.LIFETIME, f"longer than {rules_on(moment).certificate_days} days, both ends included"
    if stored_at - begins > LONGEST_WAIT_FOR_SIGNATURE + _SIGNATURE_TO_STORE:
        yield Ground.LIFETIME, "signed more than 48 hours after it begins"
    order, preflight = evidence.order, evidence.preflight
    if (
        order is not None
        and preflight is not None
        and ends > _whole(term_end(order, preflight, evidence.previous))
    ):
        yield Ground.LIFETIME, "outlives the order's term"


def _order(evidence: Evidence, _: Linter) -> Objections:
    order, record = evidence.order, evidence.record
    if order is None:
        yield Ground.ORDER, f"there is no order {record.order_id}"
        return
    head = order.head
    if head.level is not record.level:
        yield Ground.ORDER, f"the order is for {head.level}, the certificate of {record.level}"
    if head.level is not Level.DV:
        yield Ground.ORDER, f"there is no validation of {head.level} yet"
    if head.generation == record.generation and head.serial != record.serial_hex:
        yield Ground.ORDER, f"the order is {head.status} and knows the certificate {head.serial}"
    if order.content.agreement.accepted_at > record.recorded_at + CLOCKS_DIFFER:
        yield Ground.AGREEMENT, "accepted after the certificate was made"


def _preflight(evidence: Evidence, _: Linter) -> Objections:
    preflight, record, order = evidence.preflight, evidence.record, evidence.order
    if preflight is None:
        yield Ground.PREFLIGHT, "no preflight let it be signed"
        return
    for check in preflight.checks:
        if not check.passed:
            yield Ground.PREFLIGHT, f"{check.check}: {check.detail}"
    signed_at = record.stored_at or record.recorded_at
    if signed_at > record.caa_valid_until + _SIGNATURE_TO_STORE:
        yield Ground.CAA, f"signed after {record.caa_valid_until}, when the look-ups had ended"
    if order is None:
        return
    permitted = {str(each.get("name")) for each in preflight.caa if each.get("allowed") is True}
    for name in order.content.names:
        if name not in permitted:
            yield Ground.CAA, f"no look-up permits {name}"
        if not any(proof_usable(proof, name, preflight.at) for proof in evidence.proofs):
            yield Ground.DOMAIN_PROOFS, f"nothing on file proves {name}"
    missing = set(preflight.proof_ids) - {proof.proof_id for proof in evidence.proofs}
    if missing:
        yield Ground.DOMAIN_PROOFS, f"gone: {', '.join(sorted(missing))}"


def _screening(evidence: Evidence, _: Linter) -> Objections:
    if evidence.preflight is None:
        return
    revision = evidence.preflight.revision
    present = next((each for each in evidence.screenings if each.revision == revision), None)
    if present is None:
        yield Ground.SCREENING, f"revision {revision} was not screened"
        return
    released = [flag for each in evidence.screenings if each.is_released for flag in each.flags]
    for flag in unreviewed(present.flags, released):
        yield Ground.SCREENING, f"{flag.rule}: {flag.subject} was released by nobody"


def _whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
