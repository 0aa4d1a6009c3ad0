"""What the routes of reissues do, take and answer, in words."""

from collections.abc import Mapping

from local.openapi.operation import READERS, RESTRICTED, WITH_BODY, WRITERS, Answer, Body, Operation

REISSUE_OPERATIONS: Mapping[tuple[str, str], Operation] = {
    ("POST", "/v1/orders/{order_id}/reissues"): Operation(
        "reissueOrder",
        "Reissues",
        "Ask for a further certificate of an issued order",
        "Free, for the rest of the term: another key, the same names or others, though not more of them nor dearer "
        "ones (more_than_ordered). Names whose proofs still hold are not asked again; when all do, the certificate "
        "is issued by itself, in seconds. Else prove them as those of an order, with the order's own domain routes. "
        "Twenty in the first 30 days (reissue_limit), unlimited after. A second that needs proof waits until the "
        "first has ended (reissue_pending). The certificate before it stays valid unless a delay is chosen, "
        "or unless the new one lacks a name: certificates that hold it are revoked after 120 hours then, or after "
        "the delay that was chosen.",
        {201: Answer("The reissue, as asked for.", "Reissue", ("ReissueAsked",), ("Location",))},
        (*RESTRICTED, *WITH_BODY, "NotFound", "Conflict"),
        WRITERS,
        ("OrderId", "IdempotencyKey"),
        Body("ReissueRequest", "At most 256 KiB.", examples=("ReissueRequest",)),
    ),
    ("GET", "/v1/orders/{order_id}/reissues"): Operation(
        "listReissues",
        "Reissues",
        "The reissues of an order",
        "Each one that was ever asked for, the newest first.",
        {200: Answer("The reissues.", "ReissueList", ("ReissueList",))},
        (*RESTRICTED, "NotFound"),
        READERS,
        ("OrderId", "Limit", "Cursor"),
    ),
    ("GET", "/v1/orders/{order_id}/reissues/{reissue_id}"): Operation(
        "getReissue",
        "Reissues",
        "One reissue",
        "With its steps: what it waits for, and who must act.",
        {200: Answer("The reissue.", "Reissue", ("ReissueIssued",))},
        (*RESTRICTED, "NotFound"),
        READERS,
        ("OrderId", "ReissueId"),
    ),
    ("POST", "/v1/orders/{order_id}/reissues/{reissue_id}/cancel"): Operation(
        "cancelReissue",
        "Reissues",
        "Give a reissue up",
        "Its slot is free again, and its approval links end; the order and its certificates stay as they are. A "
        "cancelled reissue may be cancelled again: nothing changes. Refused while the certificate is being signed "
        "(issuing; ask again) and afterwards (already_issued, reissue_closed).",
        {200: Answer("The reissue, as it is now.", "Reissue", ("ReissueCancelled",))},
        (*RESTRICTED, *WITH_BODY, "NotFound", "Conflict"),
        WRITERS,
        ("OrderId", "ReissueId", "IdempotencyKey"),
        Body("CancelRequest", "May be left out.", required=False, examples=("CancelRequest",)),
    ),
}
