"""POST /v1/compromised-keys: anybody proves that a key is compromised."""

from partner_center.entry.api import Answer, Api, Request
from partner_center.entry.wiring.access import door
from partner_center.entry.wiring.base import clock
from partner_center.entry.wiring.exposed_keys import report_exposed
from partner_center.issuance.compromise import read_compromised_key
from partner_center.issuance.revocation import Cause, deadline
from partner_center.kernel.clock import rfc3339
from partner_center.kernel.errors import ContentRefused

handler = Api(door)


@handler.public("POST", "/v1/compromised-keys")
def report(request: Request) -> Answer:
    request.only_query()
    request.idempotency_key()  # bound to nothing: whatever is proven again was blocked when it was first proven
    proof = read_compromised_key(request.json_object())
    proven = [proof.spki_sha256] if proof.spki_sha256 else []
    report_exposed()(dict.fromkeys([*proven, *proof.exposed]), None, request.request_id)
    if proof.problems:
        raise ContentRefused(proof.problems)
    until = rfc3339(deadline(Cause.KEY_COMPROMISE, clock().now()))
    return Answer(202, {"spki_sha256": proof.spki_sha256, "revoked_by": until})
