"""GET /v1/orders/{order_id}, its domains, messages and reissues."""

from partner_center.accounts.api_keys import Principal, Role
from partner_center.entry.api import Answer, Api, Request, tagged
from partner_center.entry.wiring.access import door
from partner_center.entry.wiring.reading import order_reading

handler = Api(door)


@handler.route("GET", "/v1/orders", Role.ORDERS, Role.READ)
def search(request: Request, principal: Principal) -> Answer:
    request.only_query("common_name", "partner_order_id", "limit", "cursor")
    return Answer(200, order_reading().search(principal.reseller_id, request.query))


@handler.route("GET", "/v1/orders/<order_id>", Role.ORDERS, Role.READ)
def read(request: Request, principal: Principal, order_id: str) -> Answer:
    request.only_query()
    return tagged(request, order_reading().order(principal.reseller_id, order_id))


@handler.route("GET", "/v1/orders/<order_id>/domains", Role.ORDERS, Role.READ)
def domains(request: Request, principal: Principal, order_id: str) -> Answer:
    request.only_query("limit", "cursor")
    return Answer(200, order_reading().domains(principal.reseller_id, order_id, request.query))


@handler.route("GET", "/v1/orders/<order_id>/reissues", Role.ORDERS, Role.READ)
def reissues(request: Request, principal: Principal, order_id: str) -> Answer:
    request.only_query("limit", "cursor")
    return Answer(200, order_reading().reissues(principal.reseller_id, order_id, request.query))


@handler.route("GET", "/v1/orders/<order_id>/reissues/<reissue_id>", Role.ORDERS, Role.READ)
def reissue(request: Request, principal: Principal, order_id: str, reissue_id: str) -> Answer:
    request.only_query()
    return Answer(200, order_reading().reissue(principal.reseller_id, order_id, reissue_id))


@handler.route("GET", "/v1/orders/<order_id>/messages", Role.ORDERS, Role.READ)
def messages(request: Request, principal: Principal, order_id: str) -> Answer:
    request.only_query("limit", "cursor")
    return Answer(200, order_reading().messages(principal.reseller_id, order_id, request.query))
