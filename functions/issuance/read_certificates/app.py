"""GET /v1/certificates/{serial} and its download."""

from partner_center.accounts.api_keys import Principal, Role
from partner_center.entry.api import Answer, Api, Request
from partner_center.entry.wiring.access import door
from partner_center.entry.wiring.reading_certificates import certificate_reading

handler = Api(door)


@handler.route("GET", "/v1/certificates/<serial>", Role.ORDERS, Role.READ)
def read(request: Request, principal: Principal, serial: str) -> Answer:
    request.only_query()
    return Answer(200, certificate_reading().certificate(principal.reseller_id, serial))


@handler.route("GET", "/v1/certificates/<serial>/download", Role.ORDERS, Role.READ)
def download(request: Request, principal: Principal, serial: str) -> Answer:
    request.only_query("format", "server")
    wanted, server = request.query.get("format", "pem"), request.query.get("server")
    file = certificate_reading().download(principal.reseller_id, serial, wanted, server)
    disposition = {"Content-Disposition": f'attachment; filename="{file.filename}"'}
    return Answer(200, file.body, disposition, file.content_type)
