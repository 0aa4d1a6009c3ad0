"""POST /v1/orders/{order_id}/domains/check and /domains/{name}/check."""

from partner_center.accounts.api_keys import Principal, Role
from partner_center.entry.api import Answer, Api, Request
from partner_center.entry.wiring.access import door
from partner_center.entry.wiring.domain_actions import request_check
from partner_center.entry.wiring.orders import order_store
from partner_center.entry.wiring.reading import order_reading
from partner_center.kernel.errors import StateConflict, TooSoon
from partner_center.orders.under_way import enrolment_meant, enrolments_meant

handler = Api(door)


@handler.route("POST", "/v1/orders/<order_id>/domains/check", Role.ORDERS)
def check(request: Request, principal: Principal, order_id: str) -> Answer:
    _require_nothing_said(request)
    actor, refused = f"key:{principal.key_id}", []
    meant = enrolments_meant(order_store(), principal.reseller_id, order_id)
    for each in meant:
        try:
            request_check()(principal.reseller_id, each, actor, request.request_id)
        except (StateConflict, TooSoon) as refusal:
            refused.append(refusal)
    if len(refused) == len(meant):
        raise refused[0]
    return Answer(200, order_reading().checked(principal.reseller_id, order_id))


@handler.route("POST", "/v1/orders/<order_id>/domains/<name>/check", Role.ORDERS)
def check_one(request: Request, principal: Principal, order_id: str, name: str) -> Answer:
    _require_nothing_said(request)
    actor = f"key:{principal.key_id}"
    meant = enrolment_meant(order_store(), principal.reseller_id, order_id, name)
    request_check()(principal.reseller_id, meant, actor, request.request_id, name)
    return Answer(200, order_reading().domain(principal.reseller_id, order_id, name))


def _require_nothing_said(request: Request) -> None:
    request.only_query()
    request.idempotency_key()
    request.no_fields()
