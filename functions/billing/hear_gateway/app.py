"""POST /webhooks/stripe: the payment gateway tells that something has changed."""

from partner_center.entry.api import Answer, Api, Request
from partner_center.entry.gateway_hook import hear
from partner_center.entry.wiring.access import door

handler = Api(door)


@handler.public("POST", "/webhooks/stripe")
def post(request: Request) -> Answer:
    return hear(request)
