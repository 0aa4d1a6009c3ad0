"""PUT /v1/staff/orders/{order_id}/payment-method and POST /v1/staff/orders/{order_id}/settle."""

from partner_center.accounts.staff import Staff, StaffRole
from partner_center.billing.payment_queue import payment_as_json
from partner_center.entry.api import Answer, Api, Request
from partner_center.entry.payment_body import card_and_reseller_in, reseller_in
from partner_center.entry.wiring.access import door
from partner_center.entry.wiring.payment_desk import payment_desk

handler = Api(door)


@handler.staff("PUT", "/v1/staff/orders/<order_id>/payment-method", StaffRole.FINANCE)
def change(request: Request, staff: Staff, order_id: str) -> Answer:
    request.only_query()
    body = request.json_object()
    reseller_id, card_id = card_and_reseller_in(body)
    head = payment_desk().change_method(staff, request.call(body), reseller_id, order_id, card_id)
    return Answer(200, payment_as_json(head))


@handler.staff("POST", "/v1/staff/orders/<order_id>/settle", StaffRole.FINANCE)
def settle(request: Request, staff: Staff, order_id: str) -> Answer:
    request.only_query()
    body = request.json_object()
    head = payment_desk().try_again(staff, request.call(body), reseller_in(body), order_id)
    return Answer(200, payment_as_json(head))
