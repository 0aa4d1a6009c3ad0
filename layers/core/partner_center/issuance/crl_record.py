"""What CRLs are made from, and what is published of a CA.

Apart from the building, because whoever only reads these shall not pay for what signs and lints.
"""

from dataclasses import dataclass
from datetime import datetime

from partner_center.issuance.record import Reason


@dataclass(frozen=True, slots=True)
class RevokedCertificate:
    """One row of a CA's revoked certificates.

    `recorded_at` is its latest change, `is_published` whether a published CRL tells it.
    """

    serial_hex: str
    not_after: datetime
    revoked_at: datetime
    reason: Reason
    recorded_at: datetime
    is_published: bool


@dataclass(frozen=True, slots=True)
class PublishedCrl:
    """What is published of a CA. `scheduled_at` is the thisUpdate of the last one that the schedule made."""

    number: int
    this_update: datetime
    next_update: datetime
    scheduled_at: datetime | None


@dataclass(frozen=True, slots=True)
class SeenCrl:
    """The CRL that lay in the repository when somebody looked; `tag` is of these bytes alone."""

    number: int
    tag: str
