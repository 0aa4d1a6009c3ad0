"""Staff: named persons of the CA with roles; their keys open /v1/staff and nothing of a reseller's."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from partner_center.kernel.errors import Forbidden


class StaffRole(StrEnum):
    """What a member of staff may decide. None of them can set a domain proof or skip CAA."""

    VALIDATION = "validation"
    REVIEW = "review"
    PARTNER_SUPPORT = "partner_support"
    FINANCE = "finance"


@dataclass(frozen=True, slots=True)
class StaffKey:
    """A key of one person, as stored; the rest as in `ApiKey`."""

    key_id: str
    person: str
    roles: frozenset[StaffRole]
    secret_sha256: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Staff:
    """Who of the staff is calling. `person` stands in every record of what they decide."""

    person: str
    key_id: str
    roles: frozenset[StaffRole]

    @property
    def actor(self) -> str:
        return f"staff:{self.person}"

    def require(self, *roles: StaffRole) -> None:
        """Raise Forbidden unless the person has one of `roles`."""
        if self.roles.isdisjoint(roles):
            allowed = ", ".join(roles)
            raise Forbidden(f"This needs a staff key with one of the roles: {allowed}.")
