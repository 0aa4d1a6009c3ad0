"""One serial number and what became of it.

Apart from the ports, because whoever only reads certificates shall not pay for what signs and lints them.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from partner_center.kernel.errors import PartnerCenterError
from partner_center.kernel.level import Level


class CertificateStatus(StrEnum):
    """`recorded`: to-be-signed bytes are kept, perhaps signed; `stored`: issued; `closed`: will never be issued.

    A closed serial may have been signed by a run that died before it stored anything, so it can be revoked.
    """

    RECORDED = "recorded"
    STORED = "stored"
    CLOSED = "closed"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class CertificateRecord:
    """One serial number and what became of it. `certificate_der` and `stored_at` are None until it is stored.

    `request_id` is under which AWS Private CA was asked for the certificate; its serial is then provisional until the
    certificate is there (docs/adr/0014).
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
