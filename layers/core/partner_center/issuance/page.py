"""A certificate's page: what stands in its own bytes, in the forms in which people and tools ask for it."""

from hashlib import sha1, sha256
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from partner_center.issuance.chain_formats import Format
from partner_center.issuance.record import CertificateRecord

_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
_SIGNATURES = {
    "1.2.840.10045.4.3.2": "ecdsa-with-SHA256",
    "1.2.840.10045.4.3.3": "ecdsa-with-SHA384",
    "1.2.840.113549.1.1.11": "sha256WithRSAEncryption",
}


def page_of(record: CertificateRecord) -> dict[str, Any]:
    """Beside the facts that an order shows; distinguished names as RFC 4514 writes them.

    `record` is of a certificate that was issued.
    """
    der = record.certificate_der or b""
    certificate = x509.load_der_x509_certificate(der)
    path = f"/v1/certificates/{record.serial_hex}/download"
    return {
        "order_id": record.order_id,
        "generation": record.generation,
        "reissue_id": record.reissue_id,
        "level": record.level,
        "serial_decimal": str(certificate.serial_number),
        "subject": certificate.subject.rfc4514_string(),
        "common_name": record.common_name,
        "issuer_id": record.issuer_id,
        "issuer": certificate.issuer.rfc4514_string(),
        "fingerprints": {
            "sha256": sha256(der).hexdigest(),
            "sha1": sha1(der, usedforsecurity=False).hexdigest(),
        },
        "key": _key(certificate.public_key()),
        "signature_algorithm": _SIGNATURES[certificate.signature_algorithm_oid.dotted_string],
        "downloads": {wanted.value: f"{path}?format={wanted}" for wanted in Format},
    }


def _key(key: Any) -> dict[str, Any]:
    if isinstance(key, rsa.RSAPublicKey):
        return {"type": "RSA", "bits": key.key_size, "curve": None}
    if isinstance(key, ec.EllipticCurvePublicKey):
        return {"type": "EC", "bits": key.key_size, "curve": _CURVES[key.curve.name]}
    raise TypeError(f"no certificate of ours has a key of the kind {type(key).__name__}")
