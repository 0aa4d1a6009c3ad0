"""The proofs on file of a reseller: which domains need not be proven again, for whom, until when."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from partner_center.kernel.clock import Clock, rfc3339
from partner_center.kernel.names import is_as_short_as_a_name
from partner_center.orders.page import Page
from partner_center.validation.challenges import Proof, usable_until

_CUSTOMER = "customer:"


class ProvenDomains(Protocol):
    """Lists proofs in the order of their domains, inside one reseller's partition."""

    def listed(self, reseller_id: str, prefix: str, page: Page) -> tuple[Sequence[Proof], str | None]: ...


@dataclass(frozen=True, slots=True)
class ListProofs:
    """The use case. What is too old to be relied on is left out."""

    domains: ProvenDomains
    clock: Clock

    def __call__(self, reseller_id: str, prefix: str, page: Page) -> dict[str, Any]:
        """A page of the proofs whose domain begins with `prefix`."""
        if not is_as_short_as_a_name(prefix):
            return {"items": [], "next_cursor": None}
        moment = self.clock.now()
        proofs, cursor = self.domains.listed(reseller_id, prefix, page)
        items = [_proof(each) for each in proofs if usable_until(each) > moment]
        return {"items": items, "next_cursor": cursor}


def _proof(proof: Proof) -> dict[str, Any]:
    of_customer = proof.subscriber.startswith(_CUSTOMER)
    return {
        "name": proof.authorization_domain,
        "customer_id": proof.subscriber.removeprefix(_CUSTOMER) if of_customer else None,
        "order_id": proof.order_id,
        "method": proof.method,
        "br_section": proof.br_section,
        "checked_at": rfc3339(proof.checked_at),
        "valid_until": rfc3339(usable_until(proof)),
    }
