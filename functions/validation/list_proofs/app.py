"""GET /v1/domains."""

from partner_center.accounts.api_keys import Principal, Role
from partner_center.entry.api import Answer, Api, Request
from partner_center.entry.wiring.access import door
from partner_center.entry.wiring.validation import list_proofs
from partner_center.orders.page import read_page

handler = Api(door)


@handler.route("GET", "/v1/domains", Role.ORDERS, Role.READ)
def list_(request: Request, principal: Principal) -> Answer:
    request.only_query("name", "limit", "cursor")
    prefix = request.query.get("name", "").lower()
    return Answer(200, list_proofs()(principal.reseller_id, prefix, read_page(request.query)))
