"""What the routes of staff do, take and answer, in words; those of revocation stand with it."""

from collections.abc import Mapping

from local.openapi.operation import (
    FINANCE,
    RESTRICTED,
    REVIEWERS,
    VALIDATORS,
    WITH_BODY,
    Answer,
    Body,
    Operation,
)

STAFF_OPERATIONS: Mapping[tuple[str, str], Operation] = {
    ("GET", "/v1/staff/queues/quality-review"): Operation(
        "listReviews",
        "Staff",
        "Orders that wait for a reviewer",
        "Those that a rule flagged, longest waiting first. The list may be a moment late; a page of very large "
        "orders has fewer items than its limit. A task is about what was screened: a later note leaves it as it is.",
        {200: Answer("The tasks.", "ReviewQueue", ("ReviewQueue",))},
        RESTRICTED,
        REVIEWERS,
        ("Limit", "Cursor"),
    ),
    ("GET", "/v1/staff/queues/payments"): Operation(
        "listPayments",
        "Staff",
        "Orders whose money needs somebody",
        "Those whose card was declined, and those whose money could not be taken, let go or given back by itself; "
        "longest waiting first. The list may be a moment late.",
        {200: Answer("The tasks.", "PaymentQueue", ("PaymentQueue",))},
        RESTRICTED,
        FINANCE,
        ("Limit", "Cursor"),
    ),
    ("PUT", "/v1/staff/orders/{order_id}/payment-method"): Operation(
        "changePaymentMethod",
        "Staff",
        "Another card for one order",
        "The card is asked for the price in a new payment attempt; the contract stays as it is. A pending order goes "
        "on by itself; of an issued one whose price is still owed, what another card promised before is let go and "
        "the price taken. Refused when no card is to be asked (payment_not_due).",
        {200: Answer("The payment, as it is now.", "PaymentState", ("PaymentState",))},
        (*RESTRICTED, *WITH_BODY, "NotFound", "Conflict"),
        FINANCE,
        ("OrderId", "IdempotencyKey"),
        Body("PaymentMethodRequest", "At most 256 KiB.", examples=("PaymentMethodRequest",)),
    ),
    ("POST", "/v1/staff/orders/{order_id}/settle"): Operation(
        "settlePayment",
        "Staff",
        "Another try at moving the money",
        "Of an order in the queue of payments: what could not be taken, let go or given back is tried again, as long "
        "as at first. A card that was declined is asked again through its payment method (payment_declined).",
        {200: Answer("The payment, as it is now.", "PaymentState", ("PaymentState",))},
        (*RESTRICTED, *WITH_BODY, "NotFound", "Conflict"),
        FINANCE,
        ("OrderId", "IdempotencyKey"),
        Body("SettleRequest", "At most 256 KiB.", examples=("SettleRequest",)),
    ),
    ("POST", "/v1/staff/tasks/{task_id}/decide"): Operation(
        "decideTask",
        "Staff",
        "Release or reject a flagged order",
        "approve lets the order go on, reject ends it and gives its units back. A task is about one content of the "
        "order: if the order was amended since, it is refused with task_outdated.",
        {200: Answer("What was decided.", "DecisionAnswer", ("DecisionAnswer",))},
        (*RESTRICTED, *WITH_BODY, "NotFound", "Conflict"),
        REVIEWERS,
        ("TaskId", "IdempotencyKey"),
        Body("DecisionRequest", "At most 256 KiB.", examples=("DecisionRequest",)),
    ),
    ("GET", "/v1/staff/queues/certificates"): Operation(
        "listObjections",
        "Staff",
        "Certificates that the daily check objects to",
        "Longest waiting first, one item for each certificate and ground. The list may be a moment late.",
        {200: Answer("The objections.", "ObjectionQueue", ("ObjectionQueue",))},
        RESTRICTED,
        VALIDATORS,
        ("Limit", "Cursor"),
    ),
    ("POST", "/v1/staff/objections/{objection_id}/settle"): Operation(
        "settleObjection",
        "Staff",
        "Say what an objection came to",
        "Takes it off the queue and keeps what was found. A certificate that has to be revoked is revoked apart from "
        "this. The same words of the same person once more change nothing; anybody else's are refused with "
        "already_settled.",
        {200: Answer("The objection.", "SettlementAnswer", ("SettlementAnswer",))},
        (*RESTRICTED, *WITH_BODY, "NotFound", "Conflict"),
        VALIDATORS,
        ("ObjectionId", "IdempotencyKey"),
        Body("SettlementRequest", "At most 256 KiB.", examples=("SettlementRequest",)),
    ),
}
