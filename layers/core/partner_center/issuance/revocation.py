"""When and why a certificate is revoked, decided without looking anything up (BR 4.9.1, 7.2.2).

A certificate is revoked once: the first date stays, whoever asks again. Its reason may still become keyCompromise,
at the subscriber's word when none was given, and with a proof whatever was given (BR 7.2.2).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from partner_center.issuance.record import CertificateRecord, CertificateStatus, OrderFollows, Reason

SUBSCRIBERS_REASONS = (
    Reason.UNSPECIFIED,
    Reason.KEY_COMPROMISE,
    Reason.AFFILIATION_CHANGED,
    Reason.SUPERSEDED,
    Reason.CESSATION_OF_OPERATION,
)
STAFFS_REASONS = (*SUBSCRIBERS_REASONS, Reason.PRIVILEGE_WITHDRAWN)

_KEPT_BY_DEFAULT = frozenset({Reason.KEY_COMPROMISE, Reason.SUPERSEDED})

REASON_CODES = {
    Reason.KEY_COMPROMISE: 1,
    Reason.AFFILIATION_CHANGED: 3,
    Reason.SUPERSEDED: 4,
    Reason.CESSATION_OF_OPERATION: 5,
    Reason.PRIVILEGE_WITHDRAWN: 9,
}
"""CRLReason of RFC 5280 section 5.3.1; unspecified has none: its entry bears no reasonCode (BR 7.2.2)."""


class Cause(StrEnum):
    """What calls for a revocation, as reports and staff name it (BR 4.9.1.1)."""

    SUBSCRIBERS_REQUEST = "subscribers_request"
    UNAUTHORISED_REQUEST = "unauthorised_request"
    KEY_COMPROMISE = "key_compromise"
    WEAK_KEY = "weak_key"
    UNRELIABLE_VALIDATION = "unreliable_validation"
    MISUSE = "misuse"
    BREACH_OF_AGREEMENT = "breach_of_agreement"
    NAME_NO_LONGER_HELD = "name_no_longer_held"
    WRONG_DATA = "wrong_data"
    MISISSUED = "misissued"


_SOON, _LATER = timedelta(hours=24), timedelta(days=5)
_WITHIN_A_DAY = frozenset(
    {
        Cause.SUBSCRIBERS_REQUEST,
        Cause.UNAUTHORISED_REQUEST,
        Cause.KEY_COMPROMISE,
        Cause.WEAK_KEY,
        Cause.UNRELIABLE_VALIDATION,
    }
)

PRELIMINARY_REPORT = timedelta(hours=24)
"""From a problem report to what is told of it first (BR 4.9.5)."""


def deadline(cause: Cause, moment: datetime) -> datetime:
    """Until when the revocation stands on a published CRL, counted from request or report (BR 4.9.1.1, 4.9.5)."""
    return moment + (_SOON if cause in _WITHIN_A_DAY else _LATER)


def keeps_order(reason: Reason) -> bool:
    """Whether the order stays open for a reissue if nothing is said: key or content changes, not the need."""
    return reason in _KEPT_BY_DEFAULT


def may_change_reason(present: Reason | None, wanted: Reason, *, proven: bool) -> bool:
    """Whether a revoked certificate's reason becomes `wanted`; `proven`: possession of its key was shown."""
    if wanted is not Reason.KEY_COMPROMISE or present is Reason.KEY_COMPROMISE:
        return False
    return proven or present in {None, Reason.UNSPECIFIED}


def is_at_risk(record: CertificateRecord, moment: datetime) -> bool:
    """Whether a serial could still be misused: a recorded or closed one may have been signed by a run that died."""
    return record.status is not CertificateStatus.REVOKED and moment <= record.not_after


@dataclass(frozen=True, slots=True)
class Revocation:
    """What is done to one serial. `record` is as it will be; `first` is False when only its reason changes."""

    record: CertificateRecord
    first: bool


def revocation_of(
    record: CertificateRecord,
    reason: Reason,
    moment: datetime,
    *,
    proven: bool = False,
    order_follows: OrderFollows | None = None,
) -> Revocation | None:
    """The revocation of a serial, or None when there is nothing to do: ended, or revoked as it should be.

    What becomes of the order is said with the first.
    """
    if moment > record.not_after:
        return None
    if record.status is not CertificateStatus.REVOKED:
        follows = replace(record, order_follows=order_follows)
        return Revocation(_revoked(follows, reason, moment), first=True)
    if record.revoked_at is not None and may_change_reason(record.reason, reason, proven=proven):
        return Revocation(_revoked(record, reason, record.revoked_at), first=False)
    return None


def none_is_live(records: Iterable[CertificateRecord], moment: datetime) -> bool:
    """Whether an order has no certificate left that anybody could rely on."""
    return not any(record.is_live(moment) for record in records)


def order_ended_at(records: Iterable[CertificateRecord], asked_at: datetime) -> datetime:
    """As of when an order is revoked that was asked to be at `asked_at`: since its revocation began.

    That was when the first of its serials was revoked for the order's sake, or the certificate with which it was to
    go if that was the last.
    """
    records = list(records)
    begun = [each.revoked_at for each in records if each.order_follows is OrderFollows.ALWAYS]
    last = ended_last(records)
    if not any(begun) and last is not None and last.order_follows is OrderFollows.WHEN_LAST:
        return last.revoked_at or asked_at
    return min([asked_at, *filter(None, begun)])


def ended_last(records: Iterable[CertificateRecord]) -> CertificateRecord | None:
    """The certificate that was revoked last, or ends last, of those that were issued: what it was revoked with
    says whether the order goes with it.
    """
    return max((each for each in records if each.certificate_der is not None), key=_ends_at, default=None)


def _ends_at(record: CertificateRecord) -> datetime:
    return record.revoked_at or record.not_after


def _revoked(record: CertificateRecord, reason: Reason, moment: datetime) -> CertificateRecord:
    return replace(record, status=CertificateStatus.REVOKED, revoked_at=moment, reason=reason)
