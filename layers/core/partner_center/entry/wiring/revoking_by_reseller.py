"""What a reseller may revoke, wired."""

from functools import cache

from partner_center.entry.wiring.exposed_keys import report_exposed
from partner_center.entry.wiring.revoking import revoker
from partner_center.issuance.revoke_by_reseller import RevokeCertificate, RevokeOrder


@cache
def revoke_order() -> RevokeOrder:
    return RevokeOrder(revoker(), report_exposed())


@cache
def revoke_certificate() -> RevokeCertificate:
    return RevokeCertificate(revoker(), report_exposed())
