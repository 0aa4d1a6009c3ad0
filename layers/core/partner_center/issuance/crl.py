"""A CRL from its plan to its bytes: what will be signed, the list around it, and the comparison afterwards.

RFC 5280 section 5, BR 7.2. One list tells of every certificate of its CA, so it bears no issuing distribution point
(BR 7.2.2.1 demands one of partial lists only). The bytes are put together here: `cryptography` copies its list with
each entry that is added, which takes minutes at a hundred thousand entries.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding

from partner_center.issuance.profile import IssuingCa
from partner_center.issuance.record import Reason
from partner_center.issuance.revocation import REASON_CODES
from partner_center.issuance.to_be_signed import (
    ALGORITHM_IDENTIFIER,
    UNREADABLE,
    assemble,
    hash_of,
    tagged,
    throw_away_key,
)

LIFETIME = timedelta(days=7)
LONGEST_LIFETIME = timedelta(days=10)  # BR 4.9.7

_INTEGER, _OCTET_STRING, _OID, _ENUMERATED, _UTC_TIME = 0x02, 0x04, 0x06, 0x0A, 0x17
_SEQUENCE, _EXTENSIONS = 0x30, 0xA0
_VERSION_2 = bytes.fromhex("020101")
_AUTHORITY_KEY_IDENTIFIER = bytes.fromhex("551d23")
_CRL_NUMBER = bytes.fromhex("551d14")
_REASON_CODE = bytes.fromhex("551d15")
_NUMBER_LIMIT = 1 << 159  # RFC 5280 section 5.2.3: at most 20 octets
_LAST_YEAR_OF_UTC_TIME = 2049  # RFC 5280 section 5.1.2.4


@dataclass(frozen=True, slots=True)
class CrlEntry:
    """One revoked certificate as its CRL tells it; the time in whole seconds."""

    serial: int
    revoked_at: datetime
    reason: Reason


@dataclass(frozen=True, slots=True)
class CrlPlan:
    """Everything that distinguishes one CRL from another. Times are aware, in whole seconds."""

    issuer: IssuingCa
    number: int
    this_update: datetime
    next_update: datetime
    entries: tuple[CrlEntry, ...]

    def __post_init__(self) -> None:
        if not 0 < self.number < _NUMBER_LIMIT:
            raise ValueError("a CRL number is positive, of 20 octets at most")
        for moment in (self.this_update, self.next_update, *(each.revoked_at for each in self.entries)):
            if moment.tzinfo is None or moment.microsecond or moment.year > _LAST_YEAR_OF_UTC_TIME:
                raise ValueError("a CRL tells whole seconds of a known zone, before 2050")
        if not self.this_update < self.next_update <= self.this_update + LONGEST_LIFETIME:
            raise ValueError("the next CRL comes after this one, within ten days (BR 4.9.7)")


def plan_crl(issuer: IssuingCa, number: int, moment: datetime, entries: Sequence[CrlEntry]) -> CrlPlan:
    """The CRL of that moment."""
    this_update = moment.astimezone(UTC).replace(microsecond=0)
    return CrlPlan(issuer, number, this_update, this_update + LIFETIME, tuple(entries))


def crl_to_be_signed(plan: CrlPlan) -> bytes:
    """TBSCertList (RFC 5280 section 5.1); without entries the list of them is left out (5.1.2.6)."""
    revoked = b"".join(map(_entry, plan.entries))
    extensions = _extension(_AUTHORITY_KEY_IDENTIFIER, _key_identifier(plan.issuer)) + _extension(
        _CRL_NUMBER, _integer(plan.number)
    )
    return tagged(
        _SEQUENCE,
        b"".join(
            (
                _VERSION_2,
                ALGORITHM_IDENTIFIER[plan.issuer.signature_algorithm],
                plan.issuer.certificate.subject.public_bytes(),
                _time(plan.this_update),
                _time(plan.next_update),
                tagged(_SEQUENCE, revoked) if revoked else b"",
                tagged(_EXTENSIONS, tagged(_SEQUENCE, extensions)),
            )
        ),
    )


def crl_twin(tbs_der: bytes, issuer: IssuingCa) -> bytes:
    """A whole CRL around the bytes, signed with a throw-away key, so that it can be linted first."""
    key, used = throw_away_key(issuer.signature_algorithm), hash_of(issuer.signature_algorithm)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return assemble(tbs_der, key.sign(tbs_der, ec.ECDSA(used)), issuer)
    return assemble(tbs_der, key.sign(tbs_der, padding.PKCS1v15(), used), issuer)


def crl_disagreements(der: bytes, plan: CrlPlan) -> tuple[str, ...]:
    """Every way in which a signed CRL differs from its plan, its signature included; empty when none."""
    try:
        crl = x509.load_der_x509_crl(der)
        return tuple(_differences(crl, plan))
    except UNREADABLE as error:
        return (f"unreadable CRL: {error}",)


def _differences(crl: x509.CertificateRevocationList, plan: CrlPlan) -> Iterator[str]:
    issuing = plan.issuer.certificate
    identifier = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(_subject_key(plan.issuer))
    compared: tuple[tuple[str, object, object], ...] = (
        ("issuer", crl.issuer.public_bytes(), issuing.subject.public_bytes()),
        ("thisUpdate", crl.last_update_utc, plan.this_update),
        ("nextUpdate", crl.next_update_utc, plan.next_update),
        ("extensions", [each.value for each in crl.extensions], [identifier, x509.CRLNumber(plan.number)]),
        ("hash", type(crl.signature_hash_algorithm), type(hash_of(plan.issuer.signature_algorithm))),
    )
    for what, found, planned in compared:
        if found != planned:
            yield f"{what}: {found} instead of {planned}"
    if [_told(each) for each in crl] != [_planned(each) for each in plan.entries]:
        yield "entries: not those of the plan"
    if not crl.is_signature_valid(issuing.public_key()):  # type: ignore[arg-type]
        yield "signature: not made by the issuing CA's key"


def _told(revoked: x509.RevokedCertificate) -> tuple[int, datetime, list[x509.ExtensionType]]:
    return (
        revoked.serial_number,
        revoked.revocation_date_utc,
        [each.value for each in revoked.extensions],
    )


def _planned(entry: CrlEntry) -> tuple[int, datetime, list[x509.ExtensionType]]:
    return entry.serial, entry.revoked_at.astimezone(UTC), list(_reason_extensions(entry.reason))


@cache
def _reason_extensions(reason: Reason) -> tuple[x509.ExtensionType, ...]:
    return () if reason not in REASON_CODES else (x509.CRLReason(x509.ReasonFlags(reason.value)),)


def _entry(entry: CrlEntry) -> bytes:
    return tagged(
        _SEQUENCE, _integer(entry.serial) + _time(entry.revoked_at) + _entry_extensions(entry.reason)
    )


@cache
def _entry_extensions(reason: Reason) -> bytes:
    code = REASON_CODES.get(reason)
    if code is None:
        return b""
    return tagged(_SEQUENCE, _extension(_REASON_CODE, tagged(_ENUMERATED, bytes((code,)))))


def _extension(oid: bytes, value: bytes) -> bytes:
    """None of ours is critical: AKI and number never are (RFC 5280 sections 5.2.1, 5.2.3, 5.3.1)."""
    return tagged(_SEQUENCE, tagged(_OID, oid) + tagged(_OCTET_STRING, value))


def _integer(number: int) -> bytes:
    return tagged(_INTEGER, number.to_bytes(number.bit_length() // 8 + 1))


def _time(moment: datetime) -> bytes:
    return tagged(_UTC_TIME, f"{moment.astimezone(UTC):%y%m%d%H%M%SZ}".encode())


def _key_identifier(issuer: IssuingCa) -> bytes:
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(_subject_key(issuer)).public_bytes()


def _subject_key(issuer: IssuingCa) -> x509.SubjectKeyIdentifier:
    return issuer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
