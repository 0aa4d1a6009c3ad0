"""GET /v1/staff/queues/problem-reports."""

from partner_center.accounts.staff import Staff, StaffRole
from partner_center.entry.api import Answer, Api, Request
from partner_center.entry.wiring.access import door
from partner_center.entry.wiring.problem_reports import report_queue
from partner_center.orders.reading import read_page

handler = Api(door)


@handler.staff("GET", "/v1/staff/queues/problem-reports", StaffRole.VALIDATION)
def read(request: Request, _: Staff) -> Answer:
    request.only_query("limit", "cursor")
    return Answer(200, report_queue()(read_page(request.query)))
