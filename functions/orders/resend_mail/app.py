"""POST /v1/orders/{order_id}/domains/{name}/resend."""

from partner_center.accounts.api_keys import Principal, Role
from partner_center.entry.api import Answer, Api, Request
from partner_center.entry.wiring.access import door
from partner_center.entry.wiring.domain_actions import resend
from partner_center.entry.wiring.reading import order_reading

handler = Api(door)


@handler.route("POST", "/v1/orders/<order_id>/domains/<name>/resend", Role.ORDERS)
def again(request: Request, principal: Principal, order_id: str, name: str) -> Answer:
    request.only_query()
    request.no_fields()
    resend()(principal, request.call({}), order_id, name)
    return Answer(200, order_reading().domain(principal.reseller_id, order_id, name))
