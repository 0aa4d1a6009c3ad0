"""POST /v1/payment-method: a link to the form that takes a card."""

from partner_center.accounts.api_keys import Principal, Role
from partner_center.billing.cards import KEEP
from partner_center.entry.api import Answer, Api, Request
from partner_center.entry.wiring.access import door
from partner_center.entry.wiring.base import settings
from partner_center.entry.wiring.card_links import make_card_link
from partner_center.kernel.clock import rfc3339

handler = Api(door)


@handler.route("POST", "/v1/payment-method", Role.BILLING)
def make(request: Request, principal: Principal) -> Answer:
    request.only_query()
    request.no_fields()
    made = make_card_link()(principal, request.call({}))
    url = f"{settings().public_url}/card/{made.token}"
    return Answer(201, {"url": url, "expires_at": rfc3339(made.expires_at), "notice": KEEP})
