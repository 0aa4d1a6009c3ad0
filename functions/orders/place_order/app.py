"""POST /v1/orders."""

from partner_center.accounts.api_keys import Principal, Role
from partner_center.entry.api import Answer, Api, Request
from partner_center.entry.wiring.access import door
from partner_center.entry.wiring.enrolment import place_order
from partner_center.entry.wiring.paying_cards import card_of
from partner_center.orders.view import order_as_json
from partner_center.validation.standing import standing

handler = Api(door)


@handler.route("POST", "/v1/orders", Role.ORDERS)
def place(request: Request, principal: Principal) -> Answer:
    request.only_query()
    body = request.json_object()
    order = place_order()(principal, request.call(body), body)
    head, untouched = order.head, standing(order, [], [], order.head.placed_at)
    answer = order_as_json(order, untouched, [], head.placed_at, card_of(head))
    return Answer(201, answer, {"Location": f"/v1/orders/{head.order_id}"})
