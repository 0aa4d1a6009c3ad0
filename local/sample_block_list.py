"""The block list of the embedded cloud: digests of keys that anybody can make, so that a blocked key can be tried."""

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from partner_center.orders.block_list import written
from partner_center.orders.block_list_input import digest_of

NAME = "sample"
KEYS = 5


def blocked_sample_key(number: int) -> ec.EllipticCurvePrivateKey:
    """One of the blocked keys, `number` from 1 to KEYS; the same in every run, and so no secret to anyone."""
    return ec.derive_private_key(number, ec.SECP256R1())


def sample_block_list() -> bytes:
    """The list as an object."""
    keys = (blocked_sample_key(number).public_key() for number in range(1, KEYS + 1))
    spkis = (key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) for key in keys)
    return written(map(digest_of, spkis))
