"""POST /v1/orders/{order_id}/renewals and /replacements."""

from partner_center.accounts.api_keys import Principal, Role
from partner_center.entry.api import Answer, Api, Request
from partner_center.entry.wiring.access import door
from partner_center.entry.wiring.enrolment import place_successor
from partner_center.entry.wiring.paying_cards import card_of
from partner_center.orders.order import OrderKind
from partner_center.orders.view import order_as_json
from partner_center.validation.standing import standing

handler = Api(door)


@handler.route("POST", "/v1/orders/<order_id>/renewals", Role.ORDERS)
def renew(request: Request, principal: Principal, order_id: str) -> Answer:
    return _placed(request, principal, order_id, OrderKind.RENEWAL)


@handler.route("POST", "/v1/orders/<order_id>/replacements", Role.ORDERS)
def replace(request: Request, principal: Principal, order_id: str) -> Answer:
    return _placed(request, principal, order_id, OrderKind.REPLACEMENT)


def _placed(request: Request, principal: Principal, order_id: str, kind: OrderKind) -> Answer:
    request.only_query()
    body = request.json_object()
    order = place_successor()(principal, request.call(body), order_id, kind, body)
    head, untouched = order.head, standing(order, [], [], order.head.placed_at)
    answer = order_as_json(order, untouched, [], head.placed_at, card_of(head))
    return Answer(201, answer, {"Location": f"/v1/orders/{head.order_id}"})
