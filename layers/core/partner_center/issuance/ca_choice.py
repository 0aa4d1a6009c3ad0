"""Which of the issuing CAs signs a certificate."""

from collections.abc import Iterable
from datetime import datetime

from partner_center.issuance.profile import IssuingCa, SignatureAlgorithm
from partner_center.issuance.record import CertificateRecord, CertificateStatus
from partner_center.kernel.level import Level

_RSA_ENCRYPTION = bytes.fromhex("06092a864886f70d010101")  # RFC 8017 appendix C, as it begins an RSA key
_WHERE_IT_STANDS = 24


def signing_ca(
    issuing_cas: Iterable[IssuingCa], level: Level, spki_der: bytes, moment: datetime
) -> IssuingCa | None:
    """The active CA for a certificate of that level and key; None when there is none.

    One for that level alone comes before one for all, one that signs as the key does before another (a server with an
    RSA key may have clients that know nothing else), and then the newest: a rotation takes effect when the new one is
    activated.
    """
    fitting = [ca for ca in issuing_cas if _may_sign(ca, level, moment)]
    is_rsa = _RSA_ENCRYPTION in spki_der[:_WHERE_IT_STANDS]

    def rank(ca: IssuingCa) -> tuple[bool, bool, datetime, str]:
        alike = (ca.signature_algorithm is SignatureAlgorithm.RSA_SHA256) == is_rsa
        return ca.level is level, alike, ca.certificate.not_valid_before_utc, ca.issuer_id

    return max(fitting, key=rank, default=None)


def is_bound_to(record: CertificateRecord, recorded_for: IssuingCa) -> bool:
    """Whether nobody but the CA for which a serial was recorded may issue its certificate, though it be retired.

    An authority of AWS Private CA may have made it already, and another CA would make a second one. What a key in KMS
    signed is known by its serial, which may be given up. So may an authority's when nobody can rely on what was made:
    the authority is revoked, or the serial is, and its certificate is found by its request and revoked as well.
    """
    is_settled = record.status is CertificateStatus.REVOKED and record.request_id is not None
    return recorded_for.is_private_ca and recorded_for.revoked_at is None and not is_settled


def _may_sign(ca: IssuingCa, level: Level, moment: datetime) -> bool:
    certificate = ca.certificate
    return (
        ca.active
        and ca.revoked_at is None
        and ca.level in {None, level}
        and certificate.not_valid_before_utc <= moment < certificate.not_valid_after_utc
    )
