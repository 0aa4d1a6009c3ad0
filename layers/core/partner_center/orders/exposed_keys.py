"""A private key was sent where none may be: the public key it belongs to is reported, and blocked elsewhere.

The functions that read resellers' requests may only put a digest into a queue. What follows is done by a
function of the issuance context behind it (docs/adr/0007), so that a request, whatever it holds, writes nothing where
certificates and blocked keys lie.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from partner_center.accounts.api_keys import Principal
from partner_center.kernel.events import NOBODY


@dataclass(frozen=True, slots=True)
class ExposedKey:
    """The SHA-256 (hex) of the SPKI of a key whose private half was sent, by whom, and in which request.

    Who came without an API key has no `key_id`, and NOBODY for a reseller.
    """

    spki_sha256: str
    reseller_id: str
    key_id: str
    request_id: str


class ExposedKeys(Protocol):
    """Takes reports; each is acted upon at least once."""

    def report(self, exposed: ExposedKey) -> None:
        """Raises TryAgain: then the request is to be refused as busy, lest the exposure is forgotten."""
        ...


@dataclass(frozen=True, slots=True)
class ReportExposed:
    """The use case: every key that was found in a request is reported before the request is answered."""

    exposed_keys: ExposedKeys

    def __call__(self, spkis: Iterable[str], principal: Principal | None, request_id: str) -> None:
        """`principal` is None where anybody may send. Raises TryAgain."""
        reseller_id, key_id = (principal.reseller_id, principal.key_id) if principal else (NOBODY, "")
        for spki_sha256 in spkis:
            self.exposed_keys.report(ExposedKey(spki_sha256, reseller_id, key_id, request_id))
