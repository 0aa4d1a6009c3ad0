"""POST /v1/staff/problem-reports/{report_id}/decide."""

from partner_center.accounts.staff import Staff, StaffRole
from partner_center.entry.api import Answer, Api, Request
from partner_center.entry.wiring.access import door
from partner_center.entry.wiring.deciding_reports import decide_report
from partner_center.issuance.problem_reports import report_as_json
from partner_center.issuance.report_request import read_decision
from partner_center.kernel.errors import ContentRefused

handler = Api(door)


@handler.staff("POST", "/v1/staff/problem-reports/<report_id>/decide", StaffRole.VALIDATION)
def decide(request: Request, staff: Staff, report_id: str) -> Answer:
    request.only_query()
    body = request.json_object()
    decision = read_decision(body)
    if decision.problems:
        raise ContentRefused(decision.problems)
    report = decide_report()(staff, request.call(body), report_id, decision)
    return Answer(200, report_as_json(report))
