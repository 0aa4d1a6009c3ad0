"""A posted order that is good, and ways to make it bad."""

import base64
from collections.abc import Sequence
from copy import deepcopy
from functools import cache
from hashlib import sha256
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from partner_center.accounts.api_keys import Principal, Role
from partner_center.orders.idempotency import Call, body_digest
from tests.fakes.samples import APPROVER, PRODUCT, US

WILDCARD_PRODUCT = "geotrust_quickssl_premium_wildcard"
Place = Sequence[str | int]


@cache
def a_key(number: int = 1) -> ec.EllipticCurvePrivateKey:
    """A key of the subscriber's; each number is another one, the same for the whole run."""
    return ec.generate_private_key(ec.SECP256R1())


def spki_of(number: int = 1) -> bytes:
    kind = serialization.PublicFormat.SubjectPublicKeyInfo
    return a_key(number).public_key().public_bytes(serialization.Encoding.DER, kind)


@cache
def a_csr(*names: str, key: int = 1) -> str:
    """A CSR for `names`, the first of them as common name."""
    names = names or ("www.example.com",)
    return (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])]))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .sign(a_key(key), hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
        .decode()
    )


@cache
def a_private_key() -> str:
    """A private key as PEM, which nobody may see again."""
    pem = serialization.Encoding.PEM
    return (
        a_key(9).private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    )


def key_material() -> list[str]:
    """Pieces of the private key, none of which may stand in any answer."""
    body = "".join(a_private_key().splitlines()[1:-1])
    pieces = [body[at : at + 10] for at in range(0, len(body) - 10, 5)]
    return ["PRIVATE KEY", *pieces, base64.b64encode(body.encode()).decode()[:16]]


def a_body(*names: str, **changes: Any) -> dict[str, Any]:
    """An order that anyone would accept: e-mail approval, one plain name."""
    body: dict[str, Any] = {
        "product": PRODUCT,
        "csr": a_csr(*names),
        "contacts": {
            "technical": {
                "first_name": "Åsa",
                "last_name": "Lindqvist",
                "email": "asa@example.com",
                "phone": "+46 8 123 456 78",
            }
        },
        "domain_control": {"method": "email", "approver_email": APPROVER},
        "agreement": {
            "version": "2026-11-01",
            "accepted_by": "Åsa Lindqvist",
            "capacity": "authorized representative",
        },
    }
    return body | changes


def without(body: dict[str, Any], *place: str | int) -> dict[str, Any]:
    """The body without what stands at `place`."""
    changed = deepcopy(body)
    inner: Any = changed
    for step in place[:-1]:
        inner = inner[step]
    del inner[place[-1]]
    return changed


def with_(body: dict[str, Any], place: Place, value: Any) -> dict[str, Any]:
    """The body with `value` at `place`; objects on the way are made."""
    changed = deepcopy(body)
    inner: Any = changed
    for step in place[:-1]:
        inner = inner.setdefault(step, {}) if isinstance(inner, dict) else inner[step]
    inner[place[-1]] = value
    return changed


def a_principal(reseller_id: str = US, role: Role = Role.ORDERS) -> Principal:
    return Principal(reseller_id, "key_1", role)


def a_call(body: dict[str, Any] | None = None, key: str | None = None, path: str = "/v1/orders") -> Call:
    return Call("POST", path, key, body_digest(body or {}), "request-1")


class MemoryBlockedKeys:
    """`BlockedKeys`: what was put in is blocked."""

    def __init__(self) -> None:
        self.reasons: dict[str, str] = {}

    def block(self, spki_der: bytes, reason: str = "it was revoked for keyCompromise") -> None:
        self.reasons[sha256(spki_der).hexdigest()] = reason

    def is_blocked(self, spki_sha256: str) -> str | None:
        return self.reasons.get(spki_sha256)
