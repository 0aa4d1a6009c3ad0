"""What issuing needs of the world: a key that signs digests, a store that keeps its promises, a linter."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from partner_center.issuance.profile import CertificatePlan, IssuingCa, RootCa
from partner_center.issuance.record import CertificateRecord, Reason, StoredSerial
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

    def by_serial(self, serial_hex: str) -> CertificateRecord | None: ...

    def record(self, record: CertificateRecord) -> None:
        """Take the free slot with a new serial and its to-be-signed bytes. Raises SlotTaken or SerialTaken."""
        ...

    def close(self, record: CertificateRecord, closed_at: datetime, why: str) -> None:
        """Give the slot up and bar the recorded serial from being stored for ever; a revoked one is barred already.

        Raises SlotTaken.
        """
        ...

    def keep(self, record: CertificateRecord, certificate_der: bytes, stored_at: datetime) -> None:
        """Keep the certificate of the recorded serial that holds the slot; once. Raises SlotTaken."""
        ...


class SerialLists(Protocol):
    """Finds serials by their state, without knowing their orders; what was written a moment ago may be missing."""

    def unfinished(self, recorded_until: datetime) -> Iterator[CertificateRecord]:
        """Serials that were recorded by then and are neither stored nor closed: perhaps signed all the same."""
        ...

    def stored_between(self, after: datetime, until: datetime) -> Iterator[StoredSerial]:
        """What was stored later than `after` and no later than `until`, in any order, whatever became of it."""
        ...

    def by_serial(self, serial_hex: str) -> CertificateRecord | None: ...


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


class RunningOrders(Protocol):
    """Knows, at this moment, which orders still stand, and which are to be signed."""

    def is_running(self, reseller_id: str, order_id: str) -> bool:
        """Whether the order is issued: neither revoked nor unknown."""
        ...

    def is_claimed(self, reseller_id: str, enrolment_id: str, revision: int) -> bool:
        """Whether the order or reissue is past the point of no return with this revision of its content."""
        ...


class PrivateCa(Protocol):
    """AWS Private CA: it is told what a certificate shall say, and picks serial and bytes by itself."""

    def request(self, plan: CertificatePlan, csr_der: bytes, token: str) -> str:
        """The id of the request. The same token within five minutes is the same request, whatever was lost.

        Raises TryAgain for passing trouble, SigningKeyUnusable for the other kind; ValueError, before anything is
        asked, for what it cannot be told.
        """
        ...

    def certificate(self, issuer: IssuingCa, request_id: str) -> bytes | None:
        """The certificate, DER; None while it is being made. Raises as `request`."""
        ...

    def revoke(self, issuer: IssuingCa, serial_hex: str, reason: Reason) -> None:
        """Have the authority's CRL tell it; what is revoked there stays as it is.

        Raises TryAgain, SigningKeyUnusable.
        """
        ...


class PrivateCaStore(CertificateStore, Protocol):
    """What issuing through AWS Private CA keeps beside."""

    def note_request(self, record: CertificateRecord, request_id: str) -> None:
        """Keep under which id the recorded serial's certificate was asked for. Raises SlotTaken."""
        ...

    def keep_as(self, record: CertificateRecord, issued: CertificateRecord) -> None:
        """Keep the certificate under the serial it has, and close the provisional one, at once.

        Raises SlotTaken, SerialTaken.
        """
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


class CaStore(IssuingCaStore, Protocol):
    """What the person at the root's key reads and writes of CAs."""

    def root(self, root_id: str) -> RootCa | None: ...

    def roots(self) -> Sequence[RootCa]: ...

    def add_root(self, root: RootCa) -> RootCa:
        """Keep a new root; of two that are added under one id the first stays, and is returned."""
        ...

    def record_ca_serial(self, serial_hex: str, tbs_der: bytes, subject: str, moment: datetime) -> None:
        """What the root's key is about to sign. Raises SerialTaken."""
        ...

    def take_crl_number(self, root: RootCa) -> None:
        """Keep the root's next CRL number and end. Raises SerialTaken when another took that number."""
        ...

    def change_issuing_ca(self, before: IssuingCa, after: IssuingCa) -> IssuingCa:
        """Whether it is active, and its revocation; nothing else of it ever changes.

        Raises ChangedMeanwhile when one of these is not as it was `before`.
        """
        ...
