"""What a request to revoke says, read once: reason, proof, and whether the order stays open."""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any

from partner_center.issuance.compromise import ProofReading, read_proof, without_key
from partner_center.issuance.record import Reason
from partner_center.issuance.revocation import SUBSCRIBERS_REASONS
from partner_center.kernel.errors import Problem
from partner_center.kernel.json_pointer import json_pointer


@dataclass(frozen=True, slots=True)
class RevocationRequest:
    """`proven_spki` is the key of an accepted proof; `keep_order` None leaves it to the reason.

    `problems` speak against the request; `exposed` are private keys that came with it, good or bad.
    """

    reason: Reason
    proven_spki: str | None
    keep_order: bool | None
    problems: tuple[Problem, ...]
    exposed: tuple[str, ...]

    def told(self) -> dict[str, Any]:
        """What an Idempotency-Key is bound to: the request without any private key."""
        return {"reason": self.reason, "proof": self.proven_spki, "keep_order": self.keep_order}


def read_revocation(body: Mapping[str, Any], *fields: str) -> RevocationRequest:
    """The request in a body that may have `fields`. Never raises, and tells every problem at once."""
    screened = without_key(body)
    unknown = (
        Problem("unknown_field", "There is no such field here.", json_pointer((name,)))
        for name in screened.body
        if name not in fields
    )
    problems = [*screened.problems, *unknown]
    reason = _reason(screened.body, screened.withheld, problems)
    proof = _proof(body, reason, problems) if "proof" in fields else ProofReading(None, ())
    keep_order = screened.body.get("keep_order")
    if keep_order is not None and not isinstance(keep_order, bool):
        problems.append(Problem("invalid_field", "This must be true or false.", "/keep_order"))
        keep_order = None
    return RevocationRequest(
        reason,
        proof.spki_sha256,
        keep_order if "keep_order" in fields else None,
        tuple(dict.fromkeys((*problems, *proof.problems))),
        tuple(dict.fromkeys((*screened.exposed, *proof.exposed))),
    )


def _reason(body: Mapping[str, Any], withheld: Container[str], problems: list[Problem]) -> Reason:
    given = body.get("reason", Reason.UNSPECIFIED.value)
    for reason in SUBSCRIBERS_REASONS:
        if given == reason.value:
            return reason
    if "/reason" not in withheld:
        words = ", ".join(SUBSCRIBERS_REASONS)
        problems.append(Problem("invalid_field", f"The reason is one of: {words}.", "/reason"))
    return Reason.UNSPECIFIED


def _proof(body: Mapping[str, Any], reason: Reason, problems: list[Problem]) -> ProofReading:
    if body.get("proof") is None:
        return ProofReading(None, ())
    if reason is not Reason.KEY_COMPROMISE:
        detail = f"A proof goes with the reason {Reason.KEY_COMPROMISE} and no other."
        problems.append(Problem("invalid_field", detail, "/proof"))
    return read_proof(body["proof"])
