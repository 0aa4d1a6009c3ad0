"""What a reseller may read of its certificates."""

from dataclasses import dataclass
from typing import Any, Protocol

from partner_center.issuance.chain_formats import Download, Format, render
from partner_center.issuance.profile import IssuingCa
from partner_center.issuance.record import CertificateRecord
from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import Malformed, NotFound
from partner_center.orders.view import certificate_as_json


class ResellersCertificates(Protocol):
    """Reads issued certificates of one reseller; a foreign serial is as unknown."""

    def of_reseller(self, reseller_id: str, serial_hex: str) -> CertificateRecord | None: ...

    def issuing_ca(self, issuer_id: str) -> IssuingCa | None: ...


@dataclass(frozen=True, slots=True)
class CertificateReading:
    """The use cases: look at a certificate, take it home in the form a server wants."""

    certificates: ResellersCertificates
    clock: Clock

    def certificate(self, reseller_id: str, serial: str) -> dict[str, Any]:
        """The certificate's facts and its order. Raises NotFound."""
        record = self._record(reseller_id, serial)
        facts = certificate_as_json(record, self.clock.now())
        return {**facts, "order_id": record.order_id, "issuer_id": record.issuer_id}

    def download(self, reseller_id: str, serial: str, wanted: str) -> Download:
        """The file. Raises NotFound, Malformed for an unknown format."""
        record = self._record(reseller_id, serial)
        issuer = self.certificates.issuing_ca(record.issuer_id)
        if issuer is None or record.certificate_der is None:
            raise NotFound("There is no such certificate.")
        name = record.common_name or record.names[0]
        file = render(wanted, record.certificate_der, [issuer.certificate_der], issuer.root_der, name)
        if file is None:
            raise Malformed(f"There is no such format; choose one of: {', '.join(Format)}.")
        return file

    def _record(self, reseller_id: str, serial: str) -> CertificateRecord:
        record = self.certificates.of_reseller(reseller_id, serial.lower())
        if record is None:
            raise NotFound("There is no such certificate.")
        return record
