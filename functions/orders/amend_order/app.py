"""PATCH /v1/orders/{order_id}, and PUT .../domains/{name}/method, which amends one choice."""

from partner_center.accounts.api_keys import Principal, Role
from partner_center.entry.api import Answer, Api, Request, require_match, with_etag
from partner_center.entry.problems import moved
from partner_center.entry.wiring.access import door
from partner_center.entry.wiring.enrolment import amend_order
from partner_center.entry.wiring.orders import order_store
from partner_center.entry.wiring.reading import order_reading
from partner_center.kernel.errors import ContentRefused
from partner_center.kernel.json_pointer import json_pointer
from partner_center.orders.amendment import method_patch
from partner_center.orders.under_way import enrolment_meant

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


@handler.route("PUT", "/v1/orders/<order_id>/domains/<name>/method", Role.ORDERS)
def choose_method(request: Request, principal: Principal, order_id: str, name: str) -> Answer:
    request.only_query()
    patch = method_patch(name, request.json_object())
    reading = order_reading()
    reading.domain(principal.reseller_id, order_id, name)
    meant = enrolment_meant(order_store(), principal.reseller_id, order_id, name)
    try:
        amend_order()(principal, request.request_id, meant, patch)
    except ContentRefused as refused:
        prefix = json_pointer(("domain_control", "names", name))
        raise ContentRefused(moved(refused.problems, prefix)) from refused
    return Answer(200, reading.domain(principal.reseller_id, order_id, name))
