"""Issue through AWS Private CA (docs/adr/0013): record the request, ask once, compare what comes, store it.

The authority signs neither bytes of ours nor a serial of ours. What is recorded before is the request: a provisional
serial and the bytes that we would have signed, from which the token follows. A retry finds the request's id and
fetches its certificate; without an id it asks again, which is the same request for five minutes. Afterwards nobody
can know whether there is a certificate, and a person has to look.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from partner_center.issuance.issue import (
    CertificateDisagrees,
    Issuer,
    IssueRequest,
    plan_of,
    record_new_serial,
    require_fresh_caa,
    require_own,
    require_permission_to_sign,
    require_still_wanted,
)
from partner_center.issuance.ports import Finding, PrivateCa, PrivateCaStore
from partner_center.issuance.profile import CertificatePlan
from partner_center.issuance.record import CertificateRecord, CertificateStatus, SerialTaken, SlotTaken
from partner_center.issuance.serials import serial_hex
from partner_center.issuance.to_be_signed import UNREADABLE, disagreements
from partner_center.kernel.errors import PartnerCenterError, TryAgain

TOKEN_LIFE = timedelta(minutes=4)
"""For five minutes the authority takes the same token for the same request; ours ends before, for clocks differ."""
_TOKEN_LENGTH = 36
ADDED = f"extension {ExtensionOID.SUBJECT_KEY_IDENTIFIER.dotted_string}: not in the plan"
"""The authority's templates all hold a subject key identifier, which BR 7.1.2.7.6 does not recommend and permits."""
_ADDED_TO_THE_LINTER = ".subject_key_identifier_extension_present"
_SMALLEST_SERIAL, _SERIAL_LIMIT = 1 << 64, 1 << 159


class OutcomeUnknown(PartnerCenterError):
    """A certificate was asked for, the answer was lost, and the token has ended: nobody knows whether it exists.

    A person looks into the authority's audit report, revokes what is there, and closes the serial.
    """

    code = "outcome_unknown"


@dataclass(frozen=True, slots=True)
class PrivateCaIssuer:
    """What issuing through the authority works with; `issuer` without its signer."""

    issuer: Issuer
    store: PrivateCaStore
    authority: PrivateCa


def issue_by_private_ca(request: IssueRequest, csr_der: bytes, through: PrivateCaIssuer) -> CertificateRecord:
    """The one certificate of the request's generation, as the store keeps it.

    Raises as `issue_certificate`, and OutcomeUnknown.
    """
    record = through.store.current(request.reseller_id, request.order_id, request.generation)
    if record is not None and record.certificate_der is not None:
        return record
    require_own(record, request)
    try:
        record = _asked(_unrevoked(record, through), request, csr_der, through)
        return _fetched(record, request, through)
    except (SlotTaken, SerialTaken) as error:
        raise TryAgain("Several runs issue this certificate at once; look again shortly.") from error


def _unrevoked(record: CertificateRecord | None, through: PrivateCaIssuer) -> CertificateRecord | None:
    """The recorded serial; None when it was revoked before its certificate was fetched, and is given up by now.

    What was made for it is found by its request and revoked at the authority (`authority_revocations`).
    """
    if record is None or record.status is not CertificateStatus.REVOKED:
        return record
    if record.request_id is None:
        raise _unknown(record)
    through.store.close(record, through.issuer.clock.now(), "revoked before it was stored")
    return None


def _unknown(record: CertificateRecord) -> OutcomeUnknown:
    return OutcomeUnknown(f"Look for a certificate of {record.serial_hex} in the authority's audit report.")


def _asked(
    record: CertificateRecord | None, request: IssueRequest, csr_der: bytes, through: PrivateCaIssuer
) -> CertificateRecord:
    """The recorded serial with the id of its request; asked for now unless it was before.

    Also of an authority that was retired since the serial was recorded: it may have been asked already, and to ask it
    once more is the only way to learn of that.
    """
    if record is not None and record.request_id is not None:
        return record
    issuer, now = through.issuer, through.issuer.clock.now()
    if record is not None and now - record.recorded_at >= TOKEN_LIFE:
        raise _unknown(record)
    require_fresh_caa(request, now)
    if record is None:
        require_permission_to_sign(request, now)
        record = record_new_serial(request, issuer)
    require_still_wanted(record, request, issuer)
    request_id = through.authority.request(plan_of(record, request), csr_der, token_of(record))
    through.store.note_request(record, request_id)
    return replace(record, request_id=request_id)


def token_of(record: CertificateRecord) -> str:
    """The same for the same recorded bytes, and for no others."""
    return sha256(record.tbs_der).hexdigest()[:_TOKEN_LENGTH]


def _fetched(record: CertificateRecord, request: IssueRequest, through: PrivateCaIssuer) -> CertificateRecord:
    der = through.authority.certificate(request.issuer, str(record.request_id))
    if der is None:
        raise TryAgain("The certificate is being made.", 2)
    plan = plan_of(record, request)
    findings = not_of_the_authority(through.issuer.lint(der, request.level, record.recorded_at))
    if problems := (*_problems(der, plan), *(finding.code for finding in findings)):
        raise CertificateDisagrees(problems)
    certificate = x509.load_der_x509_certificate(der)
    issued = replace(
        record,
        serial_hex=serial_hex(certificate.serial_number),
        tbs_der=certificate.tbs_certificate_bytes,
        status=CertificateStatus.STORED,
        certificate_der=der,
        stored_at=request.stored_at(through.issuer.clock.now()),
    )
    require_still_wanted(record, request, through.issuer)
    through.store.keep_as(record, issued)
    return _kept(request, through)


def _kept(request: IssueRequest, through: PrivateCaIssuer) -> CertificateRecord:
    kept = through.store.current(request.reseller_id, request.order_id, request.generation)
    if kept is None or kept.certificate_der is None:
        raise TryAgain("The certificate was stored and cannot be read yet.")
    return kept


def not_of_the_authority(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings without those about the subject key identifier that the authority adds."""
    ours = f"{ExtensionOID.SUBJECT_KEY_IDENTIFIER.dotted_string} is in no profile"
    return tuple(
        each for each in findings if each.message != ours and not each.code.endswith(_ADDED_TO_THE_LINTER)
    )


def _problems(der: bytes, plan: CertificatePlan) -> Iterator[str]:
    """Every difference but the serial, which the authority picks, and what it adds."""
    try:
        serial = x509.load_der_x509_certificate(der).serial_number
    except UNREADABLE as error:
        yield f"unreadable certificate: {error}"
        return
    if not _SMALLEST_SERIAL <= serial < _SERIAL_LIMIT:
        yield f"serial number: {serial:x} is out of range"
        return
    yield from (each for each in disagreements(der, replace(plan, serial=serial)) if each != ADDED)
