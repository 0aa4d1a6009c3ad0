"""The document's words that stand in no model: about the whole, shared answers, headers, posted fields."""

from collections.abc import Mapping
from typing import Any

ABOUT: Mapping[str, Any] = {
    "title": "Partner Center",
    "version": "1.0.0",
    "summary": "With which a reseller of TLS certificates does business.",
    "description": (
        "JSON in snake_case; times in RFC 3339, UTC, whole seconds; money without tax. Answers may gain fields: "
        "ignore what you do not know. A request with an unknown field is refused, so that a misspelt one is "
        "noticed. So is one with the number of a payment card in any field (`card_number_in_field`).\n\n"
        "Every refusal of the application is a problem document (RFC 9457) with a stable `code`, and lists every "
        "problem found, each with a code of its own. Of more than a hundred it lists the first hundred and closes "
        "with `too_many_problems`, which is in no field: mend those, and ask again to see the others.\n\n"
        "A path that does not exist answers 404 `not_found`, a verb that a path does not know 405 "
        "`method_not_allowed` with `Allow`. An unknown id and the id of another reseller answer alike. The gateway "
        'in front answers for itself, as `{"message": ...}`, when a body exceeds its own limit (413) or calls come '
        "too fast (429).\n\n"
        "Each key has a quota of requests in windows of 60 seconds, refused ones included, and every answer tells "
        "what is left: slow down when little is, and after 429 `too_many_requests` come back when `Retry-After` says."
    ),
    "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
}

TAGS: Mapping[str, str] = {
    "Catalog": "What is sold, and what applicants accept.",
    "Orders": "From the request to the certificate.",
    "Account": "The reseller itself.",
    "Reissues": "Further certificates inside an order's term.",
    "Domains": "How control of the names is proven.",
    "Certificates": "What was issued, and its end.",
    "Reports": "For anybody who knows of a compromised key or another problem; without a key.",
    "Contracts": "What orders are paid with: units bought in advance, or a card.",
    "Cards": "The card that pays for orders on a pay-as-you-go contract.",
    "Staff": "For the people of the certification authority, with a staff key.",
    "Card page": "For the people who hold a card: HTML, without a key.",
    "Payment gateway": "For the payment gateway's own messages.",
    "Approval page": "For the people whom an approval mail reaches: HTML, without a key.",
}

HEADERS: Mapping[str, Any] = {
    "X-Request-Id": {"description": "Quote it when you ask.", "schema": {"type": "string"}},
    "Location": {"description": "The path of what was made.", "schema": {"type": "string"}},
    "ETag": {
        "description": "Of this answer; send it as If-None-Match, or as If-Match with an amendment.",
        "schema": {"type": "string"},
    },
    "Content-Disposition": {"description": "attachment, with a file name.", "schema": {"type": "string"}},
    "WWW-Authenticate": {"description": "The scheme: Bearer.", "schema": {"type": "string"}},
    "RateLimit-Policy": {
        "description": (
            "The quota `q` that counts here, in each window of `w` seconds: `key`, of the API key; `address`, of "
            "the address that the request came from, where no good key was shown "
            "(draft-ietf-httpapi-ratelimit-headers)."
        ),
        "schema": {"type": "string"},
        "example": '"key";q=600;w=60',
    },
    "RateLimit": {
        "description": (
            "What is left of it, `r`, and in how many seconds the window ends, `t`. Left out while requests cannot "
            "be counted."
        ),
        "schema": {"type": "string"},
        "example": '"key";r=599;t=12',
    },
    "Retry-After": {
        "description": "Seconds to wait.",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
    },
}

# Name of a shared answer: status, description, headers.
REFUSALS: Mapping[str, tuple[int, str, tuple[str, ...]]] = {
    "Malformed": (
        400,
        "It cannot be read: no JSON object, a name or parameter repeated, an unknown parameter, a bad cursor; more "
        "than 32 levels, a field's name of more than 8,192 characters, or names around a field of more than 512 "
        "together.",
        (),
    ),
    "Unauthenticated": (
        401,
        "No key, or one that is unknown, expired, revoked or used from elsewhere.",
        ("WWW-Authenticate",),
    ),
    "Forbidden": (403, "The key's role may not do this.", ()),
    "NotFound": (404, "Unknown, or another reseller's.", ()),
    "Conflict": (
        409,
        "What is asked does not fit the state of the order or contract; issuing comes with Retry-After.",
        ("Retry-After",),
    ),
    "ChangedMeanwhile": (412, "The order is no longer as If-Match says; read it again.", ()),
    "BodyTooLarge": (413, "The body exceeds 256 KiB.", ()),
    "UnsupportedMediaType": (415, "The body is of another media type.", ()),
    "Refused": (
        422,
        "The content is refused, with every problem found, or the first hundred; or the Idempotency-Key belongs to "
        "another body.",
        (),
    ),
    "TooSoon": (
        429,
        "The quota is used up until the window ends; or the same, a check or a mail, was asked less than 30 seconds "
        "ago. Nothing was written.",
        ("Retry-After",),
    ),
    "InternalError": (500, "A fault of ours; quote the request_id.", ()),
    "TryAgain": (
        503,
        "Nothing was written, because of contention or an outage; the same request may be sent again.",
        ("Retry-After",),
    ),
}

# Descriptions of shapes whose docstrings speak to readers of the code.
SHAPES: Mapping[str, str] = {
    "OrderRequest": "An order as it is posted.",
    "ReissueRequest": "A further certificate, as it is asked for.",
    "AccountRequest": "What the reseller changes of its account.",
    "ContractRequest": "A bulk contract that is asked for.",
    "ContractActivation": "What was agreed of a contract; what is left out is as it was asked for.",
    "Contact": "A person of the order.",
    "ApprovalForm": "What the page's form sends.",
}

FIELDS: Mapping[str, Mapping[str, str]] = {
    "ContractRequest": {
        "units": "How many; a product's rates say how many an order takes.",
        "brand": "Absent: products of any brand.",
        "products": "Codes of products; absent: all of the brand, or every product.",
        "note": "For whoever activates it.",
    },
    "ContractActivation": {
        "invoice_reference": "Unique among the reseller's contracts.",
        "reseller_id": "Whose contract it is; another one's is not found.",
        "units": "How many are granted.",
        "prices": "Own prices; what is not among them costs what the catalog says. In another currency than the "
        "catalog's they must be complete.",
        "valid_from": "Absent: from now.",
        "valid_to": "Until before this moment; absent: a year after it begins.",
    },
    "AgreedNotices": {
        "units_low": "At so many units left; absent: a tenth of the grant.",
        "ends_in_days": "So many days before the end; absent: 30, 7 and 1.",
    },
    "OrderRequest": {
        "product": "The code of a product (GET /v1/products).",
        "csr": "One CSR in PEM and nothing else. Never send a private key.",
        "common_name": "Absent: the CSR's.",
        "additional_domains": "Further names; they are joined with those in the CSR.",
        "term_days": "One of the product's terms; absent: its default.",
        "contract_id": "Absent: the contract that serves and ends first, bulk before card.",
        "partner_order_id": "Your own number; unique among your orders.",
        "customer_id": "Your own id of the end customer; proofs are reused only within it.",
        "domain_control": "How control of the names is proven; absent: dns_txt.",
        "agreement": "The applicant's own acceptance of the product's subscriber agreement.",
        "note": "For yourself.",
    },
    "ReminderChoice": {
        "days": "Days before an end, 0 to 90.",
        "digest_email": "Who gets the daily digest.",
        "mute_contacts": "Whether the contacts of orders get no reminders.",
        "link": "The address of an order at your own site, with {order_id} or {partner_order_id} in it.",
    },
    "ReissueRequest": {
        "csr": "One CSR in PEM and nothing else; the key may be another one. Never send a private key.",
        "common_name": "Absent: the order's.",
        "additional_domains": "Absent: the order's other names. They are joined with those in the CSR.",
        "domain_control": "How names that are not proven are to be proven; absent: as the order says.",
        "revoke_previous_after_hours": "When the certificate before is revoked, counted from when this one is "
        "issued; absent: it stays valid, or 120 where a name is given up.",
    },
    "DomainControl": {
        "method": "For all names.",
        "approver_email": (
            "For email: one of the five addresses at the name's domain or a domain above it, or a contact published "
            "there (GET /v1/orders/{order_id}/domains/{name}/approvers). Published contacts are looked up for the "
            "first 20 names of a request that need it; the others are refused with the code contacts_not_looked_up."
        ),
        "names": "Exceptions by name, as A-labels.",
    },
    "Acceptance": {
        "version": "Of the text that was accepted (GET /v1/agreements/{code}).",
        "accepted_by": "Who accepted it for the applicant.",
        "capacity": "In which capacity, for example applicant or authorized representative.",
    },
    "Contacts": {
        "technical": "Receives the certificate.",
        "organization": "Needed from OV upwards.",
    },
}
