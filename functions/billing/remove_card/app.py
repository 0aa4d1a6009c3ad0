"""DELETE /v1/payment-method."""

from partner_center.accounts.api_keys import Principal, Role
from partner_center.entry.api import Answer, Api, Request
from partner_center.entry.wiring.access import door
from partner_center.entry.wiring.card_shelf import payment_method

handler = Api(door)


@handler.route("DELETE", "/v1/payment-method", Role.BILLING)
def remove(request: Request, principal: Principal) -> Answer:
    request.only_query()
    request.no_fields()
    return Answer(200, payment_method().remove(principal, request.request_id))
