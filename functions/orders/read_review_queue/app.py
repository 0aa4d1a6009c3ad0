"""GET /v1/staff/queues/quality-review."""

from partner_center.accounts.staff import Staff, StaffRole
from partner_center.entry.api import Answer, Api, Request
from partner_center.entry.wiring.access import door
from partner_center.entry.wiring.review import review_queue
from partner_center.orders.page import read_page

handler = Api(door)


@handler.staff("GET", "/v1/staff/queues/quality-review", StaffRole.REVIEW)
def read(request: Request, _: Staff) -> Answer:
    request.only_query("limit", "cursor")
    return Answer(200, review_queue()(read_page(request.query)))
