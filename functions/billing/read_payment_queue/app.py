"""GET /v1/staff/queues/payments."""

from partner_center.accounts.staff import Staff, StaffRole
from partner_center.entry.api import Answer, Api, Request
from partner_center.entry.wiring.access import door
from partner_center.entry.wiring.payment_desk import payment_queue
from partner_center.orders.reading import read_page

handler = Api(door)


@handler.staff("GET", "/v1/staff/queues/payments", StaffRole.FINANCE)
def read(request: Request, _: Staff) -> Answer:
    request.only_query("limit", "cursor")
    return Answer(200, payment_queue()(read_page(request.query)))
