"""POST /v1/staff/contracts/{contract_id}/activate."""

from partner_center.accounts.staff import Staff, StaffRole
from partner_center.billing.reading import contract_for_staff
from partner_center.entry.api import Answer, Api, Request
from partner_center.entry.wiring.access import door
from partner_center.entry.wiring.base import clock
from partner_center.entry.wiring.contract_changes import activate_contract

handler = Api(door)


@handler.staff("POST", "/v1/staff/contracts/<contract_id>/activate", StaffRole.FINANCE)
def activate(request: Request, staff: Staff, contract_id: str) -> Answer:
    request.only_query()
    body = request.json_object()
    contract = activate_contract()(staff, request.call(body), contract_id, body)
    return Answer(200, contract_for_staff(contract, clock().now()))
