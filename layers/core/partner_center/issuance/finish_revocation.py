"""What follows from events: of a key that became known, of a serial that became nobody's, of a revocation."""

from dataclasses import dataclass

from partner_center.issuance.exposed_keys import KeyRegister
from partner_center.issuance.key_block import block_of
from partner_center.issuance.record import CertificateRecord, OrderFollows, Reason
from partner_center.issuance.revocation import ended_last
from partner_center.issuance.revoke import Revoker, Wish
from partner_center.kernel.errors import TryAgain
from partner_center.kernel.events import Chronicle, Event
from partner_center.orders.close import CloseReissues
from partner_center.orders.order import OrderStatus


@dataclass(frozen=True, slots=True)
class FinishRevocation:
    """The use case. Repeating it is harmless: what is revoked stays as it is."""

    revoker: Revoker
    register: KeyRegister
    close_reissues: CloseReissues

    def __call__(self, event: Event) -> None:
        """Raises TryAgain; the event is then delivered again."""
        if event.type == "order.revoked":
            self._rest_of(event)
            return
        record = self.revoker.certificates.by_serial(str(event.data["serial"]))
        if record is None:
            raise TryAgain("The certificate cannot be read at the moment.")
        match event.type:
            case "key.exposed":
                self.revoker.certificate(record, _exposure(record, event))
            case "serial.orphaned":
                self._revoke_orphan(record, event)
            case "certificate.revoked":
                self._block_key_of(record, event)
                self._order_of(record, event)

    def _rest_of(self, event: Event) -> None:
        """Reissues of a revoked order are closed, and whatever was recorded while it was being revoked is revoked."""
        head = self.revoker.orders.head(str(event.data["reseller_id"]), str(event.data["order_id"]))
        if head is None or head.revoked is None:
            raise TryAgain("The order cannot be read at the moment.")
        self.close_reissues(head, event.correlation_id)
        wish = Wish(head.revoked.reason, head.revoked.by, event.correlation_id, OrderFollows.NEVER)
        self.revoker.order(head, wish)

    def _revoke_orphan(self, record: CertificateRecord, event: Event) -> None:
        """A serial of an order or reissue that ended without a certificate: nobody is to rely on what was signed."""
        head = self.revoker.orders.head(record.reseller_id, record.enrolment_id)
        if head is not None and head.status in {OrderStatus.CANCELLED, OrderStatus.REJECTED}:
            wish = Wish(Reason.CESSATION_OF_OPERATION, "system", event.correlation_id, OrderFollows.NEVER)
            self.revoker.certificate(record, wish)

    def _block_key_of(self, record: CertificateRecord, event: Event) -> None:
        """The revocation has blocked it; an event may have waited since it was written without."""
        if event.data["reason"] != Reason.KEY_COMPROMISE:
            return
        moment = self.revoker.clock.now()
        chronicle = Chronicle(self.revoker.ids, moment, str(event.data["by"]), event.correlation_id)
        block = block_of(record, chronicle)
        self.register.block(block.spki_sha256, block.reason, block.at, block.audit)

    def _order_of(self, record: CertificateRecord, event: Event) -> None:
        wish = Wish(
            Reason(str(event.data["reason"])),
            str(event.data["by"]),
            event.correlation_id,
            OrderFollows(str(event.data["order_follows"])),
        )
        if wish.order_follows is OrderFollows.WHEN_LAST:
            # An event may come late: the order may have been kept since, with what was revoked after this one.
            last = ended_last(self.revoker.certificates.of_order(record.reseller_id, record.order_id))
            if last is not None and last.order_follows is OrderFollows.WHEN_LAST:
                self.revoker.order_if_last(record, wish, event.occurred_at)
        elif wish.order_follows is OrderFollows.ALWAYS:
            head = self.revoker.orders.head(record.reseller_id, record.order_id)
            if head is not None and head.status in {OrderStatus.ISSUED, OrderStatus.REVOKED}:
                self.revoker.order(head, wish, since=event.occurred_at)


def _exposure(record: CertificateRecord, event: Event) -> Wish:
    """The key was shown to whoever told us, whole: proven for every certificate with it, and no order ends by it."""
    return Wish(Reason.KEY_COMPROMISE, "system", event.correlation_id, OrderFollows.NEVER, record.spki_sha256)
