"""One serial number and what became of it.

Apart from the ports, because whoever only reads certificates shall not pay for what signs and lints them.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from partner_center.kernel.errors import PartnerCenterError
from partner_center.kernel.ids import enrolment_of_reissue
from partner_center.kernel.level import Level


def is_private_ca(key_id: str) -> bool:
    """Whether an issuing CA's key is an authority of AWS Private CA; `key_id` is its ARN then (docs/adr/0013)."""
    return ":acm-pca:" in key_id


class CertificateStatus(StrEnum):
    """`recorded`: to-be-signed bytes are kept, perhaps signed; `stored`: issued; `closed`: will never be issued.

    A closed serial may have been signed by a run that died before it stored anything, so it can be revoked.
    """

    RECORDED = "recorded"
    STORED = "stored"
    CLOSED = "closed"
    REVOKED = "revoked"


class Reason(StrEnum):
    """Why a certificate was revoked, in the words of the API (RFC 5280 section 5.3.1; BR 7.2.2)."""

    UNSPECIFIED = "unspecified"
    KEY_COMPROMISE = "keyCompromise"
    AFFILIATION_CHANGED = "affiliationChanged"
    SUPERSEDED = "superseded"
    CESSATION_OF_OPERATION = "cessationOfOperation"
    PRIVILEGE_WITHDRAWN = "privilegeWithdrawn"


class OrderFollows(StrEnum):
    """What becomes of the order when one of its certificates is revoked."""

    ALWAYS = "always"
    """The whole order is to be revoked, and this certificate with it."""
    WHEN_LAST = "when_last"
    """The order goes if no live certificate is left."""
    NEVER = "never"
    """The order stays, and may be reissued."""


@dataclass(frozen=True, slots=True)
class CertificateRecord:
    """One serial number and what became of it. `certificate_der` and `stored_at` are None until it is stored,
    `revoked_at` and `reason` until it is revoked, and `order_follows` too: what was to become of its order then.

    `reissue_id` is the order's reissue that it was made for, if it was made for one. `request_id` is under which AWS
    Private CA was asked for the certificate; its serial is then provisional until the certificate is there, and
    `issued_as` says afterwards under which one that is (docs/adr/0013).
    """

    serial_hex: str
    reseller_id: str
    order_id: str
    generation: int
    level: Level
    names: tuple[str, ...]
    common_name: str | None
    spki_sha256: str
    issuer_id: str
    not_before: datetime
    not_after: datetime
    caa_valid_until: datetime
    tbs_der: bytes
    recorded_at: datetime
    status: CertificateStatus = CertificateStatus.RECORDED
    certificate_der: bytes | None = None
    stored_at: datetime | None = None
    request_id: str | None = None
    revoked_at: datetime | None = None
    reason: Reason | None = None
    reissue_id: str | None = None
    order_follows: OrderFollows | None = None
    issued_as: str | None = None

    @property
    def enrolment_id(self) -> str:
        """What it was made for: the order, or a reissue of it."""
        return enrolment_of_reissue(self.order_id, self.reissue_id) if self.reissue_id else self.order_id

    def age(self) -> tuple[datetime, int]:
        """What orders an order's certificates by age, the oldest first: when each was issued."""
        return self.stored_at or self.recorded_at, self.generation

    def is_live(self, moment: datetime) -> bool:
        """Whether it was issued, is not revoked, and has not ended (BR 6.3.2: its last second counts)."""
        return self.status is CertificateStatus.STORED and moment <= self.not_after


@dataclass(frozen=True, slots=True)
class StoredSerial:
    """A certificate in the list of its day; `stored_at` to the microsecond."""

    serial_hex: str
    stored_at: datetime


class SlotTaken(PartnerCenterError):
    """Another run has recorded, closed or stored a serial in this generation meanwhile: look again."""

    code = "slot_taken"


class SerialTaken(PartnerCenterError):
    """The serial number exists already; nothing was written."""

    code = "serial_taken"
