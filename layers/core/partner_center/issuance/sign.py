"""From a claimed order and its preflight to its certificate: what is signed is what was proven.

Here it is chosen which CA issues, and what becomes of a serial that was recorded for another one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from partner_center.issuance.ca_choice import is_bound_to, signing_ca
from partner_center.issuance.issue import Issuer, IssueRequest, NotClaimed, give_up, issue_certificate
from partner_center.issuance.preflight import Outcome, Preflight
from partner_center.issuance.private_ca import PrivateCaIssuer, issue_by_private_ca
from partner_center.issuance.profile import IssuingCa
from partner_center.issuance.record import CertificateRecord, SlotTaken
from partner_center.kernel.errors import TryAgain
from partner_center.kernel.ids import order_of, reissue_of
from partner_center.kernel.level import Level
from partner_center.orders.lifecycle import term_to_of
from partner_center.orders.order import Order, OrderHead
from partner_center.orders.ports import OrderReader, load, predecessor


class IssuingCas(Protocol):
    """The CAs that may sign, or once did."""

    def issuing_ca(self, issuer_id: str) -> IssuingCa | None: ...

    def issuing_cas(self) -> Sequence[IssuingCa]: ...


class Preflights(Protocol):
    """Reads the evidence of a preflight."""

    def find(self, reseller_id: str, order_id: str, preflight_id: str) -> Preflight | None: ...


def term_end(order: Order, preflight: Preflight, previous: OrderHead | None) -> datetime:
    """The end of the order's term, its last second included; before the first issue, as if issued now.

    `previous`: the order that it renews or replaces.
    """
    return term_to_of(order.head, previous, preflight.at)


@dataclass(frozen=True, slots=True)
class SignOrder:
    """The use case. Repeating it returns the certificate that was stored first."""

    orders: OrderReader
    preflights: Preflights
    cas: IssuingCas
    issuer: Issuer
    private_ca: Callable[[], PrivateCaIssuer]
    """Made when the CA that issues is one of AWS Private CA."""

    def __call__(
        self, reseller_id: str, order_id: str, generation: int, preflight_id: str
    ) -> CertificateRecord:
        """Raises NotClaimed, and whatever `issue_certificate` raises; then nothing was published."""
        order = load(self.orders, reseller_id, order_id)
        preflight = self.preflights.find(reseller_id, order_id, preflight_id)
        if order is None or preflight is None:
            raise NotClaimed(f"No claimed order and preflight under {order_id}.")
        held = self.issuer.store.current(reseller_id, order_of(order_id), generation)
        if held is None or held.certificate_der is None:
            _require_claim(order, preflight, generation)
            held = self._issued(order, preflight, held)
        if not order.content.is_certified_by(held):
            raise NotClaimed(f"{order_id} has a stored certificate that is not what is ordered now.")
        return held

    def _issued(
        self, order: Order, preflight: Preflight, held: CertificateRecord | None
    ) -> CertificateRecord:
        """`held` is the serial that the generation has, recorded for whichever CA signed then."""
        request = self._request(order, preflight, self._issuing_ca(order, held))
        if held is not None and held.issuer_id != request.issuer.issuer_id:
            self._give_up(held, request)
        if request.issuer.is_private_ca:
            return issue_by_private_ca(request, bytes.fromhex(order.content.csr_der), self.private_ca())
        return issue_certificate(request, self.issuer)

    def _issuing_ca(self, order: Order, held: CertificateRecord | None) -> IssuingCa | None:
        """The one to which the recorded serial is bound; else the one that signs today."""
        if held is not None:
            recorded_for = self.cas.issuing_ca(held.issuer_id)
            if recorded_for is None:
                raise TryAgain(f"The issuing CA {held.issuer_id} cannot be read at the moment.", 60)
            if is_bound_to(held, recorded_for):
                return recorded_for
        spki_der = bytes.fromhex(order.content.spki_der)
        return signing_ca(self.cas.issuing_cas(), order.head.level, spki_der, self.issuer.clock.now())

    def _give_up(self, held: CertificateRecord, request: IssueRequest) -> None:
        try:
            give_up(held, request, self.issuer, f"{request.issuer.issuer_id} signs by now")
        except SlotTaken as error:
            raise TryAgain("Several runs issue this certificate at once; look again shortly.") from error

    def _request(self, order: Order, preflight: Preflight, issuing: IssuingCa | None) -> IssueRequest:
        if issuing is None or preflight.caa_valid_until is None or order.head.level is not Level.DV:
            raise TryAgain("There is no active issuing CA for this order.", 60)
        return IssueRequest(
            reseller_id=order.head.reseller_id,
            order_id=order_of(order.head.order_id),
            reissue_id=reissue_of(order.head.order_id),
            generation=preflight.generation,
            level=order.head.level,
            names=order.content.names,
            common_name=order.content.common_name,
            subject=None,
            spki_der=bytes.fromhex(order.content.spki_der),
            term_end=term_end(order, preflight, predecessor(self.orders, order.head)),
            issuer=issuing,
            caa_valid_until=preflight.caa_valid_until,
            revision=preflight.revision,
            follows=self._newest_stored_at(order.head),
        )

    def _newest_stored_at(self, head: OrderHead) -> datetime | None:
        """When the certificate was stored that the order of a reissue has now."""
        of = self.orders.head(head.reseller_id, order_of(head.order_id)) if head.is_reissue else None
        newest = self.issuer.store.by_serial(of.serial) if of is not None and of.serial else None
        return newest.stored_at if newest is not None else None


def _require_claim(order: Order, preflight: Preflight, generation: int) -> None:
    claimed = (
        order.head.signing
        and preflight.outcome is Outcome.GO
        and preflight.revision == order.head.revision
        and preflight.generation == order.head.generation == generation
    )
    if not claimed:
        raise NotClaimed(f"{order.head.order_id} was not claimed by this preflight.")
