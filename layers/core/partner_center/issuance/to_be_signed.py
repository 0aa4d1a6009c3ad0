"""From plan to bytes and back: what will be signed, the certificate around it, and the comparison afterwards.

The twin is built by the ordinary certificate builder and signed with a throw-away key of the issuing CA's
kind, so linters can read it before the CA's key is touched. Its to-be-signed bytes do not depend on the key
that signs them: they are the very bytes whose digest goes to the CA's key.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256, sha384

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from partner_center.issuance.profile import (
    POLICY_OF_LEVEL,
    CertificatePlan,
    IssuingCa,
    OrganizationSubject,
    SignatureAlgorithm,
)

_Extensions = tuple[tuple[x509.ExtensionType, bool], ...]

# AlgorithmIdentifier: RFC 5758 section 3.2 (ECDSA, no parameters), RFC 4055 section 5 (RSA, NULL).
ALGORITHM_IDENTIFIER = {
    SignatureAlgorithm.ECDSA_SHA256: bytes.fromhex("300a06082a8648ce3d040302"),
    SignatureAlgorithm.ECDSA_SHA384: bytes.fromhex("300a06082a8648ce3d040303"),
    SignatureAlgorithm.RSA_SHA256: bytes.fromhex("300d06092a864886f70d01010b0500"),
}
# What `cryptography` raises for DER that it cannot read, at loading or at the first look into a part.
UNREADABLE = (
    ValueError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
_SEQUENCE, _BIT_STRING = 0x30, 0x03
_SHORT_LENGTH = 0x80


@dataclass(frozen=True, slots=True)
class TwinCertificate:
    """The bytes to be signed, and a whole certificate around them that no client would ever trust."""

    tbs_der: bytes
    twin_der: bytes


def build_twin(plan: CertificatePlan) -> TwinCertificate:
    """The to-be-signed bytes of the plan and their throw-away-signed twin.

    Raises what `UNREADABLE` lists for a public key or name that no certificate can hold.
    """
    builder = (
        x509.CertificateBuilder()
        .issuer_name(plan.issuer.certificate.subject)
        .subject_name(_subject(plan))
        .public_key(serialization.load_der_public_key(plan.spki_der))  # type: ignore[arg-type]
        .serial_number(plan.serial)
        .not_valid_before(plan.not_before)
        .not_valid_after(plan.not_after)
    )
    for extension, critical in _extensions(plan):
        builder = builder.add_extension(extension, critical)
    algorithm = plan.issuer.signature_algorithm
    twin = builder.sign(throw_away_key(algorithm), hash_of(algorithm))
    return TwinCertificate(twin.tbs_certificate_bytes, twin.public_bytes(serialization.Encoding.DER))


def digest(tbs_der: bytes, algorithm: SignatureAlgorithm) -> bytes:
    """What the CA's key signs."""
    hashed = sha384(tbs_der) if algorithm is SignatureAlgorithm.ECDSA_SHA384 else sha256(tbs_der)
    return hashed.digest()


def assemble(tbs_der: bytes, signature: bytes, issuer: IssuingCa) -> bytes:
    """The certificate or CRL (RFC 5280 sections 4.1, 5.1): to-be-signed bytes, algorithm, signature."""
    algorithm = ALGORITHM_IDENTIFIER[issuer.signature_algorithm]
    return tagged(_SEQUENCE, tbs_der + algorithm + tagged(_BIT_STRING, b"\0" + signature))


def disagreements(der: bytes, plan: CertificatePlan) -> tuple[str, ...]:
    """Every way in which a signed certificate differs from its plan, its signature included; empty when none."""
    try:
        certificate = x509.load_der_x509_certificate(der)
    except UNREADABLE as error:
        return (f"unreadable certificate: {error}",)
    return (*_differing_content(certificate, plan), *_differing_signature(certificate, plan.issuer))


def content_disagreements(twin_der: bytes, plan: CertificatePlan) -> tuple[str, ...]:
    """As `disagreements`, without the signature: for a twin, before the CA's key is asked."""
    return tuple(_differing_content(x509.load_der_x509_certificate(twin_der), plan))


def _differing_content(certificate: x509.Certificate, plan: CertificatePlan) -> Iterator[str]:
    compared: tuple[tuple[str, Callable[[], object], object], ...] = (
        ("serial number", lambda: certificate.serial_number, plan.serial),
        ("issuer", lambda: _der(certificate.issuer), _der(plan.issuer.certificate.subject)),
        ("subject", lambda: _der(certificate.subject), _der(_subject(plan))),
        ("notBefore", lambda: certificate.not_valid_before_utc, _utc(plan.not_before)),
        ("notAfter", lambda: certificate.not_valid_after_utc, _utc(plan.not_after)),
        ("public key", lambda: _spki(certificate), plan.spki_der),
    )
    for what, read, planned in compared:
        try:
            found = read()
        except UNREADABLE as error:
            yield f"{what}: unreadable ({error})"
            continue
        if found != planned:
            yield f"{what}: {_shown(found)} instead of {_shown(planned)}"
    yield from _differing_extensions(certificate, plan)


def _differing_extensions(certificate: x509.Certificate, plan: CertificatePlan) -> Iterator[str]:
    try:
        found = {extension.oid: extension for extension in certificate.extensions}
    except UNREADABLE as error:
        yield f"extensions: unreadable ({error})"
        return
    for planned, critical in _extensions(plan):
        extension = found.pop(planned.oid, None)
        if extension is None:
            yield f"extension {planned.oid.dotted_string}: missing"
        elif extension.value.public_bytes() != planned.public_bytes():
            yield f"extension {planned.oid.dotted_string}: {extension.value!r} instead of {planned!r}"
        elif extension.critical != critical:
            yield f"extension {planned.oid.dotted_string}: critical is {extension.critical}"
    for oid in found:
        yield f"extension {oid.dotted_string}: not in the plan"


def _differing_signature(certificate: x509.Certificate, issuer: IssuingCa) -> Iterator[str]:
    if certificate.public_bytes(serialization.Encoding.DER) != assemble(
        certificate.tbs_certificate_bytes, certificate.signature, issuer
    ):
        yield "signature algorithm: not the issuing CA's"
    try:
        certificate.verify_directly_issued_by(issuer.certificate)
    except (InvalidSignature, TypeError, *UNREADABLE) as error:
        yield f"signature: not made by the issuing CA's key ({error or 'invalid'})"


def _subject(plan: CertificatePlan) -> x509.Name:
    """Attributes in the order of BR 7.1.4.2; the ones that only EV knows stand before them."""
    attributes = _organization_attributes(plan.subject) if plan.subject else []
    common_name = [(NameOID.COMMON_NAME, plan.common_name)]
    return x509.Name(
        x509.NameAttribute(oid, value) for oid, value in (*attributes, *common_name) if value is not None
    )


def _organization_attributes(subject: OrganizationSubject) -> list[tuple[x509.ObjectIdentifier, str | None]]:
    attributes: list[tuple[x509.ObjectIdentifier, str | None]] = [
        (NameOID.COUNTRY_NAME, subject.country),
        (NameOID.STATE_OR_PROVINCE_NAME, subject.state),
        (NameOID.LOCALITY_NAME, subject.locality),
        (NameOID.ORGANIZATION_NAME, subject.organization),
    ]
    extended = subject.extended
    if extended is None:
        return attributes
    return [
        (NameOID.BUSINESS_CATEGORY, extended.business_category),
        (NameOID.JURISDICTION_COUNTRY_NAME, extended.jurisdiction_country),
        (NameOID.JURISDICTION_STATE_OR_PROVINCE_NAME, extended.jurisdiction_state),
        (NameOID.JURISDICTION_LOCALITY_NAME, extended.jurisdiction_locality),
        (NameOID.SERIAL_NUMBER, extended.registration_number),
        *attributes,
    ]


def _extensions(plan: CertificatePlan) -> _Extensions:
    """The whole set (BR 7.1.2.7.6), each with its criticality; a certificate holds these and no other."""
    issuer = plan.issuer
    key_identifier = issuer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    subject_is_empty = plan.subject is None and plan.common_name is None
    return (
        (x509.KeyUsage(True, False, False, False, False, False, False, False, False), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key_identifier), False),
        (x509.AuthorityInformationAccess([ca_issuers(issuer.aia_url)]), False),
        (x509.CRLDistributionPoints([distribution_point(issuer.crl_url)]), False),
        (x509.CertificatePolicies([policy(POLICY_OF_LEVEL[plan.level])]), False),
        # RFC 5280 section 4.2.1.6: critical exactly when the subject is empty.
        (x509.SubjectAlternativeName([x509.DNSName(name) for name in plan.names]), subject_is_empty),
    )


def ca_issuers(url: str) -> x509.AccessDescription:
    return x509.AccessDescription(
        AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(url)
    )


def policy(dotted: str) -> x509.PolicyInformation:
    return x509.PolicyInformation(x509.ObjectIdentifier(dotted), None)


def distribution_point(url: str) -> x509.DistributionPoint:
    return x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)


@cache
def throw_away_key(algorithm: SignatureAlgorithm) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    """One per process and kind: what it signs is linted and forgotten."""
    if algorithm is SignatureAlgorithm.RSA_SHA256:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    curve = ec.SECP384R1() if algorithm is SignatureAlgorithm.ECDSA_SHA384 else ec.SECP256R1()
    return ec.generate_private_key(curve)


def hash_of(algorithm: SignatureAlgorithm) -> hashes.SHA256 | hashes.SHA384:
    """The hash that goes with the algorithm, as `cryptography` wants it."""
    return hashes.SHA384() if algorithm is SignatureAlgorithm.ECDSA_SHA384 else hashes.SHA256()


def tagged(tag: int, content: bytes) -> bytes:
    """Tag, length in the fewest octets (X.690 section 10.1), content."""
    if len(content) < _SHORT_LENGTH:
        return bytes((tag, len(content))) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes((tag, _SHORT_LENGTH | len(length))) + length + content


def _spki(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _der(name: x509.Name) -> bytes:
    return name.public_bytes()


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _shown(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
