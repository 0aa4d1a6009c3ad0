"""GET and PATCH /v1/account."""

from partner_center.accounts.api_keys import Principal, Role
from partner_center.entry.api import Answer, Api, Request
from partner_center.entry.wiring.access import door
from partner_center.entry.wiring.account import account
from partner_center.entry.wiring.exposed_keys import report_exposed
from partner_center.orders.key_material import screen

handler = Api(door)


@handler.route("GET", "/v1/account", *Role)
def read(request: Request, principal: Principal) -> Answer:
    request.only_query()
    return Answer(200, account().read(principal.reseller_id))


@handler.route("PATCH", "/v1/account", Role.ADMIN)
def change(request: Request, principal: Principal) -> Answer:
    request.only_query()
    patch = request.json_object("application/merge-patch+json")
    report_exposed()(screen(patch).exposed, principal, request.request_id)
    return Answer(200, account().change(principal, request.request_id, patch))
