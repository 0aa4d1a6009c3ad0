"""The self-signature of a CSR: proof that whoever made the request has the key (RFC 2986, 3)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from partner_center.kernel.errors import Problem
from partner_center.orders.der import NotDer
from partner_center.orders.public_key import LARGEST_RSA, PublicKey

if TYPE_CHECKING:
    from cryptography.x509 import CertificateSigningRequest

_WEAK_ALGORITHMS = {
    "1.2.840.113549.1.1.2": "md2",
    "1.2.840.113549.1.1.3": "md4",
    "1.2.840.113549.1.1.4": "md5",
    "1.3.14.3.2.3": "md5",
    "1.2.840.113549.1.1.5": "sha1",
    "1.3.14.3.2.15": "sha1",
    "1.3.14.3.2.27": "sha1",
    "1.3.14.3.2.29": "sha1",
    "1.2.840.10040.4.3": "sha1",
    "1.2.840.10045.4.1": "sha1",
    "1.3.36.3.3.1.2": "ripemd160",
}
_WEAK_HASHES = frozenset({"md2", "md4", "md5", "sha1", "ripemd160"})


@dataclass(frozen=True, slots=True)
class Signature:
    """The hash that was signed (`sha256`; the dotted algorithm where that is unknown) and what is wrong."""

    hash_name: str
    problems: tuple[Problem, ...]


def read_signature(der: bytes, algorithm: str, key: PublicKey, field: str) -> Signature:
    """Check the self-signature of a request that was read strictly before. Raises NotDer if it still is unreadable.

    A signature over a broken hash is not computed: it would prove nothing. If the key cannot be used to check the
    signature, the problems are the key's own.
    """
    from cryptography.x509 import load_der_x509_csr  # noqa: PLC0415 - costs 70 ms, and reading orders needs none

    if key.facts.type == "RSA" and key.facts.bits > LARGEST_RSA:
        return Signature(_WEAK_ALGORITHMS.get(algorithm, algorithm), key.problems)
    try:
        request = load_der_x509_csr(der)
    except ValueError:
        if key.problems:  # curves spelled out, for instance
            return Signature(_WEAK_ALGORITHMS.get(algorithm, algorithm), key.problems)
        raise NotDer("its parts do not fit together as RFC 2986 and RFC 5280 say") from None
    hash_name = _WEAK_ALGORITHMS.get(algorithm) or _hash_name(request, algorithm)
    if hash_name in _WEAK_HASHES:
        detail = f"The CSR is signed with {hash_name.upper()}, which is broken; sign it with SHA-256."
        return Signature(hash_name, (Problem("weak_signature_hash", detail, field),))
    return Signature(hash_name, _verification_problems(request, key, field))


def _hash_name(request: "CertificateSigningRequest", algorithm: str) -> str:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - as above

    try:
        used = request.signature_hash_algorithm
    except (UnsupportedAlgorithm, ValueError):
        return algorithm
    return used.name if used else algorithm


def _verification_problems(
    request: "CertificateSigningRequest", key: PublicKey, field: str
) -> tuple[Problem, ...]:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - as above

    try:
        request.public_key()
    except (UnsupportedAlgorithm, ValueError):
        if key.problems:
            return key.problems
        detail = "The CSR's public key is no usable key. Make a new key and a CSR from it."
        return (Problem("key_malformed", detail, field),)
    try:
        valid = request.is_signature_valid
    except (UnsupportedAlgorithm, ValueError, TypeError):
        valid = False
    if valid:
        return ()
    detail = (
        "The CSR's signature does not fit its content and key: it was damaged or changed after it was made, or "
        "signed in an unknown way. Make a new CSR and send it unchanged."
    )
    return (Problem("bad_signature", detail, field),)
