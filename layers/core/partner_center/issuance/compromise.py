"""Proof that a key is compromised: whoever shows it, or signs with it, possesses it (BR 4.9.12).

A private key that is sent as a proof is read in memory, compared as a whole key and forgotten: what leaves this
module is the SHA-256 of the public half. Every key that is accepted here has one encoding only (`orders.public_key`),
so equal digests are equal keys. Halves that do not belong together prove nothing (incident of 2017).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from partner_center.kernel.errors import Problem
from partner_center.kernel.json_pointer import json_pointer
from partner_center.orders.csr import read_csr
from partner_center.orders.csr_subject import common_names
from partner_center.orders.key_material import Screened, screen
from partner_center.orders.private_keys import private_key_spkis

PROOF_NAME = "Proof of Key Compromise for Partner Center"
"""The common name by which a CSR says what it is for: one that was made for an order proves nothing here."""
LONGEST_KEY = 16 * 1024
"""Characters; an RSA key of 8192 bits takes 6,400 in PEM."""
_FIELDS = frozenset({"csr", "private_key"})


@dataclass(frozen=True, slots=True)
class ProofReading:
    """`spki_sha256` (hex) is the key whose possession was proven, None when nothing was; then `problems` say why.

    `exposed` are the keys whose private halves were sent, as a proof or otherwise: they are to be reported.
    """

    spki_sha256: str | None
    problems: tuple[Problem, ...]
    exposed: tuple[str, ...] = ()


def read_proof(proof: Any, field: str = "/proof") -> ProofReading:
    """Judge a `proof` of a request. Never raises and never repeats what it reads."""
    if not isinstance(proof, Mapping) or len(proof) != 1 or not proof.keys() <= _FIELDS:
        detail = "A proof holds one of: csr, private_key."
        return ProofReading(None, (Problem("invalid_field", detail, field),), screen(proof).exposed)
    ((name, value),) = proof.items()
    place = f"{field}/{name}"
    if not isinstance(value, str):
        return ProofReading(
            None, (Problem("invalid_field", "This must be text.", place),), screen(proof).exposed
        )
    return _by_csr(value, place) if name == "csr" else _by_key(value, place)


def read_compromised_key(body: Mapping[str, Any]) -> ProofReading:
    """The proof that is all a request says. Never raises, and tells every problem at once."""
    screened = without_key(body)
    unknown = (
        Problem("unknown_field", "There is no such field here.", json_pointer((name,)))
        for name in screened.body
        if name != "proof"
    )
    if "proof" not in body:
        missing = Problem("missing_field", "This field is required.", "/proof")
        return ProofReading(None, (*screened.problems, *unknown, missing), screened.exposed)
    reading = read_proof(body["proof"])
    return ProofReading(
        reading.spki_sha256,
        tuple(dict.fromkeys((*screened.problems, *unknown, *reading.problems))),
        (*screened.exposed, *reading.exposed),
    )


def without_key(body: Mapping[str, Any]) -> Screened:
    """The body as whoever looks for key material shall see it: without what stands where a key may stand."""
    proof = body.get("proof")
    if isinstance(proof, Mapping) and isinstance(proof.get("private_key"), str):
        return screen({**body, "proof": {**proof, "private_key": None}})
    return screen(body)


def _by_csr(text: str, field: str) -> ProofReading:
    reading = read_csr(text, field)
    exposed = (*reading.exposed, *private_key_spkis(text))
    if reading.csr is None or reading.problems:
        return ProofReading(None, reading.problems, exposed)
    if common_names(reading.csr.subject) != (PROOF_NAME,):
        detail = (
            f"The CSR's common name must be «{PROOF_NAME}», so that it can have been made for nothing else."
        )
        return ProofReading(None, (Problem("proof_not_accepted", detail, field),))
    return ProofReading(reading.csr.spki_sha256, ())


def _by_key(text: str, field: str) -> ProofReading:
    if len(text) > LONGEST_KEY:
        detail = f"The text is too long; a private key is accepted up to {LONGEST_KEY} characters."
        return ProofReading(None, (Problem("proof_not_accepted", detail, field),))
    found = private_key_spkis(text)
    if len(found) != 1:
        detail = (
            "This is not one whole, unencrypted RSA or EC private key whose halves belong together. It was not "
            "kept."
        )
        return ProofReading(None, (Problem("proof_not_accepted", detail, field),), found)
    return ProofReading(found[0], (), found)
