"""PATCH /v1/orders/{order_id}."""

from partner_center.accounts.api_keys import Principal, Role
from partner_center.entry.api import Answer, Api, Request, require_match, with_etag
from partner_center.entry.wiring.access import door
from partner_center.entry.wiring.enrolment import amend_order
from partner_center.entry.wiring.reading import order_reading

handler = Api(door)


@handler.route("PATCH", "/v1/orders/<order_id>", Role.ORDERS)
def amend(request: Request, principal: Principal, order_id: str) -> Answer:
    request.only_query()
    patch = request.json_object("application/merge-patch+json")
    reading = order_reading()
    amend_order()(
        principal,
        request.request_id,
        order_id,
        patch,
        lambda order: require_match(request, reading.shown(order)),
    )
    return with_etag(reading.order(principal.reseller_id, order_id))
