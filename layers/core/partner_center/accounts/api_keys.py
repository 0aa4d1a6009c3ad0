"""API keys: `pck_<key id>_<secret>`. The secret is shown once; only its SHA-256 is kept.

A plain digest is enough because the secret holds 256 random bits: there is nothing to guess, so nothing that
a slow hash would slow down.
"""

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from ipaddress import ip_address, ip_network
from typing import Protocol

from partner_center.accounts.staff import Staff, StaffKey, StaffRole
from partner_center.kernel.errors import Forbidden, Unauthenticated
from partner_center.kernel.ids import Ids

_FORM = re.compile(r"^pck_([0-9a-z]{26})_([A-Za-z0-9_-]{43})$")
SECRET_BITS = 256


class Role(StrEnum):
    """What a reseller's key may do."""

    ADMIN = "admin"
    ORDERS = "orders"
    BILLING = "billing"
    READ = "read"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as stored. `addresses`: networks it may come from, any when empty."""

    key_id: str
    reseller_id: str
    role: Role
    secret_sha256: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling: the tenant comes from here and nowhere else."""

    reseller_id: str
    key_id: str
    role: Role

    def require(self, *roles: Role) -> None:
        """Raise Forbidden unless the key has one of `roles`; an admin's key may do everything."""
        if self.role is not Role.ADMIN and self.role not in roles:
            allowed = ", ".join(roles)
            raise Forbidden(f"This needs a key with one of the roles: {allowed}, admin.")


class ApiKeys(Protocol):
    """Looks keys up, always at their present state: a revoked key must be dead at once."""

    def find(self, key_id: str) -> ApiKey | StaffKey | None: ...


def make_key(
    reseller_id: str, role: Role, ids: Ids, moment: datetime, **limits: object
) -> tuple[ApiKey, str]:
    """A new key and the text that is shown once."""
    key_id, digest, text = _drawn(ids, moment)
    return ApiKey(key_id, reseller_id, role, digest, moment, **limits), text  # type: ignore[arg-type]


def make_staff_key(
    person: str, roles: Iterable[StaffRole], ids: Ids, moment: datetime, **limits: object
) -> tuple[StaffKey, str]:
    """A new key of a member of staff and the text that is shown once."""
    key_id, digest, text = _drawn(ids, moment)
    return StaffKey(key_id, person, frozenset(roles), digest, moment, **limits), text  # type: ignore[arg-type]


def _drawn(ids: Ids, moment: datetime) -> tuple[str, str, str]:
    """A key's id, the digest of its secret, and its text."""
    key_id = ids.new("key", moment).removeprefix("key_")
    secret = ids.secret(SECRET_BITS)
    return key_id, sha256(secret.encode()).hexdigest(), f"pck_{key_id}_{secret}"


def authenticate(
    authorization: str | None, address: str, keys: ApiKeys, moment: datetime
) -> Principal | Staff:
    """The caller behind an Authorization header. Raises Unauthenticated, without saying what was wrong."""
    refusal = Unauthenticated("A valid API key is needed: Authorization: Bearer pck_...")
    scheme, _, text = (authorization or "").partition(" ")
    match = _FORM.match(text.strip())
    if scheme.lower() != "bearer" or match is None:
        raise refusal
    key_id, secret = match.groups()
    key = keys.find(key_id)
    presented = sha256(secret.encode()).hexdigest()
    if key is None or not hmac.compare_digest(presented, key.secret_sha256):
        raise refusal
    if key.revoked_at is not None or (key.expires_at is not None and moment >= key.expires_at):
        raise refusal
    if key.addresses and not _comes_from(address, key.addresses):
        raise refusal
    if isinstance(key, StaffKey):
        return Staff(key.person, key.key_id, key.roles)
    return Principal(key.reseller_id, key.key_id, key.role)


def _comes_from(address: str, networks: tuple[str, ...]) -> bool:
    """Fails closed: a source, or a network of the list, that cannot be read admits nobody."""
    return any(_lies_within(address, network) for network in networks)


def _lies_within(address: str, network: str) -> bool:
    try:
        return ip_address(address) in ip_network(network, strict=False)
    except ValueError:
        return False
