"""Reading certificates, wired."""

from functools import cache

from partner_center.entry.wiring.base import clock
from partner_center.entry.wiring.issuance import issuance_store
from partner_center.issuance.reading import CertificateReading


@cache
def certificate_reading() -> CertificateReading:
    return CertificateReading(issuance_store(), clock())
