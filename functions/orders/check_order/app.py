"""POST /v1/orders/{order_id}/domains/check."""

from partner_center.accounts.api_keys import Principal, Role
from partner_center.entry.api import Answer, Api, Request
from partner_center.entry.wiring.access import door
from partner_center.entry.wiring.machine import request_check
from partner_center.kernel.errors import NotFound

handler = Api(door)


@handler.route("POST", "/v1/orders/<order_id>/domains/check", Role.ORDERS)
def check(request: Request, principal: Principal, order_id: str) -> Answer:
    request.only_query()
    request.idempotency_key()
    request.no_fields()
    actor = f"key:{principal.key_id}"
    head = request_check()(principal.reseller_id, order_id, actor, request.request_id)
    if head is None:
        raise NotFound("There is no such order.")
    return Answer(200, {"order_id": order_id, "check": "under_way" if head.held_back else "not_yet"})
