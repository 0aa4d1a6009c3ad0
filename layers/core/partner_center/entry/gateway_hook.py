"""The door for the payment gateway's own messages: signed, small, and never believed."""

import json

from partner_center.adapters.stripe_signature import is_signed
from partner_center.entry.api import MAX_BODY, Answer, Request
from partner_center.entry.wiring.base import clock
from partner_center.entry.wiring.hearing import hear_gateway, signing_secrets
from partner_center.kernel.errors import BodyTooLarge, Malformed


def hear(request: Request) -> Answer:
    """200 for whatever is signed, of use or not: anything else would be sent again for days."""
    if len(request.raw_body) > MAX_BODY:
        raise BodyTooLarge(f"The body may hold {MAX_BODY} bytes.")
    header = request.headers.get("stripe-signature", "")
    if not is_signed(request.raw_body, header, signing_secrets().values(), clock().now()):
        raise Malformed("This cannot be read.")
    try:
        message = json.loads(request.raw_body)
    except (ValueError, RecursionError) as error:
        raise Malformed("This cannot be read.") from error
    if not isinstance(message, dict):
        raise Malformed("This cannot be read.")
    hear_gateway()(message)
    return Answer(200, {"received": True})
