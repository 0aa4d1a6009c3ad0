"""POST /v1/staff/tasks/{task_id}/decide."""

from partner_center.accounts.staff import Staff, StaffRole
from partner_center.entry.api import Answer, Api, Request
from partner_center.entry.body import decision_in
from partner_center.entry.wiring.access import door
from partner_center.entry.wiring.review import decide_review
from partner_center.kernel.ids import order_of, reissue_of
from partner_center.orders.review import ReviewTask

handler = Api(door)


@handler.staff("POST", "/v1/staff/tasks/<task_id>/decide", StaffRole.REVIEW)
def decide(request: Request, staff: Staff, task_id: str) -> Answer:
    request.only_query()
    task = ReviewTask.read(task_id)
    verdict, evidence, note = decision_in(request)
    call = request.call(request.json_object())
    head = decide_review()(staff, call, task, verdict, evidence, note)
    return Answer(
        200,
        {
            "task_id": task_id,
            "order_id": order_of(head.order_id),
            **({"reissue_id": reissue_of(head.order_id)} if head.is_reissue else {}),
            "decision": verdict,
            "order_status": head.status,
        },
    )
