"""GET, HEAD and POST /card/{token}: the card form. Only the form's POST changes anything."""

from partner_center.entry.api import Answer, Api, Request
from partner_center.entry.card_form import add, crowded, show
from partner_center.entry.wiring.access import door

handler = Api(door, crowded)


@handler.public("GET", "/card/<token>")
def get(_: Request, token: str) -> Answer:
    return show(token)


@handler.public("HEAD", "/card/<token>")
def head(_: Request, token: str) -> Answer:
    return show(token)


@handler.public("POST", "/card/<token>")
def post(request: Request, token: str) -> Answer:
    return add(token, request)
