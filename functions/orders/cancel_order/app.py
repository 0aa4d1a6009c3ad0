"""POST /v1/orders/{order_id}/cancel, and /reissues/{reissue_id}/cancel."""

from partner_center.accounts.api_keys import Principal, Role
from partner_center.entry.api import Answer, Api, Request
from partner_center.entry.body import optional_text
from partner_center.entry.wiring.access import door
from partner_center.entry.wiring.closing import cancel_order
from partner_center.entry.wiring.exposed_keys import report_exposed
from partner_center.entry.wiring.reading import order_reading
from partner_center.kernel.ids import enrolment_of_reissue
from partner_center.orders.key_material import screen

handler = Api(door)


@handler.route("POST", "/v1/orders/<order_id>/cancel", Role.ORDERS)
def cancel(request: Request, principal: Principal, order_id: str) -> Answer:
    _cancel(request, principal, order_id)
    return Answer(200, order_reading().order(principal.reseller_id, order_id))


@handler.route("POST", "/v1/orders/<order_id>/reissues/<reissue_id>/cancel", Role.ORDERS)
def cancel_reissue(request: Request, principal: Principal, order_id: str, reissue_id: str) -> Answer:
    _cancel(request, principal, enrolment_of_reissue(order_id, reissue_id))
    return Answer(200, order_reading().reissue(principal.reseller_id, order_id, reissue_id))


def _cancel(request: Request, principal: Principal, enrolment_id: str) -> None:
    request.only_query()
    report_exposed()(screen(request.optional_object()).exposed, principal, request.request_id)
    reason = optional_text(request, "reason", longest=500)
    cancel_order()(principal, request.call(request.optional_object()), enrolment_id, reason)
