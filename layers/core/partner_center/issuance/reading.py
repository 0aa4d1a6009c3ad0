"""What a reseller may read of its certificates."""

from dataclasses import dataclass
from typing import Any, Protocol

from partner_center.issuance.chain_formats import Download, Format, render
from partner_center.issuance.profile import IssuingCa
from partner_center.issuance.record import CertificateRecord
from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import Malformed, NotFound
from partner_center.notifications.install_guides import Server
from partner_center.notifications.server_bundle import server_bundle
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
        """The certificate's page: what stands in it, its order, and where its files are. Raises NotFound."""
        from partner_center.issuance.page import page_of  # noqa: PLC0415 - 60 ms that downloads are spared

        record = self._record(reseller_id, serial)
        facts = certificate_as_json(record, self.clock.now())
        return {**facts, **page_of(record)}

    def download(self, reseller_id: str, serial: str, wanted: str, server: str | None = None) -> Download:
        """The file; `server` chooses what is in a zip. Raises NotFound, Malformed for an unknown format or server."""
        record = self._record(reseller_id, serial)
        issuer = self.certificates.issuing_ca(record.issuer_id)
        if issuer is None or record.certificate_der is None:
            raise NotFound("There is no such certificate.")
        name = record.common_name or record.names[0]
        chain = [issuer.certificate_der]
        if server is not None:
            if wanted != Format.ZIP or server not in list(Server):
                raise Malformed(f"A server goes with the format zip and is one of: {', '.join(Server)}.")
            return server_bundle(Server(server), record.certificate_der, chain, name)
        file = render(wanted, record.certificate_der, chain, issuer.root_der, name)
        if file is None:
            raise Malformed(f"There is no such format; choose one of: {', '.join(Format)}.")
        return file

    def _record(self, reseller_id: str, serial: str) -> CertificateRecord:
        record = self.certificates.of_reseller(reseller_id, serial.lower())
        if record is None:
            raise NotFound("There is no such certificate.")
        return record
