"""POST /v1/csr/inspect."""

from partner_center.accounts.api_keys import Principal, Role
from partner_center.entry.api import Answer, Api, Request
from partner_center.entry.body import required_text
from partner_center.entry.wiring.access import door
from partner_center.entry.wiring.blocked_keys import blocked_keys
from partner_center.entry.wiring.exposed_keys import report_exposed
from partner_center.orders.inspect import exposed_in, inspect_csr

handler = Api(door)


@handler.route("POST", "/v1/csr/inspect", *Role)
def inspect(request: Request, principal: Principal) -> Answer:
    request.only_query()
    request.idempotency_key()
    report_exposed()(exposed_in(request.json_object()), principal, request.request_id)
    return Answer(200, inspect_csr(required_text(request, "csr"), blocked_keys()))
