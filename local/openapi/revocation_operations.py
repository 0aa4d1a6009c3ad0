"""What the routes of revocation and problem reports do, take and answer, in words."""

from collections.abc import Mapping

from local.openapi.operation import (
    PUBLIC,
    RESTRICTED,
    VALIDATORS,
    WITH_BODY,
    WRITERS,
    Answer,
    Body,
    Operation,
)

REVOCATION_OPERATIONS: Mapping[tuple[str, str], Operation] = {
    ("POST", "/v1/orders/{order_id}/revoke"): Operation(
        "revokeOrder",
        "Orders",
        "Revoke an order",
        "Revokes every certificate of the order, at any age, and the order; a CRL tells it within minutes. Within 30 "
        "days of the first certificate the refund begins at once. keyCompromise with a proof blocks the key for ever "
        "and revokes every other certificate with it. Revoked again: nothing changes, but unspecified may become "
        "keyCompromise. Refused for an order without a certificate (not_issued; issuing: ask again) and for one that "
        "ended otherwise (order_closed).",
        {200: Answer("The order, as it is now.", "Order", ("OrderRevoked",))},
        (*RESTRICTED, *WITH_BODY, "NotFound", "Conflict"),
        WRITERS,
        ("OrderId", "IdempotencyKey"),
        Body(
            "OrderRevocationRequest",
            "May be left out: unspecified.",
            required=False,
            examples=("OrderRevocationRequest",),
        ),
    ),
    ("POST", "/v1/certificates/{serial}/revoke"): Operation(
        "revokeCertificate",
        "Certificates",
        "Revoke a certificate",
        "As for the order, but this one alone. If it was the last live certificate, the order is revoked as well "
        "unless keep_order says otherwise. Refused with certificate_expired when it has ended.",
        {200: Answer("The certificate, as it is now.", "CertificateWithOrder", ("CertificateRevoked",))},
        (*RESTRICTED, *WITH_BODY, "NotFound", "Conflict"),
        WRITERS,
        ("Serial", "IdempotencyKey"),
        Body(
            "CertificateRevocationRequest",
            "May be left out: unspecified.",
            required=False,
            examples=("CertificateRevocationRequest",),
        ),
    ),
    ("POST", "/v1/compromised-keys"): Operation(
        "reportCompromisedKey",
        "Reports",
        "Prove that a key is compromised",
        "Whoever possesses the key proves it, with the key or with a CSR that it signed. It is blocked for ever and "
        "every certificate with it, of any reseller, is revoked within 24 hours; the answer does not tell whether "
        "there is one.",
        {202: Answer("The proof was accepted.", "CompromisedKeyAnswer", ("CompromisedKeyAnswer",))},
        (*PUBLIC, *WITH_BODY),
        parameters=("UnboundIdempotencyKey",),
        body=Body("CompromisedKeyRequest", "At most 256 KiB.", examples=("CompromisedKeyRequest",)),
    ),
    ("POST", "/v1/problem-reports"): Operation(
        "reportProblem",
        "Reports",
        "Report a problem with a certificate",
        "From anybody, day and night: suspected compromise, misuse, wrong data, or anything else that speaks against "
        "a certificate. The reporter gets a mail at once, and within 24 hours what was found first. Who can prove "
        "that a key is compromised does so at /v1/compromised-keys: no report may hold a private key.",
        {202: Answer("The report was taken.", "ProblemReportAnswer", ("ProblemReportAnswer",))},
        (*PUBLIC, *WITH_BODY),
        parameters=("IdempotencyKey",),
        body=Body("ProblemReportRequest", "At most 256 KiB.", examples=("ProblemReportRequest",)),
    ),
    ("GET", "/v1/staff/queues/problem-reports"): Operation(
        "listProblemReports",
        "Staff",
        "Problem reports that are open",
        "The one that is due first ahead. The list may be a moment late; a page of very long reports has fewer items "
        "than its limit.",
        {200: Answer("The reports.", "ProblemReportQueue", ("ProblemReportQueue",))},
        RESTRICTED,
        VALIDATORS,
        ("Limit", "Cursor"),
    ),
    ("POST", "/v1/staff/problem-reports/{report_id}/decide"): Operation(
        "decideProblemReport",
        "Staff",
        "Say what was found about a report",
        "note: the preliminary report; the report stays open. revoke: the serials are revoked, with the reasons of "
        "staff. dismiss: nothing is revoked. The grounds are mailed to the reporter each time. The same decision "
        "again changes nothing; a report that has ended is refused with already_decided, and so is what would end "
        "otherwise one whose revocation has begun: `revoking` says which, and the same once more ends it. A serial "
        "that nobody knows is refused with unknown_serial, one that has ended unrevoked with certificate_expired.",
        {200: Answer("The report, as it is now.", "ProblemReport", ("ProblemReport",))},
        (*RESTRICTED, *WITH_BODY, "NotFound", "Conflict"),
        VALIDATORS,
        ("ReportId", "IdempotencyKey"),
        Body("ReportDecisionRequest", "At most 256 KiB.", examples=("ReportDecisionRequest",)),
    ),
}
