"""Requests that are good but for their key: one for each private key that the corpora hold."""

import re
from collections.abc import Iterable, Iterator

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import NameOID

from bench.corpora.samples import Sample

_KEY = re.compile(r"-----BEGIN (?P<label>[A-Z ]*PRIVATE KEY)-----.*?-----END (?P=label)-----", re.DOTALL)
_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "www.example.com")])

_Signs = rsa.RSAPrivateKey | dsa.DSAPrivateKey | ec.EllipticCurvePrivateKey
_SignsByItself = ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey


def keyed(samples: Iterable[Sample]) -> Iterator[Sample]:
    """Sign for www.example.com with every unencrypted key in the samples that can sign at all."""
    for sample in samples:
        for block in _KEY.finditer(sample.text):
            text = _request(block[0])
            if text is not None:
                yield Sample("signed with keys found", f"{sample.source}: {sample.name}", text)


def _request(pem: str) -> str | None:
    builder = x509.CertificateSigningRequestBuilder().subject_name(_NAME)
    try:
        key = load_pem_private_key(pem.encode(), None, unsafe_skip_rsa_key_validation=True)
        if isinstance(key, _Signs):
            request = builder.sign(key, hashes.SHA256())
        elif isinstance(key, _SignsByItself):
            request = builder.sign(key, None)
        else:
            return None
    except (
        ValueError,
        TypeError,
        UnsupportedAlgorithm,
    ):  # encrypted, damaged, too small, a curve nobody knows
        return None
    return request.public_bytes(Encoding.PEM).decode()
