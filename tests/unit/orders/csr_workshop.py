"""Makes CSRs of every shape, good and hostile, byte by byte where no library would make them."""

import base64
import random
from collections.abc import Sequence
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

SHA256_RSA = "1.2.840.113549.1.1.11"
SHA256_EC = "1.2.840.10045.4.3.2"
EXTENSION_REQUEST = "1.2.840.113549.1.9.14"
MICROSOFT_EXTENSIONS = "1.3.6.1.4.1.311.2.1.14"
SAN = "2.5.29.17"
NULL = b"\x05\x00"


def tlv(tag: int, *parts: bytes) -> bytes:
    """One DER element around `parts`."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def seq(*parts: bytes) -> bytes:
    return tlv(0x30, *parts)


def integer(value: int) -> bytes:
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(dotted: str) -> bytes:
    first, second, *arcs = map(int, dotted.split("."))
    content = b""
    for arc in (first * 40 + second, *arcs):
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.append(0x80 | arc & 0x7F)
        content += bytes(reversed(septets))
    return tlv(0x06, content)


def octets(content: bytes) -> bytes:
    return tlv(0x04, content)


def bit_string(content: bytes) -> bytes:
    return tlv(0x03, b"\x00", content)


def rdn(kind: str, value: str | bytes, tag: int = 0x0C) -> bytes:
    """One part of a subject."""
    content = value.encode() if isinstance(value, str) else value
    return tlv(0x31, seq(oid(kind), tlv(tag, content)))


def cn(value: str | bytes, tag: int = 0x0C) -> bytes:
    return rdn("2.5.4.3", value, tag)


def extension(kind: str, value: bytes, critical: bytes = b"") -> bytes:
    return seq(oid(kind), critical, octets(value))


CRITICAL = b"\x01\x01\xff"


def dns(*names: str | bytes) -> bytes:
    """A subjectAltName extension of DNS names."""
    contents = (name.encode() if isinstance(name, str) else name for name in names)
    return extension(SAN, seq(*(tlv(0x82, content) for content in contents)))


def attribute(kind: str, *values: bytes) -> bytes:
    return seq(oid(kind), tlv(0x31, *values))


def extensions(*items: bytes, kind: str = EXTENSION_REQUEST) -> bytes:
    """The attribute that asks for extensions."""
    return attribute(kind, seq(*items))


def spki_of(private: Any) -> bytes:
    return bytes(
        private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )


def rsa_spki(modulus: int, exponent: int = 65537, parameters: bytes = NULL) -> bytes:
    """The encoding of an RSA key, whether or not anybody could have it."""
    key = seq(integer(modulus), integer(exponent))
    return seq(seq(oid("1.2.840.113549.1.1.1"), parameters), bit_string(key))


def ec_spki(parameters: bytes, point: bytes) -> bytes:
    return seq(seq(oid("1.2.840.10045.2.1"), parameters), bit_string(point))


def armoured(der: bytes, label: str = "CERTIFICATE REQUEST", width: int = 64, end: str = "\n") -> str:
    text = base64.b64encode(der).decode()
    lines = [text[at : at + width] for at in range(0, len(text), width)]
    return end.join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])


def private_pem(private: Any, form: serialization.PrivateFormat = serialization.PrivateFormat.PKCS8) -> str:
    encryption = serialization.NoEncryption()
    return str(private.private_bytes(serialization.Encoding.PEM, form, encryption), "ascii")


def odd_number(bits: int, seed: int = 1) -> int:
    """A reproducible odd number of exactly `bits` bits: good enough where nobody factors it."""
    return random.Random(seed).getrandbits(bits) | 1 << (bits - 1) | 1  # noqa: S311


class Workshop:
    """Keys are made once; every method gives DER unless its name says PEM."""

    def __init__(self) -> None:
        self.rsa = rsa.generate_private_key(65537, 2048)
        self.ec = ec.generate_private_key(ec.SECP256R1())

    def csr(
        self,
        *attributes: bytes,
        subject: Sequence[bytes] = (cn("www.example.com"),),
        key: Any = None,
        spki: bytes | None = None,
        version: bytes = b"\x02\x01\x00",
        signature_oid: str | None = None,
        hash_algorithm: hashes.HashAlgorithm | None = None,
        raw_attributes: bytes | None = None,
    ) -> bytes:
        """A request over whatever is given, correctly signed by `key` (RSA unless told otherwise)."""
        key = key or self.rsa
        listed = tlv(0xA0, *attributes) if raw_attributes is None else raw_attributes
        information = seq(version, seq(*subject), spki or spki_of(key), listed)
        return self.signed(information, key, signature_oid, hash_algorithm or hashes.SHA256())

    def signed(
        self, information: bytes, key: Any, signature_oid: str | None, hash_algorithm: hashes.HashAlgorithm
    ) -> bytes:
        if isinstance(key, rsa.RSAPrivateKey):
            signature = key.sign(information, padding.PKCS1v15(), hash_algorithm)
            algorithm = seq(oid(signature_oid or SHA256_RSA), NULL)
        else:
            signature = key.sign(information, ec.ECDSA(hash_algorithm))
            algorithm = seq(oid(signature_oid or SHA256_EC))
        return seq(information, algorithm, bit_string(signature))

    def csr_pem(self, *attributes: bytes, **options: Any) -> str:
        return armoured(self.csr(*attributes, **options))


def codes(problems: Any) -> list[str]:
    return [problem.code for problem in problems]
