"""The block of a key that its holder calls compromised, proven or not (BR 6.1.1.3)."""

from dataclasses import dataclass
from datetime import datetime

from partner_center.issuance.exposed_keys import REASON as BECAME_KNOWN
from partner_center.issuance.record import CertificateRecord
from partner_center.kernel.events import AuditRecord, Chronicle

CALLED_COMPROMISED = "it was called compromised when a certificate with it was to be revoked"


@dataclass(frozen=True, slots=True)
class KeyBlock:
    """A key that is certified here no more, why, and since when; of several blocks of a key the first stays."""

    spki_sha256: str
    reason: str
    at: datetime
    audit: AuditRecord


def block_of(record: CertificateRecord, chronicle: Chronicle, *, proven: bool = False) -> KeyBlock:
    """The block of the key of a certificate that somebody wants revoked for keyCompromise; `proven`: it was shown."""
    audit = chronicle.audit(
        "key.blocked",
        record.reseller_id,
        record.order_id,
        spki_sha256=record.spki_sha256,
        serial=record.serial_hex,
    )
    reason = BECAME_KNOWN if proven else CALLED_COMPROMISED
    return KeyBlock(record.spki_sha256, reason, chronicle.moment, audit)
