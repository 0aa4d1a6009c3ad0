"""What issuing needs of the world: a key that signs digests, a store that keeps its promises, a linter."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from partner_center.issuance.lint import Finding
from partner_center.issuance.profile import IssuingCa, SignatureAlgorithm
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
    """One serial number and what became of it. `certificate_der` and `stored_at` are None until it is stored."""

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


class SlotTaken(PartnerCenterError):
    """Another run has recorded, closed or stored a serial in this generation meanwhile: look again."""

    code = "slot_taken"


class SerialTaken(PartnerCenterError):
    """The serial number exists already; nothing was written."""

    code = "serial_taken"


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
        """Give the slot up and bar the recorded serial from being stored for ever. Raises SlotTaken."""
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


class Linter(Protocol):
    """Reads a certificate before it is signed for real; see `lint.lint`."""

    def __call__(self, der: bytes, level: Level, signed_at: datetime, /) -> Sequence[Finding]: ...


CaPrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class CaKeys(Protocol):
    """The keys of CAs, found by an alias; their private part never leaves the device that holds them."""

    def key(self, alias: str, algorithm: SignatureAlgorithm) -> tuple[str, CaPrivateKey]:
        """Id and handle of the key with that alias, generated on the first call."""
        ...


class IssuingCaStore(Protocol):
    """The CAs that may sign, or once did."""

    def issuing_ca(self, issuer_id: str) -> IssuingCa | None: ...

    def issuing_cas(self) -> Sequence[IssuingCa]: ...

    def add_issuing_ca(self, issuing_ca: IssuingCa) -> IssuingCa:
        """Keep a new CA; of two that are added under one id the first stays, and is returned."""
        ...
