"""POST /v1/orders/{order_id}/cancel."""

from partner_center.accounts.api_keys import Principal, Role
from partner_center.entry.api import Answer, Api, Request
from partner_center.entry.body import optional_text
from partner_center.entry.wiring.access import door
from partner_center.entry.wiring.closing import cancel_order
from partner_center.entry.wiring.exposed_keys import report_exposed
from partner_center.entry.wiring.reading import order_reading
from partner_center.orders.key_material import screen

handler = Api(door)


@handler.route("POST", "/v1/orders/<order_id>/cancel", Role.ORDERS)
def cancel(request: Request, principal: Principal, order_id: str) -> Answer:
    request.only_query()
    report_exposed()(screen(request.optional_object()).exposed, principal, request.request_id)
    reason = optional_text(request, "reason", longest=500)
    cancel_order()(principal, request.call(request.optional_object()), order_id, reason)
    return Answer(200, order_reading().order(principal.reseller_id, order_id))
