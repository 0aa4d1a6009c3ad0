"""What the daily check found: runs, and objections to certificates.

Apart from the check itself, because whoever only reads them shall not pay for what lints certificates.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Ground(StrEnum):
    """What an objection is about."""

    UNREADABLE = "unreadable"
    ISSUER = "issuer"
    ORDER = "order"
    SERIAL = "serial"
    CONTENT = "content"
    LINT = "lint"
    LIFETIME = "lifetime"
    PREFLIGHT = "preflight"
    DOMAIN_PROOFS = "domain_proofs"
    CAA = "caa"
    SCREENING = "screening"
    AGREEMENT = "agreement"
    UNFINISHED = "unfinished"
    """Not of a certificate: its serial was recorded, perhaps signed, and came to nothing."""


_WITHIN_A_DAY = frozenset({Ground.DOMAIN_PROOFS, Ground.CAA, Ground.PREFLIGHT})


@dataclass(frozen=True, slots=True)
class Objection:
    """One ground on which a certificate is objected to, for a person to settle; once for each serial and ground.

    Where the serial's own row cannot be read, `reseller_id` is `NOBODY`'s and `order_id` is empty.
    """

    serial_hex: str
    ground: Ground
    detail: str
    reseller_id: str
    order_id: str
    found_at: datetime
    run_id: str

    @property
    def due_at(self) -> datetime:
        """When the certificate must be revoked, if the objection is right: 24 hours or 5 days (BR 4.9.1.1)."""
        return self.found_at + timedelta(days=1 if self.ground in _WITHIN_A_DAY else 5)


@dataclass(frozen=True, slots=True)
class CheckRun:
    """One run: which certificates it looked at, stored later than `after` and no later than `until`.

    `is_complete`: nothing was left for the next run but what is younger than `SETTLING`. `objections` are those that
    were new.
    """

    run_id: str
    begun_at: datetime
    ended_at: datetime
    after: datetime
    until: datetime
    is_complete: bool
    checked: int
    objections: int
