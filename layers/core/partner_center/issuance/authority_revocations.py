"""Revocations of what AWS Private CA issued: it signs its own CRL, so it is told of each (docs/adr/0013)."""

from dataclasses import dataclass
from typing import Protocol

from cryptography import x509

from partner_center.issuance.build_crl import Crls
from partner_center.issuance.crl_record import RevokedCertificate
from partner_center.issuance.ports import PrivateCa
from partner_center.issuance.profile import IssuingCa
from partner_center.issuance.record import CertificateRecord
from partner_center.issuance.serials import serial_hex
from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import PartnerCenterError, TryAgain


class Serials(Protocol):
    """Reads serials, at their present state."""

    def by_serial(self, serial_hex: str) -> CertificateRecord | None: ...


@dataclass(frozen=True, slots=True)
class TellAuthority:
    """The use case. What was told is not told again, and telling it twice does no harm."""

    crls: Crls
    serials: Serials
    authority: PrivateCa
    clock: Clock

    def __call__(self, issuer: IssuingCa) -> None:
        """Raises the first SigningKeyUnusable or TryAgain, once every revocation was tried."""
        failures: list[PartnerCenterError] = []
        for revoked in self.crls.revoked(issuer.issuer_id, None):
            if revoked.is_published:
                continue
            try:
                self._tell(issuer, revoked)
            except PartnerCenterError as error:
                failures.append(error)
        if failures:
            raise failures[0]

    def _tell(self, issuer: IssuingCa, revoked: RevokedCertificate) -> None:
        serial = self._serial_there(issuer, revoked.serial_hex)
        if serial is not None:
            self.authority.revoke(issuer, serial, revoked.reason)
        self.crls.mark(issuer.issuer_id, None, self.clock.now(), [revoked])

    def _serial_there(self, issuer: IssuingCa, serial: str) -> str | None:
        """The authority's serial of what was revoked here; None when there is nothing to revoke under it.

        A provisional serial has a certificate only by its request. One that is stored has a row of its own.
        """
        record = self.serials.by_serial(serial)
        if record is None or record.certificate_der is not None:
            return serial
        if record.request_id is None:
            return None
        der = self.authority.certificate(issuer, record.request_id)
        if der is None:
            raise TryAgain("The certificate is being made.", 2)
        made = serial_hex(x509.load_der_x509_certificate(der).serial_number)
        return made if self.serials.by_serial(made) is None else None
