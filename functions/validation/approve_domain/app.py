"""GET, HEAD and POST /approve/{token}: the approver's page. Only the form's POST changes anything."""

from partner_center.entry.api import Answer, Api, Request
from partner_center.entry.approval_pages import crowded, decide, show
from partner_center.entry.wiring.access import door

handler = Api(door, crowded)


@handler.public("GET", "/approve/<token>")
def get(_: Request, token: str) -> Answer:
    return show(token)


@handler.public("HEAD", "/approve/<token>")
def head(_: Request, token: str) -> Answer:
    return show(token)


@handler.public("POST", "/approve/<token>")
def post(request: Request, token: str) -> Answer:
    return decide(token, request)
