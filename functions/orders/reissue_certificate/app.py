"""POST /v1/orders/{order_id}/reissues."""

from partner_center.accounts.api_keys import Principal, Role
from partner_center.entry.api import Answer, Api, Request
from partner_center.entry.wiring.access import door
from partner_center.entry.wiring.enrolment import reissue_order

handler = Api(door)


@handler.route("POST", "/v1/orders/<order_id>/reissues", Role.ORDERS)
def reissue(request: Request, principal: Principal, order_id: str) -> Answer:
    request.only_query()
    body = request.json_object()
    made = reissue_order()(principal, request.call(body), order_id, body)
    return Answer(201, made.as_json(), {"Location": f"/v1/orders/{made.order_id}/reissues/{made.reissue_id}"})
