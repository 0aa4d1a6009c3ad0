"""What each route does, takes and answers, in words; the shapes come from the models."""

from collections.abc import Mapping

from local.openapi.account_operations import ACCOUNT_OPERATIONS
from local.openapi.contract_operations import CONTRACT_OPERATIONS
from local.openapi.operation import (
    BOOKKEEPERS,
    EVERYONE,
    FILES,
    KEYED,
    MERGE_PATCH,
    PAYERS,
    READERS,
    RESTRICTED,
    WITH_BODY,
    WRITERS,
    Answer,
    Body,
    Operation,
    Parameter,
)
from local.openapi.page_operations import PAGE_OPERATIONS
from local.openapi.reissue_operations import REISSUE_OPERATIONS
from local.openapi.revocation_operations import REVOCATION_OPERATIONS
from local.openapi.staff_operations import STAFF_OPERATIONS

IDEMPOTENCY_KEY = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"}

PARAMETERS: Mapping[str, Parameter] = {
    "ProductCode": Parameter(
        "code", "path", "The code of a product.", {"type": "string"}, "geotrust_quickssl_premium"
    ),
    "OrderId": Parameter("order_id", "path", "The id that placing the order answered."),
    "ReissueId": Parameter("reissue_id", "path", "The id that asking for the reissue answered."),
    "DomainName": Parameter(
        "name", "path", "A name of the order, as A-label; of a wildcard the * may stand as it is or as %2A."
    ),
    "DomainPrefix": Parameter("name", "query", "The beginning of the domain, in any case."),
    "Serial": Parameter(
        "serial", "path", "The serial number of a certificate, in hexadecimal; case does not matter."
    ),
    "Token": Parameter("token", "path", "The secret of an approval link; it is in the approval mail only."),
    "CardToken": Parameter("token", "path", "The secret of a card link."),
    "Limit": Parameter(
        "limit",
        "query",
        "How many items a page holds: 1 to 200; smaller and larger numbers are taken as 1 and 200.",
        {"type": "integer", "minimum": 0, "maximum": 999_999_999, "default": 50},
    ),
    "LimitOfAll": Parameter(
        "limit",
        "query",
        "How many items a page holds, as everywhere: 1 to 200, clamped. Without it all come at once.",
        {"type": "integer", "minimum": 0, "maximum": 999_999_999},
    ),
    "Cursor": Parameter("cursor", "query", "`next_cursor` of the page before, of the same list."),
    "CommonName": Parameter(
        "common_name",
        "query",
        "The beginning of the common name; U-labels are whole.",
        {"type": "string"},
        "www.",
    ),
    "PartnerOrderId": Parameter("partner_order_id", "query", "The reseller's own number, whole."),
    "Format": Parameter(
        "format",
        "query",
        "pem: the certificate; chain: certificate and intermediates, without the root; ca: intermediates and "
        "root; p7b: certificate and intermediates as PKCS#7; der: the certificate in binary; zip: the "
        "PEM and PKCS#7 files, or with `server` what that server wants and how to install it.",
        {"type": "string", "enum": ["pem", "chain", "ca", "p7b", "der", "zip"], "default": "pem"},
    ),
    "Server": Parameter(
        "server",
        "query",
        "With format=zip: the files that this server wants, and instructions.",
        {"type": "string", "enum": ["nginx", "apache", "iis", "tomcat", "haproxy", "cpanel"]},
    ),
    "IdempotencyKey": Parameter(
        "Idempotency-Key",
        "header",
        "Chosen by the client, once per intended effect. The answer that took effect is bound to it for 7 "
        "days, per reseller, method and path: the same request again gets that answer, another body is refused "
        "with idempotency_key_reused. Refusals bind nothing. For objections and problem reports it is bound per "
        "member of staff, and for whoever reports a problem per network.",
        IDEMPOTENCY_KEY,
        "order-4711",
    ),
    "UnboundIdempotencyKey": Parameter(
        "Idempotency-Key",
        "header",
        "Of the usual form, and bound to nothing: the same request again changes nothing, under any key or none.",
        IDEMPOTENCY_KEY,
    ),
    "ObjectionId": Parameter("objection_id", "path", "As the queue tells it."),
    "ContractId": Parameter("contract_id", "path", "The id of a contract."),
    "LedgerFormat": Parameter(
        "format",
        "query",
        "json, or csv as a file of up to 10,000 lines if no limit is given; absent: as the Accept header says.",
        {"type": "string", "enum": ["json", "csv"]},
    ),
    "ReportId": Parameter("report_id", "path", "As the queue tells it."),
    "TaskId": Parameter("task_id", "path", "As the queue tells it."),
    "IfMatch": Parameter(
        "If-Match",
        "header",
        "The ETag of the order as it was read; 412 when it is another by now, and not as it is asked for.",
    ),
    "IfNoneMatch": Parameter(
        "If-None-Match", "header", "The ETag of an answer already held; 304 when nothing has changed."
    ),
}

OPERATIONS: Mapping[tuple[str, str], Operation] = {
    **CONTRACT_OPERATIONS,
    **REISSUE_OPERATIONS,
    **ACCOUNT_OPERATIONS,
    **STAFF_OPERATIONS,
    **REVOCATION_OPERATIONS,
    **PAGE_OPERATIONS,
    ("GET", "/v1/products"): Operation(
        "listProducts",
        "Catalog",
        "All products",
        "Every certificate on sale, with names, terms, prices and units.",
        {200: Answer("The products.", "ProductList")},
        KEYED,
        EVERYONE,
        ("LimitOfAll", "Cursor"),
    ),
    ("GET", "/v1/products/{code}"): Operation(
        "getProduct",
        "Catalog",
        "One product",
        "Names allowed, wildcard rule, terms with prices and units, validation methods, CAA issuer.",
        {200: Answer("The product.", "Product", ("Product",))},
        (*KEYED, "NotFound"),
        EVERYONE,
        ("ProductCode",),
    ),
    ("GET", "/v1/agreements/{code}"): Operation(
        "getAgreement",
        "Catalog",
        "The subscriber agreement of a product",
        "The text that the applicant accepts before an order; an order names its version.",
        {200: Answer("The agreement.", "Agreement", ("Agreement",))},
        (*KEYED, "NotFound"),
        EVERYONE,
        ("ProductCode",),
    ),
    ("GET", "/v1/orders"): Operation(
        "findOrders",
        "Orders",
        "Search",
        "By the beginning of the common name, or by the reseller's own number: one of the two must be given.",
        {200: Answer("The orders found, an empty list included.", "OrderList", ("OrderList",))},
        RESTRICTED,
        READERS,
        ("CommonName", "PartnerOrderId", "Limit", "Cursor"),
    ),
    ("POST", "/v1/orders"): Operation(
        "placeOrder",
        "Orders",
        "Place an order",
        "Examines everything at once: structure, product, names, CSR, key, contacts, method, agreement, contract. "
        "A refusal lists every problem found and writes nothing. An accepted order holds its units; the mails to "
        "approvers, or with what to publish, follow. At present orders at level DV are accepted.",
        {
            201: Answer("The order.", "Order", ("OrderPlaced",), ("Location",)),
        },
        (*RESTRICTED, *WITH_BODY),
        WRITERS,
        ("IdempotencyKey",),
        Body("OrderRequest", "At most 256 KiB.", examples=("OrderRequest",)),
    ),
    ("POST", "/v1/orders/validate"): Operation(
        "validateOrder",
        "Orders",
        "Examine an order without placing it",
        "The same examination as placing: every problem, the exact names, price and units. Stores nothing; an "
        "order that would be refused is a 200 with its problems, unless it holds the number of a payment card.",
        {200: Answer("What was found.", "OrderExamination", ("OrderExamination",))},
        (*RESTRICTED, *WITH_BODY),
        READERS,
        ("UnboundIdempotencyKey",),
        Body("OrderDraft", "At most 256 KiB.", examples=("OrderRequest",)),
    ),
    ("POST", "/v1/csr/inspect"): Operation(
        "inspectCsr",
        "Orders",
        "Look into a CSR",
        "Subject, names, key and every problem; a bad CSR is a 200 with its problems. Stores nothing.",
        {200: Answer("What was found.", "CsrInspection", ("CsrInspection",))},
        (*KEYED, *WITH_BODY),
        EVERYONE,
        ("UnboundIdempotencyKey",),
        Body("CsrRequest", "At most 256 KiB.", examples=("CsrRequest",)),
    ),
    ("GET", "/v1/orders/{order_id}"): Operation(
        "getOrder",
        "Orders",
        "One order",
        "The order with its authentication steps, certificates and payment.",
        {
            200: Answer("The order.", "Order", ("OrderWaiting", "OrderIssued"), ("ETag",)),
            304: Answer("Nothing has changed since the answer with that ETag.", headers=("ETag",)),
        },
        (*RESTRICTED, "NotFound"),
        READERS,
        ("OrderId", "IfNoneMatch"),
    ),
    ("PATCH", "/v1/orders/{order_id}"): Operation(
        "amendOrder",
        "Orders",
        "Amend an order",
        "A JSON Merge Patch (RFC 7396): objects merge, null removes, arrays are replaced whole. While the order is "
        "pending: contacts, csr, common_name, additional_domains, organization, domain_control; as long as it is "
        "open: note, contacts.technical, lifecycle. It is no new purchase: product, term, contract and price per "
        "name stay, and units move with the number of names in the same write. What is proven stays proven, open "
        "approval links end, and the order is screened again. Refused while the certificate is being signed "
        "(issuing; ask again) and afterwards (already_issued, order_closed), and beyond 500 revisions or 1,000 "
        "challenges (amended_too_often). Plain application/json is taken too.",
        {200: Answer("The order, as it is now.", "Order", ("OrderWaiting",), ("ETag",))},
        (*RESTRICTED, *WITH_BODY, "NotFound", "Conflict", "ChangedMeanwhile"),
        WRITERS,
        ("OrderId", "IfMatch"),
        Body("AmendRequest", "At most 256 KiB.", media_type=MERGE_PATCH, examples=("AmendRequest",)),
    ),
    ("POST", "/v1/orders/{order_id}/cancel"): Operation(
        "cancelOrder",
        "Orders",
        "Cancel a pending order",
        "Ends the order, gives its units back and closes its approval links. A cancelled order may be cancelled "
        "again: nothing changes. Refused while the certificate is being signed (issuing; ask again) and "
        "afterwards (already_issued, order_closed).",
        {200: Answer("The order, as it is now.", "Order", ("OrderCancelled",))},
        (*RESTRICTED, *WITH_BODY, "NotFound", "Conflict"),
        WRITERS,
        ("OrderId", "IdempotencyKey"),
        Body("CancelRequest", "May be left out.", required=False, examples=("CancelRequest",)),
    ),
    ("POST", "/v1/orders/{order_id}/renewals"): Operation(
        "renewOrder",
        "Orders",
        "Renew an order",
        "Another order for the term after this one's, from 90 days before its end until 30 days after. What is not "
        "sent is copied, all is judged as if it were posted, and the days that are left are added to the new term. "
        "Names that the same customer has proven need no other proof while theirs are not too old: unchanged, such "
        "an order is issued by itself. Refused with not_issued, issuing, order_closed, renewal_window, "
        "already_renewed unless the former renewal ended without a certificate, already_replaced.",
        {201: Answer("The new order.", "Order", ("OrderRenewing",), ("Location",))},
        (*RESTRICTED, *WITH_BODY, "NotFound", "Conflict"),
        WRITERS,
        ("OrderId", "IdempotencyKey"),
        Body("RenewalRequest", "At most 256 KiB.", examples=("RenewalRequest",)),
    ),
    ("POST", "/v1/orders/{order_id}/replacements"): Operation(
        "replaceOrder",
        "Orders",
        "Replace an order",
        "Another order with new information in place of an issued one, which is revoked when the replacement is "
        "issued, or the chosen hours later. It is enrolled and validated like any order; proofs of names that stay "
        "are used again. Within 30 days of the begin of the term it is free: of the same product and term, with no "
        "more names than were paid for, else it is refused with more_than_ordered, and it ends with the original's "
        "term. After that it is paid like any order, and the days that are left are added to its term. What was "
        "paid for the original is not given back. Refused with not_issued, issuing, order_closed, "
        "already_replaced, already_renewed.",
        {201: Answer("The new order.", "Order", ("OrderReplacing",), ("Location",))},
        (*RESTRICTED, *WITH_BODY, "NotFound", "Conflict"),
        WRITERS,
        ("OrderId", "IdempotencyKey"),
        Body("ReplacementRequest", "At most 256 KiB.", examples=("ReplacementRequest",)),
    ),
    ("GET", "/v1/orders/{order_id}/messages"): Operation(
        "listMessages",
        "Orders",
        "Messages on an order",
        "What the system has to say about the order, newest first.",
        {200: Answer("The messages.", "MessageList", ("MessageList",))},
        (*RESTRICTED, "NotFound"),
        READERS,
        ("OrderId", "Limit", "Cursor"),
    ),
    ("GET", "/v1/orders/{order_id}/domains"): Operation(
        "listDomains",
        "Domains",
        "The names of an order and their proofs",
        "One item a name, in the order of the certificate.",
        {200: Answer("The names.", "DomainList", ("DomainList",))},
        (*RESTRICTED, "NotFound"),
        READERS,
        ("OrderId", "LimitOfAll", "Cursor"),
    ),
    ("POST", "/v1/orders/{order_id}/domains/check"): Operation(
        "checkDomains",
        "Domains",
        "Look now",
        "Looks at what is published for every name that is still to be proven, from every network perspective; what "
        "is not there yet is a 200 as well. An order that was held back before signing, by CAA for example, is "
        "examined again. At most one check in 30 seconds begins, by whatever method the names are proven; the body "
        "may be left out.",
        {200: Answer("What was found.", "CheckAnswer", ("CheckAnswer",))},
        (*RESTRICTED, "NotFound", "Conflict", "BodyTooLarge", "UnsupportedMediaType", "Refused"),
        WRITERS,
        ("OrderId", "IdempotencyKey"),
    ),
    ("POST", "/v1/orders/{order_id}/domains/{name}/check"): Operation(
        "checkDomain",
        "Domains",
        "Look now, at one name",
        "As for the whole order. A name that is proven is refused with already_valid.",
        {200: Answer("The name.", "Domain", ("DomainToPublish",))},
        (*RESTRICTED, "NotFound", "Conflict", "BodyTooLarge", "UnsupportedMediaType", "Refused"),
        WRITERS,
        ("OrderId", "DomainName", "IdempotencyKey"),
    ),
    ("POST", "/v1/orders/{order_id}/domains/{name}/resend"): Operation(
        "resendMail",
        "Domains",
        "The mail once more",
        "To the approver with the same link, or to the technical contact with the same instructions. A value that "
        "has expired, or will within an hour, is replaced by a new one with 30 days, unless the order had 1,000 "
        "challenges (asked_too_often). At most one mail in 30 seconds, and one in an hour to an address whose last "
        "one came back. From 2028-03-15 on no mail proves a name "
        "(method_ended; BR 3.2.2.4.4).",
        {200: Answer("The name.", "Domain", ("DomainToPublish",))},
        (*RESTRICTED, "NotFound", "Conflict", "BodyTooLarge", "UnsupportedMediaType", "Refused"),
        WRITERS,
        ("OrderId", "DomainName", "IdempotencyKey"),
    ),
    ("PUT", "/v1/orders/{order_id}/domains/{name}/method"): Operation(
        "chooseMethod",
        "Domains",
        "Prove a name in another way",
        "Amends the order for this name alone: another method or another approver makes another value, and what was "
        "asked before is dead.",
        {200: Answer("The name.", "Domain", ("DomainToPublish",))},
        (*RESTRICTED, *WITH_BODY, "NotFound", "Conflict"),
        WRITERS,
        ("OrderId", "DomainName"),
        Body("MethodRequest", "At most 256 KiB.", examples=("MethodRequest",)),
    ),
    ("GET", "/v1/orders/{order_id}/domains/{name}/approvers"): Operation(
        "listApprovers",
        "Domains",
        "Who may approve a name by e-mail",
        "The five constructed addresses at each domain from the name up to the registrable one, and the contacts "
        "that their DNS publishes at this moment (CAA contactemail, TXT at _validation-contactemail). Nobody "
        "else may. An address that declined this order is not among them, for whichever name: it cannot be chosen "
        "again. The list is empty once no mail proves a name by the rules of the day.",
        {200: Answer("The addresses.", "ApproverList", ("ApproverList",))},
        (*RESTRICTED, "NotFound"),
        READERS,
        ("OrderId", "DomainName", "LimitOfAll", "Cursor"),
    ),
    ("GET", "/v1/domains"): Operation(
        "listProofs",
        "Domains",
        "Proofs on file",
        "Which domains need not be proven again, for which customer, until when.",
        {200: Answer("The proofs.", "ProofList", ("ProofList",))},
        RESTRICTED,
        READERS,
        ("DomainPrefix", "Limit", "Cursor"),
    ),
    ("GET", "/v1/certificates/{serial}"): Operation(
        "getCertificate",
        "Certificates",
        "One certificate",
        "What stands in an issued certificate of the reseller's, its order, and where its files are.",
        {200: Answer("The certificate.", "CertificateWithOrder", ("Certificate",))},
        (*RESTRICTED, "NotFound"),
        READERS,
        ("Serial",),
    ),
    ("GET", "/v1/certificates/{serial}/download"): Operation(
        "downloadCertificate",
        "Certificates",
        "The certificate as a file",
        "In the form that a server wants. The system neither makes nor has the private key.",
        {200: Answer("The file.", headers=("Content-Disposition",), media_types=FILES)},
        (*RESTRICTED, "NotFound"),
        READERS,
        ("Serial", "Format", "Server"),
    ),
    ("POST", "/v1/payment-method"): Operation(
        "makeCardLink",
        "Cards",
        "A link to the form that takes a card",
        "Hand it to whoever holds the card. The number goes to the payment gateway alone and never comes here. The "
        "card given there takes the place of the one on file, or opens a pay-as-you-go contract where none runs; it "
        "is used for orders placed from then on, and orders placed before keep theirs. The body is left out.",
        {201: Answer("The link, told once: only its digest is kept.", "CardLink", ("CardLink",))},
        (*RESTRICTED, *WITH_BODY),
        PAYERS,
        ("IdempotencyKey",),
    ),
    ("GET", "/v1/payment-method"): Operation(
        "getPaymentMethod",
        "Cards",
        "The card on file",
        "That of the pay-as-you-go contract that runs; 404 when there is none.",
        {200: Answer("The card.", "PaymentMethod", ("PaymentMethod",))},
        (*RESTRICTED, "NotFound"),
        BOOKKEEPERS,
    ),
    ("DELETE", "/v1/payment-method"): Operation(
        "removeCard",
        "Cards",
        "Remove the card",
        "The contract has no card from now on: orders on it are refused with no_card until another one is given. "
        "Orders placed before keep the card, since they may still have to be paid; the payment gateway forgets it "
        "when none of them can be pending any more, 91 days later.",
        {200: Answer("The card that was removed.", "PaymentMethod", ("PaymentMethod",))},
        (*RESTRICTED, *WITH_BODY, "NotFound"),
        PAYERS,
    ),
    ("POST", "/webhooks/stripe"): Operation(
        "hearGateway",
        "Payment gateway",
        "Something has changed at the payment gateway",
        "Signed by the gateway (Stripe-Signature), not older than 900 seconds. It is believed in nothing: an event "
        "about a payment of ours has that order's money looked at, once in 30 days for each event id; others have no "
        "effect.",
        {200: Answer("Heard, of use or not.", "Received")},
        ("Malformed", "TooSoon", "BodyTooLarge", "InternalError", "TryAgain"),
        body=Body("GatewayEvent", "At most 256 KiB."),
    ),
}
