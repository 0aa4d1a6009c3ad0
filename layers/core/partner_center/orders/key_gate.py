"""May this key be certified? Kind, size, weaknesses, block list: before an order is placed and before signing."""

import hashlib
from collections.abc import Iterator
from typing import Protocol

from partner_center.kernel.errors import Problem
from partner_center.orders.public_key import PublicKey, read_public_key
from partner_center.orders.weak_keys import weaknesses

_MAX_SPKI = 16 * 1024  # an RSA key of 8192 bits takes 1,062 bytes


class BlockedKeys(Protocol):
    """The keys that are never certified: Debian's, known-compromised ones, those revoked here for keyCompromise."""

    def is_blocked(self, spki_sha256: str) -> str | None:
        """The reason, a clause for the reader, if the key with this SHA-256 (hex) of its SPKI is blocked."""
        ...


def key_problems(spki_der: bytes, blocked: BlockedKeys, field: str | None = "/csr") -> tuple[Problem, ...]:
    """All that speaks against the key (BR 4.9.1.1, 6.1.1.3, 6.1.5, 6.1.6). Never raises because of the key.

    Sizes are judged before anything is computed with the key.
    """
    if len(spki_der) > _MAX_SPKI:
        detail = "The public key is far too large; RSA keys of up to 8192 bits are accepted."
        return (Problem("key_type_unsupported", detail, field),)
    key = read_public_key(spki_der, field)
    return (
        *key.problems,
        *_weakness_problems(key, spki_der, field),
        *_block_problems(spki_der, blocked, field),
    )


def _weakness_problems(key: PublicKey, spki_der: bytes, field: str | None) -> Iterator[Problem]:
    if key.rsa_modulus is not None:
        for clause in weaknesses(key.rsa_modulus):
            yield Problem(
                "key_too_weak",
                f"This key is weak: {clause}. Make a new key with up-to-date software and a CSR from it.",
                field,
            )
    elif key.facts.type == "EC" and not key.problems and not _is_on_curve(spki_der):
        yield Problem(
            "key_malformed",
            "The public key is no point of its curve. Make a new key and a CSR from it.",
            field,
        )


def _is_on_curve(spki_der: bytes) -> bool:
    from cryptography.hazmat.primitives.serialization import load_der_public_key  # noqa: PLC0415 - costs 70 ms

    try:
        load_der_public_key(spki_der)
    except ValueError:
        return False
    return True


def _block_problems(spki_der: bytes, blocked: BlockedKeys, field: str | None) -> Iterator[Problem]:
    # A list that an operator has yet to upload blocks nothing here, and the order is taken: to wait costs its
    # reseller less than to be turned away, and before anything is signed preflight asks again and demands all lists.
    reason = blocked.is_blocked(hashlib.sha256(spki_der).hexdigest())
    if reason is not None:
        yield Problem(
            "key_blocked",
            f"This key is blocked: {reason}. Make a new key and a CSR from it; this one will never be certified.",
            field,
        )
