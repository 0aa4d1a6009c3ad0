"""POST /v1/staff/objections/{objection_id}/settle."""

from partner_center.accounts.staff import Staff, StaffRole
from partner_center.entry.api import Answer, Api, Request
from partner_center.entry.body import statement_in
from partner_center.entry.wiring.access import door
from partner_center.entry.wiring.objections import settle_objection
from partner_center.issuance.objection_queue import settlement_as_json

handler = Api(door)


@handler.staff("POST", "/v1/staff/objections/<objection_id>/settle", StaffRole.VALIDATION)
def settle(request: Request, staff: Staff, objection_id: str) -> Answer:
    request.only_query()
    evidence, note = statement_in(request)
    call = request.call(request.json_object())
    settled = settle_objection()(staff, call, objection_id, evidence, note)
    return Answer(200, settlement_as_json(*settled))
