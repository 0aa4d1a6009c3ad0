"""Create the CAs: a root, and an issuing CA under it, both signed by keys that stay where they were made.

Running it again changes nothing: keys are found by their alias, a CA by its id. A further issuing CA under
the same root is a further call with another `issuer_id`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from partner_center.issuance.ports import IssuingCaStore
from partner_center.issuance.profile import POLICY_OF_LEVEL, IssuingCa, SignatureAlgorithm
from partner_center.issuance.serials import Entropy, new_serial
from partner_center.issuance.to_be_signed import ca_issuers, distribution_point, hash_of, policy
from partner_center.kernel.clock import Clock
from partner_center.kernel.level import Level

ROOT_LIFETIME = timedelta(days=15 * 365)  # BR 7.1.2.1.1 allows 2,922 to 9,132 days
ISSUING_LIFETIME = timedelta(days=5 * 365)
_BACKDATING = timedelta(hours=1)  # BR 7.1.2.10.1: not before one day before signing
_ANY_POLICY = "2.5.29.32.0"  # RFC 5280 section 4.2.1.4
_SECOND = timedelta(seconds=1)
_ROOT_ALGORITHM = SignatureAlgorithm.ECDSA_SHA384

CaPrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class CaKeys(Protocol):
    """The keys of CAs, found by an alias; their private part never leaves the device that holds them."""

    def key(self, alias: str, algorithm: SignatureAlgorithm) -> tuple[str, CaPrivateKey]:
        """Id and handle of the key with that alias, generated on the first call."""
        ...


@dataclass(frozen=True, slots=True)
class HierarchyRequest:
    """Names of the CAs and where the world finds their certificates and CRLs.

    `repository_url` is plain http without a closing slash (RFC 5280 section 8: https would need what it serves);
    `issuer_id` and `root_id` become file names there and key aliases. `only_level` restricts the issuing CA.
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

    def __post_init__(self) -> None:
        if not self.repository_url.startswith("http://") or self.repository_url.endswith("/"):
            raise ValueError("the repository is a plain http address without a closing slash")


def create_hierarchy(
    request: HierarchyRequest, keys: CaKeys, store: IssuingCaStore, clock: Clock, entropy: Entropy
) -> IssuingCa:
    """The issuing CA of that id, created with its root when it does not exist yet."""
    existing = store.issuing_ca(request.issuer_id)
    if existing is not None:
        return existing
    now = clock.now().astimezone(UTC).replace(microsecond=0)
    _, root_key = keys.key(f"ca/{request.root_id}", _ROOT_ALGORITHM)
    root = _known_root(store.issuing_cas(), root_key) or _root_certificate(request, root_key, now, entropy)
    key_id, issuing_key = keys.key(f"ca/{request.issuer_id}", request.algorithm)
    certificate = _issuing_certificate(request, issuing_key, root, root_key, now, entropy)
    return store.add_issuing_ca(
        IssuingCa(
            issuer_id=request.issuer_id,
            certificate_der=certificate.public_bytes(Encoding.DER),
            root_der=root.public_bytes(Encoding.DER),
            key_id=key_id,
            signature_algorithm=request.algorithm,
            aia_url=f"{request.repository_url}/{request.issuer_id}.crt",
            crl_url=f"{request.repository_url}/{request.issuer_id}.crl",
        )
    )


def _known_root(issuing_cas: Iterable[IssuingCa], root_key: CaPrivateKey) -> x509.Certificate | None:
    """The certificate that an earlier call made for this root key: one root has one certificate."""
    wanted = _spki(root_key)
    for issuing_ca in issuing_cas:
        root = x509.load_der_x509_certificate(issuing_ca.root_der)
        if root.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == wanted:
            return root
    return None


def _root_certificate(
    request: HierarchyRequest, key: CaPrivateKey, now: datetime, entropy: Entropy
) -> x509.Certificate:
    """BR 7.1.2.1: no extended key usage, no policies, no path length."""
    name = _name(request, request.root_name)
    not_before = now - _BACKDATING
    builder = (
        _ca_builder(name, key, path_length=None)
        .issuer_name(name)
        .serial_number(new_serial(entropy))
        .not_valid_before(not_before)
        .not_valid_after(not_before + ROOT_LIFETIME - _SECOND)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )
    root = builder.sign(key, hash_of(_ROOT_ALGORITHM))
    root.verify_directly_issued_by(root)
    return root


def _issuing_certificate(
    request: HierarchyRequest,
    key: CaPrivateKey,
    root: x509.Certificate,
    root_key: CaPrivateKey,
    now: datetime,
    entropy: Entropy,
) -> x509.Certificate:
    """BR 7.1.2.6: serverAuth only, no CA beneath it."""
    not_before = now - _BACKDATING
    published = f"{request.repository_url}/{request.root_id}"
    key_identifier = root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    # BR 7.1.2.10.5: one reserved policy, or anyPolicy for a CA of ours that issues at every level.
    allowed = POLICY_OF_LEVEL[request.only_level] if request.only_level else _ANY_POLICY
    builder = (
        _ca_builder(_name(request, request.issuing_name), key, path_length=0)
        .issuer_name(root.subject)
        .serial_number(new_serial(entropy))
        .not_valid_before(not_before)
        .not_valid_after(min(not_before + ISSUING_LIFETIME - _SECOND, root.not_valid_after_utc))
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key_identifier), critical=False
        )
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.CertificatePolicies([policy(allowed)]), critical=False)
        .add_extension(x509.CRLDistributionPoints([distribution_point(f"{published}.crl")]), critical=False)
        .add_extension(x509.AuthorityInformationAccess([ca_issuers(f"{published}.crt")]), critical=False)
    )
    certificate = builder.sign(root_key, hash_of(_ROOT_ALGORITHM))
    certificate.verify_directly_issued_by(root)
    return certificate


def _ca_builder(name: x509.Name, key: CaPrivateKey, path_length: int | None) -> x509.CertificateBuilder:
    """What root and issuing CA have in common."""
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
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _name(request: HierarchyRequest, common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, request.country),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, request.organization),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _spki(key: CaPrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
