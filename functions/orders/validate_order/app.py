"""POST /v1/orders/validate."""

from partner_center.accounts.api_keys import Principal, Role
from partner_center.entry.api import Answer, Api, Request
from partner_center.entry.wiring.access import door
from partner_center.entry.wiring.base import clock
from partner_center.entry.wiring.enrolment import examine_order
from partner_center.orders.inspect import examination_as_json

handler = Api(door)


@handler.route("POST", "/v1/orders/validate", Role.ORDERS, Role.READ)
def validate(request: Request, principal: Principal) -> Answer:
    request.only_query()
    request.idempotency_key()
    body = request.json_object()
    examination = examine_order()(principal, request.request_id, body, clock().now())
    return Answer(200, examination_as_json(examination))
