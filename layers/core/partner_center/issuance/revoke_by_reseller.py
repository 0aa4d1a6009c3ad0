"""A reseller revokes its order, or one of its certificates."""

from dataclasses import dataclass

from partner_center.accounts.api_keys import Principal
from partner_center.issuance.record import CertificateRecord, OrderFollows
from partner_center.issuance.revocation import is_at_risk, keeps_order
from partner_center.issuance.revocation_request import RevocationRequest
from partner_center.issuance.revoke import Revoker, Wish, require_issued
from partner_center.kernel.errors import ContentRefused, NotFound, Problem, StateConflict
from partner_center.orders.exposed_keys import ReportExposed
from partner_center.orders.idempotency import Call, replayed
from partner_center.orders.order import OrderHead, OrderStatus
from partner_center.orders.ports import RequestSeenBefore


@dataclass(frozen=True, slots=True)
class RevokeOrder:
    """POST /v1/orders/{id}/revoke: all certificates of the order, and the order."""

    revoker: Revoker
    report_exposed: ReportExposed

    def __call__(
        self, principal: Principal, call: Call, order_id: str, request: RevocationRequest
    ) -> OrderHead:
        """The head after it; an order that was revoked before keeps its date.

        Raises NotFound, StateConflict, ContentRefused for a proof of another key, IdempotencyKeyReused, TryAgain.
        """
        orders, reseller_id = self.revoker.orders, principal.reseller_id
        head = orders.head(reseller_id, order_id)
        if head is None:
            raise NotFound("There is no such order.")
        answered = replayed(orders, reseller_id, call)
        if answered is not None:
            return answered
        if head.status_at(self.revoker.clock.now()) is OrderStatus.EXPIRED:
            raise StateConflict("order_closed", "The order's term is over; nothing of it is live.", order_id)
        require_issued(head)
        self._accept_proof(head, principal, call, request)
        wish = Wish(
            request.reason,
            f"key:{principal.key_id}",
            call.request_id,
            OrderFollows.ALWAYS,
            request.proven_spki,
        )
        try:
            return self.revoker.order(head, wish, call.guard(head))
        except RequestSeenBefore as seen:
            return call.same(seen.guard).head

    def _accept_proof(
        self, head: OrderHead, principal: Principal, call: Call, request: RevocationRequest
    ) -> None:
        """A proven key is reported, so that it is blocked and all others with it are revoked (docs/adr/0007)."""
        if request.proven_spki is None:
            return
        self.report_exposed([request.proven_spki], principal, call.request_id)
        records = self.revoker.certificates.of_order(head.reseller_id, head.order_id)
        if all(record.spki_sha256 != request.proven_spki for record in records):
            raise ContentRefused([proof_of_another_key()])


@dataclass(frozen=True, slots=True)
class RevokeCertificate:
    """POST /v1/certificates/{serial}/revoke: that one, and the order if it was the last and is not to be kept."""

    revoker: Revoker
    report_exposed: ReportExposed

    def __call__(
        self, principal: Principal, call: Call, serial: str, request: RevocationRequest
    ) -> CertificateRecord:
        """The certificate after it; one that was revoked before keeps its date.

        Raises NotFound, StateConflict for one that has expired, ContentRefused for a proof of another key,
        IdempotencyKeyReused, TryAgain.
        """
        reseller_id = principal.reseller_id
        record = self.revoker.certificates.of_reseller(reseller_id, serial.lower())
        head = self.revoker.orders.head(reseller_id, record.order_id) if record is not None else None
        if record is None or head is None:
            raise NotFound("There is no such certificate.")
        if replayed(self.revoker.orders, reseller_id, call) is not None:
            return record
        if request.proven_spki is not None:
            self.report_exposed([request.proven_spki], principal, call.request_id)
            if record.spki_sha256 != request.proven_spki:
                raise ContentRefused([proof_of_another_key()])
        asked_at = self.revoker.clock.now()
        if not is_at_risk(record, asked_at) and record.revoked_at is None:
            raise StateConflict("certificate_expired", "The certificate has expired.", record.order_id)
        wish = Wish(
            request.reason,
            f"key:{principal.key_id}",
            call.request_id,
            _order_follows(request),
            request.proven_spki,
        )
        try:
            done = self.revoker.certificate(record, wish, call.guard(head))
        except RequestSeenBefore as seen:
            call.same(seen.guard)
            return self.revoker.certificates.by_serial(record.serial_hex) or record
        if wish.order_follows is OrderFollows.WHEN_LAST:
            self.revoker.order_if_last(done, wish, asked_at)
        return done


def proof_of_another_key() -> Problem:
    """Whole keys are compared: a proof says nothing of any other certificate (incident of 2017)."""
    return Problem("proof_of_another_key", "The proof is of another key than the certificate's.", "/proof")


def _order_follows(request: RevocationRequest) -> OrderFollows:
    keep = keeps_order(request.reason) if request.keep_order is None else request.keep_order
    return OrderFollows.NEVER if keep else OrderFollows.WHEN_LAST
