"""POST /v1/problem-reports: anybody tells us that a certificate must not go on."""

from partner_center.entry.api import Answer, Api, Request
from partner_center.entry.wiring.access import door
from partner_center.entry.wiring.exposed_keys import report_exposed
from partner_center.entry.wiring.problem_reports import report_problem
from partner_center.issuance.report_request import read_report
from partner_center.kernel.clock import rfc3339
from partner_center.kernel.errors import ContentRefused

handler = Api(door)


@handler.public("POST", "/v1/problem-reports")
def report(request: Request) -> Answer:
    request.only_query()
    body = request.json_object()
    call, reading = request.call(body), read_report(body)
    report_exposed()(reading.exposed, None, request.request_id)
    if reading.report is None:
        raise ContentRefused(reading.problems)
    kept = report_problem()(reading.report, request.address, call)
    return Answer(
        202,
        {
            "report_id": kept.report_id,
            "received_at": rfc3339(kept.received_at),
            "preliminary_due_at": rfc3339(kept.preliminary_due_at),
        },
    )
