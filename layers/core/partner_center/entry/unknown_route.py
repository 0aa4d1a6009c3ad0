"""What the gateway's $default route says: 405 with Allow for a known path, 404 in our shape for the rest."""

import json
from typing import Any

from partner_center.entry.problems import problem_document
from partner_center.entry.routes import allowed_methods


def answer(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """The Lambda handler of the $default route (HTTP API, payload 2.0)."""
    context = event["requestContext"]
    allowed = allowed_methods(event["rawPath"])
    headers = {"Content-Type": "application/problem+json", "Cache-Control": "no-store"}
    if allowed:
        headers["Allow"] = ", ".join(allowed)
        detail = f"This path knows {headers['Allow']}."
        document = problem_document(405, "method_not_allowed", detail, context["requestId"])
    else:
        document = problem_document(404, "not_found", "There is nothing here.", context["requestId"])
    return {"statusCode": document["status"], "headers": headers, "body": json.dumps(document)}
