"""The certificates of CAs and the root's CRL, from what was asked for to a twin that can be linted.

BR 7.1.2.1 (root), 7.1.2.6 (TLS issuing CA under a root of the same operator), 7.1.2.10 (what both have in common),
7.2 (CRL). A twin is signed with a throw-away key; its to-be-signed bytes are those that are signed for real.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from partner_center.issuance.profile import POLICY_OF_LEVEL, IssuingCa, RootCa, SignatureAlgorithm
from partner_center.issuance.to_be_signed import (
    ALGORITHM_IDENTIFIER,
    ca_issuers,
    digest,
    distribution_point,
    hash_of,
    policy,
    tagged,
    throw_away_key,
)
from partner_center.kernel.level import Level

ROOT_LIFETIME = timedelta(days=15 * 365)  # BR 7.1.2.1.1 allows 2,922 to 9,132 days
ISSUING_LIFETIME = timedelta(days=5 * 365)
ROOT_CRL_LIFETIME = timedelta(days=364)  # BR 4.9.7: at most twelve months for a CRL of CA certificates
ROOT_ALGORITHM = SignatureAlgorithm.ECDSA_SHA384
_BACKDATING = timedelta(hours=1)  # BR 7.1.2.10.1: not before one day before signing
_ANY_POLICY = "2.5.29.32.0"  # RFC 5280 section 4.2.1.4
_SECOND = timedelta(seconds=1)
_SEQUENCE, _BIT_STRING = 0x30, 0x03

CaPrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
CaPublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


@dataclass(frozen=True, slots=True)
class HierarchyRequest:
    """Names of the CAs and where the world finds their certificates and CRLs.

    `repository_url` is plain http without a closing slash (RFC 5280 section 8: https would need what it serves);
    `issuer_id` and `root_id` become file names there and key aliases. `only_level` restricts the issuing CA. One that
    is not `active` yet signs nothing until a person puts it into service.
    """

    issuer_id: str
    repository_url: str
    root_id: str = "root-r1"
    organization: str = "Partner Center Demo"
    country: str = "NL"
    root_name: str = "Partner Center Demo Root R1"
    issuing_name: str = "Partner Center Demo TLS CA E1"
    algorithm: SignatureAlgorithm = SignatureAlgorithm.ECDSA_SHA256
    only_level: Level | None = None
    active: bool = True

    def __post_init__(self) -> None:
        if not self.repository_url.startswith("http://") or self.repository_url.endswith("/"):
            raise ValueError("the repository is a plain http address without a closing slash")


def root_twin(request: HierarchyRequest, key: CaPublicKey, serial: int, moment: datetime) -> x509.Certificate:
    """BR 7.1.2.1: no extended key usage, no policies, no path length."""
    name = _name(request, request.root_name)
    not_before = _beginning(moment)
    builder = (
        _ca_builder(name, key, path_length=None)
        .issuer_name(name)
        .serial_number(serial)
        .not_valid_before(not_before)
        .not_valid_after(not_before + ROOT_LIFETIME - _SECOND)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key), critical=False)
    )
    return builder.sign(throw_away_key(ROOT_ALGORITHM), hash_of(ROOT_ALGORITHM))


def issuing_twin(
    request: HierarchyRequest, key: CaPublicKey, root: x509.Certificate, serial: int, moment: datetime
) -> x509.Certificate:
    """BR 7.1.2.6: serverAuth only, no CA beneath it."""
    not_before = _beginning(moment)
    published = f"{request.repository_url}/{request.root_id}"
    # BR 7.1.2.10.5: one reserved policy, or anyPolicy for a CA of ours that issues at every level.
    allowed = POLICY_OF_LEVEL[request.only_level] if request.only_level else _ANY_POLICY
    builder = (
        _ca_builder(_name(request, request.issuing_name), key, path_length=0)
        .issuer_name(root.subject)
        .serial_number(serial)
        .not_valid_before(not_before)
        .not_valid_after(min(not_before + ISSUING_LIFETIME - _SECOND, root.not_valid_after_utc))
        .add_extension(_authority_of(root), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.CertificatePolicies([policy(allowed)]), critical=False)
        .add_extension(x509.CRLDistributionPoints([distribution_point(f"{published}.crl")]), critical=False)
        .add_extension(x509.AuthorityInformationAccess([ca_issuers(f"{published}.crt")]), critical=False)
    )
    return builder.sign(throw_away_key(ROOT_ALGORITHM), hash_of(ROOT_ALGORITHM))


def root_crl_twin(
    root: RootCa, revoked: Sequence[IssuingCa], number: int, moment: datetime
) -> x509.CertificateRevocationList:
    """The root's list of its issuing CAs that are revoked, each with its reason (BR 7.2.2)."""
    this_update = moment.astimezone(UTC).replace(microsecond=0)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(root.certificate.subject)
        .last_update(this_update)
        .next_update(this_update + ROOT_CRL_LIFETIME)
        .add_extension(_authority_of(root.certificate), critical=False)
        .add_extension(x509.CRLNumber(number), critical=False)
    )
    for issuing_ca in revoked:
        builder = builder.add_revoked_certificate(_entry(issuing_ca))
    return builder.sign(throw_away_key(root.signature_algorithm), hash_of(root.signature_algorithm))


def signed(tbs_der: bytes, key: CaPrivateKey, algorithm: SignatureAlgorithm) -> bytes:
    """Certificate or CRL around the bytes, whose digest `key` signs wherever it is (RFC 5280 sections 4.1, 5.1)."""
    hashed, used = digest(tbs_der, algorithm), Prehashed(hash_of(algorithm))
    if isinstance(key, rsa.RSAPrivateKey):
        signature = key.sign(hashed, padding.PKCS1v15(), used)
    else:
        signature = key.sign(hashed, ec.ECDSA(used))
    identifier = ALGORITHM_IDENTIFIER[algorithm]
    return tagged(_SEQUENCE, tbs_der + identifier + tagged(_BIT_STRING, b"\0" + signature))


def der_of(twin: x509.Certificate | x509.CertificateRevocationList) -> bytes:
    return twin.public_bytes(Encoding.DER)


def _entry(issuing_ca: IssuingCa) -> x509.RevokedCertificate:
    if issuing_ca.revoked_at is None or issuing_ca.revocation_reason is None:
        raise ValueError(f"{issuing_ca.issuer_id} is not revoked")
    return (
        x509.RevokedCertificateBuilder()
        .serial_number(issuing_ca.certificate.serial_number)
        .revocation_date(issuing_ca.revoked_at.astimezone(UTC).replace(microsecond=0))
        .add_extension(x509.CRLReason(x509.ReasonFlags(issuing_ca.revocation_reason.value)), critical=False)
        .build()
    )


def _authority_of(root: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    identifier = root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)


def _beginning(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0) - _BACKDATING


def _ca_builder(name: x509.Name, key: CaPublicKey, path_length: int | None) -> x509.CertificateBuilder:
    """What root and issuing CA have in common (BR 7.1.2.10)."""
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .public_key(key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _name(request: HierarchyRequest, common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, request.country),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, request.organization),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )
