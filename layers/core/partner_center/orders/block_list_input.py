"""What a block list is made from: keys, certificates and requests as PEM or DER, and digests in hexadecimal."""

import re
from collections.abc import Iterator
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_DIGEST_LINE = re.compile(rb"[0-9A-Fa-f]{64}")
_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----.*?-----END \1-----", re.DOTALL)
_PEM = b"-----BEGIN "


class UnreadableInput(Exception):
    """The input holds something that is neither a key nor a digest; the message says where."""


def digest_of(spki_der: bytes) -> bytes:
    """SHA-256 of a SubjectPublicKeyInfo: what a block list is made of."""
    return sha256(spki_der).digest()


def digests_in(content: bytes) -> Iterator[bytes]:
    """The digest of every key in a file: PEM blocks, lines of hexadecimal digests (# begins a comment), or one DER.

    A private key, as the collections of weak keys have it, counts as its public half. Raises UnreadableInput.
    """
    if _PEM in content:
        blocks = list(_BLOCK.finditer(content))
        if len(blocks) != content.count(_PEM):
            raise UnreadableInput("it holds no whole block, or one within another")
        for number, block in enumerate(blocks, start=1):
            yield digest_of(_spki_of_pem(block[0], block[1].decode(), number))
    elif content[:1] == b"\x30" and not _DIGEST_LINE.match(content):  # "0" is the same byte
        yield digest_of(_spki_of_der(content))
    else:
        yield from _lines(content)


def _lines(content: bytes) -> Iterator[bytes]:
    for number, line in enumerate(content.splitlines(), start=1):
        text = line.partition(b"#")[0].strip()
        if not text:
            continue
        if not _DIGEST_LINE.fullmatch(text):
            raise UnreadableInput(f"line {number} is no SHA-256 in hexadecimal")
        yield bytes.fromhex(text.decode())


def _spki_of_pem(pem: bytes, label: str, number: int) -> bytes:
    try:
        if label.endswith("CERTIFICATE REQUEST"):
            return _spki(x509.load_pem_x509_csr(pem).public_key())
        if label.endswith("CERTIFICATE"):
            return _spki(x509.load_pem_x509_certificate(pem).public_key())
        if label.endswith("PRIVATE KEY"):
            private = serialization.load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True)
            return _spki(private.public_key())
        if label.endswith("PUBLIC KEY"):
            return _spki(serialization.load_pem_public_key(pem))
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UnreadableInput(f"block {number} ({label}) cannot be read") from error
    raise UnreadableInput(f"block {number} ({label}) holds no key")


def _spki_of_der(der: bytes) -> bytes:
    readers = (
        serialization.load_der_public_key,
        lambda each: x509.load_der_x509_certificate(each).public_key(),
        lambda each: x509.load_der_x509_csr(each).public_key(),
        lambda each: serialization.load_der_private_key(
            each, None, unsafe_skip_rsa_key_validation=True
        ).public_key(),
    )
    for read in readers:
        try:
            return _spki(read(der))
        except (ValueError, TypeError, UnsupportedAlgorithm):
            continue
    raise UnreadableInput("it is DER, but of no key, certificate or request")


def _spki(key: object) -> bytes:
    spki: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]
    return spki
