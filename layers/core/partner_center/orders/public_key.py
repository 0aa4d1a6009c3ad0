"""What a SubjectPublicKeyInfo holds, read byte by byte: accepted kinds, sizes, parameters (BR 6.1.1.3, 6.1.5, 6.1.6).

Each accepted key has exactly one accepted encoding. Otherwise a blocked key could come back in another dress: the
block list compares SHA-256 values of the encoding.
"""

from dataclasses import dataclass

from partner_center.kernel.errors import Problem
from partner_center.orders.der import NULL, NotDer, bits, dotted, read_whole, sequence, unsigned

SMALLEST_RSA, LARGEST_RSA = 2048, 8192
_LONGEST_EXPONENT = 256  # bits (BR 6.1.6); a longer one hints at a small private exponent, and costs time

_ADVICE = "Make a new key, RSA of 2048 to 8192 bits or ECDSA on P-256, P-384 or P-521, and a CSR from it."
_RSA = "1.2.840.113549.1.1.1"
_EC = "1.2.840.10045.2.1"
_OTHER_KINDS = {
    "1.2.840.113549.1.1.10": "RSA-PSS",
    "1.2.840.113549.1.1.7": "RSA-OAEP",
    "1.2.840.10040.4.1": "DSA",
    "1.2.840.113549.1.3.1": "DH",
    "1.3.101.110": "X25519",
    "1.3.101.111": "X448",
    "1.3.101.112": "Ed25519",
    "1.3.101.113": "Ed448",
    "2.16.840.1.101.3.4.3.17": "ML-DSA-44",
    "2.16.840.1.101.3.4.3.18": "ML-DSA-65",
    "2.16.840.1.101.3.4.3.19": "ML-DSA-87",
}
_CURVES = {
    "1.2.840.10045.3.1.7": ("P-256", 256),
    "1.3.132.0.34": ("P-384", 384),
    "1.3.132.0.35": ("P-521", 521),
}


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """Kind (`RSA`, `EC`, or the name or dotted identifier of what is not accepted) and size in bits."""

    type: str
    bits: int
    curve: str | None = None


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key as read. `rsa_modulus` is there if it is worth examining; `problems` speak against the key."""

    facts: KeyFacts
    rsa_modulus: int | None
    problems: tuple[Problem, ...]


def read_public_key(spki_der: bytes, field: str | None) -> PublicKey:
    """Read a SubjectPublicKeyInfo. Never raises; what cannot be read is a `key_malformed` problem."""
    try:
        algorithm, key = sequence(read_whole(spki_der), "the public key", at_least=2, at_most=2)
        identifier, *parameters = sequence(algorithm, "the key's algorithm", at_least=1, at_most=2)
        kind = dotted(identifier, "the key's algorithm")
        material = bits(key, "the public key")
        if kind == _RSA:
            has_null = bool(parameters) and parameters[0].tag == NULL
            return _rsa(material, has_null, field)
        if kind == _EC:
            curve = dotted(parameters[0], "the curve") if parameters and parameters[0].tag == 0x06 else None
            return _ec(material, curve, field)
    except NotDer as reason:
        detail = f"The public key cannot be read: {reason}. {_ADVICE}"
        return PublicKey(KeyFacts("unknown", 0), None, (Problem("key_malformed", detail, field),))
    name = _OTHER_KINDS.get(kind, kind)
    detail = f"Keys of type {name} are not accepted. {_ADVICE}"
    return PublicKey(KeyFacts(name, 0), None, (_unsupported(detail, field),))


def _rsa(material: bytes, has_null: bool, field: str | None) -> PublicKey:
    modulus_element, exponent_element = sequence(read_whole(material), "the RSA key", at_least=2, at_most=2)
    modulus = unsigned(modulus_element, "the modulus")
    exponent = unsigned(exponent_element, "the exponent")
    size = modulus.bit_length()
    problems = [*_rsa_size_problems(size, field), *_exponent_problems(exponent, field)]
    if not has_null:
        detail = f"The key's algorithm lacks its NULL parameter (RFC 3279, 2.3.1). {_ADVICE}"
        problems.append(_unsupported(detail, field))
    sane = SMALLEST_RSA <= size <= LARGEST_RSA
    return PublicKey(KeyFacts("RSA", size), modulus if sane else None, tuple(problems))


def _rsa_size_problems(size: int, field: str | None) -> list[Problem]:
    if size < SMALLEST_RSA:
        detail = f"The RSA key has {size} bits; at least {SMALLEST_RSA} are required. {_ADVICE}"
        return [Problem("key_too_weak", detail, field)]
    if size > LARGEST_RSA:
        detail = f"The RSA key has {size} bits; at most {LARGEST_RSA} are accepted. {_ADVICE}"
        return [_unsupported(detail, field)]
    if size % 8:
        detail = f"The RSA key has {size} bits, which is not divisible by 8 (BR 6.1.5). {_ADVICE}"
        return [_unsupported(detail, field)]
    return []


def _exponent_problems(exponent: int, field: str | None) -> list[Problem]:
    if exponent >= 3 and exponent % 2 == 1 and exponent.bit_length() <= _LONGEST_EXPONENT:
        return []
    detail = (
        "The RSA key's public exponent must be odd, at least 3 and below 2^256; 65537 is recommended "
        f"(BR 6.1.6). {_ADVICE}"
    )
    return [Problem("key_too_weak", detail, field)]


def _ec(material: bytes, curve_identifier: str | None, field: str | None) -> PublicKey:
    if curve_identifier is None:
        detail = f"The key spells out its curve's parameters; only named curves are accepted. {_ADVICE}"
        return PublicKey(KeyFacts("EC", 0), None, (_unsupported(detail, field),))
    if curve_identifier not in _CURVES:
        detail = f"Keys on the curve {curve_identifier} are not accepted. {_ADVICE}"
        return PublicKey(KeyFacts("EC", 0, curve_identifier), None, (_unsupported(detail, field),))
    curve, size = _CURVES[curve_identifier]
    facts = KeyFacts("EC", size, curve)
    if len(material) != 1 + 2 * ((size + 7) // 8) or material[0] != 4:
        detail = f"The point of the key must be in uncompressed form (RFC 5480, 2.2). {_ADVICE}"
        return PublicKey(facts, None, (_unsupported(detail, field),))
    return PublicKey(facts, None, ())


def _unsupported(detail: str, field: str | None) -> Problem:
    return Problem("key_type_unsupported", detail, field)
