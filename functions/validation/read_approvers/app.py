"""GET /v1/orders/{order_id}/domains/{name}/approvers."""

from partner_center.accounts.api_keys import Principal, Role
from partner_center.entry.api import Answer, Api, Request
from partner_center.entry.wiring.access import door
from partner_center.entry.wiring.approvers import read_approvers

handler = Api(door)


@handler.route("GET", "/v1/orders/<order_id>/domains/<name>/approvers", Role.ORDERS, Role.READ)
def read(request: Request, principal: Principal, order_id: str, name: str) -> Answer:
    request.only_query("limit", "cursor")
    return Answer(200, read_approvers()(principal.reseller_id, order_id, name, request.query))
