"""What issuing needs of the world: a key that signs digests, a store that keeps its promises, a linter."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from partner_center.issuance.profile import IssuingCa
from partner_center.issuance.record import CertificateRecord
from partner_center.kernel.errors import PartnerCenterError
from partner_center.kernel.level import Level


class SigningKeyUnusable(PartnerCenterError):
    """The issuing CA's key cannot sign: disabled, scheduled for deletion, unknown, or not ours to use."""

    code = "signing_key_unusable"


class CertificateStore(Protocol):
    """Keeps serials and certificates. Each write is conditional and all or nothing; each read sees every write."""

    def current(self, reseller_id: str, order_id: str, generation: int) -> CertificateRecord | None:
        """The recorded or issued certificate that holds the generation's slot; None when the slot is free."""
        ...

    def record(self, record: CertificateRecord) -> None:
        """Take the free slot with a new serial and its to-be-signed bytes. Raises SlotTaken or SerialTaken."""
        ...

    def close(self, record: CertificateRecord) -> None:
        """Give the slot up and bar the recorded serial from being stored for ever; a revoked one is barred already.

        Raises SlotTaken.
        """
        ...

    def keep(self, record: CertificateRecord, certificate_der: bytes, stored_at: datetime) -> None:
        """Keep the certificate of the recorded serial that holds the slot; once. Raises SlotTaken."""
        ...


class DigestSigner(Protocol):
    """The only way to an issuing CA's key."""

    def sign_digest(self, issuer: IssuingCa, digest: bytes) -> bytes:
        """The signature over a digest of the issuer's hash, as X.509 carries it (ECDSA: DER).

        Raises TryAgain for passing trouble, SigningKeyUnusable for the other kind.
        """
        ...


class KeyBlocks(Protocol):
    """The keys that were blocked here, those of this moment included."""

    def is_blocked(self, spki_sha256: str) -> str | None:
        """Why the key is blocked; None if it is not."""
        ...


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a linter holds against a certificate."""

    severity: str
    code: str
    message: str


class Linter(Protocol):
    """Reads a certificate before it is signed for real; see `lint.lint`."""

    def __call__(self, der: bytes, level: Level, signed_at: datetime, /) -> Sequence[Finding]: ...


class IssuingCaStore(Protocol):
    """The CAs that may sign, or once did."""

    def issuing_ca(self, issuer_id: str) -> IssuingCa | None: ...

    def issuing_cas(self) -> Sequence[IssuingCa]: ...

    def add_issuing_ca(self, issuing_ca: IssuingCa) -> IssuingCa:
        """Keep a new CA; of two that are added under one id the first stays, and is returned."""
        ...
