"""POST /v1/orders/{order_id}/revoke and /v1/certificates/{serial}/revoke."""

from partner_center.accounts.api_keys import Principal, Role
from partner_center.entry.api import Answer, Api, Request
from partner_center.entry.wiring.access import door
from partner_center.entry.wiring.exposed_keys import report_exposed
from partner_center.entry.wiring.reading import order_reading
from partner_center.entry.wiring.reading_certificates import certificate_reading
from partner_center.entry.wiring.revoking_by_reseller import revoke_certificate, revoke_order
from partner_center.issuance.revocation_request import RevocationRequest, read_revocation
from partner_center.kernel.errors import ContentRefused

handler = Api(door)


@handler.route("POST", "/v1/orders/<order_id>/revoke", Role.ORDERS)
def revoke_all(request: Request, principal: Principal, order_id: str) -> Answer:
    wanted = _wanted(request, principal, "reason", "proof")
    revoke_order()(principal, request.call(wanted.told()), order_id, wanted)
    return Answer(200, order_reading().order(principal.reseller_id, order_id))


@handler.route("POST", "/v1/certificates/<serial>/revoke", Role.ORDERS)
def revoke_one(request: Request, principal: Principal, serial: str) -> Answer:
    wanted = _wanted(request, principal, "reason", "proof", "keep_order")
    revoke_certificate()(principal, request.call(wanted.told()), serial, wanted)
    return Answer(200, certificate_reading().certificate(principal.reseller_id, serial))


def _wanted(request: Request, principal: Principal, *fields: str) -> RevocationRequest:
    request.only_query()
    wanted = read_revocation(request.optional_object(), *fields)
    report_exposed()(wanted.exposed, principal, request.request_id)
    if wanted.problems:
        raise ContentRefused(wanted.problems)
    return wanted
