"""POST /v1/contracts."""

from partner_center.accounts.api_keys import Principal, Role
from partner_center.billing.reading import contract_as_json
from partner_center.entry.api import Answer, Api, Request
from partner_center.entry.wiring.access import door
from partner_center.entry.wiring.base import clock
from partner_center.entry.wiring.contract_changes import request_contract

handler = Api(door)


@handler.route("POST", "/v1/contracts", Role.BILLING)
def ask(request: Request, principal: Principal) -> Answer:
    request.only_query()
    body = request.json_object()
    contract = request_contract()(principal, request.call(body), body)
    location = {"Location": f"/v1/contracts/{contract.contract_id}"}
    return Answer(201, contract_as_json(contract, clock().now()), location)
